"""Check that the candidate is worse than the champion in no slice of the rows of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from airflow_sagemaker_automl.core.evaluation.holm import holm_adjusted
from airflow_sagemaker_automl.core.evaluation.record import (
    EvaluationOutcome,
    EvaluationRecord,
    MetricResult,
    PairedDifference,
    SliceResult,
)
from airflow_sagemaker_automl.core.gate.evaluated import (
    NO_CHAMPION,
    by_in_words,
    cannot_score,
    compared_words,
    missing_metric,
    usable,
    with_confidence,
)
from airflow_sagemaker_automl.core.gate.judging import TOLERANCE, Judging
from airflow_sagemaker_automl.core.gate.rules import BetterThanChampion, NoSliceWorse
from airflow_sagemaker_automl.core.gate.verdict import Ruling
from airflow_sagemaker_automl.core.jobs.figures import written
from airflow_sagemaker_automl.core.values.literals import number
from airflow_sagemaker_automl.core.values.wording import did_you_mean

_MOST_NAMED = 3
_LONGEST_VALUE = 40


class _JudgedSlice(NamedTuple):
    """A slice with enough rows.

    :param chance: p-value of the hypothesis that it is worse by more than the margin, adjusted by Holm's procedure.
    """

    slice: SliceResult
    result: MetricResult
    difference: PairedDifference
    chance: float

    @property
    def name(self) -> str:
        value = self.slice.value
        return f"{self.slice.column} = {value if len(value) <= _LONGEST_VALUE else f'{value[: _LONGEST_VALUE - 1]}…'}"


def no_slice_worse(
    judging: Judging, evaluation: EvaluationRecord, rule: NoSliceWorse, path: str, champion: BetterThanChampion | None
) -> Ruling:
    """Compare the candidate with the champion in each slice.

    :param champion: the gate's rule for the champion, which says what follows if there is none.
    """
    metric, columns = rule.compared(judging.candidate), _columns(judging, evaluation, rule, path)
    name = (
        f"{metric or 'the objective'} on the same rows in no slice of {', '.join(columns) or 'the rows'} worse than "
        f"that of the champion{_by_more_than(number(rule.margin) or 0.0)}{with_confidence(number(rule.confidence))}"
    )

    def ruled(passed: bool, reason: str) -> Ruling:
        return Ruling(name=name, passed=passed, value=None, limit=None, reason=reason)

    if usable(evaluation.metrics, metric, evaluation.outcome) is None:
        return ruled(False, missing_metric(judging, evaluation, f"{path}.metric", metric))
    if evaluation.outcome is EvaluationOutcome.WITHOUT_CHAMPION:
        return ruled(champion is None or champion.without_champion == "pass", NO_CHAMPION)
    if evaluation.outcome is EvaluationOutcome.CHAMPION_CANNOT_SCORE:
        follows, reason = champion.on_champion_cannot_score if champion else "fail", cannot_score(evaluation)
        return ruled(judging.passes(follows, "champion.on_champion_cannot_score", reason), reason)
    return _decided(judging, [each for each in evaluation.slices if each.column in columns], rule, name)


def _decided(judging: Judging, slices: Sequence[SliceResult], rule: NoSliceWorse, name: str) -> Ruling:
    metric, margin, confidence = rule.compared(judging.candidate), number(rule.margin) or 0.0, number(rule.confidence)
    assert confidence is not None
    judged, most = _judged(slices, metric, margin), rule.most_unjudged
    alpha = (1 - confidence) / 2
    failed, unjudged = [each for each in judged if each.chance > alpha], len(slices) - len(judged)
    too_many = isinstance(most, int) and unjudged > most
    reason = _summary(judging, judged, failed, margin)
    headline = f"{metric} ({failed[0].name}) {_words(judging, failed[0])}" if failed else ""
    if unjudged:
        too_few = f"{unjudged} {'slice has' if unjudged == 1 else 'slices have'} too few rows to be judged"
        too_few += f", and at most {most} may" if too_many else ""
        reason, headline = f"{reason}; {too_few}", headline or (too_few if too_many else "")
    worst = judged[0].result if judged else None
    return Ruling(
        name=name,
        # A rule that has compared nothing approves nobody.
        passed=bool(judged) and not failed and not too_many,
        value=worst.candidate if worst else None,
        limit=worst.champion if worst else None,
        reason=reason,
        headline=headline,
    )


def _columns(judging: Judging, evaluation: EvaluationRecord, rule: NoSliceWorse, path: str) -> list[str]:
    """List the columns whose slices are judged; those without slices fail the task."""
    known = list(dict.fromkeys(each.column for each in evaluation.slices))
    if not known:
        judging.wrong(path, None, "needs an evaluation with slices: evaluate by one or more columns")
        return []
    if not isinstance(rule.by, Sequence):
        return known
    wanted = [str(column) for column in rule.by]
    for place, column in enumerate(wanted):
        if column not in known:
            has = f"has no slices in the evaluation, which has slices of {', '.join(known)}"
            judging.wrong(f"{path}.by[{place}]", column, f"{has}{did_you_mean(column, known)}")
    return wanted


def _judged(slices: Sequence[SliceResult], metric: str | None, margin: float) -> list[_JudgedSlice]:
    """Return the slices that have enough rows, the least certain first."""
    found: list[tuple[SliceResult, MetricResult, PairedDifference]] = []
    for each in slices:
        result = usable(each.metrics, metric, EvaluationOutcome.COMPARED) if each.is_judged else None
        if result is not None and result.difference is not None:
            found.append((each, result, result.difference))
    chances = holm_adjusted([_chance_of_worse(result, difference, margin) for _, result, difference in found])
    judged = [_JudgedSlice(*each, chance) for each, chance in zip(found, chances, strict=True)]
    return sorted(judged, key=lambda each: (-each.chance, each.difference.improvement))


def _chance_of_worse(result: MetricResult, difference: PairedDifference, margin: float) -> float:
    """Return the p-value of the hypothesis that the candidate is worse by more than the margin."""
    if not difference.standard_error:
        # Both models are alike in every row, so nothing is uncertain; a loss of just the margin is allowed.
        error = TOLERANCE * max(abs(result.candidate), abs(result.champion or 0.0))
        return float(difference.improvement < -margin - error)
    return difference.chance_below(-margin)


def _summary(judging: Judging, judged: Sequence[_JudgedSlice], failed: Sequence[_JudgedSlice], margin: float) -> str:
    if not judged:
        return "no slice has enough rows to be judged"
    named = failed or judged
    worst = "; ".join(f"{each.name}: {_words(judging, each)} on {each.slice.rows} rows" for each in named[:_MOST_NAMED])
    more = f"; and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
    if failed:
        return f"{len(failed)} of {len(judged)} slices may be worse{_by_more_than(margin)}: {worst}{more}"
    return f"none of {len(judged)} slices is worse{_by_more_than(margin)}; the least certain are {worst}"


def _words(judging: Judging, judged: _JudgedSlice) -> str:
    return f"{compared_words(judging, judged.result)}, {by_in_words(judged.difference)}"


def _by_more_than(margin: float) -> str:
    return f" by more than {written(margin)}" if margin else ""
