"""The meaning of a job's status."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.session import get_session

from airflow_sagemaker_automl import (
    AutoMLError,
    AutoMLJobError,
    AutoMLJobFailed,
    AutoMLJobFlawed,
    AutoMLJobStopped,
    AutoMLJobTimedOut,
    NoBestCandidate,
    UnknownStatus,
)
from airflow_sagemaker_automl.core.jobs.job import FINISHED, AutoMLJob, JobStatus
from airflow_sagemaker_automl.core.jobs.outcome import FLAWS, Acceptance, JobOutcome
from airflow_sagemaker_automl.core.jobs.partial_failure import FAILED_STEPS, FailedPart, JobPart

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


def refusing(*options: str) -> Acceptance:
    """Make an acceptance in which some options refuse."""
    given: dict[str, Any] = dict.fromkeys(options, "fail")
    return Acceptance(**given)


def test_the_statuses_are_those_of_the_service() -> None:
    """The vocabulary covers all statuses in botocore."""
    model = get_session().get_service_model("sagemaker")
    assert {status.value for status in JobStatus} == set(model.shape_for("AutoMLJobStatus").metadata["enum"])


def test_an_unknown_status_is_an_error() -> None:
    """A status that a newer service adds is never mistaken for a known one."""
    with pytest.raises(UnknownStatus, match="'Paused'"):
        AutoMLJob.from_api(described(AutoMLJobStatus="Paused"))


@pytest.mark.parametrize("status", list(JobStatus))
def test_only_three_statuses_are_final(status: JobStatus) -> None:
    """InProgress and Stopping are not final."""
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
    """Only a completed job with a best candidate is a success; the error has name and reason."""
    job = AutoMLJob.from_api(described(**members), console_url="https://console/jobs")
    with pytest.raises(error) as raised:
        job.raise_for_status()
    assert words in str(raised.value)
    assert "AutoML job job" in str(raised.value)
    assert "https://console/jobs" in str(raised.value)


ENDINGS: dict[JobOutcome, dict[str, Any]] = {
    JobOutcome.MODEL: {"AutoMLJobStatus": "Completed", "BestCandidate": BEST},
    JobOutcome.MODEL_AT_TIME_LIMIT: {
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "MaxAutoMLJobRuntimeReached",
        "BestCandidate": BEST,
    },
    JobOutcome.PARTIAL_MODEL: {
        "AutoMLJobStatus": "Completed",
        "PartialFailureReasons": [{"PartialFailureMessage": "2 of 10 candidates failed."}],
        "BestCandidate": BEST,
    },
    JobOutcome.MODEL_NOT_DEPLOYED: {
        "AutoMLJobStatus": "Completed",
        "ModelDeployConfig": {"AutoGenerateEndpointName": True},
        "BestCandidate": BEST,
    },
    JobOutcome.MODEL_WITHOUT_INSIGHTS: {
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "ModelInsightsError",
        "BestCandidate": BEST,
    },
    JobOutcome.MODEL_WITHOUT_EXPLANATION: {
        "AutoMLJobStatus": "Completed",
        "PartialFailureReasons": [{"PartialFailureMessage": "No explanation."}],
        "BestCandidate": BEST,
    },
    JobOutcome.DEFINITIONS_ONLY: {
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "CandidateDefinitionsGenerated",
    },
    JobOutcome.NO_CANDIDATE: {
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "MaxAutoMLJobRuntimeReached",
    },
    JobOutcome.STOPPED_WITH_CANDIDATE: {"AutoMLJobStatus": "Stopped", "BestCandidate": BEST},
    JobOutcome.STOPPED: {"AutoMLJobStatus": "Stopped"},
    JobOutcome.FAILED: {"AutoMLJobStatus": "Failed", "FailureReason": "No data."},
}


@pytest.mark.parametrize("outcome", list(JobOutcome))
def test_every_ending_has_a_name(outcome: JobOutcome) -> None:
    """Each outcome is determined from the service's answer and included in the result."""
    job = AutoMLJob.from_api(described(**ENDINGS[outcome]))
    assert job.outcome is outcome
    assert job.to_json()["outcome"] == outcome.value


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ({}, {JobOutcome.MODEL, *FLAWS}),
        *(({option: "fail"}, {JobOutcome.MODEL, *FLAWS} - {flaw}) for flaw, option in FLAWS.items()),
        (
            {"on_stopped": "pass", **dict.fromkeys(FLAWS.values(), "fail")},
            {JobOutcome.MODEL, JobOutcome.STOPPED_WITH_CANDIDATE},
        ),
        (
            {"on_no_candidate": "pass"},
            set(JobOutcome) - {JobOutcome.FAILED, JobOutcome.STOPPED, JobOutcome.STOPPED_WITH_CANDIDATE},
        ),
        ({"on_no_candidate": "skip"}, {JobOutcome.MODEL, *FLAWS}),
    ],
)
def test_options_say_which_endings_are_good_enough(options: dict[str, Any], taken: set[JobOutcome]) -> None:
    """All other outcomes are errors with the job; a failed job is always an error."""
    acceptance = Acceptance(**options)
    for outcome, members in ENDINGS.items():
        job = AutoMLJob.from_api(described(**members))
        if outcome in taken:
            job.raise_for_status(acceptance)
        else:
            with pytest.raises(AutoMLJobError) as raised:
                job.raise_for_status(acceptance)
            assert raised.value.job is job


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (
            JobOutcome.MODEL_AT_TIME_LIMIT,
            "the job reached its run-time limit (MaxAutoMLJobRuntimeReached; on_time_limit='fail'); raise the limit.",
        ),
        (
            JobOutcome.PARTIAL_MODEL,
            "parts of the job failed (on_partial_failure='fail'): candidate: 2 of 10 candidates failed.",
        ),
        (
            JobOutcome.MODEL_NOT_DEPLOYED,
            "it is not deployed (on_deployment_failure='fail'): deployment: ModelDeployConfig requests "
            "an endpoint, but there is none.",
        ),
        (
            JobOutcome.MODEL_WITHOUT_INSIGHTS,
            "it has no model insights report (on_insights_failure='fail'): insights: the service reports "
            "ModelInsightsError and gives no reason.",
        ),
        (
            JobOutcome.MODEL_WITHOUT_EXPLANATION,
            "it has no explainability report (on_explanation_failure='fail'): explanation: No explanation.",
        ),
    ],
)
def test_flaws_are_named(outcome: JobOutcome, words: str) -> None:
    """The error names the option that refused the job, and the reason."""
    with pytest.raises(AutoMLJobFlawed) as raised:
        AutoMLJob.from_api(described(**ENDINGS[outcome])).raise_for_status(refusing(FLAWS[outcome]))
    assert str(raised.value) == f"AutoML job job has a model, but {words}"


@pytest.mark.parametrize("option", ["on_time_limit", "on_deployment_failure", "on_explanation_failure"])
def test_no_flaw_hides_another_one(option: str) -> None:
    """For a job that reached its time limit and was not deployed, each option refuses its own flaw; both are named."""
    members = {**ENDINGS[JobOutcome.MODEL_AT_TIME_LIMIT], **ENDINGS[JobOutcome.MODEL_WITHOUT_EXPLANATION]}
    members["AutoMLJobSecondaryStatus"] = "MaxAutoMLJobRuntimeReached"
    job = AutoMLJob.from_api(described(**members, ModelDeployConfig={"EndpointName": "houses"}))
    assert job.outcomes == (
        JobOutcome.MODEL_AT_TIME_LIMIT,
        JobOutcome.MODEL_NOT_DEPLOYED,
        JobOutcome.MODEL_WITHOUT_EXPLANATION,
    )
    job.raise_for_status(Acceptance())
    with pytest.raises(AutoMLJobFlawed, match=option):
        job.raise_for_status(refusing(option))
    with pytest.raises(AutoMLJobFlawed, match=r"on_time_limit.*\. Also, .*on_deployment_failure.*\. Also, "):
        job.raise_for_status(refusing(*FLAWS.values()))


@pytest.mark.parametrize("status", ["Completed", "Failed"])
@pytest.mark.parametrize(("secondary", "part"), FAILED_STEPS.items())
@pytest.mark.parametrize("reasons", [[], ["Something went wrong."]])
def test_a_step_after_the_training_that_failed_is_an_outcome(
    status: str, secondary: str, part: JobPart, reasons: list[str]
) -> None:
    """With any primary status, with or without a reason; without a model nothing can be accepted."""
    members = {
        "AutoMLJobStatus": status,
        "AutoMLJobSecondaryStatus": secondary,
        "PartialFailureReasons": [{"PartialFailureMessage": text} for text in reasons],
    }
    job = AutoMLJob.from_api(described(**members, BestCandidate=BEST))
    (failed,) = job.failed_parts
    assert failed == FailedPart(part, *reasons or [f"the service reports {secondary} and gives no reason"])
    assert job.outcome in FLAWS
    job.raise_for_status()
    with pytest.raises((AutoMLJobFailed, NoBestCandidate), match=f"{part}: "):
        AutoMLJob.from_api(described(**members)).raise_for_status()


@pytest.mark.parametrize("config", [{"AutoGenerateEndpointName": True}, {"EndpointName": "houses"}])
def test_a_job_that_has_deployed_is_a_model_with_its_endpoint(config: dict[str, Any]) -> None:
    """The result names the endpoint; without an endpoint name the model is not deployed."""
    members = {"AutoMLJobStatus": "Completed", "BestCandidate": BEST, "ModelDeployConfig": config}
    deployed = AutoMLJob.from_api(described(**members, ModelDeployResult={"EndpointName": "made-by-the-service"}))
    assert (deployed.outcome, deployed.failed_parts) == (JobOutcome.MODEL, ())
    assert deployed.to_json()["endpoint_name"] == "made-by-the-service"
    results: list[dict[str, Any]] = [{}, {"ModelDeployResult": {}}]
    for result in results:
        without = AutoMLJob.from_api(described(**members, **result))
        assert (without.outcome, without.to_json()["endpoint_name"]) == (JobOutcome.MODEL_NOT_DEPLOYED, None)
        assert [each["part"] for each in without.to_json()["failed_parts"]] == ["deployment"]


def test_all_options_that_are_wrong_are_named_at_once() -> None:
    """An invalid option is refused when the DAG is parsed."""
    with pytest.raises(ValueError, match="on_stopped = 'accept' must be one of fail, pass; on_time_limit"):
        Acceptance(on_stopped="accept", on_time_limit="skip")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "members", [{}, {"AutoMLJobStatus": "Stopping"}, {"AutoMLJobStatus": "Completed", "BestCandidate": BEST}]
)
def test_a_job_that_runs_or_has_a_model_is_no_error(members: dict[str, Any]) -> None:
    """A running job and a successfully completed job raise nothing."""
    job = AutoMLJob.from_api(described(**members))
    job.raise_for_status()
    assert (job.outcome is JobOutcome.MODEL) == ("BestCandidate" in members)


def test_the_result_is_json_and_keeps_the_figures() -> None:
    """The result that goes to XCom survives a JSON round trip and has the names that downstream tasks read."""
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
    """Errors are passed between processes with their job."""
    job = AutoMLJob.from_api(described(AutoMLJobStatus="Failed", FailureReason="No data."))
    for error in (AutoMLJobFailed(job), AutoMLJobTimedOut(job, 60.0, "runs on.")):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (type(copy), str(copy), copy.job) == (type(error), str(error), job)
    assert "within 60 s" in str(AutoMLJobTimedOut(job, 60.0, "runs on."))


def test_a_job_just_created_is_known_from_its_request() -> None:
    """CreateAutoMLJobV2 answers only with an ARN; everything else comes from the request."""
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
