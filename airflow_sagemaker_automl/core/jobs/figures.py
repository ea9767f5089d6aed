"""Looks up the metric values of a model by any spelling of a metric's name, and formats them for messages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.values.metric_names import STANDARD_METRICS, metrics_of, same_metric
from airflow_sagemaker_automl.core.values.wording import did_you_mean

# Data set → metric → value.
Figures: TypeAlias = Mapping[str, Mapping[str, float]]

_MOST_NAMED = 10
# Larger numbers are written with an exponent.
_PLAIN_BELOW = 1e15


def figures_of(candidate: Candidate) -> Figures:
    """Return a candidate's metric values by data set, including its objective."""
    figures = candidate.metrics_by_set()
    if objective := candidate.objective:
        figures.setdefault(objective.data_set, {}).setdefault(objective.metric, objective.value)
    return figures


def figure(figures: Figures, data_set: str, metric: str | None) -> float | None:
    """Look up a metric value; None if it is missing or not finite."""
    known = figures.get(data_set, {})
    name = metric if metric in known else next((each for each in known if metric and same_metric(each, metric)), None)
    value = known[name] if name else None
    return value if value is not None and math.isfinite(value) else None


def instead_of(figures: Figures, data_set: str, metric: str, problem_type: str | None) -> str:
    """Explain a missing metric value: why it cannot exist, which metrics exist, and the nearest name.

    :param problem_type: the job's problem type; None if unknown.
    :return: clauses to append to a sentence, each after a semicolon.
    """
    known = sorted(figures.get(data_set, {}))
    listed = f"it has {', '.join(known[:_MOST_NAMED])}{', …' if len(known) > _MOST_NAMED else ''}" if known else ""
    others = ", ".join(sorted(other.lower() for other in figures if figures[other] and other != data_set))
    has = listed or (f"it has metrics on {others} data only" if others else "it has no metrics")
    foreign = metric in STANDARD_METRICS and metric not in metrics_of(problem_type)
    why = f"; {problem_type} has no {metric}" if foreign else ""
    return f"{why}; {has}{did_you_mean(metric, known)}"


def compared_in_words(value: float, limit: float, other: str = "{}") -> str:
    """Write a comparison of two metric values, for example ``0.92 < 0.95``.

    :param other: text for the second value, with ``{}`` for its number. Default: only the number.
    """
    ours, theirs = told_apart(value, limit)
    sign = "=" if value == limit else "<" if value < limit else ">"
    return f"{ours} {sign} {other.format(theirs)}"


def told_apart(*values: float) -> list[str]:
    """Write numbers with as many significant digits as it takes to distinguish them, at least four."""
    texts = [[written(value, digits) for value in values] for digits in (4, 6, 9, 12, 17)]
    return next((each for each in texts if len(set(each)) == len(set(values))), texts[0])


def written(value: float, digits: int = 4) -> str:
    """Write a number with the given significant digits, and with all digits before the decimal point."""
    return f"{value:.0f}" if 10**digits <= abs(value) < _PLAIN_BELOW else f"{value:.{digits}g}"
