"""What a difference with an interval means: better, not worse, inconclusive or worse."""

from __future__ import annotations

from enum import StrEnum


class ComparisonOutcome(StrEnum):
    """What the rows show about the candidate."""

    BETTER = "better"
    NOT_WORSE = "not worse"
    INCONCLUSIVE = "inconclusive"
    WORSE = "worse"


def outcome_of(low: float, high: float, margin: float) -> ComparisonOutcome:
    """Decide what an interval of the improvement shows.

    :param low: lower limit of the improvement, which is positive if the candidate is better.
    :param high: upper limit; the same without an interval.
    :param margin: the improvement that is required; negative for a loss that is allowed.
    """
    if low > 0 and low >= margin:
        return ComparisonOutcome.BETTER
    if low >= min(margin, 0.0):
        return ComparisonOutcome.NOT_WORSE
    return ComparisonOutcome.WORSE if high < 0 else ComparisonOutcome.INCONCLUSIVE
