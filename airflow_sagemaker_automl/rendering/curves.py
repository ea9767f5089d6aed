"""Curves between two axes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.rendering.drawing import (
    CARD_WIDTH,
    LINE_HEIGHT,
    Chart,
    Drawing,
    Scale,
    Stroke,
    Text,
    chart,
    pixels,
    wrap,
)
from airflow_sagemaker_automl.rendering.values import LARGEST_NUMBER, format_tick, heading, points, text_of

PLOT_HEIGHT = 232.0
UNIT_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
ROC_NAME = re.compile(r"(?<![a-z])(au)?roc|receiver.operating", re.IGNORECASE)


def ticks(values: Iterable[float]) -> tuple[float, ...]:
    """Choose round tick values that enclose all values."""
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    reach = max(abs(low), abs(high))
    if reach < 1 / LARGEST_NUMBER:
        low, high = 0.0, 1.0
    elif high - low < reach * 1e-9:
        low, high = low - reach / 2, high + reach / 2
    magnitude = 10.0 ** math.floor(math.log10((high - low) / 5))
    steps = (factor * magnitude for factor in (1, 2, 2.5, 5, 10))
    step = next(step for step in steps if step * 5.001 >= high - low)
    indexes = range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)
    return tuple(float(f"{index * step:.12g}") for index in indexes)


def line_chart(metric: Mapping[str, Any]) -> Chart:
    """Lay out a ``linear_graph`` metric as a curve between two axes."""
    known = points(metric.get("value"))
    if not known:
        return chart(metric)
    is_unit = all(0 <= coordinate <= 1 for point in known for coordinate in point)
    x_ticks, y_ticks = (UNIT_TICKS if is_unit else ticks(values) for values in zip(*known, strict=True))
    x_name = wrap(heading(metric.get("x_axis_name")), CARD_WIDTH - 90)
    y_name = wrap(heading(metric.get("y_axis_name")), PLOT_HEIGHT)
    left = len(y_name) * LINE_HEIGHT + pixels(map(format_tick, y_ticks)) + 8
    right = CARD_WIDTH - max(pixels([format_tick(x_ticks[-1])]) / 2, 10)
    x_scale = Scale(x_ticks[0], x_ticks[-1], left, right)
    y_scale = Scale(y_ticks[0], y_ticks[-1], PLOT_HEIGHT + 10, 10)
    texts, strokes = _axes(x_scale, x_ticks, y_scale, y_ticks)
    texts.append(Text("axis-name", (x_scale.start + x_scale.end) / 2, y_scale.start + 37, x_name))
    texts.append(Text("upright-name", 10, (y_scale.start + y_scale.end) / 2, y_name))
    has_diagonal = is_unit and ROC_NAME.search(text_of(metric.get("name")))
    if has_diagonal:
        strokes.append(("diagonal", ((x_scale(0), y_scale(0)), (x_scale(1), y_scale(1)))))
    curve = tuple((x_scale(x), y_scale(y)) for x, y in known)
    if is_unit:
        strokes.append(("area", ((curve[0][0], y_scale(0)), *curve, (curve[-1][0], y_scale(0)))))
    strokes.append(("curve", curve) if len(curve) > 1 else ("dot", curve * 2))
    description = f"{len(known)} points from {known[0]} to {known[-1]}"
    height = y_scale.start + 27 + LINE_HEIGHT * len(x_name)
    drawing = Drawing(CARD_WIDTH, height, description, tuple(texts), tuple(strokes))
    return chart(metric, drawing, remark="Dashed line: random guessing" if has_diagonal else "")


def _axes(
    x_scale: Scale, x_ticks: Sequence[float], y_scale: Scale, y_ticks: Sequence[float]
) -> tuple[list[Text], list[Stroke]]:
    left, right, bottom, top = x_scale.start, x_scale.end, y_scale.start, y_scale.end
    label_width = pixels(map(format_tick, x_ticks)) + 8
    x_ticks = x_ticks[:: math.ceil(label_width * len(x_ticks) / (right - left))]
    texts = [Text("x-tick", x_scale(tick), bottom + 17, (format_tick(tick),)) for tick in x_ticks]
    texts += [Text("y-tick", left - 6, y_scale(tick) + 4, (format_tick(tick),)) for tick in y_ticks]
    strokes = [("grid", ((x_scale(tick), top), (x_scale(tick), bottom))) for tick in x_ticks]
    strokes += [("grid", ((left, y_scale(tick)), (right, y_scale(tick)))) for tick in y_ticks]
    return texts, [*strokes, ("axis", ((left, top), (left, bottom), (right, bottom)))]
