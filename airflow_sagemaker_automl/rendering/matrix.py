"""Draws matrices as heat maps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.rendering.drawing import (
    CARD_WIDTH,
    LINE_HEIGHT,
    Box,
    Chart,
    Drawing,
    Scale,
    Text,
    chart,
    pixels,
    scale_with_zero,
    wrap,
)
from airflow_sagemaker_automl.rendering.values import format_values, items, labels, numbers, text_of

MOST_CELLS_PER_SIDE = 20
NARROWEST_CELL = 34.0
_ROOM_FOR_SHARES = 46.0
_CONFUSION_NAME = re.compile("confusion", re.IGNORECASE)


@dataclass(frozen=True)
class Cell:
    """One cell of a matrix.

    ``text``: the formatted value. ``share``: the value as a share of its row, in a confusion matrix. ``is_miss``:
    whether the cell counts wrong predictions.
    """

    row: str
    column: str
    value: float | None
    text: str
    share: float | None
    is_miss: bool

    def __str__(self) -> str:
        return self.text if self.share is None else f"{self.text} ({format_share(self.share)})"


def matrix_cells(metric: Mapping[str, Any]) -> list[list[Cell]]:
    """Read a ``matrix`` metric, at most 20 rows and columns.

    :return: rows of cells; empty if the matrix has no numbers.
    """
    rows = [numbers(row)[:MOST_CELLS_PER_SIDE] for row in items(metric.get("value"))[:MOST_CELLS_PER_SIDE]]
    if all(value is None for row in rows for value in row):
        return []
    names = labels(metric.get("y_axis_name"), len(rows))
    columns = labels(metric.get("x_axis_name"), max(map(len, rows)))
    is_confusion = bool(_CONFUSION_NAME.search(text_of(metric.get("name")))) and all(
        value is not None and value >= 0 for row in rows for value in row
    )
    tells_misses = is_confusion and set(names) <= set(columns)
    texts = iter(format_values([value for row in rows for value in row]))
    return [
        [
            Cell(
                row=name,
                column=column,
                value=value,
                text=next(texts),
                share=_share(value, row) if is_confusion else None,
                is_miss=tells_misses and name != column,
            )
            for column, value in zip(columns, row, strict=False)
        ]
        for name, row in zip(names, rows, strict=True)
    ]


def _share(value: float | None, row: Sequence[float | None]) -> float | None:
    total = sum(entry or 0 for entry in row)
    return (value or 0) / total if total else None


def format_share(share: float) -> str:
    """Format a share in percent; only exactly 1 is written as 100 %, and only exactly 0 as 0 %."""
    percent = min(99.9, max(0.1, share * 100)) if 0 < share < 1 else share * 100
    return f"{percent:.3g} %"


def matrix_remark(metric: Mapping[str, Any]) -> str:
    """Say whether the matrix was cut."""
    given = items(metric.get("value"))
    is_cut = max(len(given), *map(len, map(items, given)), 0) > MOST_CELLS_PER_SIDE
    return f"Cut to {MOST_CELLS_PER_SIDE} rows and columns" if is_cut else ""


def matrix_chart(metric: Mapping[str, Any]) -> Chart:
    """Lay out a ``matrix`` metric as a heat map; a confusion matrix is shaded by each row's shares, and shows them."""
    rows = matrix_cells(metric)
    if not rows:
        return chart(metric)
    columns = [cell.column for cell in max(rows, key=len)]
    wrapped = [wrap(row[0].row if row else "", CARD_WIDTH * 0.65) for row in rows]
    gutter = pixels(line for lines in wrapped for line in lines) + 8
    longest = max(len(cell.text) for row in rows for cell in row)
    width = max(NARROWEST_CELL, 7 * longest + 6, (CARD_WIDTH - gutter) // len(columns))
    height = min(max(width * 0.7 // 1, 32), 96)
    texts, top = _column_heads(columns, gutter, width)
    shade = scale_with_zero([cell.value for row in rows for cell in row if cell.value is not None], 0, 1)
    boxes: list[Box] = []
    for index, row in enumerate(rows):
        y, lines = top + index * height, wrapped[index]
        texts.append(Text("row-head", gutter - 8, y + height / 2 + 11 - len(lines) * LINE_HEIGHT / 2, lines))
        for place, cell in enumerate(row):
            box, words = _laid_out(cell, gutter + place * width, y, width, height, shade)
            boxes.append(box)
            texts += words
    drawing = Drawing(
        width=gutter + len(columns) * width,
        height=top + len(rows) * height,
        description="; ".join(f"{row[0].row}: {', '.join(map(str, row))}" for row in rows if row),
        texts=tuple(texts),
        boxes=tuple(boxes),
        cell_font_size=round(min(16, 0.38 * width, 1.3 * width / longest), 1),
    )
    has_shares = any(text.role == "cell-share" for text in texts)
    remark = ["Percentages are shares of the row"] if has_shares else []
    return chart(metric, drawing, remark=". ".join(filter(None, (*remark, matrix_remark(metric)))))


def _laid_out(cell: Cell, x: float, y: float, width: float, height: float, shade: Scale) -> tuple[Box, list[Text]]:
    center, middle = x + width / 2, y + height / 2 + 4
    role = "cell miss" if cell.is_miss else "cell"
    tooltip = f"{cell.row} / {cell.column}: {cell}"
    box = Box(role, x, y, width, height, tooltip, shade(cell.value or 0) if cell.share is None else cell.share)
    value = (cell.text,)
    if cell.share is None or width < _ROOM_FOR_SHARES:
        return box, [Text("cell-text", center, middle, value)]
    share = Text("cell-share", center, middle + 11, (format_share(cell.share),))
    return box, [Text("cell-text", center, middle - 5, value), share]


def _column_heads(names: Sequence[str], gutter: float, width: float) -> tuple[list[Text], float]:
    lying = [wrap(name, width - 6) for name in names]
    centers = [gutter + (index + 0.5) * width for index in range(len(names))]
    if all(" ".join(lines) == name for name, lines in zip(names, lying, strict=True)):
        top = max(map(len, lying)) * LINE_HEIGHT + 6
        heads = zip(centers, lying, strict=True)
        return [Text("column-head", x, top + 6 - len(lines) * LINE_HEIGHT, lines) for x, lines in heads], top
    standing = [wrap(name, CARD_WIDTH * 0.65) for name in names]
    top = pixels(line for lines in standing for line in lines) + 8
    heads = zip(centers, standing, strict=True)
    return [Text("upright-head", x, top - 6, lines) for x, lines in heads], top
