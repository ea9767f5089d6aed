"""The card as Markdown: it is readable, and texts of a card have no effect on the markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from airflow_sagemaker_automl import render_markdown
from airflow_sagemaker_automl.rendering.markdown_text import inline
from tests.support.rendered_cards import (
    BARS,
    CARD,
    EVALUATION,
    MATRIX,
    ODD_CARDS,
    ROC,
    TEXT_PATHS,
    with_metric,
    with_value,
)

HOSTILE = [
    "\"><script>alert('1')</script>",
    "<!-- -->",
    "&lt;b&gt;",
    "[click](javascript:alert(1))",
    "![image](https://example.org/x.png)",
    "https://example.org/a|b`c\\",
    "www.example.org",
    "me@example.org",
    "`code` *strong* __strong__ _weak_ ~~gone~~",
    "a | b \\| c",
    "\\",
    "a\\",
    "`",
    "| --- |",
    "# heading",
    "> quote",
    "1. list",
    "- list",
    "+ list",
    "---",
    "===",
    "[ref]: https://example.org",
    "a\n\n# heading\n\n<b>",
    "a\r\u2028```\nb",
    "$x$ and :smile:",
    "    indented",
    "1986\\. A year.",
]


def _tokens(markdown: str) -> list[Token]:
    """Parse Markdown as GitHub does, with automatic links as in Airflow's UI."""
    reader = MarkdownIt("gfm-like")
    assert reader.linkify is not None
    reader.linkify.set({"fuzzy_link": False})
    return reader.parse(markdown)


def _leaves(markdown: str) -> list[Token]:
    return [leaf for token in _tokens(markdown) for leaf in (token, *(token.children or []))]


def _shown(markdown: str) -> list[str]:
    """Return the texts of all paragraphs, headings and cells."""
    inlines = [token for token in _tokens(markdown) if token.type == "inline"]
    return ["".join(child.content for child in token.children or []) for token in inlines]


def _shape(markdown: str) -> list[str]:
    """Return the types of all blocks, ignoring their texts."""
    return [token.type for token in _tokens(markdown)]


def _table(markdown: str, head: str) -> list[list[str]]:
    """Return the rows of the table whose first cell is ``head``."""
    lines = markdown.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows = [line for line in "\n".join(lines[start:]).split("\n\n")[0].splitlines() if line]
    cells = [row.removeprefix("| ").removesuffix(" |").split(" | ") for row in rows if not row.startswith("| ---")]
    return [[cell.strip() for cell in row] for row in cells]


def rendered(card: dict[str, Any]) -> str:
    """Render a card."""
    return render_markdown(card, title="Cancer, version 3")


@pytest.mark.parametrize("path", TEXT_PATHS, ids=lambda path: ".".join(map(str, path)))
def test_every_text_of_the_card_is_shown(path: Sequence[str | int]) -> None:
    """Each text of a full card is in the Markdown."""
    assert any("Unmistakable 4711" in text for text in _shown(rendered(with_value(path, "Unmistakable 4711"))))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(hostile: str) -> None:
    """In a cell, a paragraph or a heading: all words are shown, and they create no markup."""
    words = hostile.replace("\n", " ").split()
    for template in ("{}", "# {}", "| a | b |\n| --- | --- |\n| {} | c |"):
        plain, written = template.format("word"), template.format(inline(hostile))
        assert _shape(written) == _shape(plain)
        assert {leaf.type for leaf in _leaves(written)} <= {leaf.type for leaf in _leaves(plain)} | {"code_inline"}
        shown = [text.replace("\N{WORD JOINER}", "") for text in _shown(written)]
        assert any(text.split() == words for text in shown)


@pytest.mark.parametrize("path", TEXT_PATHS, ids=lambda path: ".".join(map(str, path)))
def test_hostile_text_changes_no_structure(path: Sequence[str | int]) -> None:
    """A card with markup in any text has the same blocks as with a plain word."""
    plain = _shape(rendered(with_value(path, "word")))
    for hostile in HOSTILE:
        if len(hostile.splitlines()) == 1:
            assert _shape(rendered(with_value(path, hostile))) == plain


@given(text=st.text(st.characters(codec="utf-8"), max_size=30))
def test_any_text_stays_in_its_cell(text: str) -> None:
    """A table keeps its shape, and no text creates a link, an image or HTML."""
    written = f"| a | b |\n| --- | --- |\n| {inline(text) or 'x'} | c |"
    assert _shape(written) == _shape("| a | b |\n| --- | --- |\n| x | c |")
    assert not {"link_open", "image", "html_inline", "strong_open", "em_open"} & {
        leaf.type for leaf in _leaves(written)
    }


@given(card=ODD_CARDS, title=st.text(), facts=st.dictionaries(st.text(), st.text(), max_size=3))
def test_every_card_has_a_text(card: dict[str, Any], title: str, facts: dict[str, str]) -> None:
    """For any mapping the text is encodable and has neither links nor HTML."""
    markdown = render_markdown(card, title=title, facts=facts)
    assert markdown.encode()
    assert not {"link_open", "image", "html_inline", "html_block"} & {leaf.type for leaf in _leaves(markdown)}


def test_the_objective_is_said_first() -> None:
    """With its data set, and its values on other data."""
    groups = [
        {"name": f"{part} data", "metric_data": [{"name": "F1", "type": "number", "value": value}]}
        for part, value in (("Validation", 0.9), ("Test", 0.95))
    ]
    function = {"function": {"function": "Maximize", "facet": "F1"}}
    card = {
        "training_details": {"objective_function": function},
        "evaluation_details": [{"name": "e", "metric_groups": groups}],
    }
    assert rendered(card).splitlines()[2] == (
        "**F1 0.9500** (Test data); other data: Validation 0.9000; objective: Maximize F1"
    )


def test_sections_are_those_of_the_page() -> None:
    """Sections have the same order as on the page."""
    assert re.findall(r"^## (.*)", rendered(CARD), re.MULTILINE) == [
        "Purpose and limits",
        "Evaluation",
        "Training",
        "Provenance",
        "Appendix",
    ]


def test_an_empty_card_is_only_its_title() -> None:
    """Facts follow the title if there are any."""
    assert rendered({}) == "# Cancer, version 3\n"
    markdown = render_markdown({}, title="t", facts={"Version": "3", "ARN": "arn:aws:x", "Empty": ""})
    assert markdown == "# t\n\n| Fact | Value |\n| --- | --- |\n| Version | 3 |\n| ARN | `arn:aws:x` |\n| Empty | – |\n"


def test_bars_are_as_long_as_their_values() -> None:
    """The largest bar fills the column; a negative one is hatched."""
    assert _table(rendered(with_metric(BARS)), "Name") == [
        ["Name", "Difference", ""],
        ["gain", "2", "█" * 20],
        ["loss", "-1", "░" * 10],
        ["none", "0", ""],
    ]


def test_a_confusion_matrix_is_a_table_with_shares() -> None:
    """Rows and columns have their names."""
    assert _table(rendered(with_metric(MATRIX)), " ") == [
        ["", "said malignant", "said benign"],
        ["**is malignant**", "63 (96.9 %)", "2 (3.08 %)"],
        ["**is benign**", "1 (0.943 %)", "105 (99.1 %)"],
    ]


def test_a_curve_is_its_shape_and_a_few_points() -> None:
    """The points include both ends; the shape has even steps along x."""
    curve = ROC | {"value": [[index / 999, (index / 999) ** 2] for index in range(1000)]}
    markdown = rendered(with_metric(curve))
    (xs, ys) = _table(markdown, "False positive rate")
    assert (xs[0], ys[0]) == ("False positive rate", "True positive rate")
    assert (xs[1], ys[1], xs[-1], ys[-1]) == ("0.0000", "0.0000", "1.0000", "1.0000")
    assert len(xs) == 10
    (shape,) = re.findall(r"^[▁▂▃▄▅▆▇█]+$", markdown, re.MULTILINE)
    assert (shape[0], shape[-1]) == ("▁", "█")
    assert list(shape) == sorted(shape)


@pytest.mark.parametrize("kind", ["linear_graph", "bar_chart", "matrix"])
def test_a_chart_without_values_says_so(kind: str) -> None:
    """Its name is shown nevertheless."""
    markdown = rendered(with_metric({"name": "odd_metric", "type": kind, "value": [None]}))
    assert "**Odd metric**\n\nNo values to draw\n" in markdown


def test_lines_of_a_text_are_paragraphs() -> None:
    """In a table they are one line."""
    card = with_value((*EVALUATION, "evaluation_observation"), "First.\nSecond.")
    assert "First.\n\nSecond.\n" in rendered(card)
    facts = {"Note": "First.\nSecond."}
    assert "| Note | First. Second. |" in render_markdown({}, title="t", facts=facts)
