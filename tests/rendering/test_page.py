"""The model card page: complete, escaped and self-contained."""

from __future__ import annotations

import copy
import html
import itertools
import json
import math
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl import render_html
from demo.sandbox import REPOSITORY
from tests.support.pages import Page, rendered
from tests.support.rendered_cards import (
    BARS,
    CARD,
    EVALUATION,
    HOSTILE,
    MATRIX,
    ODD_CARDS,
    ROC,
    TEXT_PATHS,
    with_metric,
    with_value,
)


def test_sections_follow_the_promised_order() -> None:
    """The author's part comes first, then the model's quality, and technical details last."""
    assert rendered(CARD).texts_in("h2") == [
        "Purpose and limits",
        "Evaluation",
        "Training",
        "Provenance",
        "Appendix",
    ]


@pytest.mark.parametrize("path", TEXT_PATHS, ids=lambda path: ".".join(map(str, path)))
def test_every_text_of_the_card_is_shown(path: Sequence[str | int]) -> None:
    """Each text of a full card is on the page."""
    page = rendered(with_value(path, "Unmistakable 4711"))
    assert any("Unmistakable 4711" in text for _, text in page.texts)


@pytest.mark.parametrize("path", TEXT_PATHS, ids=lambda path: ".".join(map(str, path)))
def test_hostile_text_stays_text(path: Sequence[str | int]) -> None:
    """Markup in any text of the card is shown literally and adds no element."""
    page = rendered(with_value(path, HOSTILE))
    assert any(HOSTILE in text for _, text in page.texts)
    assert "script" not in {tag for tag, _ in page.elements}
    assert (page.open_tags, page.stray_end_tags) == ([], [])


@pytest.mark.parametrize(
    "hostile",
    [
        "</svg><b>",
        "</title></style><b>",
        "<!-- ",
        "]]><b>",
        "' onload='alert(1)",
        '" onload="alert(1)',
        "javascript:alert(1)",
        "&lt;b&gt;",
        "{{ 7 * 191 }}{% raw %}",
        "</p></dd></td></section>",
    ],
)
def test_no_text_adds_an_element_or_an_attribute(hostile: str) -> None:
    """In each place of a card, in its title and in its facts."""
    plain = {(tag, name) for tag, attributes in Page(_with_all_texts("word")).elements for name in attributes}
    page = Page(_with_all_texts(hostile))
    assert {(tag, name) for tag, attributes in page.elements for name in attributes} <= plain
    assert "b" not in {tag for tag, _ in page.elements}
    assert (page.open_tags, page.stray_end_tags) == ([], [])
    assert hostile.strip() in page.texts_in("h1")
    assert "1337" not in "".join(text for _, text in page.texts)


def _with_all_texts(text: str) -> str:
    card = CARD
    for path in TEXT_PATHS:
        card = with_value(path, text, card)
    return render_html(card, title=text, facts={text: text})


@pytest.mark.parametrize("path", [(*EVALUATION, "metadata"), ("additional_information", "custom_details")])
def test_hostile_keys_stay_text(path: Sequence[str | int]) -> None:
    """Markup in the keys of a free mapping is escaped too."""
    page = rendered(with_value(path, {HOSTILE: "value"}))
    assert any(text.casefold() == HOSTILE.casefold() for text in page.texts_in("th", "td"))
    assert "script" not in {tag for tag, _ in page.elements}


def test_hostile_title_and_facts_stay_text() -> None:
    """Markup in the title, in a fact's label and in its text is escaped."""
    page = Page(render_html({}, title=HOSTILE, facts={HOSTILE: HOSTILE}))
    for tag in ("title", "h1", "dt", "dd"):
        assert page.texts_in(tag) == [HOSTILE]
    assert "script" not in {tag for tag, _ in page.elements}


def test_facts_keep_their_order() -> None:
    """Statuses come first, as badges, then all other facts, each in the given order."""
    facts = {"Version": "3", "Approval": "Approved", "Job": "j", "Card": "Draft"}
    page = Page(render_html({}, title="t", facts=facts))
    assert page.texts_in("dt", "dd") == ["Approval", "Approved", "Card", "Draft", "Version", "3", "Job", "j"]
    assert [attributes["class"] for attributes in page.of_class("badge")] == ["badge good", "badge plain"]


def test_an_empty_card_is_only_its_title() -> None:
    """Missing sections leave no heading, no table and no list."""
    page = rendered({})
    assert page.texts_in("h1", "h2", "h3", "h4", "dt", "caption") == ["Cancer, version 3"]
    assert not {"section", "dl", "table", "svg"} & {tag for tag, _ in page.elements}


@pytest.mark.parametrize(
    ("members", "heading"),
    [
        (("intended_uses", "business_details", "additional_information"), "Purpose and limits"),
        (("evaluation_details",), "Evaluation"),
        (("training_details",), "Training"),
        (("model_overview", "training_details", "additional_information"), "Provenance"),
        (("evaluation_details", "training_details"), "Appendix"),
    ],
)
def test_what_is_missing_leaves_no_heading(members: Sequence[str], heading: str) -> None:
    """Without content, or with empty content, a section is left out."""
    empties: tuple[Any, ...] = (None, {}, [], {"unknown": "key"}, "text")
    for empty in empties:
        assert heading not in rendered(CARD | dict.fromkeys(members, empty)).texts_in("h2")
    assert heading in rendered(CARD).texts_in("h2")


def test_nothing_is_requested_from_outside() -> None:
    """The page has no script, loads nothing but an empty icon, and has a policy that forbids both."""
    card = with_value(("model_overview", "model_creator"), "https://example.org/me")
    source = render_html(card, title="t", facts={"Address": "javascript:alert(1)"})
    page = Page(source)
    fetching = {"script", "img", "iframe", "a", "use", "image", "object", "base", "form", "foreignobject"}
    assert not fetching & {tag for tag, _ in page.elements}
    assert [attributes for tag, attributes in page.elements if tag == "link"] == [{"rel": "icon", "href": "data:,"}]
    names = [name for tag, attributes in page.elements if tag != "link" for name in attributes]
    assert not {"src", "href", "xlink:href", "srcset", "action"} & set(names)
    assert not [name for name in names if name.startswith("on")]
    assert not re.search(r"url\(|@import", source)
    (policy,) = [attributes["content"] for _, attributes in page.elements if "http-equiv" in attributes]
    assert policy.split("; ") == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_tags_balance_and_headings_step_by_one() -> None:
    """The page is well formed and no heading level is skipped."""
    page = rendered(CARD)
    assert (page.open_tags, page.stray_end_tags) == ([], [])
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_assistive_technology_gets_names() -> None:
    """The page has a language, tables have captions and scoped heads, charts titles and descriptions."""
    page = rendered(CARD)
    elements = page.elements
    tags = [tag for tag, _ in elements]
    assert ("html", {"lang": "en"}) in elements
    assert tags.count("caption") == tags.count("table") > 0
    assert all("scope" in attributes for tag, attributes in elements if tag == "th")
    charts = [index for index, tag in enumerate(tags) if tag == "svg"]
    assert len(charts) == 3
    assert all(elements[index][1]["role"] == "img" for index in charts)
    assert all(tags[index + 1 : index + 3] == ["title", "desc"] for index in charts)


def test_the_objective_reads_as_a_sentence() -> None:
    """The objective function is written as a sentence with its condition."""
    assert "Maximize F1 on validation" in rendered(CARD).texts_in("dd")


@pytest.mark.parametrize(
    ("rating", "style"),
    [("High", "bad"), ("Medium", "open"), ("Low", "good"), ("Unknown", "plain"), ("huge", "plain")],
)
def test_the_risk_rating_is_a_badge(rating: str, style: str) -> None:
    """Each risk rating has its own colour, and an unexpected rating a neutral one."""
    page = rendered({"intended_uses": {"risk_rating": rating}})
    assert page.texts_in("span") == [rating]
    assert len(page.of_class(style)) == len(page.of_class("badge")) == 1


@pytest.mark.parametrize("kind", ["linear_graph", "bar_chart", "matrix", "number", "unheard_of", None, []])
@pytest.mark.parametrize(
    "value",
    [None, "x", [], {}, [[]], [None], [[None, None]], math.nan, [math.inf], [[1, -math.inf]], 10**400],
    ids=repr,
)
def test_odd_metrics_do_not_break_the_page(kind: Any, value: Any) -> None:
    """For any metric its name is shown and the page is well formed."""
    page = rendered(with_metric({"name": "odd_metric", "type": kind, "value": value}))
    assert "Odd metric" in page.texts_in("th", "strong")
    assert (page.open_tags, page.stray_end_tags) == ([], [])


@pytest.mark.parametrize("character", ["\ud800", "\u202e", "\u2066", "\x00", "\x1b", "\x9b"], ids=ascii)
@pytest.mark.parametrize("path", [("model_overview", "model_creator"), (*EVALUATION, "name")])
def test_what_cannot_be_printed_is_replaced(path: Sequence[str | int], character: str) -> None:
    """Lone surrogates, direction marks and control characters are not on the page."""
    source = render_html(with_value(path, f"a{character}b"), title=f"t{character}", facts={character: character})
    assert source.encode()
    assert character not in source
    assert "a\N{REPLACEMENT CHARACTER}b" in source.casefold()


@given(card=ODD_CARDS, title=st.text(), facts=st.dictionaries(st.text(), st.text(), max_size=3))
def test_every_card_has_a_page(card: dict[str, Any], title: str, facts: dict[str, str]) -> None:
    """For any mapping the page is well formed, encodable and without a script."""
    source = render_html(card, title=title, facts=facts)
    page = Page(source)
    assert source.encode()
    assert (page.open_tags, page.stray_end_tags) == ([], [])
    assert "script" not in {tag for tag, _ in page.elements}


def test_the_same_card_gives_the_same_page() -> None:
    """Rendering has no state and does not change the card."""
    card = copy.deepcopy(CARD)
    assert render_html(card, title="t") == render_html(card, title="t")
    assert card == CARD


def test_a_card_of_full_size_is_rendered_whole() -> None:
    """A card at the service's limit of 100 000 characters shows all bars and cells."""
    curve = ROC | {"value": [[index / 9999, 0.5] for index in range(5000)]}
    bars = BARS | {"value": [0.5] * 100, "x_axis_name": ["a label of thirty characters.."] * 100}
    matrix = MATRIX | {"value": [[12] * 20] * 20}
    groups = [{"name": "g", "metric_data": [curve, bars, matrix]}]
    card = {"evaluation_details": [{"name": "e", "metric_groups": groups}]}
    assert len(json.dumps(card)) > 100_000
    page = render_html(card, title="t")
    assert page.count("a label of thirty characters..") >= 100
    assert page.count(">12<") >= 400


def test_quotes_in_labels_survive_in_attributes_and_text() -> None:
    """A label with both kinds of quotes and an ampersand is shown literally."""
    label = "5\" & 'more'"
    source = render_html(with_metric(MATRIX | {"x_axis_name": [label, "b"]}), title="t")
    assert label not in source
    assert html.escape(label) in source.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    assert label in Page(source).texts_in("text")


def test_importing_the_package_imports_nothing_heavy() -> None:
    """Workers that never render do not import the page's modules, and the command line does not import Airflow."""
    program = (
        "import sys; import airflow_sagemaker_automl.rendering;"
        "print({'jinja2', 'airflow', 'boto3', 'botocore', 'jsonschema'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert result.stdout.strip() == "set()"
