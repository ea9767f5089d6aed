"""Converts ``statistics.json``, the model insights report, to metric groups of a model card.

It has the format of Model Monitor's model quality report.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sagemaker_automl.core.card.charts import Metric, curve, matrix, scalar
from airflow_sagemaker_automl.core.card.limits import number
from airflow_sagemaker_automl.core.values.literals import mapping

_SECTIONS = ("binary_classification_metrics", "multiclass_classification_metrics", "regression_metrics")
_CURVES = {
    "receiver_operating_characteristic_curve": ("false_positive_rates", "true_positive_rates"),
    "precision_recall_curve": ("recalls", "precisions"),
}
# The largest known section has a third of this.
_MOST_METRICS = 100


@dataclass
class Reading:
    """The content of a report.

    :param groups: metric groups of the card.
    :param unknown: paths of the report's parts in an unknown format.
    :param observation: a remark on the groups.
    """

    groups: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    observation: str = ""


def read_statistics(statistics: Any) -> Reading:
    """Read ``statistics.json``.

    :param statistics: the parsed report, of any content.
    :return: one group for each section, with its scalars, confusion matrix and curves, and one with the number of
        evaluated rows.
    """
    reading = Reading()
    for section, content in mapping(statistics).items():
        if section in _SECTIONS:
            metrics = list(_section(section, content, reading.unknown))[:_MOST_METRICS]
        elif section == "dataset":
            rows = number(mapping(content).get("item_count"))
            metrics = [] if rows is None else [scalar("item_count", rows, "Number of evaluated rows.")]
        else:
            reading.unknown += [section] if section != "version" else []
            continue
        if metrics:
            reading.groups.append({"name": section, "metric_data": metrics})
    # The metrics come before the number of rows.
    reading.groups.sort(key=lambda group: group["name"] == "dataset")
    if not isinstance(statistics, Mapping):
        reading.unknown.append("the whole report")
    return reading


def _section(section: str, content: Any, unknown: list[str]) -> Iterator[Metric]:
    if not isinstance(content, Mapping):
        unknown.append(section)
    for name, member in mapping(content).items():
        if name in _CURVES:
            metrics = _curve(name, mapping(member))
        elif name == "confusion_matrix":
            metrics = matrix(name, {actual: mapping(row) for actual, row in mapping(member).items() if row})
        else:
            metrics = _scalar(name, mapping(member))
        yield from metrics
        if not metrics and not _is_without_figure(member):
            unknown.append(f"{section}.{name}")


def _is_without_figure(member: Any) -> bool:
    """Whether this is a scalar without a value, which the report writes as the text ``NaN``."""
    return isinstance(member, Mapping) and member.get("value", member) in ("NaN", None)


def _scalar(name: str, content: Mapping[str, Any]) -> list[Metric]:
    value = number(content.get("value"))
    deviation = number(content.get("standard_deviation"))
    if value is None:
        return []
    return [scalar(name, value, "" if deviation is None else f"standard deviation {deviation:.6g}")]


def _curve(name: str, content: Mapping[str, Any]) -> list[Metric]:
    x_axis, y_axis = _CURVES[name]
    x, y = content.get(x_axis), content.get(y_axis)
    if not isinstance(x, list) or not isinstance(y, list) or len(x) != len(y):
        return []
    return curve(name, list(zip(x, y, strict=True)), x_axis, y_axis)
