"""Check a candidate by the values that its job, and the champion's job, recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_sagemaker_automl.core.gate.judging import TOLERANCE, Judging, figure_name
from airflow_sagemaker_automl.core.gate.rules import BetterThanChampion, Champion, Threshold
from airflow_sagemaker_automl.core.gate.verdict import Ruling
from airflow_sagemaker_automl.core.jobs.figures import (
    compared_in_words,
    figure,
    figures_of,
    instead_of,
    told_apart,
    written,
)
from airflow_sagemaker_automl.core.jobs.partial_failure import JobPart
from airflow_sagemaker_automl.core.values.literals import number
from airflow_sagemaker_automl.core.values.metric_names import MINIMIZE, read_metric, same_metric

_COUNTED = (JobPart.CANDIDATE, JobPart.OTHER)
_OWN_ROWS = "; each figure is from its own job's data"


def threshold(judging: Judging, rule: Threshold, path: str) -> Iterator[Ruling]:
    """Check the limits of a metric, with one ruling for each."""
    metric, data_set = str(rule.metric), str(rule.data_set)
    figures = figures_of(judging.candidate)
    value = figure(figures, data_set, metric)
    missing = judging.missing(f"{path}.metric", metric, data_set, figures) if value is None else ""
    low, high = number(rule.minimum), number(rule.maximum)
    for bound, limit, kept in (
        ("at least", low, value is not None and low is not None and value >= low),
        ("at most", high, value is not None and high is not None and value <= high),
    ):
        if limit is not None:
            name = f"{metric} on {data_set.lower()} data {bound} {limit:.12g}"
            if value is None:
                yield Ruling(name=name, passed=kept, value=None, limit=limit, reason=missing)
                continue
            headline = f"{figure_name(metric, data_set)} {compared_in_words(value, limit)}"
            reason = f"it is {told_apart(value, limit)[0]}"
            yield Ruling(name=name, passed=kept, value=value, limit=limit, reason=reason, headline=headline)


def better_than_champion(judging: Judging, rule: BetterThanChampion, path: str) -> Ruling:
    """Compare the candidate with the champion."""
    metric, data_set, margin = rule.compared(judging.candidate), str(rule.data_set), number(rule.margin) or 0.0
    figures = figures_of(judging.candidate)
    value = figure(figures, data_set, metric)
    name = f"{metric or 'the objective'} on {data_set.lower()} data {_wanted(margin, rule.is_relative is True)}"

    def ruled(passed: bool, reason: str) -> Ruling:
        return Ruling(name=name, passed=passed, value=value, limit=None, reason=reason)

    if metric is None or value is None:
        return ruled(False, judging.missing(f"{path}.metric", metric, data_set, figures))
    direction = _direction(judging, metric, rule, f"{path}.direction")
    if direction is None:
        return ruled(False, judging.without_direction(f"{path}.direction", metric))
    champion = judging.champion
    if champion is None:
        return ruled(rule.without_champion == "pass", "the group has no approved version to beat")
    if other := _other_objective(rule, metric, direction, champion):
        return ruled(judging.passes(rule.on_other_objective, f"{path}.on_other_objective", other), other)
    best = figure(champion.figures, data_set, metric)
    if best is None:
        reason = f"the champion has no such metric{instead_of(champion.figures, data_set, metric, None)}"
        place = f"{path}.on_missing_champion_figure"
        return ruled(judging.passes(rule.on_missing_champion_figure, place, reason), reason)
    needed = margin * abs(best) if rule.is_relative is True else margin
    passed, reason = _compared(value, champion, best, needed, is_minimised=direction == MINIMIZE)
    reason += _contradiction(champion, data_set, metric, best)
    headline = f"{figure_name(metric, data_set)} {reason}"
    return Ruling(name=name, passed=passed, value=value, limit=best, reason=reason + _OWN_ROWS, headline=headline)


def partial_failures(judging: Judging, most: int, counted: Any) -> Ruling:
    """Count the failed parts of the job.

    :param counted: the parts that count; None for the default.
    """
    parts = judging.job.failed_parts
    counting = [str(each) for each in parts if each.part in (counted or _COUNTED)]
    others = [str(each) for each in parts if each.part not in (counted or _COUNTED)]
    reason = f"{len(counting)} failed{': ' if counting else ''}{'; '.join(counting)}"
    kinds = f" ({', '.join(counted)})" if counted else ""
    return Ruling(
        name=f"at most {most} failed parts of the job{kinds}",
        passed=len(counting) <= most,
        value=float(len(counting)),
        limit=float(most),
        reason=f"{reason} (not counted: {'; '.join(others)})" if others else reason,
    )


def _direction(judging: Judging, metric: str, rule: BetterThanChampion, path: str) -> str | None:
    """Find the better direction: by the service for the objective, else by the metric's name, else by the gate."""
    objective, given = judging.candidate.objective, str(rule.direction) if rule.direction else None
    of_objective = objective.type if objective and same_metric(objective.metric, metric) else None
    known = of_objective or read_metric(metric).direction
    if known and given not in (None, known):
        judging.wrong(path, given, f"must be {known!r}, which is the direction of {metric}, or unset")
    return known or given


def _other_objective(rule: BetterThanChampion, metric: str, direction: str, champion: Champion) -> str | None:
    """Say how the champion's objective differs; None if it is the same, or is not compared."""
    of_champion = champion.objective
    if of_champion is None:
        return None
    if not same_metric(of_champion, metric):
        return None if rule.metric else f"the champion was ranked by {of_champion}"
    if champion.objective_type not in (None, direction):
        return f"the champion was ranked by {of_champion} in the other direction, {champion.objective_type}"
    return None


def _compared(value: float, champion: Champion, best: float, needed: float, *, is_minimised: bool) -> tuple[bool, str]:
    gain = (best - value) if is_minimised else (value - best)
    error = TOLERANCE * max(abs(value), abs(best))
    if abs(gain) <= error:
        passed, figure_of_both = needed <= error, written(value)
        less = "" if passed else f": not better by {written(needed)}"
        return passed, f"{figure_of_both} = champion {figure_of_both} (version {champion.version}){less}"
    passed = gain >= needed - error
    by = f"{'better' if gain > 0 else 'worse'} by {written(abs(gain))}"
    less = f", less than {written(needed)}" if gain > 0 and not passed else ""
    return passed, f"{compared_in_words(value, best, f'champion {{}} (version {champion.version})')}: {by}{less}"


def _contradiction(champion: Champion, data_set: str, metric: str, recorded: float) -> str:
    of_card = figure(champion.contradicted, data_set, metric)
    if of_card is None:
        return ""
    ours, theirs = told_apart(recorded, of_card)
    return f"; this is the value in the champion's metadata ({ours}), but its model card says {theirs}"


def _wanted(margin: float, is_relative: bool) -> str:
    if not margin:
        return "at least as good as that of the champion"
    by = f"{100 * margin:g} percent" if is_relative else f"{margin:g}"
    return f"better than that of the champion by at least {by}"
