"""What a job's status means."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.session import get_session

from airflow_sagemaker_automl.core.job import FINISHED, AutoMLJob, JobStatus
from airflow_sagemaker_automl.exceptions import (
    AutoMLError,
    AutoMLJobFailed,
    AutoMLJobStopped,
    AutoMLJobTimedOut,
    NoBestCandidate,
    UnknownStatus,
)

CREATED = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEST = {
    "CandidateName": "best",
    "ObjectiveStatus": "Succeeded",
    "CandidateStatus": "Completed",
    "CandidateSteps": [],
    "CreationTime": CREATED,
    "LastModifiedTime": CREATED,
    "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Type": "Maximize", "Value": 0.9},
}


def described(**members: Any) -> dict[str, Any]:
    """Write an answer of ``DescribeAutoMLJobV2`` with the members that the service model requires."""
    return {
        "AutoMLJobName": "job",
        "AutoMLJobArn": "arn:aws:sagemaker:us-east-1:123456789012:automl-job/job",
        "AutoMLJobInputDataConfig": [],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "RoleArn": "arn:aws:iam::123456789012:role/role",
        "CreationTime": CREATED,
        "LastModifiedTime": CREATED,
        "AutoMLJobStatus": "InProgress",
        "AutoMLJobSecondaryStatus": "Starting",
        "AutoMLProblemTypeConfigName": "Tabular",
        **members,
    }


def test_the_statuses_are_those_of_the_service() -> None:
    """The vocabulary is total over botocore's own."""
    model = get_session().get_service_model("sagemaker")
    assert {status.value for status in JobStatus} == set(model.shape_for("AutoMLJobStatus").metadata["enum"])


def test_an_unknown_status_is_an_error() -> None:
    """A status that the service has learned since is never taken for a known one."""
    with pytest.raises(UnknownStatus, match="'Paused'"):
        AutoMLJob.from_api(described(AutoMLJobStatus="Paused"))


@pytest.mark.parametrize("status", list(JobStatus))
def test_only_three_statuses_are_final(status: JobStatus) -> None:
    """In progress and stopping are not the end."""
    job = AutoMLJob.from_api(described(AutoMLJobStatus=status.value))
    assert job.is_finished == (status in FINISHED) == (status.value in ("Completed", "Failed", "Stopped"))


@pytest.mark.parametrize(
    ("members", "error", "words"),
    [
        ({"AutoMLJobStatus": "Failed", "FailureReason": "No data."}, AutoMLJobFailed, "job failed: No data."),
        ({"AutoMLJobStatus": "Failed"}, AutoMLJobFailed, "gives no reason"),
        ({"AutoMLJobStatus": "Stopped"}, AutoMLJobStopped, "was stopped"),
        ({"AutoMLJobStatus": "Stopped", "BestCandidate": BEST}, AutoMLJobStopped, "was stopped"),
        (
            {"AutoMLJobStatus": "Completed", "AutoMLJobSecondaryStatus": "MaxAutoMLJobRuntimeReached"},
            NoBestCandidate,
            "(MaxAutoMLJobRuntimeReached) without a best candidate",
        ),
    ],
)
def test_every_bad_ending_is_an_error_of_its_own(members: dict[str, Any], error: type[AutoMLError], words: str) -> None:
    """Nothing but a completed job with a best candidate is a success; the message has name and reason."""
    job = AutoMLJob.from_api(described(**members), console_url="https://console/jobs")
    with pytest.raises(error) as raised:
        job.raise_for_status()
    assert words in str(raised.value)
    assert "AutoML job job" in str(raised.value)
    assert "https://console/jobs" in str(raised.value)


@pytest.mark.parametrize(
    "members", [{}, {"AutoMLJobStatus": "Stopping"}, {"AutoMLJobStatus": "Completed", "BestCandidate": BEST}]
)
def test_a_job_that_runs_or_has_a_model_is_no_error(members: dict[str, Any]) -> None:
    """Looking at a running or a well completed job raises nothing."""
    job = AutoMLJob.from_api(described(**members))
    job.raise_for_status()
    assert job.has_model == ("BestCandidate" in members)


def test_the_result_is_json_and_keeps_the_figures() -> None:
    """What goes to XCom survives JSON and has the names that downstream tasks read."""
    job = AutoMLJob.from_api(
        described(
            AutoMLJobStatus="Completed",
            AutoMLJobSecondaryStatus="Completed",
            EndTime=CREATED + timedelta(minutes=5),
            BestCandidate=BEST,
            ResolvedAttributes={
                "AutoMLProblemTypeResolvedAttributes": {
                    "TabularResolvedAttributes": {"ProblemType": "BinaryClassification"}
                }
            },
        )
    )
    result = json.loads(json.dumps(job.to_json()))
    assert result["elapsed_seconds"] == 300
    assert (result["problem_type"], result["resolved_problem_type"]) == ("Tabular", "BinaryClassification")
    assert (result["objective"], result["best_candidate"]["objective_value"]) == ("F1", 0.9)
    assert result["ended"] == "2026-11-20T12:05:00+00:00"


def test_errors_survive_pickling_with_their_job() -> None:
    """Errors cross process borders; the job comes along."""
    job = AutoMLJob.from_api(described(AutoMLJobStatus="Failed", FailureReason="No data."))
    for error in (AutoMLJobFailed(job), AutoMLJobTimedOut(job, 60.0)):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (type(copy), str(copy), copy.job) == (type(error), str(error), job)
    assert "within 60 s" in str(AutoMLJobTimedOut(job, 60.0))


def test_a_job_just_created_is_known_from_its_request() -> None:
    """After CreateAutoMLJobV2, which answers with an ARN only, the request tells the rest."""
    request = {
        "AutoMLJobName": "job",
        "AutoMLProblemTypeConfig": {"TimeSeriesForecastingJobConfig": {}},
        "AutoMLJobObjective": {"MetricName": "MAPE"},
        "AutoMLJobInputDataConfig": [
            {"DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/train"}}},
            {"ChannelType": "validation", "DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/validation"}}},
        ],
    }
    job = AutoMLJob.just_created(request, "arn")
    assert (job.status, job.problem_type, job.objective) == (JobStatus.IN_PROGRESS, "TimeSeriesForecasting", "MAPE")
    assert job.channels == {"training": "s3://bucket/train", "validation": "s3://bucket/validation"}
    assert not job.is_finished
