"""A card is built from evidence, and within the service's limits by construction."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.card_metrics import (
    MOST_CURVE_POINTS,
    MOST_FEATURES,
    MOST_MATRIX_ROWS,
    evaluation_groups,
    importance_groups,
)
from airflow_sagemaker_automl.core.evidence import Provenance, Report
from airflow_sagemaker_automl.core.job import AutoMLJob
from airflow_sagemaker_automl.core.model_card import build_model_card, require_valid
from airflow_sagemaker_automl.core.model_package import compact
from airflow_sagemaker_automl.exceptions import InvalidModelCard
from tests.core.test_candidate import described as candidate_described
from tests.core.test_candidate import objective
from tests.core.test_job import described as job_described

CONTAINER = {"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"A": "1"}}
CANDIDATE = candidate_described(
    "job-lightgbm",
    InferenceContainers=[CONTAINER],
    CandidateProperties={
        "CandidateMetrics": [
            {"StandardMetricName": "F1", "Value": 0.96, "Set": "Validation"},
            {"StandardMetricName": "F1", "Value": 0.92, "Set": "Test"},
        ]
    },
    **objective(0.96),
)
STATISTICS = {
    "version": 0.0,
    "dataset": {"item_count": 114},
    "binary_classification_metrics": {
        "confusion_matrix": {"no": {"no": 70, "yes": 2}, "yes": {"no": 1, "yes": 41}},
        "accuracy": {"value": 0.97, "standard_deviation": 0.01},
        "recall": {"value": 0.97, "standard_deviation": "NaN"},
        "f2": {"value": "NaN", "standard_deviation": "NaN"},
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": [0.0, 0.1, 1.0],
            "true_positive_rates": [0.0, 0.9, 1.0],
        },
    },
}
ANALYSIS = {
    "version": "1.0",
    "explanations": {"kernel_shap": {"label0": {"global_shap_values": {"a": 0.1, "b": 0.5, "c": math.nan}}}},
}


def build(
    author: dict[str, Any] | None = None, statistics: Any = STATISTICS, analysis: Any = ANALYSIS
) -> dict[str, Any]:
    """Build a card from the pieces above."""
    job = AutoMLJob.from_api(
        job_described(
            AutoMLJobStatus="Completed",
            BestCandidate=CANDIDATE,
            AutoMLJobInputDataConfig=[{"DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/train/"}}}],
        )
    )
    other = Candidate.from_api(candidate_described("job-forest", **objective(0.91)))
    assert job.best_candidate
    return build_model_card(
        job=job,
        candidate=job.best_candidate,
        candidates=[other, job.best_candidate],
        statistics=statistics and Report(uri="s3://bucket/statistics.json", sha256="0", content=statistics),
        analysis=analysis and Report(uri="s3://bucket/analysis.json", sha256="0", content=analysis),
        provenance=Provenance(dag_id="dag", run_id="run", task_id="register"),
        author=author,
    )


def metric(card: dict[str, Any], evaluation: str, name: str) -> dict[str, Any]:
    """Find a metric of a card by the evaluation it belongs to and its name."""
    (item,) = (item for item in card["evaluation_details"] if item["name"] == evaluation)
    (found,) = (datum for group in item["metric_groups"] for datum in group["metric_data"] if datum["name"] == name)
    return dict(found)


def test_the_card_holds_the_evidence() -> None:
    """Figures, containers, data and provenance come from job, candidates and reports."""
    card = build()
    details = card["training_details"]
    assert details["objective_function"]["function"] == {"function": "Maximize", "facet": "F1"}
    assert details["training_job_details"]["training_datasets"] == ["s3://bucket/train/"]
    assert details["training_job_details"]["training_environment"] == {"container_image": ["image:1"]}
    assert {"name": "F1 (Test)", "value": 0.92} in details["training_job_details"]["training_metrics"]
    assert card["model_overview"]["model_artifact"] == ["s3://bucket/model.tar.gz"]
    assert card["additional_information"]["custom_details"]["Airflow run"] == "run"
    leaderboard = metric(card, "Candidates", "F1")
    assert dict(zip(leaderboard["x_axis_name"], leaderboard["value"], strict=True)) == {
        "lightgbm": 0.96,
        "forest": 0.91,
    }
    matrix = metric(card, "Model insights", "confusion_matrix")
    assert (matrix["value"], matrix["x_axis_name"]) == ([[70, 2], [1, 41]], ["no", "yes"])
    assert metric(card, "Model insights", "accuracy")["notes"] == "standard deviation 0.01"
    curve = metric(card, "Model insights", "receiver_operating_characteristic_curve")
    assert curve["value"] == [[0.0, 0.0], [0.1, 0.9], [1.0, 1.0]]
    importance = metric(card, "Explainability", "global_shap_values")
    assert (importance["x_axis_name"], importance["value"]) == (["b", "a"], [0.5, 0.1])


def test_numbers_that_are_none_are_left_out() -> None:
    """The reports write "NaN" as a text where there is no figure; JSON knows no NaN at all."""
    text = compact(build())
    assert "NaN" not in text
    assert "\n" not in text
    names = [datum["name"] for datum in json.loads(text)["evaluation_details"][2]["metric_groups"][0]["metric_data"]]
    assert "recall" in names
    assert "f2" not in names


def test_the_authors_words_win() -> None:
    """What a person writes replaces what is built, member by member; evaluations stand side by side."""
    card = build(
        {
            "intended_uses": {"purpose_of_model": "Triage", "risk_rating": "High"},
            "training_details": {"training_observations": "By hand."},
            "evaluation_details": [{"name": "Field trial"}],
            "additional_information": {"custom_details": {"Ticket": "ML-1"}},
        }
    )
    assert card["intended_uses"]["risk_rating"] == "High"
    assert card["training_details"]["training_observations"] == "By hand."
    assert card["training_details"]["objective_function"]
    assert [item["name"] for item in card["evaluation_details"]][:2] == ["Field trial", "Candidate metrics"]
    assert {"Ticket", "Airflow run"} <= set(card["additional_information"]["custom_details"])


def test_an_author_who_breaks_the_schema_is_told_every_place() -> None:
    """Each violation is named with its path, before anything is sent."""
    with pytest.raises(InvalidModelCard) as raised:
        build({"intended_uses": {"risk_rating": "high"}, "business_details": {"owner": "me"}})
    assert len(raised.value.violations) == 2
    assert "$.intended_uses.risk_rating breaks the schema: 'high' is not one of" in str(raised.value)
    assert "'owner' was unexpected" in str(raised.value)


def test_a_card_that_is_too_long_is_refused() -> None:
    """100 000 characters is the service's limit."""
    details = {f"key {number}": "x" * 1000 for number in range(120)}
    with pytest.raises(InvalidModelCard, match="at most 100000"):
        require_valid({"additional_information": {"custom_details": details}})


@pytest.mark.parametrize(
    "report", [{}, {"version": "2"}, {"explanations": {}}, {"explanations": {"pdp": []}}, {"explanations": []}, [1]]
)
def test_reports_of_another_shape_leave_the_card_without_them(report: dict[str, Any]) -> None:
    """An empty or unknown report adds nothing and spoils nothing."""
    names = [item["name"] for item in build(statistics=report, analysis=report)["evaluation_details"]]
    assert names == ["Candidate metrics", "Candidates"]


@pytest.mark.parametrize(
    "section",
    [
        None,
        [],
        {"confusion_matrix": {"a": 1}},
        {"confusion_matrix": [[1]]},
        {"receiver_operating_characteristic_curve": [1, 2]},
        {"receiver_operating_characteristic_curve": {"false_positive_rates": 1}},
        {"accuracy": 0.5},
    ],
)
def test_a_section_of_another_shape_says_nothing(section: Any) -> None:
    """Unknown formats never fail a good registration."""
    assert evaluation_groups({"binary_classification_metrics": section}) in (
        [],
        # A matrix whose row is no row has a label, and no count.
        evaluation_groups({"binary_classification_metrics": {"confusion_matrix": {"a": {}}}}),
    )


def test_a_label_without_figures_has_no_row() -> None:
    """The service writes NaN for a label that the validation data lacks; that is not zero."""
    matrix = {"a": {"a": 3, "b": 1}, "b": {"a": "NaN", "b": "NaN"}}
    ((drawn,),) = (
        group["metric_data"]
        for group in evaluation_groups({"binary_classification_metrics": {"confusion_matrix": matrix}})
    )
    assert (drawn["y_axis_name"], drawn["x_axis_name"], drawn["value"]) == (["a"], ["a", "b"], [[3, 1]])


def test_large_reports_are_cut_to_the_cards_limits() -> None:
    """Curves keep their ends, matrices their heaviest labels, importance its largest features; labels stay short."""
    points = [number / 9999 for number in range(10_000)]
    labels = {f"label {number} " + "x" * 80: number for number in range(50)}
    statistics = {
        "multiclass_classification_metrics": {
            "confusion_matrix": {row: dict.fromkeys(labels, weight) for row, weight in labels.items()},
            "precision_recall_curve": {"recalls": points, "precisions": points[::-1]},
        }
    }
    (group,) = evaluation_groups(statistics)
    matrix, curve = group["metric_data"]
    assert len(matrix["value"]) == len(matrix["value"][0]) == len(matrix["x_axis_name"]) == MOST_MATRIX_ROWS
    assert matrix["x_axis_name"][0].startswith("label 49 ")
    assert max(map(len, matrix["x_axis_name"])) <= 63
    assert len(curve["value"]) == MOST_CURVE_POINTS
    assert (curve["value"][0], curve["value"][-1]) == ([0.0, 1.0], [1.0, 0.0])
    shap = {
        "explanations": {"kernel_shap": {"label0": {"global_shap_values": {f"f{n}": n - 1500 for n in range(3000)}}}}
    }
    (importance,) = importance_groups(shap)
    assert len(importance["metric_data"][0]["value"]) == MOST_FEATURES
    assert importance["metric_data"][0]["x_axis_name"][0] == "f0"
    require_valid({"evaluation_details": [{"name": "x", "metric_groups": [group, importance]}]})
