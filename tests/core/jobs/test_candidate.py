"""Candidates as the service reports them, with all optional members missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_sagemaker_automl import CandidateNotRegistrable
from airflow_sagemaker_automl.core.jobs.candidate import Candidate, Metric, leaderboard


def described(name: str = "best", **members: Any) -> dict[str, Any]:
    """Write an ``AutoMLCandidate`` with the members that the service model requires."""
    return {
        "CandidateName": name,
        "ObjectiveStatus": "Succeeded",
        "CandidateStatus": "Completed",
        "CandidateSteps": [],
        **members,
    }


def objective(value: float, metric: str = "F1", direction: str = "Maximize") -> dict[str, Any]:
    """Write its ``FinalAutoMLJobObjectiveMetric``."""
    return {"FinalAutoMLJobObjectiveMetric": {"MetricName": metric, "Type": direction, "Value": value}}


def test_only_what_the_model_requires_is_needed() -> None:
    """A candidate without objective, metrics, containers and reports can be read."""
    candidate = Candidate.from_api(described())
    assert candidate.objective is None
    assert candidate.metrics == ()
    assert candidate.containers == ()
    assert candidate.to_json()["objective_value"] is None
    assert candidate.training_job is None


def test_the_last_training_step_has_made_the_model() -> None:
    """The data is prepared before, in a separate training job."""
    kinds = {"data": "ProcessingJob", "prepare": "TrainingJob", "apply": "TransformJob", "train": "TrainingJob"}
    steps = [
        {"CandidateStepType": f"AWS::SageMaker::{kind}", "CandidateStepArn": f"arn:{name}", "CandidateStepName": name}
        for name, kind in kinds.items()
    ]
    assert Candidate.from_api(described(CandidateSteps=steps)).training_job == "train"
    assert Candidate.from_api(described(CandidateSteps=steps[:1])).training_job is None


def test_the_standard_name_of_a_metric_comes_first() -> None:
    """LogLoss has only a standard name; if both names are present they may differ."""
    data = [
        {"StandardMetricName": "LogLoss", "Value": 0.1, "Set": "Validation"},
        {"MetricName": "F1", "StandardMetricName": "F1macro", "Value": 0.9, "Set": "Test"},
        {"MetricName": "AUC", "Value": 0.8},
        {"MetricName": "R2", "Value": float("nan"), "Set": "Test"},
        {"MetricName": "MAPE", "Value": "Infinity", "Set": "Test"},
        {"Value": 0.5, "Set": "Test"},
    ]
    candidate = Candidate.from_api(described(CandidateProperties={"CandidateMetrics": data}))
    assert candidate.metrics == (
        Metric("LogLoss", 0.1, "Validation"),
        Metric("F1macro", 0.9, "Test"),
        Metric("AUC", 0.8, None),
    )
    assert candidate.metrics_by_set() == {
        "Validation": {"LogLoss": 0.1},
        "Test": {"F1macro": 0.9},
        "Unknown": {"AUC": 0.8},
    }


@pytest.mark.parametrize("value", ["NaN", "-Infinity", float("inf")])
def test_an_objective_that_is_no_number_is_none(value: Any) -> None:
    """AWS's JSON protocol has what is not finite as texts, and botocore hands them on."""
    answer = described(FinalAutoMLJobObjectiveMetric={"MetricName": "F1", "Type": "Maximize", "Value": value})
    assert Candidate.from_api(answer).objective is None


@pytest.mark.parametrize(("direction", "expected"), [("Maximize", "bac"), ("Minimize", "acb")])
def test_the_leaderboard_knows_the_direction(direction: str, expected: str) -> None:
    """Candidates are ranked best first in either direction; a candidate without a metric value is last."""
    values = {"a": 0.2, "b": 0.9, "c": 0.2 if direction == "Maximize" else 0.5}
    candidates = [
        Candidate.from_api(described(name, **objective(value, "X", direction))) for name, value in values.items()
    ]
    candidates.insert(1, Candidate.from_api(described("unfinished")))
    assert [candidate.name for candidate in leaderboard(candidates)] == [*expected, "unfinished"]


def test_the_leaderboard_knows_errors_without_being_told() -> None:
    """If the service omits the direction, an error metric is still minimized."""
    value = {"MetricName": "RMSE", "Value": 1.0}
    candidates = [
        Candidate.from_api(described(name, FinalAutoMLJobObjectiveMetric={**value, "Value": error}))
        for name, error in (("bad", 9.0), ("good", 1.0))
    ]
    assert [candidate.name for candidate in leaderboard(candidates)] == ["good", "bad"]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"CandidateStatus": "Failed"}, "its status is Failed"),
        ({}, "returned no inference container"),
    ],
)
def test_a_candidate_without_a_model_is_not_registered(members: dict[str, Any], words: str) -> None:
    """The error names job, candidate and reason."""
    with pytest.raises(CandidateNotRegistrable, match=words) as raised:
        Candidate.from_api(described(**members)).require_registrable("job")
    assert "Candidate 'best' of AutoML job job" in str(raised.value)


def test_the_result_is_json() -> None:
    """The result that goes to XCom survives a JSON round trip."""
    candidate = Candidate.from_api(described(**objective(0.5)))
    assert json.loads(json.dumps(candidate.to_json()))["objective_value"] == 0.5
