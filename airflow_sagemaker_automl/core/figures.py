"""The figures of a model, looked up by whatever name a metric has, and written for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.metric_names import STANDARD_METRICS, metrics_of, same_metric
from airflow_sagemaker_automl.core.rules.wording import did_you_mean

# Data set → metric → value.
Figures: TypeAlias = Mapping[str, Mapping[str, float]]

_MOST_NAMED = 10
# From here on numbers are written with an exponent.
_PLAIN_BELOW = 1e15


def figures_of(candidate: Candidate) -> Figures:
    """Arrange a candidate's figures; what the candidates were ranked by is one of them."""
    figures = candidate.metrics_by_set()
    if objective := candidate.objective:
        figures.setdefault(objective.data_set, {}).setdefault(objective.metric, objective.value)
    return figures


def figure(figures: Figures, data_set: str, metric: str | None) -> float | None:
    """Look up a figure; None where it is not there, or is not finite."""
    known = figures.get(data_set, {})
    name = metric if metric in known else next((each for each in known if metric and same_metric(each, metric)), None)
    value = known[name] if name else None
    return value if value is not None and math.isfinite(value) else None


def instead_of(figures: Figures, data_set: str, metric: str, problem_type: str | None) -> str:
    """Say what there is where a figure is missing: why it cannot be there, or the nearest name, or all names.

    :param problem_type: that of the job, as far as it is known.
    :return: clauses that follow a sentence, each after a semicolon; empty where there is nothing to say.
    """
    known = sorted(figures.get(data_set, {}))
    listed = f"it has {', '.join(known[:_MOST_NAMED])}{', …' if len(known) > _MOST_NAMED else ''}" if known else ""
    others = ", ".join(sorted(other.lower() for other in figures if figures[other] and other != data_set))
    has = listed or (f"it has figures on {others} data only" if others else "it has no figures")
    foreign = metric in STANDARD_METRICS and metric not in metrics_of(problem_type)
    why = f"; {problem_type} has no {metric}" if foreign else ""
    return f"{why}; {has}{did_you_mean(metric, known)}"


def compared_in_words(value: float, limit: float, other: str = "{}") -> str:
    """Write a figure, how it compares with another, and the other.

    :param other: what the other one is, with ``{}`` for its number.
    """
    ours, theirs = told_apart(value, limit)
    sign = "=" if value == limit else "<" if value < limit else ">"
    return f"{ours} {sign} {other.format(theirs)}"


def told_apart(*values: float) -> list[str]:
    """Write numbers with as many digits as it takes to tell them apart, four at least."""
    texts = [[written(value, digits) for value in values] for digits in (4, 6, 9, 12, 17)]
    return next((each for each in texts if len(set(each)) == len(set(values))), texts[0])


def written(value: float, digits: int = 4) -> str:
    """Write a number with so many significant digits, and those before the decimal point in any case."""
    return f"{value:.0f}" if 10**digits <= abs(value) < _PLAIN_BELOW else f"{value:.{digits}g}"
