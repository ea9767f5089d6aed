"""Check a candidate by an evaluation: candidate and champion on the same labelled rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from airflow_sagemaker_automl.core.evaluation.outcome import ComparisonOutcome, outcome_of
from airflow_sagemaker_automl.core.evaluation.record import (
    EvaluationOutcome,
    EvaluationRecord,
    MetricResult,
    PairedDifference,
)
from airflow_sagemaker_automl.core.gate.judging import TOLERANCE, Judging, figure_name
from airflow_sagemaker_automl.core.gate.rules import BetterThanChampion, Threshold
from airflow_sagemaker_automl.core.gate.verdict import Ruling
from airflow_sagemaker_automl.core.jobs.figures import Figures, compared_in_words, told_apart, written
from airflow_sagemaker_automl.core.rules.quality_gate import EVALUATION, required
from airflow_sagemaker_automl.core.values.literals import number
from airflow_sagemaker_automl.core.values.metric_names import same_metric

NO_CHAMPION = "the group has no approved version to beat"


def threshold(judging: Judging, evaluation: EvaluationRecord, rule: Threshold, path: str) -> Iterator[Ruling]:
    """Check the limits of a metric on the rows of the evaluation, with one ruling for each."""
    metric, confidence = str(rule.metric), number(rule.confidence)
    result = usable(evaluation.metrics, metric)
    missing = missing_metric(judging, evaluation, f"{path}.metric", metric) if result is None else ""
    for bound, limit in (("at least", number(rule.minimum)), ("at most", number(rule.maximum))):
        if limit is None:
            continue
        name = f"{metric} on evaluation data {bound} {limit:.12g}{with_confidence(confidence)}"
        if result is None:
            yield Ruling(name=name, passed=False, value=None, limit=limit, reason=missing)
            continue
        low, high = result.interval(confidence) if confidence is not None else (result.candidate, result.candidate)
        end, passed, side = (low, low >= limit, "lower") if bound == "at least" else (high, high <= limit, "upper")
        shown, rows = told_apart(end, limit)[0], rows_in_words(evaluation.rows, result)
        head = f"{figure_name(metric, EVALUATION)} "
        if confidence is None:
            reason = f"it is {shown} on {rows}"
        else:
            interval = f"the {side} limit of its {100 * confidence:g} % interval is {shown}"
            reason = f"it is {written(result.candidate)} on {rows}, and {interval}"
            head += f"{written(result.candidate)}, {side} limit "
        headline = head + compared_in_words(end, limit)
        yield Ruling(name=name, passed=passed, value=result.candidate, limit=limit, reason=reason, headline=headline)


def better_than_champion(judging: Judging, evaluation: EvaluationRecord, rule: BetterThanChampion, path: str) -> Ruling:
    """Compare the candidate with the champion on the same rows."""
    metric = rule.compared(judging.candidate)
    name = f"{metric or 'the objective'} on the same rows {_wanted(rule)}{with_confidence(number(rule.confidence))}"
    result = usable(evaluation.metrics, metric, evaluation.outcome)

    def ruled(passed: bool, reason: str) -> Ruling:
        value = result.candidate if result else None
        return Ruling(name=name, passed=passed, value=value, limit=None, reason=reason)

    if result is None:
        return ruled(False, missing_metric(judging, evaluation, f"{path}.metric", metric))
    if evaluation.outcome is EvaluationOutcome.WITHOUT_CHAMPION:
        return ruled(rule.without_champion == "pass", NO_CHAMPION)
    if result.difference is None or result.champion is None:
        reason = cannot_score(evaluation)
        return ruled(judging.passes(rule.on_champion_cannot_score, f"{path}.on_champion_cannot_score", reason), reason)
    passed, reason, headline = _decided(judging, evaluation, result, rule)
    headline = f"{figure_name(metric, 'same rows')} {headline}"
    value, limit = result.candidate, result.champion
    return Ruling(name=name, passed=passed, value=value, limit=limit, reason=reason, headline=headline)


def _decided(
    judging: Judging, evaluation: EvaluationRecord, result: MetricResult, rule: BetterThanChampion
) -> tuple[bool, str, str]:
    """Decide by the interval of the improvement, or by the improvement itself without a confidence.

    :return: whether the rule passes, why, and the same in short.
    """
    assert result.difference is not None
    margin, confidence = number(rule.margin) or 0.0, number(rule.confidence)
    require = required(rule.require, margin)
    low, high = _limits(result, result.difference, margin, confidence)
    outcome = outcome_of(low, high, margin)
    is_shown = outcome is ComparisonOutcome.BETTER or (
        outcome is ComparisonOutcome.NOT_WORSE and require == "not_worse"
    )
    # Without an interval nothing is uncertain.
    is_open = not is_shown and confidence is not None and outcome is not ComparisonOutcome.WORSE and high >= margin
    passes_open = is_open and rule.on_inconclusive == "pass" and (require == "not_worse" or high > 0)
    values, by = compared_words(judging, result), by_in_words(result.difference)
    said = _outcome_words(outcome, require, margin, confidence)
    reason = f"{values} on {rows_in_words(evaluation.rows, result)}: {by}"
    if confidence is not None:
        reason += f" ({100 * confidence:g} % interval of the improvement: {written(low)} to {written(high)})"
    reason += f"; outcome: {said}"
    is_uncertain = is_open or outcome is ComparisonOutcome.INCONCLUSIVE
    if confidence is not None and is_uncertain and result.difference.standard_error:
        detectable = written(result.difference.detectable(confidence))
        reason += f"; so many rows show a difference of {detectable} with a chance of 80 %"
    reason += " (on_inconclusive='pass')" if passes_open else ""
    # "better by 0.01" says all of these.
    is_said = outcome in (ComparisonOutcome.BETTER, ComparisonOutcome.WORSE)
    short = "" if is_said else f", {said.removeprefix('not worse, but ')}"
    return is_shown or passes_open, reason, f"{values}: {by}{short}"


def usable(
    metrics: Sequence[MetricResult], metric: str | None, outcome: EvaluationOutcome | None = None
) -> MetricResult | None:
    """Find a metric, by any spelling of its name; None if it was not computed, or is not finite.

    :param outcome: of the evaluation. Default: only the candidate's value is needed.
    """
    found = next((each for each in metrics if metric and same_metric(each.metric, metric)), None)
    if found is None or not math.isfinite(found.candidate):
        return None
    if outcome is not EvaluationOutcome.COMPARED:
        return found
    both = (found.champion, found.difference.improvement if found.difference else None)
    return found if all(value is not None and math.isfinite(value) for value in both) else None


def missing_metric(judging: Judging, evaluation: EvaluationRecord, path: str, metric: str | None) -> str:
    """Say that the evaluation lacks a metric, and which ones it has; it may fail the task."""
    known: Figures = {
        EVALUATION: {each.metric: each.candidate for each in evaluation.metrics if math.isfinite(each.candidate)}
    }
    return judging.missing(path, metric, EVALUATION, known)


def cannot_score(evaluation: EvaluationRecord) -> str:
    """Say why the champion has no predictions."""
    return f"the champion cannot predict these rows: {evaluation.reason or 'no reason is recorded'}"


def compared_words(judging: Judging, result: MetricResult) -> str:
    """Write both values, for example ``0.91 > champion 0.9 (version 3)``."""
    assert result.champion is not None
    version = f" (version {judging.champion.version})" if judging.champion else ""
    return compared_in_words(result.candidate, result.champion, f"champion {{}}{version}")


def by_in_words(difference: PairedDifference) -> str:
    """Write an improvement, for example ``better by 0.01``."""
    gain = difference.improvement
    return f"{'better' if gain > 0 else 'worse'} by {written(abs(gain))}" if gain else "no difference"


def rows_in_words(rows: int, result: MetricResult) -> str:
    """Write the number of rows, and of their clusters if they are not independent."""
    return f"{rows} rows" if result.units == rows else f"{rows} rows in {result.units} clusters"


def with_confidence(confidence: float | None) -> str:
    """Write the confidence of a rule, in characters that metadata allow."""
    return "" if confidence is None else f" with {100 * confidence:g} percent confidence"


def _limits(
    result: MetricResult, difference: PairedDifference, margin: float, confidence: float | None
) -> tuple[float, float]:
    """Return the limits of the improvement; twice the improvement itself without a confidence."""
    gain = difference.improvement
    limits = (gain, gain) if confidence is None else difference.interval(confidence)
    error = TOLERANCE * max(abs(result.candidate), abs(result.champion or 0.0))
    low, high = (next((exact for exact in (margin, 0.0) if abs(limit - exact) <= error), limit) for limit in limits)
    return low, high


def _outcome_words(outcome: ComparisonOutcome, require: str, margin: float, confidence: float | None) -> str:
    if outcome is ComparisonOutcome.NOT_WORSE:
        if require == "better":
            by = f" by {written(margin)}" if margin else ""
            return f"not worse, but not {'' if confidence is None else 'shown to be '}better{by}"
        return f"not worse by more than {written(-margin)}" if margin < 0 else outcome.value
    return f"better by at least {written(margin)}" if outcome is ComparisonOutcome.BETTER and margin > 0 else outcome


def _wanted(rule: BetterThanChampion) -> str:
    margin = number(rule.margin) or 0.0
    by = f" by at least {margin:g}" if margin > 0 else f" by more than {-margin:g}" if margin < 0 else ""
    return f"{'better' if required(rule.require, margin) == 'better' else 'not worse'} than that of the champion{by}"
