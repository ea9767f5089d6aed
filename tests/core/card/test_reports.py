"""The service's reports are reduced to a card's limits without losing what matters."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from airflow_sagemaker_automl.core.card.charts import largest_bars, matrix
from airflow_sagemaker_automl.core.card.curves import thinned
from airflow_sagemaker_automl.core.card.explanations import read_bias, read_explanations, read_partial_dependence
from airflow_sagemaker_automl.core.card.limits import cut, label, labels, number, text, total
from airflow_sagemaker_automl.core.card.metrics import read_statistics
from tests.support.cards import ANALYSIS, STATISTICS, TEXTS, bars, build, evaluation, metric, require_sendable

Points = list[tuple[float, float]]


def area(points: Any) -> float:
    """Compute the area under a curve, by trapezoids."""
    return math.fsum((right[0] - left[0]) * (left[1] + right[1]) / 2 for left, right in itertools.pairwise(points))


def roc(count: int) -> dict[str, list[float]]:
    """Make a curve with this number of steps, as row scores produce it."""
    false, true = [index / (count - 1) for index in range(count)], []
    for index in range(count):
        true.append(round((index / (count - 1)) ** 0.2, 2))
    return {"false_positive_rates": false, "true_positive_rates": true}


def test_the_statistics_are_on_the_card() -> None:
    """Scalars with standard deviations, the confusion matrix, both curves, and the number of rows."""
    card = build()
    insights = evaluation(card, "Model insights")
    assert insights["metadata"] == {"report": "s3://bucket/s.json", "evaluation_time": "2026-11-20T12:00:00Z"}
    assert metric(card, "Model insights", "accuracy")["notes"] == "standard deviation 0.01"
    assert "notes" not in metric(card, "Model insights", "recall")
    assert metric(card, "Model insights", "accuracy_best_constant_classifier")["value"] == 0.63
    drawn = metric(card, "Model insights", "confusion_matrix")
    assert (drawn["value"], drawn["x_axis_name"], drawn["y_axis_name"]) == (
        [[70, 2], [1, 41]],
        ["no", "yes"],
        ["no", "yes"],
    )
    assert drawn["notes"] == "Rows are actual labels, columns are predicted labels."
    curve = metric(card, "Model insights", "receiver_operating_characteristic_curve")
    assert curve["value"] == [[0.0, 0.0], [0.1, 0.9], [1.0, 1.0]]
    assert (curve["x_axis_name"], curve["y_axis_name"]) == ("false_positive_rates", "true_positive_rates")
    assert metric(card, "Model insights", "precision_recall_curve")["value"] == [[1.0, 0.6], [0.0, 1.0]]
    assert metric(card, "Model insights", "item_count")["value"] == 114


@pytest.mark.parametrize("section", ["regression_metrics", "multiclass_classification_metrics"])
def test_every_figure_of_any_problem_type_is_read(section: str) -> None:
    """Every metric has its own name, including those of the best constant classifier."""
    names = ("mae", "r2", "weighted_f0_5", "weighted_f1_best_constant_classifier", "something_to_come")
    figures = {name: {"value": place / 7, "standard_deviation": 0.1} for place, name in enumerate(names)}
    (group,) = read_statistics({section: figures}).groups
    assert {datum["name"]: datum["value"] for datum in group["metric_data"]} == {
        name: place / 7 for place, name in enumerate(names)
    }


@pytest.mark.parametrize(
    "section",
    [
        None,
        [],
        {"confusion_matrix": {"a": 1}},
        {"confusion_matrix": {"a": {}}},
        {"confusion_matrix": [[1]]},
        {"receiver_operating_characteristic_curve": [1, 2]},
        {"receiver_operating_characteristic_curve": {"false_positive_rates": 1}},
        {"precision_recall_curve": {"recalls": [1, 2], "precisions": [1]}},
        {"precision_recall_curve": {"recalls": ["NaN"], "precisions": [1]}},
        {"accuracy": 0.5},
        {"accuracy": {"value": [0.5]}},
    ],
)
def test_a_section_of_another_shape_says_nothing(section: Any) -> None:
    """Unknown formats never fail a valid registration; they are named in the log."""
    reading = read_statistics({"binary_classification_metrics": section})
    assert reading.groups == []
    assert len(reading.unknown) == 1
    assert reading.unknown[0].startswith("binary_classification_metrics")


def test_a_figure_that_the_report_has_none_for_is_nothing_unknown() -> None:
    """The service writes the text NaN if there are too few validation data."""
    reading = read_statistics({"regression_metrics": {"mae": {"value": "NaN", "standard_deviation": "NaN"}}})
    assert (reading.groups, reading.unknown) == ([], [])


def test_a_label_without_figures_has_no_row() -> None:
    """The service writes NaN for a label that is missing in the validation data; that is not zero."""
    (drawn,) = matrix("m", {"a": {"a": 3, "b": 1}, "b": {"a": 2, "b": "NaN"}})
    assert (drawn["y_axis_name"], drawn["x_axis_name"], drawn["value"]) == (["a"], ["a", "b"], [[3, 1]])
    assert "1 of the labels have no row" in drawn["notes"]


def test_twenty_labels_are_all_drawn_and_of_more_the_sums_stay() -> None:
    """The 19 labels with most rows keep their own cells; all others are summed."""
    twenty = {f"{row}": {f"{column}": row * column for column in range(20)} for row in range(20)}
    (drawn,) = matrix("m", twenty)
    assert drawn["value"] == [[row * column for column in range(20)] for row in range(20)]
    many = {f"{row}": {f"{column}": row + column for column in range(33)} for row in range(33)}
    (drawn,) = matrix("m", many)
    assert drawn["x_axis_name"] == drawn["y_axis_name"] == [*(f"{row}" for row in range(32, 13, -1)), "14 other labels"]
    assert drawn["value"][0][0] == 64
    assert sum(map(sum, drawn["value"])) == sum(sum(row.values()) for row in many.values())
    assert sum(drawn["value"][0]) == sum(many["32"].values())
    assert sum(row[1] for row in drawn["value"]) == sum(row["31"] for row in many.values())
    assert "Shows the 19 most frequent of 33 labels; the others are summed." in drawn["notes"]


def test_of_many_bars_the_largest_stay_and_the_others_are_one() -> None:
    """The largest absolute values are kept; a single remaining bar is shown itself."""
    values = {f"f{place}": (-1) ** place * place / 10 for place in range(1, 27)}
    (chart,) = largest_bars("c", values, "y", "features")
    assert len(chart["value"]) == 26
    assert chart["x_axis_name"][0] == "f26"
    assert "notes" not in chart
    (chart,) = largest_bars("c", values | {"f27": -2.7, "none": "NaN"}, "y", "features")
    assert (chart["x_axis_name"][0], chart["value"][0]) == ("f27", -2.7)
    assert (chart["x_axis_name"][-1], chart["value"][-1]) == ("2 other features", pytest.approx(0.2 - 0.1))
    assert chart["notes"] == "The 25 largest of 27 features; the last bar is the sum of the other 2."


def test_labels_are_short_and_all_different() -> None:
    """Long names stay distinguishable, with a number if needed; a name that needs no change is kept."""
    stem = "customer_transactions_aggregated_over_the_last_ninety_days_grouped_by_channel"
    found = labels([f"{stem}_{end}" for end in ("mean", "max")])
    assert [name[-4:] for name in found] == ["mean", "_max"]
    alike = ["x" * 80, "x" * 90, "x" * 100, label("x" * 80), "a\nb", "a b", "", "(empty)", "(empty) (2)"]
    found = labels(alike)
    assert len(set(found)) == len(alike)
    assert max(map(len, found)) == 63
    assert (found[3], found[5], found[7], found[8]) == (alike[3], "a b", "(empty)", "(empty) (2)")
    assert (found[4], found[6]) == ("a b (2)", "(empty) (3)")
    assert labels(["a", "a", "a (2)"]) == ["a", "a (3)", "a (2)"]


def test_values_are_written_within_the_limits() -> None:
    """Control characters and lone surrogates are removed; numbers that JSON or a double cannot hold are left out."""
    assert text(" a\r\n\tb\u2028c\ud83d ") == "a b c"
    assert (text(True), text(None), text([1]), text(0.5), text(math.nan)) == ("true", "", "", "0.5", "")
    assert cut("x" * 12, 10) == "x" * 9 + "…"
    unfit = (True, "1", None, math.nan, math.inf, 10**400, [1])
    assert [number(value) for value in unfit] == [None] * len(unfit)
    assert repr(number(10**30)) == "1e+30"
    assert total([0.1] * 10) == 1.0
    assert total([1e308, 1e308]) is None
    assert repr(total([1, 2])) == "3"


def test_a_thinned_curve_keeps_ends_extremes_and_area() -> None:
    """Of 50 000 points 200 are kept, and the area under the curve is kept."""
    curve = roc(50_000)
    points: Points = list(zip(curve["false_positive_rates"], curve["true_positive_rates"], strict=True))
    fewer = thinned(points, 200)
    assert len(fewer) == 200
    assert (fewer[0], fewer[-1]) == (points[0], points[-1])
    assert set(fewer) <= set(points)
    assert area(fewer) == pytest.approx(area(points), abs=1e-3)
    wave: Points = [(index / 999, math.sin(index / 30) * (5 if index == 500 else 1)) for index in range(1000)]
    fewer = thinned(wave, 50)
    assert {max(wave, key=lambda point: point[1]), min(wave, key=lambda point: point[1])} <= set(fewer)
    # The thinned wave deviates nowhere by more than a few percent of its height.
    assert max(abs(_height(fewer, x) - y) for x, y in wave) < 0.3


def _height(curve: Any, x: float) -> float:
    """Interpolate a curve."""
    for left, right in itertools.pairwise(curve):
        if left[0] <= x <= right[0]:
            return float(left[1] + (right[1] - left[1]) * ((x - left[0]) / ((right[0] - left[0]) or 1)))
    raise AssertionError(x)


@pytest.mark.parametrize(
    "points",
    [
        [(1.0, 1.0)] * 500,
        [(float(index % 2), 0.0) for index in range(500)],
        [(1e308 * (-1) ** index, -1e308) for index in range(500)],
        [(5e-324 * index, 1e300) for index in range(500)],
    ],
)
def test_any_curve_can_be_thinned(points: Points) -> None:
    """Equal points, points in any order, and points extremely far apart or close together."""
    fewer = thinned(points, 50)
    assert len(fewer) == 50
    assert (fewer[0], fewer[-1]) == (points[0], points[-1])


def test_explanations_are_bars_with_the_largest_first() -> None:
    """Features and words of text features are shown with the baseline of their values."""
    (group,) = read_explanations(ANALYSIS).groups
    assert group["name"] == "kernel_shap label0"
    features, words, expected = group["metric_data"]
    assert (features["name"], bars(features)) == ("global_shap_values", {"b": 0.5, "a": 0.1})
    assert (words["name"], bars(words)) == ("global_top_shap_text comment", {"charming": 0.04, "dull": 0.02})
    assert (expected["name"], expected["value"]) == ("expected_value", 0.4)


def test_explanations_of_many_outputs_are_those_of_the_first_ten() -> None:
    """The card says so, and their names are short and distinct."""
    outputs = {"x" * 70 + str(place): {"expected_value": place} for place in range(12)}
    reading = read_explanations({"explanations": {"kernel_shap": outputs}})
    names = [group["name"] for group in reading.groups]
    assert (len(set(names)), max(map(len, names))) == (10, 63)
    assert reading.observation == "The first 10 of 12 model outputs."


def test_explained_texts_are_summed_up() -> None:
    """Words by the sum of the absolute attributions, texts by their labels."""
    (group,) = read_explanations(TEXTS).groups
    words, predicted, count = group["metric_data"]
    assert bars(words) == {"charming": 0.5, "film": pytest.approx(0.3)}
    assert bars(predicted) == {"good": 1, "bad": 1}
    assert count["value"] == 2
    assert metric(build(analysis=TEXTS), "Explainability", "explained_texts")["value"] == 2


def test_a_single_explained_text_is_read_like_a_list_of_one() -> None:
    """The service's documentation shows a single one."""
    assert read_explanations(TEXTS[0]) == read_explanations(TEXTS[:1])
    assert read_explanations(TEXTS[0]).unknown == []


def test_explained_images_are_summed_up() -> None:
    """The count per label, the confidence, and the location of the heatmaps; for a list or a single image."""
    images = [
        {
            "input_image_uri": f"s3://bucket/images/{name}.jpg",
            "heatmap_image_uri": f"s3://bucket/output/heatmaps/{name}.png",
            "predicted_label": name.partition("-")[0],
            "probability": probability,
        }
        for name, probability in (("cat-1", 0.97), ("dog-1", 0.88))
    ]
    reading = read_explanations(images)
    (group,) = reading.groups
    assert (group["name"], reading.unknown) == ("explained images", [])
    predicted, count, heatmaps, sure = group["metric_data"]
    assert bars(predicted) == {"cat": 1, "dog": 1}
    assert (count["value"], heatmaps["value"]) == (2, 2)
    assert heatmaps["notes"] == "In s3://bucket/output/heatmaps/"
    assert sure["value"] == pytest.approx(0.925)
    assert metric(build(analysis=images), "Explainability", "explained_images")["value"] == 2
    assert read_explanations(images[0]).groups[0]["metric_data"][1]["value"] == 1


def test_samples_of_an_unknown_kind_are_named_by_their_place() -> None:
    """Unknown samples are named by their index, and the others are read."""
    reading = read_explanations([*TEXTS, 7, {"audio_uri": "s3://bucket/a.wav"}])
    assert [group["name"] for group in reading.groups] == ["explained texts"]
    assert reading.unknown == [f"[{len(TEXTS)}]", f"[{len(TEXTS) + 1}]"]
    assert read_explanations([]).unknown == ["the list, which is empty"]
    assert read_explanations({"text": "A film"}).unknown == ["token_scores of the explained texts"]


def test_partial_dependence_is_drawn_by_what_the_feature_is() -> None:
    """A curve for a numeric feature, bars for a categorical one; a missing average is left out."""
    age, plan = read_partial_dependence(ANALYSIS).groups
    assert age["name"] == "age"
    assert [(datum["type"], datum["name"]) for datum in age["metric_data"]] == [
        ("linear_graph", "data_distribution"),
        ("linear_graph", "model_predictions churned"),
    ]
    assert age["metric_data"][1]["value"] == [[20, 0.1], [40, 0.2], [60, 0.4]]
    assert [bars(datum) for datum in plan["metric_data"]] == [{"gold": 0.6, "free": 0.4}, {"gold": 0.1}]


@pytest.mark.parametrize(
    "plot",
    [None, {}, {"feature_values": 5}, {"feature_name": "a", "data_type": "image", "feature_values": [1]}],
)
def test_a_plot_of_another_shape_is_not_drawn(plot: Any) -> None:
    """An unknown plot is named in the log."""
    reading = read_partial_dependence({"explanations": {"pdp": [plot]}})
    assert (reading.groups, reading.unknown) == ([], ["explanations.pdp[0]"])


def test_bias_metrics_are_figures_by_facet() -> None:
    """With Clarify's description; NaN values are left out."""
    (group,) = read_bias(ANALYSIS).groups
    assert group["name"] == "pre-training gender = 0"
    assert group["metric_data"] == [{"name": "CI", "type": "number", "value": -0.2, "notes": "Class Imbalance (CI)"}]
    assert read_bias({"post_training_bias_metrics": {"facets": 5}}).unknown == ["post_training_bias_metrics"]


def test_a_card_of_huge_reports_is_valid_and_keeps_the_extremes() -> None:
    """200 classes, curves of 50 000 points, 3 000 features."""
    names = [f"class {place}" for place in range(200)]
    confusion = {
        row: {
            column: (place * 7 + other) % 11 + (500 - place if row == column else 0)
            for other, column in enumerate(names)
        }
        for place, row in enumerate(names)
    }
    curve = roc(50_000)
    precisions = [0.5 + 0.5 * math.cos(place / 9000) ** 2 for place in range(50_000)]
    features = {f"feature_{place:04}": math.sin(place) * place for place in range(3000)}
    card = build(
        statistics={
            "multiclass_classification_metrics": {
                "confusion_matrix": confusion,
                "receiver_operating_characteristic_curve": curve,
                "precision_recall_curve": {"recalls": curve["false_positive_rates"], "precisions": precisions},
            }
        },
        analysis={"explanations": {"kernel_shap": {"label0": {"global_shap_values": features}}}},
    )
    require_sendable(card)
    drawn = metric(card, "Model insights", "confusion_matrix")["value"]
    assert (len(drawn), {len(row) for row in drawn}) == (20, {20})
    assert sum(map(sum, drawn)) == sum(sum(row.values()) for row in confusion.values())
    heaviest = max(confusion, key=lambda row: sum(confusion[row].values()))
    assert sum(drawn[0]) == sum(confusion[heaviest].values())
    for name, x, y in (
        ("receiver_operating_characteristic_curve", curve["false_positive_rates"], curve["true_positive_rates"]),
        ("precision_recall_curve", curve["false_positive_rates"], precisions),
    ):
        points = metric(card, "Model insights", name)["value"]
        assert (points[0], points[-1]) == ([x[0], y[0]], [x[-1], y[-1]])
        assert {min(point[1] for point in points), max(point[1] for point in points)} == {min(y), max(y)}
        assert area(points) == pytest.approx(area(list(zip(x, y, strict=True))), abs=1e-3)
    chart = bars(metric(card, "Explainability", "global_shap_values"))
    largest = sorted(features, key=lambda name: -abs(features[name]))[:25]
    assert list(chart) == [*largest, "2975 other features"]
    assert all(chart[name] == features[name] for name in largest)
    assert math.fsum(chart.values()) == pytest.approx(math.fsum(features.values()))


def test_the_statistics_of_another_problem_type_stand_beside_the_known_ones() -> None:
    """Sections are read independently of each other."""
    reading = read_statistics({**STATISTICS, "ranking_metrics": {"ndcg": {"value": 0.9}}})
    assert [group["name"] for group in reading.groups] == ["binary_classification_metrics", "dataset"]
    assert reading.unknown == ["ranking_metrics"]
