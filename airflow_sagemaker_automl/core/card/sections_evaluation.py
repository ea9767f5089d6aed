"""``evaluation_details`` of a model card, as typed sections.

A metric is a single value, a curve, a bar chart or a matrix. Names have 1 to 255 characters, notes at most 1024, axis
names and labels at most 63.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from airflow_sagemaker_automl.core.values.members import Later, Number, Text, Texts, api_of, listed, mapped, present

Numbers: TypeAlias = Sequence[Number] | Later


@dataclass(frozen=True, kw_only=True)
class SimpleMetric:
    """A single value.

    :param name: name of the metric.
    :param value: a number, a boolean, or a text of at most 63 characters.
    :param type: ``number``, ``string`` or ``boolean``. Default: the type of the value; required if the value is a
        template or an XComArg that does not give a text.
    :param notes: remarks.
    :param x_axis_name: name of the x axis.
    :param y_axis_name: name of the y axis.
    """

    name: Text
    value: float | bool | Text
    type: Text | None = None
    notes: Text | None = None
    x_axis_name: Text | None = None
    y_axis_name: Text | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as an entry of ``metric_data``."""
        return present(
            name=self.name,
            type=self.type or self._type_of_value(),
            value=self.value,
            notes=self.notes,
            x_axis_name=self.x_axis_name,
            y_axis_name=self.y_axis_name,
        )

    def _type_of_value(self) -> str:
        if isinstance(self.value, bool):
            return "boolean"
        return "number" if isinstance(self.value, int | float) else "string"


@dataclass(frozen=True, kw_only=True)
class LinearGraphMetric:
    """A curve.

    :param name: name of the metric.
    :param points: at least one pair of numbers, x and y.
    :param notes: remarks.
    :param x_axis_name: name of the x axis.
    :param y_axis_name: name of the y axis.
    """

    name: Text
    points: Sequence[Numbers] | Later
    notes: Text | None = None
    x_axis_name: Text | None = None
    y_axis_name: Text | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as an entry of ``metric_data``."""
        return present(
            name=self.name,
            type="linear_graph",
            value=listed(self.points, listed),
            notes=self.notes,
            x_axis_name=self.x_axis_name,
            y_axis_name=self.y_axis_name,
        )


@dataclass(frozen=True, kw_only=True)
class BarChartMetric:
    """A bar chart.

    :param name: name of the metric.
    :param values: at least one number.
    :param labels: one for each bar.
    :param notes: remarks.
    :param y_axis_name: name of the axis of values.
    """

    name: Text
    values: Numbers
    labels: Texts | None = None
    notes: Text | None = None
    y_axis_name: Text | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as an entry of ``metric_data``."""
        return present(
            name=self.name,
            type="bar_chart",
            value=listed(self.values),
            notes=self.notes,
            x_axis_name=listed(self.labels),
            y_axis_name=self.y_axis_name,
        )


@dataclass(frozen=True, kw_only=True)
class MatrixMetric:
    """A matrix.

    :param name: name of the metric.
    :param rows: 1 to 20 rows of 1 to 20 numbers.
    :param column_labels: one for each column.
    :param row_labels: one for each row.
    :param notes: remarks.
    """

    name: Text
    rows: Sequence[Numbers] | Later
    column_labels: Texts | None = None
    row_labels: Texts | None = None
    notes: Text | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as an entry of ``metric_data``."""
        return present(
            name=self.name,
            type="matrix",
            value=listed(self.rows, listed),
            notes=self.notes,
            x_axis_name=listed(self.column_labels),
            y_axis_name=listed(self.row_labels),
        )


AnyMetric: TypeAlias = SimpleMetric | LinearGraphMetric | BarChartMetric | MatrixMetric | Mapping[str, Any] | Later


@dataclass(frozen=True, kw_only=True)
class MetricGroup:
    """A group of metrics.

    :param name: 1 to 63 characters.
    :param metric_data: the metrics.
    """

    name: Text
    metric_data: Sequence[AnyMetric] | Later

    def to_api(self) -> dict[str, Any]:
        """Write it as an entry of ``metric_groups``."""
        return {"name": self.name, "metric_data": listed(self.metric_data, api_of)}


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One evaluation of the model.

    :param name: 1 to 63 characters.
    :param evaluation_observation: at most 2096 characters.
    :param evaluation_job_arn: at most 256 characters.
    :param datasets: at most 10 URIs of at most 1024 characters each.
    :param metadata: any name → at most 1024 characters.
    :param metric_groups: its metrics.
    """

    name: Text
    evaluation_observation: Text | None = None
    evaluation_job_arn: Text | None = None
    datasets: Texts | None = None
    metadata: Mapping[str, Text] | Later | None = None
    metric_groups: Sequence[MetricGroup | Mapping[str, Any] | Later] | Later | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as an entry of ``evaluation_details``."""
        return present(
            name=self.name,
            evaluation_observation=self.evaluation_observation,
            evaluation_job_arn=self.evaluation_job_arn,
            datasets=listed(self.datasets),
            metadata=mapped(self.metadata),
            metric_groups=listed(self.metric_groups, api_of),
        )
