"""Builds the four kinds of metrics of a model card, cut to the card's limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.core.card.curves import Point, thinned
from airflow_sagemaker_automl.core.card.limits import (
    LONGEST_NAME,
    LONGEST_NOTE,
    MOST_MATRIX_ROWS,
    cut,
    label,
    labels,
    number,
    total,
)

# Enough to keep the shape of a curve.
MOST_CURVE_POINTS = 200
MOST_BARS = 25
Metric = dict[str, Any]


def scalar(name: Any, value: float, notes: str = "") -> Metric:
    """Make a metric of one number."""
    return {"name": label(name, LONGEST_NAME), "type": "number", "value": value, **_notes(notes)}


def answer(name: Any, given: Any, notes: str = "") -> Metric:
    """Make a boolean metric; anything that is not a boolean becomes the text "unknown"."""
    known = isinstance(given, bool)
    return {
        "name": label(name, LONGEST_NAME),
        "type": "boolean" if known else "string",
        "value": given if known else "unknown",
        **_notes(notes),
    }


def curve(name: Any, points: Sequence[Point], x_axis: Any, y_axis: Any, most: int = MOST_CURVE_POINTS) -> list[Metric]:
    """Make a curve.

    :param points: pairs of any values; pairs that are not finite numbers are left out.
    :return: an empty list if no point is left.
    """
    pairs = [(number(x), number(y)) for x, y in points]
    finite = [[x, y] for x, y in pairs if x is not None and y is not None]
    if not finite:
        return []
    fewer = [list(point) for point in thinned(finite, most)]
    notes = f"{len(fewer)} of {len(finite)} points, chosen to keep the shape" if len(fewer) < len(finite) else ""
    return [
        {
            "name": label(name, LONGEST_NAME),
            "type": "linear_graph",
            "value": fewer,
            "x_axis_name": label(x_axis),
            "y_axis_name": label(y_axis),
            **_notes(notes),
        }
    ]


def bars(name: Any, entries: Iterable[tuple[Any, Any]], axis: str, notes: str = "") -> list[Metric]:
    """Make a bar chart, in the given order.

    :param entries: label and value of each bar; values that are not finite numbers are left out.
    :return: an empty list if no bar is left.
    """
    finite = [(key, value) for key, given in entries if (value := number(given)) is not None]
    if not finite:
        return []
    return [
        {
            "name": label(name, LONGEST_NAME),
            "type": "bar_chart",
            "value": [value for _, value in finite],
            "x_axis_name": labels([key for key, _ in finite]),
            "y_axis_name": label(axis),
            **_notes(notes),
        }
    ]


def largest_bars(name: Any, values: Mapping[Any, Any], axis: str, what: str, most: int = MOST_BARS) -> list[Metric]:
    """Make a bar chart of the largest absolute values, with one more bar for the sum of all others.

    :param what: the plural noun for the entries, for example ``features``.
    """
    finite = [(key, value) for key, given in values.items() if (value := number(given)) is not None]
    finite.sort(key=lambda entry: -abs(entry[1]))
    # A single remaining entry is drawn itself, not as "1 other".
    if len(finite) <= most + 1:
        return bars(name, finite, axis)
    rest = [value for _, value in finite[most:]]
    notes = f"The {most} largest of {len(finite)} {what}; the last bar is the sum of the other {len(rest)}."
    return bars(name, [*finite[:most], (f"{len(rest)} other {what}", total(rest))], axis, notes)


def matrix(name: Any, content: Mapping[Any, Mapping[Any, Any]]) -> list[Metric]:
    """Make a confusion matrix: rows are actual labels, columns are predicted labels.

    If there are too many labels, the most frequent are kept and the others summed, which keeps the totals. A label
    without values has no row: the service writes NaN if the validation data lacks the label.

    :param content: actual label → predicted label → count; a missing count is zero.
    :return: an empty list if no row has values.
    """
    counts = {actual: figures for actual, row in content.items() if (figures := _figures(row))}
    every = list(dict.fromkeys([*content, *(predicted for row in content.values() for predicted in row)]))
    single, others = every, every[:0]
    if len(every) > MOST_MATRIX_ROWS:
        weights = {actual: sum(row.values()) for actual, row in counts.items()}
        # Sorting is stable: of equally frequent labels the first are kept.
        heaviest = sorted(every, key=lambda actual: -weights.get(actual, 0))
        single, others = heaviest[: MOST_MATRIX_ROWS - 1], heaviest[MOST_MATRIX_ROWS - 1 :]
    sides = [[key] for key in single] + ([others] if others else [])
    rows = [[counts[key] for key in side if key in counts] for side in sides]
    cells = [[total(row.get(key, 0) for row in side for key in column) for column in sides] for side in rows]
    names = labels([*single, *([f"{len(others)} other labels"] if others else [])])
    known = [place for place, side in enumerate(rows) if side and None not in cells[place]]
    return [_drawn(name, names, cells, known, len(every), len(others))] if known else []


def _drawn(
    name: Any, names: list[str], cells: list[list[float | None]], known: list[int], every: int, others: int
) -> Metric:
    notes = "Rows are actual labels, columns are predicted labels."
    if others:
        notes += f" Shows the {every - others} most frequent of {every} labels; the others are summed."
    if len(known) < len(names):
        notes += f" {len(names) - len(known)} of the labels have no row because the report has no values for them."
    return {
        "name": label(name, LONGEST_NAME),
        "type": "matrix",
        "value": [cells[place] for place in known],
        "x_axis_name": names,
        "y_axis_name": [names[place] for place in known],
        **_notes(notes),
    }


def _figures(row: Mapping[Any, Any]) -> dict[Any, float] | None:
    """Read a row; None if any count is not a number, because the row would be incomplete."""
    found = {predicted: number(count) for predicted, count in row.items()}
    figures = {predicted: count for predicted, count in found.items() if count is not None}
    return figures if len(figures) == len(found) else None


def _notes(notes: str) -> dict[str, str]:
    return {"notes": cut(notes, LONGEST_NOTE)} if notes else {}
