"""Renders a card as Markdown, for GitHub and for the Airflow UI."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from airflow_sagemaker_automl.rendering.bars import MOST_BARS
from airflow_sagemaker_automl.rendering.headline import Headline, headline
from airflow_sagemaker_automl.rendering.markdown_text import inline, paragraphs, table
from airflow_sagemaker_automl.rendering.matrix import matrix_cells, matrix_remark
from airflow_sagemaker_automl.rendering.outline import Evaluation, Field, Section, Table, objective, outline
from airflow_sagemaker_automl.rendering.values import (
    MISSING,
    format_values,
    heading,
    labels,
    numbers,
    points,
    printable,
    text_of,
)

_AXES = (("x_axis_name", "x"), ("y_axis_name", "y"))
_MOST_POINTS = 9
_SPARKS = "▁▂▃▄▅▆▇█"
_SPARKLINE_WIDTH = 40
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_BAR_WIDTH = 20


def render_markdown(card: Mapping[str, Any], *, title: str, facts: Mapping[str, str] | None = None) -> str:
    """Render model card content as GitHub Flavored Markdown, without HTML and links.

    :param card: parsed content of the model card; every part of it is optional.
    :param title: heading, such as the model package group and version.
    :param facts: labels and texts to show at the top, in this order. Default: none.
    :return: the text, which can be encoded as UTF-8 and ends with a line break.
    """
    blocks = [f"# {inline(title) or MISSING}"]
    figures = headline(card)
    if figures:
        blocks.append(headline_sentence(figures, objective(card)))
    if facts:
        rows = [[inline(label), inline(text) or MISSING] for label, text in facts.items()]
        blocks.append(table(["Fact", "Value"], rows))
    for section in outline(card):
        blocks += _section(section)
    return printable("\n\n".join(blocks)) + "\n"


def headline_sentence(figures: Headline, aim: str) -> str:
    """Write the first metric value, which is the objective if that is known, as a sentence."""
    first = figures.figures[0]
    elsewhere = ", ".join(f"{inline(source)} {inline(value)}" for source, value in first.elsewhere)
    words = [f"**{inline(first.name)} {inline(first.value)}** ({inline(figures.source)})"]
    words += [f"other data: {elsewhere}"] if elsewhere else []
    words += [f"objective: {inline(aim)}"] if first.is_objective else []
    return "; ".join(words)


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    for field in section.fields:
        yield _field(field)
    for evaluation in section.evaluations:
        yield from _evaluation(evaluation)
    for given in section.tables:
        yield from _table(given)


def _field(field: Field) -> str:
    texts = [paragraph for text in field.texts for paragraph in paragraphs(text)]
    return "\n\n".join([f"**{inline(field.label)}:** {texts[0]}", *texts[1:]])


def _evaluation(evaluation: Evaluation) -> Iterator[str]:
    yield f"### {inline(evaluation.title)}"
    yield from paragraphs(evaluation.observation)
    for group in evaluation.groups:
        if group.title:
            yield f"#### {inline(group.title)}"
        for metric in group.charts:
            yield from _chart(metric)
        for given in group.tables:
            yield from _table(given, captioned=bool(group.charts))


def _table(given: Table, *, captioned: bool = True) -> Iterator[str]:
    if captioned:
        yield f"**{inline(given.caption)}**"
    rows = [[inline(cell) or MISSING for cell in row] for row in given.rows]
    yield table(list(map(inline, given.columns)), rows, numeric=given.has_figures and not given.has_notes)


def _chart(metric: Mapping[str, Any]) -> Iterator[str]:
    yield f"**{inline(heading(metric.get('name'))) or MISSING}**"
    yield from paragraphs(text_of(metric.get("notes")))
    drawn = {"linear_graph": _curve, "bar_chart": _bars, "matrix": _matrix}[metric["type"]](metric)
    yield from drawn or ["No values to draw"]


def _curve(metric: Mapping[str, Any]) -> list[str]:
    known = points(metric.get("value"))
    if not known:
        return []
    shown = [known[place] for place in _spread(len(known), _MOST_POINTS)]
    x_name, y_name = (inline(heading(metric.get(key))) or axis for key, axis in _AXES)
    header = [x_name, *format_values([x for x, _ in shown])]
    return [_sparkline(known), table(header, [[y_name, *format_values([y for _, y in shown])]])]


def _spread(count: int, most: int) -> list[int]:
    """Choose evenly spaced indexes, both ends included."""
    if count <= most:
        return list(range(count))
    return [round(place * (count - 1) / (most - 1)) for place in range(most)]


def _sparkline(curve: Sequence[tuple[float, float]]) -> str:
    """Draw heights at even steps from the first to the last x; values up to 1 are drawn from zero."""
    ordered = sorted(curve, key=itemgetter(0))
    first, last = ordered[0][0], ordered[-1][0]
    steps = [first + (last - first) * step / (_SPARKLINE_WIDTH - 1) for step in range(_SPARKLINE_WIDTH)]
    heights = [_height(ordered, x) for x in steps] if last > first else [y for _, y in ordered[:1]]
    low = min(0.0, *heights) if max(heights) <= 1 else min(heights)
    reach = (max(heights) - low) or 1.0
    return "".join(_SPARKS[round((height - low) / reach * (len(_SPARKS) - 1))] for height in heights)


def _height(ordered: Sequence[tuple[float, float]], x: float) -> float:
    place = min(max(bisect_right(ordered, x, key=itemgetter(0)), 1), len(ordered) - 1)
    (left, before), (right, after) = ordered[place - 1], ordered[place]
    return after if right <= left else before + (after - before) * min(1.0, (x - left) / (right - left))


def _bars(metric: Mapping[str, Any]) -> list[str]:
    given = numbers(metric.get("value"))
    values = given[:MOST_BARS]
    longest = max((abs(value) for value in values if value is not None), default=None)
    if longest is None:
        return []
    names = labels(metric.get("x_axis_name"), len(values))
    rows = [
        [inline(name), text, _bar(value, longest)]
        for name, value, text in zip(names, values, format_values(values), strict=True)
    ]
    remark = [f"The first {MOST_BARS} of {len(given)} bars"] if len(given) > MOST_BARS else []
    return [table(["Name", inline(text_of(metric.get("y_axis_name"))) or "Value", " "], rows), *remark]


def _bar(value: float | None, longest: float) -> str:
    """Draw a bar of the value's size; a negative one is hatched."""
    eighths = round(abs(value or 0) / (longest or 1) * _BAR_WIDTH * 8)
    if (value or 0) < 0:
        return "░" * math.ceil(eighths / 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _matrix(metric: Mapping[str, Any]) -> list[str]:
    rows = matrix_cells(metric)
    if not rows:
        return []
    columns = [cell.column for cell in max(rows, key=len)]
    lines = [
        [f"**{inline(row[0].row)}**", *map(str, row)] + [MISSING] * (len(columns) - len(row)) for row in rows if row
    ]
    remark = matrix_remark(metric)
    return [table([" ", *map(inline, columns)], lines, numeric=True), *([remark] if remark else [])]
