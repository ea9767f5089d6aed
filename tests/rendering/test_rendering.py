"""The model card page: complete, escaped, self-contained and drawn to scale."""

import copy
import html
import itertools
import json
import math
import re
import subprocess
import sys
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest

from airflow_sagemaker_automl.rendering import (
    UNIT_TICKS,
    Drawing,
    bar_chart,
    format_value,
    heading,
    line_chart,
    matrix_chart,
    render_html,
    ticks,
)

DASH = "\N{EN DASH}"
VOID_TAGS = {"meta", "br", "hr", "img", "link", "input", "base", "embed", "source"}
HOSTILE = "\"><script>alert('1')</script>"
ROC = {
    "name": "receiver_operating_characteristic_curve",
    "type": "linear_graph",
    "value": [[0, 0], [0.1, 0.8], [1, 1]],
    "x_axis_name": "False positive rate",
    "y_axis_name": "True positive rate",
    "notes": "On the hold-out table",
}
BARS = {
    "name": "change_by_metric",
    "type": "bar_chart",
    "value": [2.0, -1.0, 0],
    "x_axis_name": ["gain", "loss", "none"],
    "y_axis_name": "Difference",
}
MATRIX = {
    "name": "confusion_matrix",
    "type": "matrix",
    "value": [[63, 2], [1, 105]],
    "x_axis_name": ["said malignant", "said benign"],
    "y_axis_name": ["is malignant", "is benign"],
}
CARD: dict[str, Any] = {
    "model_overview": {"model_creator": "Data science", "model_artifact": ["s3://bucket/model.tar.gz"]},
    "business_details": {
        "business_problem": "Reading order",
        "business_stakeholders": "Pathology",
        "line_of_business": "Diagnostics",
    },
    "intended_uses": {
        "purpose_of_model": "Ranks cases",
        "intended_uses": "Decision support",
        "factors_affecting_model_efficiency": "Scanner type",
        "risk_rating": "High",
        "explanations_for_risk_rating": "A missed case delays treatment",
    },
    "training_details": {
        "objective_function": {
            "function": {"function": "Maximize", "facet": "f1", "condition": "on validation"},
            "notes": "Both errors are costly",
        },
        "training_observations": "Six candidates",
        "training_job_details": {
            "training_arn": "arn:aws:sagemaker:eu-central-1:123456789012:automl-job/cancer",
            "training_datasets": ["s3://bucket/train.csv"],
            "training_environment": {"container_image": ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1"]},
            "training_metrics": [{"name": "train_f1", "value": 0.99123, "notes": "Last epoch"}],
            "user_provided_training_metrics": [{"name": "seconds", "value": 2835.5}],
            "hyper_parameters": [{"name": "max_depth", "value": "6"}],
            "user_provided_hyper_parameters": [{"name": "seed", "value": "17"}],
        },
    },
    "evaluation_details": [
        {
            "name": "hold_out",
            "evaluation_observation": "Finds 63 of 65 cases",
            "evaluation_job_arn": "arn:aws:sagemaker:eu-central-1:123456789012:processing-job/quality",
            "datasets": ["s3://bucket/holdout.csv"],
            "metadata": {"positive_label": "malignant"},
            "metric_groups": [
                {
                    "name": "binary_classification_metrics",
                    "an_unknown_key": {"is": "tolerated"},
                    "metric_data": [
                        {"name": "accuracy", "type": "number", "value": 0.96474, "notes": "Share of hits"},
                        {"name": "rows", "type": "number", "value": 171},
                        {"name": "calibrated", "type": "boolean", "value": True},
                        {"name": "winner", "type": "string", "value": "LightGBM"},
                        ROC,
                        BARS,
                        MATRIX,
                    ],
                }
            ],
        }
    ],
    "additional_information": {
        "ethical_considerations": "Not measured by group",
        "caveats_and_recommendations": "Repeat twice a year",
        "custom_details": {"dag_id": "cancer_automl"},
    },
}
EVALUATION = ("evaluation_details", 0)
GROUP = (*EVALUATION, "metric_groups", 0)
OBJECTIVE = ("training_details", "objective_function")
JOB = ("training_details", "training_job_details")
TEXT_PATHS: list[tuple[str | int, ...]] = [
    ("model_overview", "model_creator"),
    ("model_overview", "model_artifact", 0),
    *(("business_details", key) for key in CARD["business_details"]),
    *(("intended_uses", key) for key in CARD["intended_uses"]),
    *((*OBJECTIVE, "function", key) for key in ("function", "facet", "condition")),
    (*OBJECTIVE, "notes"),
    ("training_details", "training_observations"),
    (*JOB, "training_arn"),
    (*JOB, "training_datasets", 0),
    (*JOB, "training_environment", "container_image", 0),
    *((*JOB, "training_metrics", 0, key) for key in ("name", "notes")),
    (*JOB, "user_provided_training_metrics", 0, "name"),
    *((*JOB, "hyper_parameters", 0, key) for key in ("name", "value")),
    *((*JOB, "user_provided_hyper_parameters", 0, key) for key in ("name", "value")),
    *((*EVALUATION, key) for key in ("name", "evaluation_observation", "evaluation_job_arn")),
    (*EVALUATION, "datasets", 0),
    (*EVALUATION, "metadata", "positive_label"),
    (*GROUP, "name"),
    *((*GROUP, "metric_data", 0, key) for key in ("name", "notes")),
    (*GROUP, "metric_data", 3, "value"),
    *((*GROUP, "metric_data", 4, key) for key in ("name", "notes", "x_axis_name", "y_axis_name")),
    *((*GROUP, "metric_data", 5, *keys) for keys in (("name",), ("x_axis_name", 0), ("y_axis_name",))),
    *((*GROUP, "metric_data", 6, *keys) for keys in (("name",), ("x_axis_name", 0), ("y_axis_name", 0))),
    ("additional_information", "ethical_considerations"),
    ("additional_information", "caveats_and_recommendations"),
    ("additional_information", "custom_details", "dag_id"),
]


class Page(HTMLParser):
    """The elements and texts of a parsed page, and the end tags that close nothing."""

    def __init__(self, source: str) -> None:
        """Parse a page."""
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open_tags: list[str] = []
        self.stray_end_tags: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element and remember that it is open."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID_TAGS:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element that closes itself."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        if self.open_tags and self.open_tags[-1] == tag:
            self.open_tags.pop()
        else:
            self.stray_end_tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Record a text with the element around it."""
        if data.strip() and self.open_tags:
            self.texts.append((self.open_tags[-1], data.strip()))

    def texts_in(self, *tags: str) -> list[str]:
        """Texts directly inside one of the tags, in page order."""
        return [text for tag, text in self.texts if tag in tags]

    def of_class(self, name: str) -> list[dict[str, str]]:
        """Attributes of the elements that have a class."""
        return [attributes for _, attributes in self.elements if name in attributes.get("class", "").split()]


def with_value(path: Sequence[str | int], value: Any) -> dict[str, Any]:
    """Copy the full card with one value replaced."""
    card = copy.deepcopy(CARD)
    holder: Any = card
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return card


def with_metric(metric: dict[str, Any]) -> dict[str, Any]:
    """Build a card around one metric."""
    groups = [{"name": "group", "metric_data": [metric]}]
    return {"evaluation_details": [{"name": "evaluation", "metric_groups": groups}]}


def written(drawing: Drawing, role: str) -> list[str]:
    """Texts of one role in a drawing, each with its lines joined."""
    return [" ".join(text.lines) for text in drawing.texts if text.role == role]


def rendered(card: dict[str, Any], title: str = "Cancer, version 3") -> Page:
    """Render and parse a card."""
    return Page(render_html(card, title=title))


def test_sections_follow_the_promised_order() -> None:
    """A full card shows every section, evaluation first."""
    assert rendered(CARD).texts_in("h2") == [
        "Evaluation",
        "Intended uses",
        "Business details",
        "Training",
        "Overview",
        "Additional information",
    ]


@pytest.mark.parametrize("path", TEXT_PATHS, ids=lambda path: ".".join(map(str, path)))
def test_every_text_of_the_card_is_shown(path: Sequence[str | int]) -> None:
    """Each text of a full card reaches the page."""
    page = rendered(with_value(path, "Unmistakable 4711"))
    assert any("Unmistakable 4711" in text for _, text in page.texts)


@pytest.mark.parametrize("path", TEXT_PATHS, ids=lambda path: ".".join(map(str, path)))
def test_hostile_text_stays_text(path: Sequence[str | int]) -> None:
    """Markup in any text of the card is shown as it was written and adds no element."""
    page = rendered(with_value(path, HOSTILE))
    assert any(HOSTILE in text for _, text in page.texts)
    assert "script" not in {tag for tag, _ in page.elements}
    assert (page.open_tags, page.stray_end_tags) == ([], [])


@pytest.mark.parametrize("path", [(*EVALUATION, "metadata"), ("additional_information", "custom_details")])
def test_hostile_keys_stay_text(path: Sequence[str | int]) -> None:
    """Markup in the keys of a free mapping is escaped too."""
    page = rendered(with_value(path, {HOSTILE: "value"}))
    assert HOSTILE in page.texts_in("th")
    assert "script" not in {tag for tag, _ in page.elements}


def test_hostile_title_and_facts_stay_text() -> None:
    """Markup in the title, in a fact's label and in its text is escaped."""
    page = Page(render_html({}, title=HOSTILE, facts={HOSTILE: HOSTILE}))
    for tag in ("title", "h1", "dt", "dd"):
        assert page.texts_in(tag) == [HOSTILE]
    assert "script" not in {tag for tag, _ in page.elements}


def test_facts_keep_their_order() -> None:
    """Facts are listed at the top in the given order."""
    page = Page(render_html({}, title="t", facts={"Version": "3", "Approval": "Approved", "Job": "j"}))
    assert page.texts_in("dt", "dd") == ["Version", "3", "Approval", "Approved", "Job", "j"]


def test_an_empty_card_is_only_its_title() -> None:
    """Missing sections leave no heading, no table and no list."""
    page = rendered({})
    assert page.texts_in("h1", "h2", "h3", "h4", "dt", "caption") == ["Cancer, version 3"]
    assert not {"section", "dl", "table", "svg"} & {tag for tag, _ in page.elements}


@pytest.mark.parametrize("section", CARD)
def test_a_missing_section_leaves_no_heading(section: str) -> None:
    """Without its content, or with empty content, a section disappears and the others stay."""
    empties: tuple[Any, ...] = (None, {}, [], {"unknown": "key"}, "text")
    for empty in empties:
        assert len(rendered(CARD | {section: empty}).texts_in("h2")) == len(CARD) - 1


def test_nothing_is_requested_from_outside() -> None:
    """The page has no script, no reference to fetch and a policy that forbids both."""
    card = with_value(("model_overview", "model_creator"), "https://example.org/me")
    source = render_html(card, title="t")
    page = Page(source)
    fetching = {"script", "link", "img", "iframe", "a", "use", "image", "object"}
    assert not fetching & {tag for tag, _ in page.elements}
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {"src", "href", "xlink:href", "srcset", "action"} & names
    assert not [name for name in names if name.startswith("on")]
    assert not re.search(r"url\(|@import", source)
    policies = [attributes["content"] for _, attributes in page.elements if "http-equiv" in attributes]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


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


def test_scalar_metrics_share_one_table() -> None:
    """The scalar metrics of a group are rows of one table, with numbers, words and booleans made readable."""
    source = render_html(CARD | {"training_details": {}, "additional_information": {}}, title="t")
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td>', source)
    assert rows == [
        ("Positive label", "malignant"),
        ("Accuracy", "0.9647"),
        ("Rows", "171"),
        ("Calibrated", "Yes"),
        ("Winner", "LightGBM"),
    ]


def test_the_objective_reads_as_a_sentence() -> None:
    """The objective function is spelled out with its condition."""
    assert "Maximize F1 on validation" in rendered(CARD).texts_in("dd")


@pytest.mark.parametrize(
    ("rating", "style"),
    [("High", "high"), ("Medium", "medium"), ("Low", "low"), ("Unknown", "unknown"), ("huge", "unknown")],
)
def test_the_risk_rating_is_a_badge(rating: str, style: str) -> None:
    """The risk rating has a badge of its own colour, and an unexpected rating a neutral one."""
    page = rendered({"intended_uses": {"risk_rating": rating}})
    assert page.texts_in("span") == [rating]
    assert len(page.of_class(style)) == len(page.of_class("badge")) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("confusion_matrix", "Confusion matrix"),
        ("f1", "F1"),
        ("roc_auc", "ROC AUC"),
        ("validation:f1", "Validation:F1"),
        ("F1", "F1"),
        ("rocket", "Rocket"),
        ("", ""),
        (None, ""),
    ],
)
def test_headings_are_words(name: Any, words: str) -> None:
    """Snake case becomes words and known abbreviations become upper case."""
    assert heading(name) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.96474, "0.9647"),
        (2835.5, "2835.5"),
        (171, "171"),
        (171.0, "171"),
        (-0.0, "0"),
        (0.99996, "0.99996"),
        (0.00001234, "1.234e-05"),
        (123456.789, "123456.8"),
        (True, "Yes"),
        (False, "No"),
        ("word", "word"),
        ("NaN", DASH),
        (math.nan, DASH),
        (-math.inf, DASH),
        (10**400, DASH),
        (None, DASH),
        ([1], DASH),
    ],
)
def test_values_are_readable(value: Any, text: str) -> None:
    """Numbers keep about four digits without looking better than they are; what is no value is a dash."""
    assert format_value(value) == text


def test_roc_curve_spans_the_unit_square() -> None:
    """A ROC curve starts and ends in the corners of fixed 0..1 axes and carries the dashed diagonal."""
    (drawing,) = line_chart(ROC).drawings
    strokes = dict(drawing.strokes)
    corner = next(points for role, points in drawing.strokes if role == "axis")
    bottom_left, bottom_right, top = corner[1], corner[2], corner[0][1]
    assert len(strokes["curve"]) == 3
    assert strokes["curve"][0] == strokes["diagonal"][0] == bottom_left
    assert strokes["curve"][-1] == strokes["diagonal"][-1] == (bottom_right[0], top)
    assert written(drawing, "x-tick") == [f"{tick:g}" for tick in UNIT_TICKS]


@pytest.mark.parametrize(
    ("name", "value", "has_diagonal"),
    [
        ("roc_curve", [[0, 0], [1, 1]], True),
        ("ROC", [[0, 0], [1, 1]], True),
        ("precision_recall_curve", [[0, 1], [1, 0.5]], False),
        ("process_share", [[0, 1], [1, 0.5]], False),
        ("roc_by_epoch", [[0, 0.5], [30, 0.9]], False),
    ],
)
def test_only_roc_curves_have_the_diagonal(name: str, value: list[list[float]], has_diagonal: bool) -> None:
    """The diagonal of random guessing belongs to ROC curves on unit axes alone."""
    page = rendered(with_metric({"name": name, "type": "linear_graph", "value": value}))
    assert len(page.of_class("diagonal")) == has_diagonal


def test_shares_are_drawn_on_fixed_axes() -> None:
    """A curve inside the unit square keeps both axes at 0..1; any other curve has axes that enclose it."""
    (inside,) = line_chart(ROC | {"value": [[0.4, 0.5], [0.6, 0.55]]}).drawings
    (outside,) = line_chart(ROC | {"value": [[1, 12], [4, 18]]}).drawings
    for role in ("x-tick", "y-tick"):
        assert written(inside, role) == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert written(outside, "x-tick") == ["1", "2", "3", "4"]
    assert written(outside, "y-tick") == ["12", "14", "16", "18"]


def test_a_line_chart_draws_its_points_and_names_its_axes() -> None:
    """The page holds one curve with all points, and both axis names."""
    page = rendered(with_metric(ROC))
    (curve,) = page.of_class("curve")
    assert len(curve["points"].split()) == 3
    assert {"False positive rate", "True positive rate"} <= set(page.texts_in("text", "tspan"))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 30.0], (0, 10, 20, 30)),
        ([1.0, 9.0], (0, 2, 4, 6, 8, 10)),
        ([-0.3, 0.4], (-0.4, -0.2, 0, 0.2, 0.4)),
        ([0.0, 0.0], (0, 0.2, 0.4, 0.6, 0.8, 1)),
    ],
)
def test_ticks_are_round_and_enclose_the_values(values: list[float], expected: tuple[float, ...]) -> None:
    """Axis values are round numbers from below the lowest to above the highest value."""
    assert ticks(values) == expected


@pytest.mark.parametrize("values", [[5.0, 5.0], [1e15, 1e15 + 1], [-1e99, 1e99], [1e-320, 2e-320], [-7.0]])
def test_ticks_survive_extreme_values(values: list[float]) -> None:
    """Equal, huge and tiny values still give a rising axis that encloses them."""
    axis = ticks(values)
    assert list(axis) == sorted(set(axis))
    assert axis[0] <= min(values) <= max(values) <= axis[-1]


def test_bars_start_at_the_zero_line() -> None:
    """Positive bars end right of zero, negative ones left of it, in one scale and in the given order."""
    (drawing,) = bar_chart(BARS).drawings
    ((_, zero_line),) = drawing.strokes
    zero = zero_line[0][0]
    gain, loss, none = drawing.boxes
    assert gain.x == zero
    assert loss.x + loss.width == pytest.approx(zero)
    assert gain.width == pytest.approx(2 * loss.width, abs=0.02)
    assert none.width == 0
    assert written(drawing, "label") == ["gain", "loss", "none"]
    assert written(drawing, "value-right") == ["2", "0"]
    assert written(drawing, "value-left") == ["-1"]


def test_bars_stay_inside_the_drawing() -> None:
    """Labels, bars and value texts of long and short names leave the drawing on no side."""
    for names in (["short", "name"], ["a label of exactly sixty characters, as long as the law says"] * 2):
        (drawing,) = bar_chart(BARS | {"value": [-123.4, 5678.9], "x_axis_name": names}).drawings
        assert all(box.x >= 0 and box.x + box.width <= drawing.width for box in drawing.boxes)
        assert all(box.y + box.height <= drawing.height for box in drawing.boxes)
        for text in drawing.texts:
            width = len(text.lines[0]) * 7
            left = text.x - width if text.role == "value-left" else text.x
            assert left >= 0
            assert left + width <= drawing.width


def test_values_without_labels_are_numbered() -> None:
    """Bars, rows and columns that the card does not name are counted from one."""
    (bars,) = bar_chart({"name": "b", "value": [5, 6], "x_axis_name": ["first"]}).drawings
    (cells,) = matrix_chart({"name": "m", "value": [[1, 2]]}).drawings
    assert written(bars, "label") == ["first", "2"]
    assert written(cells, "row-head") == ["1"]
    assert written(cells, "column-head") == ["1", "2"]


def test_a_hundred_bars_share_one_scale() -> None:
    """A long bar chart is cut into panels; equal values have equal bars in all of them."""
    chart = bar_chart(BARS | {"value": [1.0] * 99 + [4.0]})
    boxes = [box for drawing in chart.drawings for box in drawing.boxes]
    assert chart.is_wide
    assert len(boxes) == 100
    assert len(chart.drawings) == 3
    assert {box.width for box in boxes[:99]} == {boxes[0].width}
    assert boxes[99].width == pytest.approx(4 * boxes[0].width, abs=0.05)


def test_a_matrix_has_a_cell_per_value() -> None:
    """Cells lie in rows and columns, and the shade grows from zero to the highest count."""
    (drawing,) = matrix_chart(MATRIX).drawings
    assert [box.shade for box in drawing.boxes] == [0.6, 0.02, 0.01, 1.0]
    assert len({box.x for box in drawing.boxes}) == len({box.y for box in drawing.boxes}) == 2
    assert written(drawing, "cell-text") == ["63", "2", "1", "105"]
    assert written(drawing, "row-head") == ["is malignant", "is benign"]
    assert written(drawing, "column-head") == ["said malignant", "said benign"]
    assert drawing.boxes[1].tooltip == "is malignant / said benign: 2"


def test_the_largest_matrix_is_drawn_whole() -> None:
    """A 20x20 matrix with labels of 60 characters shows all cells and all words, in a row of its own."""
    labels = [f"{index:02d} is a class whose name has as many letters as allowed" for index in range(20)]
    metric = MATRIX | {"value": [[1] * 20] * 20, "x_axis_name": labels, "y_axis_name": labels}
    chart = matrix_chart(metric)
    (drawing,) = chart.drawings
    assert chart.is_wide
    assert len(drawing.boxes) == 400
    assert written(drawing, "row-head") == written(drawing, "upright-head") == labels


def test_a_larger_matrix_says_that_it_is_cut() -> None:
    """More than 20 rows or columns are left out, with a remark."""
    chart = matrix_chart({"name": "m", "type": "matrix", "value": [[1] * 21] * 3})
    assert len(chart.drawings[0].boxes) == 60
    assert chart.remark == "Cut to 20 rows and columns"


def test_missing_values_are_skipped_or_dashed() -> None:
    """A curve skips a point without a number; a bar and a cell show a dash instead."""
    nan = math.nan
    (curve,) = line_chart(ROC | {"value": [[0, 0], [nan, 1], [0.5, None], [1], "x", [1, 1]]}).drawings
    (bars,) = bar_chart(BARS | {"value": [1, nan, None]}).drawings
    (cells,) = matrix_chart(MATRIX | {"value": [[1, nan], [None]]}).drawings
    assert len(dict(curve.strokes)["curve"]) == 2
    assert len(bars.boxes) == 1
    assert written(bars, "value-right") == ["1", DASH, DASH]
    assert written(cells, "cell-text") == ["1", DASH, DASH]


@pytest.mark.parametrize("kind", ["linear_graph", "bar_chart", "matrix", "number", "unheard_of", None, []])
@pytest.mark.parametrize(
    "value",
    [None, "x", [], {}, [[]], [None], [[None, None]], math.nan, [math.inf], [[1, -math.inf]], 10**400],
    ids=repr,
)
def test_odd_metrics_do_not_break_the_page(kind: Any, value: Any) -> None:
    """Whatever a metric holds, its name is shown and the page stays well formed."""
    page = rendered(with_metric({"name": "odd_metric", "type": kind, "value": value}))
    assert "Odd metric" in page.texts_in("th", "strong")
    assert (page.open_tags, page.stray_end_tags) == ([], [])


def test_no_broken_number_reaches_the_geometry() -> None:
    """Extreme but finite values give finite coordinates."""
    for metric in (
        ROC | {"value": [[-1e99, 1e99], [1e99, -1e99]]},
        BARS | {"value": [-1e99, 1e99, 5e-324]},
        MATRIX | {"value": [[-1e99, -1e99]]},
        MATRIX | {"value": [[0, 0]]},
        BARS | {"value": [0, 0, 0]},
    ):
        page = rendered(with_metric(metric))
        coordinates = " ".join(value for _, attributes in page.elements for value in attributes.values())
        assert not re.search(r"\b(nan|inf)\b", coordinates)


def test_a_lone_surrogate_does_not_make_the_page_unwritable() -> None:
    """Text that JSON can carry but UTF-8 cannot is replaced."""
    card = {"model_overview": {"model_creator": json.loads('"\\ud800"')}}
    assert render_html(card, title="t").encode()


def test_the_same_card_gives_the_same_page() -> None:
    """Rendering has no memory and changes nothing in the card."""
    card = copy.deepcopy(CARD)
    assert render_html(card, title="t") == render_html(card, title="t")
    assert card == CARD


def test_a_card_of_full_size_is_rendered_whole() -> None:
    """A card at the service's limit of 100 000 characters loses neither bars nor cells."""
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
    """A label with both kinds of quotes and an ampersand is readable as written."""
    label = "5\" & 'more'"
    source = render_html(with_metric(MATRIX | {"x_axis_name": [label, "b"]}), title="t")
    assert label not in source
    assert html.escape(label) in source.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    assert label in Page(source).texts_in("text")


def test_importing_the_module_does_not_import_the_template_engine() -> None:
    """Workers that never render pay nothing for the page."""
    program = (
        "import sys, importlib.util as u;"
        "s = u.spec_from_file_location('rendering', sys.argv[1]); m = u.module_from_spec(s);"
        "sys.modules['rendering'] = m; s.loader.exec_module(m); print('jinja2' in sys.modules)"
    )
    path = sys.modules[render_html.__module__].__file__ or ""
    result = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
