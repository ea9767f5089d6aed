"""Renders the content of a model package model card as one self-contained HTML page."""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

MISSING = "\N{EN DASH}"
ACRONYMS = {"arn", "auc", "f1", "id", "mae", "mse", "pr", "r2", "rmse", "roc", "shap", "uri", "url"}
CARD_WIDTH = 360.0
CHARACTER_WIDTH = 7.0
LINE_HEIGHT = 14.0
PLOT_HEIGHT = 232.0
UNIT_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
ROC_NAME = re.compile(r"(?<![a-z])(au)?roc|receiver.operating", re.IGNORECASE)
BARS_PER_PANEL = 34
MOST_BARS = 1000
MOST_CELLS_PER_SIDE = 20
NARROWEST_CELL = 34.0
# Beyond this bound the distance between two values may no longer be a finite float.
LARGEST_NUMBER = 1e100

Point = tuple[float, float]
Stroke = tuple[str, tuple[Point, ...]]


@dataclass(frozen=True)
class Scale:
    """A straight mapping of the values low..high onto the positions start..end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Position of a value."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 2)


@dataclass(frozen=True)
class Text:
    """Lines of text below each other; the role decides anchor, direction and style."""

    role: str
    x: float
    y: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """A bar, or a matrix cell with a shade from 0 (lowest value) to 1 (highest value)."""

    role: str
    x: float
    y: float
    width: float
    height: float
    tooltip: str = ""
    shade: float = 1.0


@dataclass(frozen=True)
class Drawing:
    """The geometry of one SVG image, in drawing units of about one CSS pixel."""

    width: float
    height: float
    description: str
    texts: tuple[Text, ...]
    strokes: tuple[Stroke, ...] = ()
    boxes: tuple[Box, ...] = ()
    cell_font_size: float = 12.0


@dataclass(frozen=True)
class Chart:
    """A titled chart; a long bar chart has several drawings, a chart without usable values has none."""

    title: str
    notes: str
    drawings: tuple[Drawing, ...]
    remark: str

    @property
    def is_wide(self) -> bool:
        """Whether the chart needs a row of its own."""
        return len(self.drawings) > 1 or any(drawing.width > 1.2 * CARD_WIDTH for drawing in self.drawings)


@dataclass(frozen=True)
class MetricGroup:
    """The metrics of a group: scalar ones as rows of name, value and notes, the others as charts."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    charts: tuple[Chart, ...]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else ()


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and -LARGEST_NUMBER < value < LARGEST_NUMBER else None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _numbers(value: Any) -> list[float | None]:
    return [_number(item) for item in _items(value)]


def format_value(value: Any) -> str:
    """Write a value for reading: numbers with about four significant digits, a dash for what is missing."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str):
        return MISSING if value.strip().lower() in ("", "nan") else value.strip()
    number = _number(value)
    if number is None:
        return MISSING
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    if 1000 <= abs(number) < 1e15:
        return f"{number:.1f}"
    rounded = f"{number:.4g}"
    # 0.99996 must not look perfect.
    return f"{number:.7g}" if float(rounded).is_integer() else rounded


def heading(name: Any) -> str:
    """Turn a snake_case name into words."""
    words = " ".join(_text(name).replace("_", " ").split())
    words = re.sub(r"[A-Za-z0-9]+", lambda word: word[0].upper() if word[0] in ACRONYMS else word[0], words)
    return words[:1].upper() + words[1:]


def _pixels(texts: Iterable[str]) -> float:
    return max(map(_columns, texts), default=0) * CHARACTER_WIDTH


def _columns(text: str) -> int:
    return len(text) + (not text.isascii() and sum(unicodedata.east_asian_width(c) in "WF" for c in text))


def _wrap(text: str, pixels: float) -> tuple[str, ...]:
    if 0 < _pixels([text]) <= pixels:
        return (text,)
    letters = max(4, int(len(text) * pixels / (_pixels([text]) or 1)))
    return tuple(textwrap.wrap(text, letters, max_lines=2, placeholder="\N{HORIZONTAL ELLIPSIS}"))


def _labels(names: Any, count: int) -> list[str]:
    texts = [" ".join(_text(name).split()) for name in _items(names)[:count]]
    return [text or str(number) for number, text in enumerate(texts + [""] * (count - len(texts)), start=1)]


def ticks(values: Iterable[float]) -> tuple[float, ...]:
    """Choose round axis values that enclose all values."""
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


def _chart(metric: Mapping[str, Any], *drawings: Drawing, remark: str = "") -> Chart:
    return Chart(heading(metric.get("name")) or MISSING, _text(metric.get("notes")), drawings, remark)


def line_chart(metric: Mapping[str, Any]) -> Chart:
    """Lay out a ``linear_graph`` metric as a curve between two axes."""
    pairs = [pair for pair in map(_numbers, _items(metric.get("value"))) if len(pair) == 2]
    points = [(x, y) for x, y in pairs if x is not None and y is not None]
    if not points:
        return _chart(metric)
    is_unit = all(0 <= coordinate <= 1 for point in points for coordinate in point)
    x_ticks, y_ticks = (UNIT_TICKS if is_unit else ticks(values) for values in zip(*points, strict=True))
    x_name = _wrap(_text(metric.get("x_axis_name")), CARD_WIDTH - 90)
    y_name = _wrap(_text(metric.get("y_axis_name")), PLOT_HEIGHT)
    left = len(y_name) * LINE_HEIGHT + _pixels(f"{tick:.10g}" for tick in y_ticks) + 8
    right = CARD_WIDTH - max(_pixels([f"{x_ticks[-1]:.10g}"]) / 2, 10)
    x_scale = Scale(x_ticks[0], x_ticks[-1], left, right)
    y_scale = Scale(y_ticks[0], y_ticks[-1], PLOT_HEIGHT + 10, 10)
    texts, strokes = _axes(x_scale, x_ticks, y_scale, y_ticks)
    texts.append(Text("axis-name", (x_scale.start + x_scale.end) / 2, y_scale.start + 37, x_name))
    texts.append(Text("upright-name", 10, (y_scale.start + y_scale.end) / 2, y_name))
    has_diagonal = is_unit and ROC_NAME.search(_text(metric.get("name")))
    if has_diagonal:
        strokes.append(("diagonal", ((x_scale(0), y_scale(0)), (x_scale(1), y_scale(1)))))
    curve = tuple((x_scale(x), y_scale(y)) for x, y in points)
    if is_unit:
        strokes.append(("area", ((curve[0][0], y_scale(0)), *curve, (curve[-1][0], y_scale(0)))))
    strokes.append(("curve", curve) if len(curve) > 1 else ("dot", curve * 2))
    description = f"{len(points)} points from {points[0]} to {points[-1]}"
    height = y_scale.start + 27 + LINE_HEIGHT * len(x_name)
    drawing = Drawing(CARD_WIDTH, height, description, tuple(texts), tuple(strokes))
    return _chart(metric, drawing, remark="Dashed line: guessing at random" if has_diagonal else "")


def _axes(
    x_scale: Scale, x_ticks: Sequence[float], y_scale: Scale, y_ticks: Sequence[float]
) -> tuple[list[Text], list[Stroke]]:
    left, right, bottom, top = x_scale.start, x_scale.end, y_scale.start, y_scale.end
    label_width = _pixels(f"{tick:.10g}" for tick in x_ticks) + 8
    x_ticks = x_ticks[:: math.ceil(label_width * len(x_ticks) / (right - left))]
    texts = [Text("x-tick", x_scale(tick), bottom + 17, (f"{tick:.10g}",)) for tick in x_ticks]
    texts += [Text("y-tick", left - 6, y_scale(tick) + 4, (f"{tick:.10g}",)) for tick in y_ticks]
    strokes = [("grid", ((x_scale(tick), top), (x_scale(tick), bottom))) for tick in x_ticks]
    strokes += [("grid", ((left, y_scale(tick)), (right, y_scale(tick)))) for tick in y_ticks]
    return texts, [*strokes, ("axis", ((left, top), (left, bottom), (right, bottom)))]


def _scale_with_zero(values: Sequence[float], start: float, end: float) -> Scale:
    return Scale(min(0.0, *values), max(0.0, *values) if any(values) else 1, start, end)


def bar_chart(metric: Mapping[str, Any]) -> Chart:
    """Lay out a ``bar_chart`` metric as horizontal bars, cut into panels that share one scale."""
    given = _numbers(metric.get("value"))
    values = given[:MOST_BARS]
    known = [value for value in values if value is not None]
    if not known:
        return _chart(metric)
    labels = _labels(metric.get("x_axis_name"), len(values))
    gutter = _pixels(labels) + 8 if _pixels(labels) < CARD_WIDTH * 0.48 else 0
    left_room = _pixels(format_value(value) for value in known if value < 0) + (6 if min(known) < 0 else 1)
    right_room = _pixels(format_value(value) for value in values if value is None or value >= 0) + 8
    scale = _scale_with_zero(known, gutter + left_room, CARD_WIDTH - right_room)
    rows = list(zip(labels, values, strict=True))
    size = math.ceil(len(rows) / math.ceil(len(rows) / BARS_PER_PANEL))
    panels = [rows[start : start + size] for start in range(0, len(rows), size)]
    cut = f"The first {MOST_BARS} of {len(given)} bars" if len(given) > MOST_BARS else ""
    remark = ". ".join(filter(None, (_text(metric.get("y_axis_name")), cut)))
    return _chart(metric, *(_bars(panel, scale, is_beside=gutter > 0) for panel in panels), remark=remark)


def _bars(rows: Sequence[tuple[str, float | None]], scale: Scale, *, is_beside: bool) -> Drawing:
    wrapped = [_wrap(label, CARD_WIDTH) for label, _ in rows]
    label_height = 0 if is_beside else max(map(len, wrapped)) * LINE_HEIGHT + 3
    row_height = label_height + (22 if is_beside else 28)
    zero, height = scale(0), len(rows) * row_height
    texts: list[Text] = []
    boxes: list[Box] = []
    described: list[str] = []
    for index, ((label, value), lines) in enumerate(zip(rows, wrapped, strict=True)):
        top = index * row_height + label_height + 3
        end, text = scale(value or 0), format_value(value)
        role, offset = ("value-left", -5) if (value or 0) < 0 else ("value-right", 5)
        texts.append(Text("label", 0, top + 12 - label_height, lines))
        texts.append(Text(role, end + offset, top + 12, (text,)))
        described.append(f"{label}: {text}")
        if value is not None:
            boxes.append(Box("bar", min(zero, end), top, round(abs(end - zero), 2), 16))
    zero_line = ("axis", ((zero, 0), (zero, height)))
    return Drawing(CARD_WIDTH, height, "; ".join(described), tuple(texts), (zero_line,), tuple(boxes))


def matrix_chart(metric: Mapping[str, Any]) -> Chart:
    """Lay out a ``matrix`` metric as a heat map."""
    given = [_numbers(row) for row in _items(metric.get("value"))]
    rows = [row[:MOST_CELLS_PER_SIDE] for row in given[:MOST_CELLS_PER_SIDE]]
    known = [value for row in rows for value in row if value is not None]
    if not known:
        return _chart(metric)
    names = _labels(metric.get("y_axis_name"), len(rows))
    columns = _labels(metric.get("x_axis_name"), max(map(len, rows)))
    wrapped = [_wrap(name, CARD_WIDTH * 0.65) for name in names]
    gutter = _pixels(line for lines in wrapped for line in lines) + 8
    longest = max(len(format_value(value)) for value in known)
    width = max(NARROWEST_CELL, 7 * longest + 6, (CARD_WIDTH - gutter) // len(columns))
    height = min(max(width * 0.7 // 1, 32), 96)
    texts, top = _column_heads(columns, gutter, width)
    shade = _scale_with_zero(known, 0, 1)
    boxes: list[Box] = []
    described: list[str] = []
    for row_index, (name, row) in enumerate(zip(names, rows, strict=True)):
        y, lines = top + row_index * height, wrapped[row_index]
        described.append(f"{name}: {', '.join(map(format_value, row))}")
        texts.append(Text("row-head", gutter - 8, y + height / 2 + 11 - len(lines) * LINE_HEIGHT / 2, lines))
        for column_index, value in enumerate(row):
            x, text = gutter + column_index * width, format_value(value)
            tooltip = f"{name} / {columns[column_index]}: {text}"
            boxes.append(Box("cell", x, y, width, height, tooltip, shade(value or 0)))
            texts.append(Text("cell-text", x + width / 2, y + height / 2 + 4, (text,)))
    drawing = Drawing(
        width=gutter + len(columns) * width,
        height=top + len(rows) * height,
        description="; ".join(described),
        texts=tuple(texts),
        boxes=tuple(boxes),
        cell_font_size=round(min(16, 0.38 * width, 1.3 * width / longest), 1),
    )
    is_cut = max(len(given), *map(len, given)) > MOST_CELLS_PER_SIDE
    return _chart(metric, drawing, remark=f"Cut to {MOST_CELLS_PER_SIDE} rows and columns" if is_cut else "")


def _column_heads(names: Sequence[str], gutter: float, width: float) -> tuple[list[Text], float]:
    lying = [_wrap(name, width - 6) for name in names]
    centers = [gutter + (index + 0.5) * width for index in range(len(names))]
    if all(" ".join(lines) == name for name, lines in zip(names, lying, strict=True)):
        top = max(map(len, lying)) * LINE_HEIGHT + 6
        heads = zip(centers, lying, strict=True)
        return [Text("column-head", x, top + 6 - len(lines) * LINE_HEIGHT, lines) for x, lines in heads], top
    standing = [_wrap(name, CARD_WIDTH * 0.65) for name in names]
    top = _pixels(line for lines in standing for line in lines) + 8
    heads = zip(centers, standing, strict=True)
    return [Text("upright-head", x, top - 6, lines) for x, lines in heads], top


CHARTS = {"linear_graph": line_chart, "bar_chart": bar_chart, "matrix": matrix_chart}


def metric_group(group: Any) -> MetricGroup:
    """Sort the metrics of a group into table rows and charts."""
    metrics = [_mapping(metric) for metric in _items(_mapping(group).get("metric_data"))]
    charts = [CHARTS[metric["type"]](metric) for metric in metrics if str(metric.get("type")) in CHARTS]
    scalars = [metric for metric in metrics if str(metric.get("type")) not in CHARTS]
    return MetricGroup(heading(_mapping(group).get("name")) or "Metrics", table_rows(scalars), tuple(charts))


def table_rows(entries: Any, name: Callable[[Any], str] = heading) -> tuple[tuple[str, ...], ...]:
    """Turn named values into rows of name, value and notes, without the notes when no entry has any."""
    if isinstance(entries, Mapping):
        entries = [{"name": key, "value": value} for key, value in entries.items()]
    rows = [
        (name(entry.get("name")) or MISSING, format_value(entry.get("value")), _text(entry.get("notes")))
        for entry in map(_mapping, _items(entries))
    ]
    return tuple(rows) if any(notes for _, _, notes in rows) else tuple(row[:2] for row in rows)


def text_list(value: Any) -> tuple[str, ...]:
    """Read a text or a list of texts, leaving out what is empty or no text."""
    return tuple(filter(None, map(_text, [value] if isinstance(value, str) else _items(value))))


def objective(training: Mapping[str, Any]) -> str:
    """Say what the training optimised, such as "Maximize F1"."""
    function = _mapping(_mapping(training.get("objective_function")).get("function"))
    facet = heading(function.get("facet"))
    return " ".join(filter(None, (_text(function.get("function")), facet, _text(function.get("condition")))))


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    functions = {"heading": heading, "items": _items, "mapping": _mapping, "text_of": _text}
    environment.globals |= functions | {"metric_group": metric_group, "objective": objective}
    environment.globals |= {"table_rows": table_rows, "text_list": text_list}
    return environment


def render_html(card: Mapping[str, Any], *, title: str, facts: Mapping[str, str] | None = None) -> str:
    """Render model card content as one HTML page that needs nothing from outside.

    :param card: parsed content of the model card; every part of it is optional
    :param title: heading of the page, such as the model package group and version
    :param facts: labels and texts shown at the top in the given order
    :return: the page, encodable as UTF-8
    """
    template = _environment().get_template("model_card.html.jinja")
    page = template.render(title=title, facts=facts or {}, card=card)
    # A lone surrogate, which JSON escapes can smuggle in, would make the page unwritable.
    return page.encode("utf-8", "replace").decode("utf-8")
