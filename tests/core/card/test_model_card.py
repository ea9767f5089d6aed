"""A card is built from evidence, and the author's part takes precedence."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from airflow_sagemaker_automl import BusinessDetails, Evaluation, IntendedUses, InvalidModelCard, ModelCard
from airflow_sagemaker_automl.core.card.schema import without_breaches
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from tests.core.jobs.test_candidate import described, objective
from tests.support.cards import (
    ANALYSIS,
    CANDIDATE,
    CONTAINER,
    JOB,
    OTHER,
    STATISTICS,
    TEXTS,
    VERDICT,
    bars,
    build,
    evaluation,
    metric,
    require_sendable,
)

__all__ = ["CANDIDATE"]


def test_the_card_holds_the_evidence() -> None:
    """Metrics, containers, data, settings and provenance come from job, candidates and reports."""
    card = build()
    training = card["training_details"]
    assert training["objective_function"]["function"] == {"function": "Maximize", "facet": "F1"}
    details = training["training_job_details"]
    assert details["training_arn"] == JOB["AutoMLJobArn"]
    assert details["training_datasets"] == ["s3://bucket/train/", "s3://bucket/validation/"]
    assert details["training_environment"] == {"container_image": ["image:1"]}
    assert {"name": "F1 (Test)", "value": 0.92} in details["training_metrics"]
    assert {entry["name"]: entry["value"] for entry in details["hyper_parameters"]} == {
        "TargetAttributeName": "churned",
        "Mode": "ENSEMBLING",
        "GenerateCandidateDefinitionsOnly": "false",
        "CompletionCriteria.MaxCandidates": "2",
        "CandidateGenerationConfig.AlgorithmsConfig[0].AutoMLAlgorithms": "lightgbm, xgboost",
        "ResolvedAttributes.AutoMLProblemTypeResolvedAttributes.TabularResolvedAttributes.ProblemType": (
            "BinaryClassification"
        ),
    }
    assert card["model_overview"]["model_artifact"] == ["s3://bucket/model.tar.gz"]
    assert card["additional_information"]["custom_details"] == {
        "AutoML job": "job",
        "Candidate": "job-lightgbm",
        "Job status": "Completed (Starting)",
        "Airflow DAG": "dag",
        "Airflow run": "run",
        "Airflow task": "register",
        "Commit": "0a1b2c",
        "Repository": "https://example.com/repo",
    }
    leaderboard = metric(card, "Candidates", "F1")
    assert bars(leaderboard) == {"lightgbm": 0.96, "forest": 0.91}
    assert leaderboard["notes"] == "Registered: job-lightgbm, number 1 of 2."
    require_sendable(card)


def test_two_channels_of_one_type_are_both_named() -> None:
    """A job may have several channels of one type."""
    channels = [{"DataSource": {"S3DataSource": {"S3Uri": f"s3://bucket/{part}/"}}} for part in "ab"]
    card = build(job={**JOB, "AutoMLJobInputDataConfig": channels})
    named = card["training_details"]["training_job_details"]["training_datasets"]
    assert named == ["s3://bucket/a/", "s3://bucket/b/"]


def test_of_hundreds_of_settings_the_first_hundred_are_listed() -> None:
    """A forecast of many columns has a filling for each; the card gives their number."""
    filling = {f"column_{place}": {"middlefill": "zero"} for place in range(130)}
    config = {"TimeSeriesForecastingJobConfig": {"Transformations": {"Filling": filling}}}
    training = build(job={**JOB, "AutoMLProblemTypeConfig": config})["training_details"]
    settings = training["training_job_details"]["hyper_parameters"]
    assert (len(settings), settings[99]["name"]) == (100, "Transformations.Filling.column_99.middlefill")
    assert training["training_observations"].endswith("The first 100 of its 131 settings are listed.")


def test_what_was_asked_for_is_known_as_soon_as_the_job_is_created() -> None:
    """The settings come from the request until the service describes the job."""
    request = {**JOB, "AutoMLJobObjective": {"MetricName": "F1"}, "DataSplitConfig": {"ValidationFraction": 0.2}}
    job = AutoMLJob.just_created(request, "arn")
    assert job.settings["DataSplitConfig"] == {"ValidationFraction": 0.2}
    assert job.settings["AutoMLJobObjective"] == {"MetricName": "F1"}
    assert job.settings["Mode"] == "ENSEMBLING"
    assert job.datasets == ("s3://bucket/train/", "s3://bucket/validation/")


def test_the_verdict_of_a_quality_gate_is_on_the_card() -> None:
    """The card says for each rule whether it is satisfied, with the metric values."""
    card = build(verdict=VERDICT)
    gate = evaluation(card, "Quality gate")
    assert gate["evaluation_observation"] == "The quality gate has not approved this model."
    assert gate["metadata"] == {"champion": "arn:of-the-champion"}
    assert [(rule["name"], rule["value"], rule["notes"]) for rule in gate["metric_groups"][0]["metric_data"]] == [
        ("F1 at least", True, "value 0.96, limit 0.9: is good enough"),
        ("beats the champion", False, "value 0.96: there is none"),
    ]
    said = card["additional_information"]["custom_details"]["Quality gate"]
    assert said == "The quality gate has not approved this model."
    assert "Quality gate" not in build()["additional_information"]["custom_details"]


@pytest.mark.parametrize(
    "verdict",
    [
        {"approved": "perhaps"},
        {"rules": 5},
        {"rules": [None, {}, {"name": 5}, {"passed": "no", "value": float("nan")}]},
        {"approved": True, "rules": [{"name": "x" * 999, "passed": True, "reason": ["a"]}], "more": {"a": [1]}},
        [1],
        "approved",
    ],
)
def test_a_verdict_of_any_shape_does_no_harm(verdict: Any) -> None:
    """A verdict that cannot be read is left out."""
    require_sendable(build(verdict=verdict))


def test_the_registered_candidate_is_on_the_leaderboard_of_hundreds() -> None:
    """Of 750 candidates the best 49 are shown, and the registered one with its rank."""
    many = [described(f"job-{place}", **objective(place / 1000)) for place in range(1, 750)]
    registered = described("job-last", InferenceContainers=[CONTAINER], **objective(0.0))
    card = build(candidates=[*many, registered])
    chart = metric(card, "Candidates", "F1")
    assert len(chart["value"]) == 50
    assert (chart["value"][0], chart["x_axis_name"][0]) == (0.749, "749")
    assert (chart["value"][-1], chart["x_axis_name"][-1]) == (0.0, "last")
    assert chart["notes"] == "Registered: job-last, number 750 of 750."
    assert evaluation(card, "Candidates")["evaluation_observation"].startswith("50 of 750 candidates")
    require_sendable(card)


def test_a_candidate_without_objective_has_no_place() -> None:
    """Text generation has no objective; the card then has neither objective nor leaderboard."""
    card = build(candidates=[described("job-only", InferenceContainers=[CONTAINER])])
    assert "objective_function" not in card["training_details"]
    assert "Candidates" not in [item["name"] for item in card["evaluation_details"]]


def test_numbers_that_are_none_are_left_out() -> None:
    """Reports have "NaN" as a text for a missing value; JSON does not support NaN."""
    text = require_sendable(build())
    assert "NaN" not in text
    names = [
        datum["name"] for datum in evaluation(json.loads(text), "Model insights")["metric_groups"][0]["metric_data"]
    ]
    assert "recall" in names
    assert "f2" not in names


def test_the_authors_words_win() -> None:
    """The author's part replaces built members one by one; evaluations are kept side by side."""
    card = build(
        ModelCard(
            intended_uses=IntendedUses(purpose_of_model="Triage", risk_rating="High"),
            business_details={"line_of_business": "Care"},
            training_details={"training_observations": "By hand."},
            evaluation_details=[Evaluation(name="Field trial")],
            additional_information={"custom_details": {"Ticket": "ML-1", "Airflow run": "mine"}},
        )
    )
    assert card["intended_uses"]["risk_rating"] == "High"
    assert card["business_details"] == BusinessDetails(line_of_business="Care").to_api()
    assert card["training_details"]["training_observations"] == "By hand."
    assert card["training_details"]["objective_function"]
    assert [item["name"] for item in card["evaluation_details"]][:2] == ["Field trial", "Candidate metrics"]
    details = card["additional_information"]["custom_details"]
    assert (details["Ticket"], details["Airflow run"], details["Airflow DAG"]) == ("ML-1", "mine", "dag")


def test_an_author_who_breaks_the_schema_is_told_every_place() -> None:
    """All violations are named with their paths before anything is sent."""
    with pytest.raises(InvalidModelCard) as raised:
        build({"intended_uses": {"risk_rating": "high"}, "business_details": {"owner": "me"}})
    assert str(raised.value).splitlines()[1:] == [
        "  model_card.business_details.owner = 'me' is not a member of business_details; it has business_problem, "
        "business_stakeholders, line_of_business",
        "  model_card.intended_uses.risk_rating = 'high' must be one of High, Medium, Low, Unknown; "
        "did you mean 'High'?",
    ]


@pytest.mark.parametrize("report", [{}, {"version": "2"}, {"explanations": {}}, {"explanations": []}, [1], [], 5])
def test_reports_of_another_shape_leave_the_card_without_them(report: Any) -> None:
    """An empty or unknown report adds nothing and does not fail."""
    names = [item["name"] for item in build(statistics=report, analysis=report)["evaluation_details"]]
    assert names == ["Candidate metrics", "Candidates"]


def test_what_a_report_has_of_no_known_format_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """One line per report, with its URI; a report of a known format has none."""
    with caplog.at_level(logging.INFO):
        build()
        assert caplog.messages == []
        strange = {**STATISTICS["binary_classification_metrics"], "gain_curve": [1, 2], "auc": 0.9}
        build(
            statistics={**STATISTICS, "binary_classification_metrics": strange, "lift": {}},
            analysis={**ANALYSIS, "explanations": {"pdp": 5, "attention": {"layer": {"weights": 1}}}},
        )
    assert caplog.messages == [
        "Report s3://bucket/s.json has parts in an unknown format, which are left out of the model card: "
        "binary_classification_metrics.gain_curve, binary_classification_metrics.auc, lift",
        "Report s3://bucket/a.json has parts in an unknown format, which are left out of the model card: "
        "explanations.attention layer, explanations.pdp",
    ]


def test_a_mistake_of_ours_costs_a_part_and_not_the_model(caplog: pytest.LogCaptureFixture) -> None:
    """A built part that violates the schema is left out with a log line; the rest of the card is kept."""
    card = build()
    card["evaluation_details"] += [
        {"name": "Wrong", "metric_groups": [{"name": "g", "metric_data": [{"name": "a", "type": "number"}]}]},
        {"name": "x" * 64},
    ]
    card["model_overview"] = {"model_artifact": "no list", "owner": "me"}
    card["unheard"] = float("nan")
    sound = without_breaches(card)
    require_sendable(sound)
    assert sound["model_overview"] == {}
    assert evaluation(sound, "Wrong")["metric_groups"] == [{"name": "g", "metric_data": []}]
    assert metric(sound, "Candidates", "F1")
    assert sorted(message.rpartition(": ")[2] for message in caplog.messages) == [
        "model_card.evaluation_details[6].metric_groups[0].metric_data[0]",
        "model_card.evaluation_details[7]",
        "model_card.model_overview.model_artifact",
        "model_card.model_overview.owner",
        "model_card.unheard",
    ]


def test_the_same_evidence_gives_the_same_card() -> None:
    """Registration is repeatable by content, so the card must not depend on the time."""
    assert build(verdict=VERDICT, analysis=TEXTS) == build(verdict=VERDICT, analysis=TEXTS)
    assert build(candidates=(OTHER, CANDIDATE)) == build(candidates=(OTHER, CANDIDATE))
