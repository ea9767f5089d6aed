"""The geometry of charts and the width of their texts. Colors and fonts are in the page's style sheet."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.rendering.values import MISSING, heading, text_of

CARD_WIDTH = 360.0
CHARACTER_WIDTH = 7.0
LINE_HEIGHT = 14.0

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
    """Lines of text; the role decides anchor, direction and style."""

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


def pixels(texts: Iterable[str]) -> float:
    """Estimate the width of the widest text."""
    return max(map(_columns, texts), default=0) * CHARACTER_WIDTH


def _columns(text: str) -> int:
    return len(text) + (not text.isascii() and sum(unicodedata.east_asian_width(c) in "WF" for c in text))


def wrap(text: str, room: float) -> tuple[str, ...]:
    """Break a text into at most two lines of the given width; longer text is cut."""
    needed = pixels([text])
    if 0 < needed <= room:
        return (text,)
    letters = max(4, int(len(text) * room / (needed or 1)))
    return tuple(textwrap.wrap(text, letters, max_lines=2, placeholder="\N{HORIZONTAL ELLIPSIS}"))


def chart(metric: Mapping[str, Any], *drawings: Drawing, remark: str = "") -> Chart:
    """Add a metric's title and notes to its drawings."""
    return Chart(heading(metric.get("name")) or MISSING, text_of(metric.get("notes")), drawings, remark)


def scale_with_zero(values: Sequence[float], start: float, end: float) -> Scale:
    """Map values, and zero, onto positions."""
    return Scale(min(0.0, *values), max(0.0, *values) if any(values) else 1, start, end)
