"""What a job's status means."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.session import get_session

from airflow_sagemaker_automl.core.job import FINISHED, AutoMLJob, JobStatus
from airflow_sagemaker_automl.core.outcome import FLAWS, Acceptance, Outcome
from airflow_sagemaker_automl.core.partial_failure import FAILED_STEPS, FailedPart, JobPart
from airflow_sagemaker_automl.exceptions import (
    AutoMLError,
    AutoMLJobError,
    AutoMLJobFailed,
    AutoMLJobFlawed,
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


def refusing(*options: str) -> Acceptance:
    """Make an acceptance of which some options refuse what they are about."""
    given: dict[str, Any] = dict.fromkeys(options, "fail")
    return Acceptance(**given)


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


ENDINGS: dict[Outcome, dict[str, Any]] = {
    Outcome.MODEL: {"AutoMLJobStatus": "Completed", "BestCandidate": BEST},
    Outcome.MODEL_AT_TIME_LIMIT: {
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "MaxAutoMLJobRuntimeReached",
        "BestCandidate": BEST,
    },
    Outcome.PARTIAL_MODEL: {
        "AutoMLJobStatus": "Completed",
        "PartialFailureReasons": [{"PartialFailureMessage": "2 of 10 candidates failed."}],
        "BestCandidate": BEST,
    },
    Outcome.MODEL_NOT_DEPLOYED: {
        "AutoMLJobStatus": "Completed",
        "ModelDeployConfig": {"AutoGenerateEndpointName": True},
        "BestCandidate": BEST,
    },
    Outcome.MODEL_WITHOUT_INSIGHTS: {
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "ModelInsightsError",
        "BestCandidate": BEST,
    },
    Outcome.MODEL_WITHOUT_EXPLANATION: {
        "AutoMLJobStatus": "Completed",
        "PartialFailureReasons": [{"PartialFailureMessage": "No explanation."}],
        "BestCandidate": BEST,
    },
    Outcome.DEFINITIONS_ONLY: {
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "CandidateDefinitionsGenerated",
    },
    Outcome.NO_CANDIDATE: {
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "MaxAutoMLJobRuntimeReached",
    },
    Outcome.STOPPED_WITH_CANDIDATE: {"AutoMLJobStatus": "Stopped", "BestCandidate": BEST},
    Outcome.STOPPED: {"AutoMLJobStatus": "Stopped"},
    Outcome.FAILED: {"AutoMLJobStatus": "Failed", "FailureReason": "No data."},
}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_ending_has_a_name(outcome: Outcome) -> None:
    """Each named outcome is told from the service's answer, and comes along in the result."""
    job = AutoMLJob.from_api(described(**ENDINGS[outcome]))
    assert job.outcome is outcome
    assert job.to_json()["outcome"] == outcome.value


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ({}, {Outcome.MODEL, *FLAWS}),
        *(({option: "fail"}, {Outcome.MODEL, *FLAWS} - {flaw}) for flaw, option in FLAWS.items()),
        (
            {"on_stopped": "pass", **dict.fromkeys(FLAWS.values(), "fail")},
            {Outcome.MODEL, Outcome.STOPPED_WITH_CANDIDATE},
        ),
        (
            {"on_no_candidate": "pass"},
            set(Outcome) - {Outcome.FAILED, Outcome.STOPPED, Outcome.STOPPED_WITH_CANDIDATE},
        ),
        ({"on_no_candidate": "skip"}, {Outcome.MODEL, *FLAWS}),
    ],
)
def test_options_say_which_endings_are_good_enough(options: dict[str, Any], taken: set[Outcome]) -> None:
    """All others are errors that carry the job; a failed job is one whatever the options."""
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
            Outcome.MODEL_AT_TIME_LIMIT,
            "it was cut short (MaxAutoMLJobRuntimeReached), which on_time_limit='fail' refuses; raise its run-time "
            "limits.",
        ),
        (
            Outcome.PARTIAL_MODEL,
            "parts of the job failed, which on_partial_failure='fail' refuses: candidate: 2 of 10 candidates failed.",
        ),
        (
            Outcome.MODEL_NOT_DEPLOYED,
            "it is not deployed, which on_deployment_failure='fail' refuses: deployment: ModelDeployConfig asked for "
            "an endpoint, and there is none.",
        ),
        (
            Outcome.MODEL_WITHOUT_INSIGHTS,
            "it has no model insights report, which on_insights_failure='fail' refuses: insights: the service reports "
            "ModelInsightsError and gives no reason.",
        ),
        (
            Outcome.MODEL_WITHOUT_EXPLANATION,
            "it has no explainability report, which on_explanation_failure='fail' refuses: explanation: No "
            "explanation.",
        ),
    ],
)
def test_flaws_are_named(outcome: Outcome, words: str) -> None:
    """Who refuses a flawed model reads which option refused it, and why."""
    with pytest.raises(AutoMLJobFlawed) as raised:
        AutoMLJob.from_api(described(**ENDINGS[outcome])).raise_for_status(refusing(FLAWS[outcome]))
    assert str(raised.value) == f"AutoML job job has a model, but {words}"


@pytest.mark.parametrize("option", ["on_time_limit", "on_deployment_failure", "on_explanation_failure"])
def test_no_flaw_hides_another_one(option: str) -> None:
    """Of a job at its time limit that was not deployed either, each is refused by its own option; both are named."""
    members = {**ENDINGS[Outcome.MODEL_AT_TIME_LIMIT], **ENDINGS[Outcome.MODEL_WITHOUT_EXPLANATION]}
    members["AutoMLJobSecondaryStatus"] = "MaxAutoMLJobRuntimeReached"
    job = AutoMLJob.from_api(described(**members, ModelDeployConfig={"EndpointName": "houses"}))
    assert job.outcomes == (
        Outcome.MODEL_AT_TIME_LIMIT,
        Outcome.MODEL_NOT_DEPLOYED,
        Outcome.MODEL_WITHOUT_EXPLANATION,
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
    """Whatever the primary status is, with or without a reason; without a model there is nothing to accept."""
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
    """The result names the endpoint; without one, which is how the service says so, the model is not deployed."""
    members = {"AutoMLJobStatus": "Completed", "BestCandidate": BEST, "ModelDeployConfig": config}
    deployed = AutoMLJob.from_api(described(**members, ModelDeployResult={"EndpointName": "made-by-the-service"}))
    assert (deployed.outcome, deployed.failed_parts) == (Outcome.MODEL, ())
    assert deployed.to_json()["endpoint_name"] == "made-by-the-service"
    results: list[dict[str, Any]] = [{}, {"ModelDeployResult": {}}]
    for result in results:
        without = AutoMLJob.from_api(described(**members, **result))
        assert (without.outcome, without.to_json()["endpoint_name"]) == (Outcome.MODEL_NOT_DEPLOYED, None)
        assert [each["part"] for each in without.to_json()["failed_parts"]] == ["deployment"]


def test_all_options_that_are_wrong_are_named_at_once() -> None:
    """A misspelt option is refused when the DAG is parsed."""
    with pytest.raises(ValueError, match="on_stopped = 'accept' must be one of fail, pass; on_time_limit"):
        Acceptance(on_stopped="accept", on_time_limit="skip")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "members", [{}, {"AutoMLJobStatus": "Stopping"}, {"AutoMLJobStatus": "Completed", "BestCandidate": BEST}]
)
def test_a_job_that_runs_or_has_a_model_is_no_error(members: dict[str, Any]) -> None:
    """Looking at a running or a well completed job raises nothing."""
    job = AutoMLJob.from_api(described(**members))
    job.raise_for_status()
    assert (job.outcome is Outcome.MODEL) == ("BestCandidate" in members)


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
    for error in (AutoMLJobFailed(job), AutoMLJobTimedOut(job, 60.0, "runs on.")):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (type(copy), str(copy), copy.job) == (type(error), str(error), job)
    assert "within 60 s" in str(AutoMLJobTimedOut(job, 60.0, "runs on."))


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
