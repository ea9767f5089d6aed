"""The champion's metrics: those that registration recorded, otherwise those of its report."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl.core.registry.champion import is_same_model, read_champion, report_of, with_report
from airflow_sagemaker_automl.core.values.canonical import compact
from tests.core.gate.test_quality_gate import candidate, job
from tests.support.cards import build

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3"
METADATA = {"objective_metric": "F1", "objective_type": "Maximize", "objective_value": "0.75"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "metric_groups", "metric_data", "value", "training_metrics", "Statistics"]), inner
        )
    ),
    max_leaves=8,
)


def version(card: Any = None, **members: Any) -> dict[str, Any]:
    """Make the description of a version.

    :param card: content of its card, as a text or as the parsed value.
    """
    content = card if isinstance(card, str) or card is None else json.dumps(card)
    return {
        "ModelPackageArn": ARN,
        "ModelPackageGroupName": "churn",
        "ModelPackageVersion": 3,
        "CreationTime": datetime(2026, 11, 20, tzinfo=UTC),
        **({"ModelCard": {"ModelCardContent": content}} if content is not None else {}),
        **members,
    }


def evaluation(**figures: float) -> dict[str, Any]:
    """Make an evaluation as on a card that this package built."""
    data = [{"name": name, "type": "number", "value": value} for name, value in figures.items()]
    return {"name": "Candidate metrics", "metric_groups": [{"name": "Validation data", "metric_data": data}]}


def test_the_metadata_come_before_the_card() -> None:
    """Users edit cards: the metadata takes precedence, other metrics come from the card, and differences are known."""
    champion = read_champion(version(compact(build()), CustomerMetadataProperties=METADATA))
    assert (champion.model_package_arn, champion.objective, champion.objective_type) == (ARN, "F1", "Maximize")
    assert champion.figures == {"Validation": {"F1": 0.75}, "Test": {"F1": 0.92}}
    assert champion.contradicted == {"Validation": {"F1": 0.96}}
    agreeing = {**METADATA, "objective_value": "0.96"}
    assert read_champion(version(compact(build()), CustomerMetadataProperties=agreeing)).contradicted == {}


def test_a_direction_that_nobody_recorded_is_that_of_the_metric() -> None:
    """If registration knew only the tuning job's name of the objective, the metric's own direction applies."""
    metadata = {"objective_metric": "validation:mse", "objective_value": "4.0"}
    function = {"function": "Maximize", "facet": "validation:mse"}
    card = {"training_details": {"objective_function": {"function": function}}}
    for described in (version(card, CustomerMetadataProperties=metadata), version(card)):
        champion = read_champion(described)
        assert (champion.objective, champion.objective_type) == ("MSE", "Minimize")
    assert read_champion(version(CustomerMetadataProperties=metadata)).figures == {"Validation": {"MSE": 4.0}}
    of_training = {"objective_metric": "train:mse", "objective_value": "4.0"}
    assert read_champion(version(CustomerMetadataProperties=of_training)).figures == {"Train": {"MSE": 4.0}}


def test_the_metadata_have_the_objective() -> None:
    """The objective is in the metadata, also without a card or with a card that a user replaced."""
    for card in (None, "", "none", "[]", {"evaluation_details": 1}, {"evaluation_details": [1, {"name": "Mine"}]}):
        champion = read_champion(version(card, CustomerMetadataProperties=METADATA))
        assert (champion.objective, champion.figures) == ("F1", {"Validation": {"F1": 0.75}})


def test_a_card_that_was_cut_has_its_training_metrics() -> None:
    """Training metrics and the objective are kept when the evaluation is omitted because of the card's length."""
    card = {**build(), "evaluation_details": []}
    champion = read_champion(version(card))
    assert (champion.objective, champion.figures) == ("F1", {"Validation": {"F1": 0.96}, "Test": {"F1": 0.92}})


def test_an_authors_evaluation_of_that_name_comes_second() -> None:
    """Metrics that registration recorded take precedence; further ones are added."""
    card = {"evaluation_details": [evaluation(F1=0.1, AUC=0.7), evaluation(F1=0.9)]}
    assert read_champion(version(card)).figures == {"Validation": {"F1": 0.9, "AUC": 0.7}}


@pytest.mark.parametrize("value", ["nan", "", "high", "1e999"])
def test_an_objective_without_a_number_is_an_objective(value: str) -> None:
    """The objective's name is known even without a value."""
    champion = read_champion(version(CustomerMetadataProperties={**METADATA, "objective_value": value}))
    assert (champion.objective, champion.figures) == ("F1", {})


def test_a_version_that_somebody_registered_by_hand_has_nothing() -> None:
    """A version that was registered by hand has no metrics; the gate's options define the effect."""
    champion = read_champion(version())
    assert (champion.objective, champion.figures) == (None, {})


@pytest.mark.parametrize(
    ("section", "figures", "read"),
    [
        (
            "binary_classification_metrics",
            {"accuracy": 0.9, "auc": 0.8, "f1": 0.7, "f2": 0.6, "recall": "NaN", "au_prc": 0.5},
            {"Accuracy": 0.9, "AUC": 0.8, "F1": 0.7},
        ),
        ("multiclass_classification_metrics", {"accuracy": 0.9, "weighted_f1": 0.8}, {"Accuracy": 0.9}),
        (
            "regression_metrics",
            {"mae": 1, "mse": 4, "rmse": 2, "r2": 0.5},
            {"MAE": 1, "MSE": 4, "RMSE": 2, "R2": 0.5},
        ),
        ("forecast_metrics", {"mape": 0.5}, {}),
    ],
)
def test_a_reports_figures_have_the_services_names(
    section: str, figures: dict[str, Any], read: dict[str, float]
) -> None:
    """Only equivalent metrics are renamed; a weighted mean over classes is not a plain mean."""
    report = {section: {name: {"value": value, "standard_deviation": "NaN"} for name, value in figures.items()}}
    assert with_report(read_champion(version()), report).figures == {"Validation": read}


def test_what_is_recorded_wins_over_the_report() -> None:
    """The report adds only missing metrics."""
    champion = read_champion(version(CustomerMetadataProperties=METADATA))
    report = {"binary_classification_metrics": {"f1": {"value": 0.5}, "auc": {"value": 0.9}}}
    assert with_report(champion, report).figures == {"Validation": {"F1": 0.75, "AUC": 0.9}}


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://bucket/insights/statistics.json", ("s3://bucket/insights", "statistics.json")),
        ("s3://bucket/report.json", ("s3://bucket", "report.json")),
        ("s3://bucket", None),
        ("s3://bucket/", None),
        ("https://example.com/report.json", None),
        (7, None),
    ],
)
def test_a_report_is_read_from_s3_only(uri: Any, place: Any) -> None:
    """The metrics of a manually registered version may contain any URI."""
    assert report_of(version(ModelMetrics={"ModelQuality": {"Statistics": {"S3Uri": uri}}})) == place
    assert report_of(version(ModelMetrics={"ModelQuality": {}})) is None


def test_a_version_of_the_same_candidate_is_the_same_model() -> None:
    """The same job and candidate are the same model; a job of this name in another account is not."""
    names = {"automl_job_name": job().name, "candidate_name": "best"}

    def is_same(metadata: Any = names, made_by: str | None = None) -> bool:
        members = {"MetadataProperties": {"GeneratedBy": made_by}} if made_by else {}
        return is_same_model(version(CustomerMetadataProperties=metadata, **members), job(), candidate())

    assert is_same()
    assert is_same(made_by=job().arn)
    assert is_same(made_by="somebody")
    assert not is_same(made_by=job().arn.replace("123456789012", "210987654321"))
    assert not is_same({**names, "candidate_name": "other"})
    assert not is_same({})
    assert not is_same(None)


@given(details=JSON, metadata=st.dictionaries(st.sampled_from(list(METADATA)), st.text(max_size=4)), report=JSON)
def test_whatever_people_have_written_is_read(details: Any, metadata: dict[str, str], report: Any) -> None:
    """A card with any content and a report of any form give numeric metrics or none."""
    card: dict[str, Any] = {"evaluation_details": [{"name": "Candidate metrics", "metric_groups": details}, details]}
    card["training_details"] = {"training_job_details": details}
    described = version(card, CustomerMetadataProperties=metadata, ModelMetrics={"ModelQuality": details})
    champion = with_report(read_champion(described), {"regression_metrics": report, "x": report})
    report_of(described)
    assert all(math.isfinite(value) for figures in champion.figures.values() for value in figures.values())
