"""Metrics are shown where they can be compared, and the most important ones at the top."""

from __future__ import annotations

import re
from typing import Any

import pytest

from airflow_sagemaker_automl import render_html
from tests.support.pages import rendered
from tests.support.rendered_cards import CARD, ROC

DASH = "\N{EN DASH}"


def _group(title: str, **figures: float) -> dict[str, Any]:
    return {
        "name": title,
        "metric_data": [{"name": name, "type": "number", "value": value} for name, value in figures.items()],
    }


def _tables(card: dict[str, Any], caption: str) -> list[list[list[str]]]:
    """Return the tables with a caption, row by row, without empty cells."""
    source = render_html(card, title="t")
    bodies = re.findall(rf"<caption>{caption}</caption>(.*?)</table>", source, re.DOTALL)
    rows = [re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL) for body in bodies]
    return [[re.findall(r"<t[hd][^>]*>([^<]+)<", row) for row in table] for table in rows]


def test_scalar_metrics_share_one_table() -> None:
    """The scalar metrics of a group are rows of one table, with numbers, words and booleans made readable."""
    (table,) = _tables({"evaluation_details": CARD["evaluation_details"]}, "Metrics")
    assert table == [
        ["Name", "Value", "Notes"],
        ["Accuracy", "0.9647", "Share of hits"],
        ["Rows", "171"],
        ["Calibrated", "Yes"],
        ["Winner", "LightGBM"],
    ]


def test_data_sets_stand_side_by_side() -> None:
    """Groups with the same metrics are columns of one table; a missing value is a dash."""
    groups = [
        _group("Train data", F1=1.0, Log_loss=0.01),
        _group("Validation data", F1=0.9, Log_loss=0.2),
        _group("Test data", F1=0.95),
    ]
    (table,) = _tables({"evaluation_details": [{"name": "e", "metric_groups": groups}]}, "Metrics")
    assert table == [
        ["Metric", "Train data", "Validation data", "Test data"],
        ["F1", "1.0000", "0.9000", "0.9500"],
        ["Log loss", "0.0100", "0.2000", DASH],
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"name": "b", "metric_data": [{"name": "f1", "type": "number", "value": 2, "notes": "a word"}]},
        {"name": "b", "metric_data": [{"name": "f1", "type": "number", "value": 2}] * 2},
        {"name": "b", "metric_data": [{"name": "f1", "type": "number", "value": 2}, ROC]},
        {"name": "b", "metric_data": [{"name": "r2", "type": "number", "value": 2}]},
    ],
)
def test_groups_that_are_not_alike_keep_tables_of_their_own(other: dict[str, Any]) -> None:
    """Groups with notes, duplicate names, charts or different metrics have separate tables."""
    card = {"evaluation_details": [{"name": "e", "metric_groups": [_group("a", f1=1.0), other]}]}
    assert len(_tables(card, "Metrics")) == 2
    assert {"A", "B"} <= set(rendered(card).texts_in("h4"))


def test_more_groups_than_a_sheet_has_room_for_stand_below_each_other() -> None:
    """A table that is too wide would be cut in print."""
    for count, tables in ((5, 1), (6, 6)):
        groups = [_group(f"g{number}", f1=0.5, auc=0.6) for number in range(count)]
        card = {"evaluation_details": [{"name": "e", "metric_groups": groups}]}
        assert len(_tables(card, "Metrics")) == tables


def test_a_constant_guess_stands_beside_the_model() -> None:
    """Model Monitor's best constant classifier is a column, not additional rows."""
    group = _group("g", accuracy=0.97, accuracy_best_constant_classifier=0.63, auc=0.99)
    (table,) = _tables({"evaluation_details": [{"name": "e", "metric_groups": [group]}]}, "Metrics")
    assert table == [
        ["Name", "Value", "Best constant classifier"],
        ["Accuracy", "0.9700", "0.6300"],
        ["AUC", "0.9900", DASH],
    ]


def test_training_metrics_have_a_column_for_each_data_set() -> None:
    """Names such as "F1 (Test)" are split if all names have this form; otherwise nothing is lost."""
    metrics = [{"name": f"{name} ({part})", "value": 0.5} for part in ("Train", "Test") for name in ("F1", "AUC")]
    details = {"training_job_details": {"training_metrics": metrics}}
    (table,) = _tables({"training_details": details}, "Training metrics")
    assert table == [["Metric", "Train", "Test"], ["F1", "0.5000", "0.5000"], ["AUC", "0.5000", "0.5000"]]
    metrics.append({"name": "seconds", "value": 12})
    (plain,) = _tables({"training_details": details}, "Training metrics")
    assert plain[-1] == ["Seconds", "12"]
    assert len(plain) == 6


def test_the_objective_stands_at_the_top() -> None:
    """Its value on test data, with validation and training data beside it, and further metrics after it."""
    card = CARD | {
        "training_details": {"objective_function": {"function": {"function": "Maximize", "facet": "F1"}}},
        "evaluation_details": [
            {"name": "gate", "metric_groups": [_group("limits", minimum=0.5)]},
            {
                "name": "metrics",
                "metric_groups": [
                    _group("Train data", Accuracy=1, F1=1),
                    _group("Validation data", Accuracy=0.8, F1=0.91),
                    _group("Test data", Accuracy=0.7, F1=0.89),
                ],
            },
        ],
    }
    page = rendered(card)
    (tiles,) = re.findall(r'<dl class="tiles">(.*?)</dl>', render_html(card, title="t"), re.DOTALL)
    assert len(page.of_class("objective")) == 1
    assert " ".join(re.sub(r"<[^>]*>", " ", tiles).split()) == (
        "F1 objective 0.8900 Test data Validation 0.9100 Train 1.0000 "
        "Accuracy 0.7000 Test data Validation 0.8000 Train 1.0000"
    )


def test_without_an_objective_the_first_figures_stand_at_the_top() -> None:
    """None of them is then called the objective; without metrics there are no tiles."""
    card = {"evaluation_details": [{"name": "e", "metric_groups": [_group("g", f1=0.5)]}]}
    page = rendered(card)
    assert len(page.of_class("tiles")) == len(page.of_class("figure")) == 1
    assert page.of_class("objective") == []
    assert rendered({"evaluation_details": [{"name": "e"}]}).of_class("tiles") == []
