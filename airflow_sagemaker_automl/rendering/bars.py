"""Horizontal bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
from airflow_sagemaker_automl.rendering.values import format_values, labels, numbers, text_of

BARS_PER_PANEL = 34
MOST_BARS = 1000


def bar_chart(metric: Mapping[str, Any]) -> Chart:
    """Lay out a ``bar_chart`` metric as horizontal bars, split into panels that share one scale."""
    given = numbers(metric.get("value"))
    values = given[:MOST_BARS]
    known = [value for value in values if value is not None]
    if not known:
        return chart(metric)
    names = labels(metric.get("x_axis_name"), len(values))
    gutter = pixels(names) + 8 if pixels(names) < CARD_WIDTH * 0.48 else 0
    rows = list(zip(names, values, format_values(values), strict=True))
    left_room = pixels(text for _, value, text in rows if (value or 0) < 0) + (6 if min(known) < 0 else 1)
    right_room = pixels(text for _, value, text in rows if (value or 0) >= 0) + 8
    scale = scale_with_zero(known, gutter + left_room, CARD_WIDTH - right_room)
    size = math.ceil(len(rows) / math.ceil(len(rows) / BARS_PER_PANEL))
    panels = [rows[start : start + size] for start in range(0, len(rows), size)]
    cut = f"The first {MOST_BARS} of {len(given)} bars" if len(given) > MOST_BARS else ""
    remark = ". ".join(filter(None, (text_of(metric.get("y_axis_name")), cut)))
    return chart(metric, *(_bars(panel, scale, is_beside=gutter > 0) for panel in panels), remark=remark)


def _bars(rows: Sequence[tuple[str, float | None, str]], scale: Scale, *, is_beside: bool) -> Drawing:
    wrapped = [wrap(label, CARD_WIDTH) for label, _, _ in rows]
    label_height = 0 if is_beside else max(map(len, wrapped)) * LINE_HEIGHT + 3
    row_height = label_height + (22 if is_beside else 28)
    zero, height = scale(0), len(rows) * row_height
    texts: list[Text] = []
    boxes: list[Box] = []
    described: list[str] = []
    for index, ((label, value, text), lines) in enumerate(zip(rows, wrapped, strict=True)):
        top = index * row_height + label_height + 3
        end = scale(value or 0)
        role, offset = ("value-left", -5) if (value or 0) < 0 else ("value-right", 5)
        texts.append(Text("label", 0, top + 12 - label_height, lines))
        texts.append(Text(role, end + offset, top + 12, (text,)))
        described.append(f"{label}: {text}")
        if value is not None:
            boxes.append(Box("bar", min(zero, end), top, round(abs(end - zero), 2), 16))
    zero_line = ("axis", ((zero, 0), (zero, height)))
    return Drawing(CARD_WIDTH, height, "; ".join(described), tuple(texts), (zero_line,), tuple(boxes))
