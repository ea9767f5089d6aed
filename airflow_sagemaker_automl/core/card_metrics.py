"""The service's reports as metric groups of a model card, within the card's limits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LONGEST_LABEL = 63
MOST_MATRIX_ROWS = 20
# Enough for a curve to look like itself; a card has 100 000 characters in all.
MOST_CURVE_POINTS = 200
MOST_FEATURES = 25
# One for each class of a classifier.
MOST_EXPLAINED_OUTPUTS = 10

_SECTIONS = ("binary_classification_metrics", "multiclass_classification_metrics", "regression_metrics")
_CURVES = {
    "receiver_operating_characteristic_curve": ("false_positive_rates", "true_positive_rates"),
    "precision_recall_curve": ("recalls", "precisions"),
}


def evaluation_groups(statistics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Turn ``statistics.json`` (Model Monitor's model quality report) into metric groups.

    :return: one group for each section that is there: its scalars, confusion matrix and curves.
    """
    sections = _mapping(statistics)
    return [
        {"name": section, "metric_data": metrics}
        for section in _SECTIONS
        if (metrics := list(_section_metrics(_mapping(sections.get(section)))))
    ]


def importance_groups(analysis: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Turn the global explanations of ``analysis.json`` (SageMaker Clarify) into bar charts, largest first.

    :return: one group for each explained output.
    """
    groups = []
    for method, outputs in _mapping(_mapping(analysis).get("explanations")).items():
        for output, explained in _mapping(outputs).items():
            chart = _importance_chart(_mapping(_mapping(explained).get("global_shap_values")))
            if chart:
                groups.append({"name": f"{method} {output}"[:LONGEST_LABEL], "metric_data": [chart]})
    return groups[:MOST_EXPLAINED_OUTPUTS]


def number(value: Any) -> float | None:
    """Take a finite number; anything else (the reports write ``"NaN"`` as a text) is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    """Take a mapping; a report that has something else in its place has nothing to say there."""
    return value if isinstance(value, Mapping) else {}


def _numbers(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _section_metrics(section: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, content in section.items():
        if name in _CURVES:
            yield from _curve(name, _mapping(content))
        elif name == "confusion_matrix":
            yield from _matrix({label: _mapping(row) for label, row in _mapping(content).items()})
        else:
            yield from _scalar(name, _mapping(content))


def _scalar(name: str, content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    value = number(content.get("value"))
    if value is None:
        return
    deviation = number(content.get("standard_deviation"))
    notes = {} if deviation is None else {"notes": f"standard deviation {deviation:.6g}"}
    yield {"name": name, "type": "number", "value": value, **notes}


def _curve(name: str, content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    x_name, y_name = _CURVES[name]
    pairs = zip(_numbers(content.get(x_name)), _numbers(content.get(y_name)), strict=False)
    points = [[x, y] for x, y in pairs if number(x) is not None and number(y) is not None]
    if points:
        yield {
            "name": name,
            "type": "linear_graph",
            "value": _thinned(points),
            "x_axis_name": x_name,
            "y_axis_name": y_name,
        }


def _thinned(points: Sequence[list[float]]) -> list[list[float]]:
    """Keep both ends and evenly spaced points between them."""
    if len(points) <= MOST_CURVE_POINTS:
        return list(points)
    step = (len(points) - 1) / (MOST_CURVE_POINTS - 1)
    return [points[round(position * step)] for position in range(MOST_CURVE_POINTS)]


def _matrix(content: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Draw rows of actual labels and columns of predicted ones.

    Of many labels those with most rows are kept; a label whose row has no figures (the service writes NaN where the
    validation data lacks it) has no row.
    """
    weight = {label: sum(number(count) or 0 for count in row.values()) for label, row in content.items()}
    every = list(dict.fromkeys([*content, *(label for row in content.values() for label in row)]))
    labels = every
    if len(every) > MOST_MATRIX_ROWS:
        labels = sorted(every, key=lambda label: -weight.get(label, 0))[:MOST_MATRIX_ROWS]
    rows = [label for label in labels if all(number(count) is not None for count in content.get(label, {}).values())]
    cut = {"notes": f"the {len(labels)} labels with most rows, of {len(every)}"} if len(labels) < len(every) else {}
    if rows:
        yield {
            "name": "confusion_matrix",
            "type": "matrix",
            "value": [[number(content.get(row, {}).get(column, 0)) or 0 for column in labels] for row in rows],
            "x_axis_name": [str(label)[:LONGEST_LABEL] for label in labels],
            "y_axis_name": [str(label)[:LONGEST_LABEL] for label in rows],
            **cut,
        }


def _importance_chart(values: Mapping[str, Any]) -> dict[str, Any] | None:
    finite = [(name, value) for name, value in values.items() if number(value) is not None]
    largest = sorted(finite, key=lambda pair: -abs(pair[1]))[:MOST_FEATURES]
    if not largest:
        return None
    return {
        "name": "global_shap_values",
        "type": "bar_chart",
        "value": [value for _, value in largest],
        "x_axis_name": [str(name)[:LONGEST_LABEL] for name, _ in largest],
        "y_axis_name": "global SHAP value",
    }
