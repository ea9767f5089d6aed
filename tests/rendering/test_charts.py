"""Charts are drawn to scale."""

from __future__ import annotations

import math
import re

import pytest

from airflow_sagemaker_automl.rendering.bars import bar_chart
from airflow_sagemaker_automl.rendering.curves import UNIT_TICKS, line_chart, ticks
from airflow_sagemaker_automl.rendering.drawing import Drawing
from airflow_sagemaker_automl.rendering.matrix import format_share, matrix_chart
from tests.support.pages import rendered
from tests.support.rendered_cards import BARS, MATRIX, ROC, with_metric

DASH = "\N{EN DASH}"


def written(drawing: Drawing, role: str) -> list[str]:
    """Texts of one role in a drawing, with their lines joined."""
    return [" ".join(text.lines) for text in drawing.texts if text.role == role]


def test_roc_curve_spans_the_unit_square() -> None:
    """A ROC curve starts and ends in the corners of fixed 0..1 axes and has the dashed diagonal."""
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
    """Only ROC curves on unit axes have the diagonal of random guessing."""
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
    """Positive bars extend to the right of zero, negative ones to the left, in one scale and in the given order."""
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
    """Labels, bars and values stay inside the drawing for long and short names."""
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
    """Bars, rows and columns without names on the card are numbered from one."""
    (bars,) = bar_chart({"name": "b", "value": [5, 6], "x_axis_name": ["first"]}).drawings
    (cells,) = matrix_chart({"name": "m", "value": [[1, 2]]}).drawings
    assert written(bars, "label") == ["first", "2"]
    assert written(cells, "row-head") == ["1"]
    assert written(cells, "column-head") == ["1", "2"]


def test_a_hundred_bars_share_one_scale() -> None:
    """A long bar chart is divided into panels; equal values have equal bars in all of them."""
    chart = bar_chart(BARS | {"value": [1.0] * 99 + [4.0]})
    boxes = [box for drawing in chart.drawings for box in drawing.boxes]
    assert chart.is_wide
    assert len(boxes) == 100
    assert len(chart.drawings) == 3
    assert {box.width for box in boxes[:99]} == {boxes[0].width}
    assert boxes[99].width == pytest.approx(4 * boxes[0].width, abs=0.05)


def test_a_matrix_has_a_cell_per_value() -> None:
    """Cells are in rows and columns, and the shade grows from zero to the highest value."""
    (drawing,) = matrix_chart(MATRIX | {"name": "correlations"}).drawings
    assert [box.shade for box in drawing.boxes] == [0.6, 0.02, 0.01, 1.0]
    assert len({box.x for box in drawing.boxes}) == len({box.y for box in drawing.boxes}) == 2
    assert written(drawing, "cell-text") == ["63", "2", "1", "105"]
    assert written(drawing, "cell-share") == []
    assert written(drawing, "row-head") == ["is malignant", "is benign"]
    assert written(drawing, "column-head") == ["said malignant", "said benign"]
    assert drawing.boxes[1].tooltip == "is malignant / said benign: 2"


def test_a_confusion_matrix_tells_the_shares_of_its_rows() -> None:
    """Shade and percentage are relative to the row, so that a rare class is as readable as a frequent one."""
    (drawing,) = matrix_chart(MATRIX | {"value": [[3, 1], [0, 1000]]}).drawings
    assert [box.shade for box in drawing.boxes] == [0.75, 0.25, 0, 1]
    assert written(drawing, "cell-share") == ["75 %", "25 %", "0 %", "100 %"]
    assert drawing.boxes[0].tooltip == "is malignant / said malignant: 3 (75 %)"


def test_a_confusion_matrix_marks_what_was_taken_for_something_else() -> None:
    """If rows and columns have the same names, cells off the diagonal have another colour."""
    names = ["malignant", "benign"]
    (named,) = matrix_chart(MATRIX | {"x_axis_name": names, "y_axis_name": names[::-1]}).drawings
    (differently,) = matrix_chart(MATRIX).drawings
    assert [box.role for box in named.boxes] == ["cell miss", "cell", "cell", "cell miss"]
    assert {box.role for box in differently.boxes} == {"cell"}


@pytest.mark.parametrize("value", [[[0, 0], [1, 1]], [[-1, 2], [3, 4]], [[math.nan, 1], [1, 1]]])
def test_shares_are_told_only_where_there_are_some(value: list[list[float]]) -> None:
    """A row that is empty or has values that are not counts has no percentages."""
    (drawing,) = matrix_chart(MATRIX | {"value": value}).drawings
    assert len(written(drawing, "cell-share")) == (2 if value[0] == [0, 0] else 0)


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (1e-9, "0.1 %"), (0.5, "50 %"), (0.99999, "99.9 %"), (1.0, "100 %")]
)
def test_only_all_is_a_hundred_percent(share: float, text: str) -> None:
    """One error in a million cases is visible."""
    assert format_share(share) == text


def test_the_largest_matrix_is_drawn_whole() -> None:
    """A 20x20 matrix with labels of 60 characters shows all cells and all words, over the full width."""
    labels = [f"{index:02d} is a class whose name has as many letters as allowed" for index in range(20)]
    metric = MATRIX | {"value": [[1] * 20] * 20, "x_axis_name": labels, "y_axis_name": labels}
    chart = matrix_chart(metric)
    (drawing,) = chart.drawings
    assert chart.is_wide
    assert len(drawing.boxes) == 400
    assert written(drawing, "row-head") == written(drawing, "upright-head") == labels


def test_a_larger_matrix_says_that_it_is_cut() -> None:
    """Rows and columns beyond 20 are left out, with a remark."""
    chart = matrix_chart({"name": "m", "type": "matrix", "value": [[1] * 21] * 3})
    assert len(chart.drawings[0].boxes) == 60
    assert chart.remark == "Cut to 20 rows and columns"


def test_missing_values_are_skipped_or_dashed() -> None:
    """A curve skips a point without a number; a bar and a cell show a dash."""
    nan = math.nan
    (curve,) = line_chart(ROC | {"value": [[0, 0], [nan, 1], [0.5, None], [1], "x", [1, 1]]}).drawings
    (bars,) = bar_chart(BARS | {"value": [1, nan, None]}).drawings
    (cells,) = matrix_chart(MATRIX | {"value": [[1, nan], [None]]}).drawings
    assert len(dict(curve.strokes)["curve"]) == 2
    assert len(bars.boxes) == 1
    assert written(bars, "value-right") == ["1", DASH, DASH]
    assert written(cells, "cell-text") == ["1", DASH, DASH]


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
