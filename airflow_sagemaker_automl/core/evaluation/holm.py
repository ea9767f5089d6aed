"""Holm's procedure: p-values of several tests, adjusted so that one false rejection among all of them stays rare.

Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm_adjusted(chances: Sequence[float]) -> list[float]:
    """Adjust one-sided or two-sided p-values.

    :param chances: the p-value of each test.
    :return: the adjusted p-values in the same order. If only the tests with an adjusted p-value of at most alpha are
        rejected, the chance of any false rejection is at most alpha, also if the tests depend on each other.
    """
    adjusted, largest = [0.0] * len(chances), 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=lambda place: chances[place])):
        largest = max(largest, min(1.0, (len(chances) - rank) * chances[place]))
        adjusted[place] = largest
    return adjusted
