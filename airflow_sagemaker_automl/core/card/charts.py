"""The four shapes of a model card's metrics, cut to the card's limits where they are made."""

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

# Enough for a curve to look like itself.
MOST_CURVE_POINTS = 200
MOST_BARS = 25
Metric = dict[str, Any]


def scalar(name: Any, value: float, notes: str = "") -> Metric:
    """Write one figure."""
    return {"name": label(name, LONGEST_NAME), "type": "number", "value": value, **_notes(notes)}


def answer(name: Any, given: Any, notes: str = "") -> Metric:
    """Write yes or no, or that there is neither."""
    known = isinstance(given, bool)
    return {
        "name": label(name, LONGEST_NAME),
        "type": "boolean" if known else "string",
        "value": given if known else "not known",
        **_notes(notes),
    }


def curve(name: Any, points: Sequence[Point], x_axis: Any, y_axis: Any, most: int = MOST_CURVE_POINTS) -> list[Metric]:
    """Draw a curve.

    :param points: pairs of anything; those that are no numbers are left out.
    :return: nothing where no point is left.
    """
    pairs = [(number(x), number(y)) for x, y in points]
    finite = [[x, y] for x, y in pairs if x is not None and y is not None]
    if not finite:
        return []
    fewer = [list(point) for point in thinned(finite, most)]
    notes = f"{len(fewer)} of {len(finite)} points, chosen to keep its shape" if len(fewer) < len(finite) else ""
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
    """Draw bars in the order in which they come.

    :param entries: label and value of each; what is no number is left out.
    :return: nothing where no bar is left.
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
    """Draw the largest values, by their size without sign, and one more bar for the sum of all others.

    :param what: what the others are, for example ``features``.
    """
    finite = [(key, value) for key, given in values.items() if (value := number(given)) is not None]
    finite.sort(key=lambda entry: -abs(entry[1]))
    # One more is drawn itself rather than as "1 other".
    if len(finite) <= most + 1:
        return bars(name, finite, axis)
    rest = [value for _, value in finite[most:]]
    notes = f"The {most} largest of {len(finite)} {what}; the last bar is the sum of the other {len(rest)}."
    return bars(name, [*finite[:most], (f"{len(rest)} other {what}", total(rest))], axis, notes)


def matrix(name: Any, content: Mapping[Any, Mapping[Any, Any]]) -> list[Metric]:
    """Draw a confusion matrix: rows of actual labels, columns of predicted ones.

    Of many labels those with most rows are kept and the others summed, so that the sums of rows and columns stay. A
    label whose row has no figures (the service writes NaN where the validation data lacks it) has no row.

    :param content: actual label → predicted label → count; a count that is missing is zero.
    :return: nothing where no row has figures.
    """
    counts = {actual: figures for actual, row in content.items() if (figures := _figures(row))}
    every = list(dict.fromkeys([*content, *(predicted for row in content.values() for predicted in row)]))
    single, others = every, every[:0]
    if len(every) > MOST_MATRIX_ROWS:
        weights = {actual: sum(row.values()) for actual, row in counts.items()}
        # Sorting is stable: of labels with as many rows the first stay.
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
    notes = "Rows are actual labels, columns predicted ones."
    if others:
        notes += f" The {every - others} labels with most rows, of {every}; the others are summed."
    if len(known) < len(names):
        notes += f" {len(names) - len(known)} of the labels have no row, since the report has no figures for them."
    return {
        "name": label(name, LONGEST_NAME),
        "type": "matrix",
        "value": [cells[place] for place in known],
        "x_axis_name": names,
        "y_axis_name": [names[place] for place in known],
        **_notes(notes),
    }


def _figures(row: Mapping[Any, Any]) -> dict[Any, float] | None:
    """Read a row; None where any count is not a number, for then the others mean nothing."""
    found = {predicted: number(count) for predicted, count in row.items()}
    figures = {predicted: count for predicted, count in found.items() if count is not None}
    return figures if len(figures) == len(found) else None


def _notes(notes: str) -> dict[str, str]:
    return {"notes": cut(notes, LONGEST_NOTE)} if notes else {}
