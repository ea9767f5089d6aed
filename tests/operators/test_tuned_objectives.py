"""A tuning job's objective, from the answer of the service to card, verdict, lineage and XCom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_sagemaker_automl import ModelVersion, SageMakerAutoMLHook
from airflow_sagemaker_automl.core.jobs.candidate import leaderboard
from airflow_sagemaker_automl.core.registry.lineage import job_facts, version_facts
from tests.support.cards import evaluation
from tests.support.gating import gate_task, registration
from tests.support.jobs import start, tabular_request, unique, wait
from tests.support.plain_http import send
from tests.support.scripts import CONTAINERS
from tests.support.versions import described, make_group, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ERRORS = {"a": 9.0, "b": 4.0, "c": 25.0}


def tuned(name: str, value: float, metric: str = "validation:mse", standard: str | None = "MSE") -> dict[str, Any]:
    """Describe a candidate as a job in mode HYPERPARAMETER_TUNING does."""
    data = [{"MetricName": standard, "StandardMetricName": standard, "Set": "Validation", "Value": value}]
    return {
        "CandidateName": name,
        "FinalAutoMLJobObjectiveMetric": {"MetricName": metric, "Value": value},
        "InferenceContainers": CONTAINERS,
        "CandidateProperties": {"CandidateMetrics": data if standard else []},
    }


def tuning_job(
    sagemaker: SageMakerClient, url: str, *candidates: dict[str, Any], best: str, objective: str | None = "MSE"
) -> str:
    """Let a regression in mode HYPERPARAMETER_TUNING end.

    :return: its name.
    """
    resolved: dict[str, Any] = {
        "AutoMLProblemTypeResolvedAttributes": {"TabularResolvedAttributes": {"ProblemType": "Regression"}}
    }
    if objective:
        resolved["AutoMLJobObjective"] = {"MetricName": objective}
    script = {
        "Candidates": [{"Candidate": candidate} for candidate in candidates],
        "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": best},
        "ResolvedAttributes": resolved,
    }
    name = unique()
    assert send(f"{url}/automl-emulator/scripts/{name}?job-names={name}", "PUT", script)[0] == 201
    start(sagemaker, tabular_request("s3://automl-demo/none/", Mode="HYPERPARAMETER_TUNING"), name)
    wait(sagemaker, name)
    return name


@pytest.fixture
def job(sagemaker: SageMakerClient, emulator_url: str) -> str:
    """Name of a job with three candidates, of which the second has the smallest error."""
    candidates = [tuned(name, value) for name, value in ERRORS.items()]
    return tuning_job(sagemaker, emulator_url, *candidates, best="b")


def test_job_and_candidates_know_what_is_minimised(job: str) -> None:
    """In XCom and lineage by the standard name, and the candidate with the smallest error comes first."""
    hook = SageMakerAutoMLHook(aws_conn_id="aws_default")
    seen = hook.describe_job(job)
    told = seen.to_json()
    assert (told["objective"], told["objective_type"]) == ("MSE", "Minimize")
    best = told["best_candidate"]
    assert (best["objective_metric"], best["objective_type"], best["objective_value"]) == ("MSE", "Minimize", 4.0)
    assert best["metrics"] == {"Validation": {"MSE": 4.0}}
    facts = job_facts(seen)
    assert (facts["objectiveMetric"], facts["objectiveType"]) == ("MSE", "Minimize")
    ranked = leaderboard(hook.candidates(seen))
    assert [candidate.name for candidate in ranked] == ["b", "a", "c"]
    assert all(candidate.objective and candidate.objective.is_minimised for candidate in ranked)


def test_a_larger_error_does_not_beat_the_champion(context: Any, job: str, sagemaker: SageMakerClient) -> None:
    """Registered with its standard name and direction, which metadata, card, event and lineage tell."""
    group = make_group(sagemaker)
    arn = registration(job, group, approval_status="Approved").execute(context)["model_package_arn"]
    version = described(sagemaker, arn)
    metadata = version["CustomerMetadataProperties"]
    assert (metadata["objective_metric"], metadata["objective_type"]) == ("MSE", "Minimize")
    card = json.loads(version["ModelCard"]["ModelCardContent"])
    function = card["training_details"]["objective_function"]["function"]
    assert function == {"function": "Minimize", "facet": "MSE"}
    (group_of_metrics,) = evaluation(card, "Candidates")["metric_groups"]
    (chart,) = group_of_metrics["metric_data"]
    assert (chart["name"], chart["x_axis_name"], chart["value"]) == ("MSE", ["b", "a", "c"], [4.0, 9.0, 25.0])
    assert ModelVersion.from_description(version).objective_type == "Minimize"
    assert version_facts(version)["objectiveType"] == "Minimize"
    for name, error in (("a", 5), ("c", 21)):
        with pytest.raises(AirflowSkipException, match=rf"> champion 4 \(version 1\): worse by {error};"):
            gate_task(job, group, candidate_name=name).execute(context)


def test_a_version_of_an_earlier_registration_is_a_champion(context: Any, job: str, sagemaker: SageMakerClient) -> None:
    """Its metadata have the tuning job's name of the metric, and no direction."""
    group = make_group(sagemaker)
    recorded = {"objective_metric": "validation:mse", "objective_value": "4.0"}
    register(sagemaker, group, ModelApprovalStatus="Approved", CustomerMetadataProperties=recorded)
    with pytest.raises(AirflowSkipException, match=r"25 > champion 4 \(version 1\): worse by 21"):
        gate_task(job, group, candidate_name="c").execute(context)


def test_an_objective_that_nobody_knows_is_not_ranked(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """The leaderboard stays in the service's order, the card has no direction, and a comparison fails the task."""
    candidates = [tuned(name, value, "validation:novel", None) for name, value in ERRORS.items()]
    job = tuning_job(sagemaker, emulator_url, *candidates, best="b", objective=None)
    hook = SageMakerAutoMLHook(aws_conn_id="aws_default")
    seen = hook.describe_job(job)
    assert (seen.objective, seen.objective_type) == ("validation:novel", None)
    assert [candidate.name for candidate in leaderboard(hook.candidates(seen))] == ["a", "b", "c"]
    group = make_group(sagemaker)
    arn = registration(job, group, approval_status="Approved").execute(context)["model_package_arn"]
    version = described(sagemaker, arn)
    assert "objective_type" not in version["CustomerMetadataProperties"]
    card = json.loads(version["ModelCard"]["ModelCardContent"])
    objective = card["training_details"]["objective_function"]
    assert objective["function"] == {"facet": "validation:novel"}
    assert objective["notes"].endswith("It is unknown which direction is better.")
    board = evaluation(card, "Candidates")
    assert board["evaluation_observation"] == "3 of 3 candidates, in order of creation."
    with pytest.raises(
        AirflowFailException, match="unknown whether higher or lower values of validation:novel are better"
    ):
        gate_task(job, group, candidate_name="c").execute(context)


def test_a_candidate_that_says_nothing_standard_has_the_objective_of_the_job(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """In the list of candidates as in the description of the job."""
    candidates = [tuned(name, value, "validation:novel", None) for name, value in ERRORS.items()]
    job = tuning_job(sagemaker, emulator_url, *candidates, best="b")
    hook = SageMakerAutoMLHook(aws_conn_id="aws_default")
    assert [each.name for each in leaderboard(hook.candidates(hook.describe_job(job)))] == ["b", "a", "c"]
    gate = {"thresholds": [{"metric": "MSE", "maximum": 10}]}
    assert gate_task(job, "houses", gate).execute(context)["approved"]
    with pytest.raises(AirflowSkipException, match="MSE on validation data at most 10: it is 25"):
        gate_task(job, "houses", gate, candidate_name="c").execute(context)
