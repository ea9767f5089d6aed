"""The evaluation of candidate and champion on the same labelled rows, in a model card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.card.charts import Metric, scalar
from airflow_sagemaker_automl.core.card.limits import LONGEST_NOTE, cut, number, text
from airflow_sagemaker_automl.core.card.size import SAME_ROWS
from airflow_sagemaker_automl.core.values.literals import mapping, sequence

# Words by which pages recognize data that was not used for training or ranking.
_CANDIDATE, _CHAMPION, _IMPROVEMENT = "Holdout data", "Champion on holdout data", "Improvement"
_METADATA = ("outcome", "champion", "data_digest", "report")
_MOST_METRICS = 50


def evaluated_rows(evaluation: Any) -> list[dict[str, Any]]:
    """Build the section of an evaluation.

    :param evaluation: member ``evaluation`` of a verdict, of any content.
    :return: an empty list if it has no metrics.
    """
    given = mapping(evaluation)
    confidence = number(given.get("confidence"))
    metrics = [mapping(each) for each in sequence(given.get("metrics"))[:_MOST_METRICS]]
    groups = {
        _CANDIDATE: list(_values(metrics, "candidate")),
        _CHAMPION: list(_values(metrics, "champion")),
        _IMPROVEMENT: list(_improvements(metrics, confidence)),
    }
    found = [{"name": name, "metric_data": data} for name, data in groups.items() if data]
    if not found:
        return []
    rows, data = number(given.get("rows")), text(given.get("data"))
    return [
        {
            "name": SAME_ROWS,
            "evaluation_observation": _observation(given, rows),
            **({"datasets": [cut(data, LONGEST_NOTE)]} if data else {}),
            "metadata": {key: cut(value, LONGEST_NOTE) for key in _METADATA if (value := text(given.get(key)))},
            "metric_groups": found,
        }
    ]


def _observation(given: Mapping[str, Any], rows: float | None) -> str:
    many = "Labelled rows" if rows is None else f"{rows:.0f} labelled rows"
    if not text(given.get("champion")):
        return f"{many}; the group had no champion to compare with."
    if reason := text(given.get("reason")):
        return cut(f"{many}; the champion cannot score them: {reason}", LONGEST_NOTE)
    return f"{many}, scored by both models. An improvement above 0 means that the candidate is better."


def _values(metrics: list[Mapping[str, Any]], role: str) -> Iterator[Metric]:
    for metric in metrics:
        if (value := number(metric.get(role))) is not None:
            yield scalar(metric.get("metric"), value)


def _improvements(metrics: list[Mapping[str, Any]], confidence: float | None) -> Iterator[Metric]:
    for metric in metrics:
        difference = mapping(metric.get("difference"))
        value, low, high = (number(difference.get(name)) for name in ("improvement", "low", "high"))
        if value is None:
            continue
        notes = ""
        if confidence is not None and low is not None and high is not None:
            notes = f"{100 * confidence:g} % interval: {low:.4g} to {high:.4g} ({text(difference.get('method'))})"
        yield scalar(metric.get("metric"), value, notes)
