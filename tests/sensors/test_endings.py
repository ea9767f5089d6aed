"""What the sensor makes of each way in which a job ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSkipException,
)

from tests.support.jobs import start_first, wait
from tests.support.plain_http import hold_jobs
from tests.support.watching import CANDIDATE, COMPLETED, ended, resume, sensor

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("model", {}),
        ("model_at_time_limit", {}),
        ("partial_model", {}),
        ("model_not_deployed", {}),
        ("model_without_insights", {}),
        ("model_without_explanation", {}),
        ("no_candidate", {"on_no_candidate": "pass"}),
        ("definitions_only", {"on_no_candidate": "pass"}),
        ("stopped_with_candidate", {"on_stopped": "pass"}),
    ],
)
def test_an_accepted_ending_is_the_result(
    ending: str, options: dict[str, Any], context: Any, account: SageMakerClient
) -> None:
    """At the first look or after the wait: the job in JSON, as the operator returns it."""
    ended(account, ending)
    result = sensor(**options).execute(context)
    assert (result["job_name"], result["outcome"]) == ("job", ending)
    assert (result["best_candidate"] is None) == ("on_no_candidate" in options)
    assert json.loads(json.dumps(result)) == result
    assert resume(sensor(deferrable=True, **options), context, "finished") == result


@pytest.mark.parametrize(
    ("ending", "options", "words"),
    [
        ("failed", {}, "failed: The data is empty"),
        ("stopped", {"on_stopped": "pass"}, "was stopped before it completed"),
        ("stopped_with_candidate", {}, "set on_stopped='pass' to use it"),
        ("no_candidate", {}, "without a best candidate"),
        ("definitions_only", {}, "candidate definitions only"),
        ("model_at_time_limit", {"on_time_limit": "fail"}, "on_time_limit='fail'"),
        ("partial_model", {"on_partial_failure": "fail"}, "A candidate failed"),
        ("model_not_deployed", {"on_deployment_failure": "fail"}, "it is not deployed"),
        ("model_without_insights", {"on_insights_failure": "fail"}, "it has no model insights report"),
        ("model_without_explanation", {"on_explanation_failure": "fail"}, "it has no explainability report"),
    ],
)
def test_an_ending_that_is_not_accepted_fails_for_good(
    ending: str, options: dict[str, Any], words: str, context: Any, account: SageMakerClient
) -> None:
    """At the first look or after the wait: another look, or another try, would find the same job."""
    ended(account, ending)
    with pytest.raises(AirflowFailException, match=words):
        sensor(**options).execute(context)
    with pytest.raises(AirflowFailException, match=words):
        resume(sensor(deferrable=True, **options), context, "finished")


@pytest.mark.parametrize("softness", ["soft_fail", "never_fail"])
def test_a_soft_sensor_is_skipped_and_tells_why(
    softness: str, mode: dict[str, Any], context: Any, account: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the first look or after the wait; the log has the reason, which Airflow does not name."""
    ended(account, "failed")
    with pytest.raises(AirflowSkipException):
        sensor(**mode, **{softness: True}).execute(context)
    assert "failed: The data is empty." in capsys.readouterr().out
    with pytest.raises(AirflowSkipException):
        resume(sensor(**mode, **{softness: True}), context, "finished")
    assert "failed: The data is empty." in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["no_candidate", "definitions_only"])
def test_a_job_without_candidate_may_skip_the_task(ending: str, context: Any, account: SageMakerClient) -> None:
    """``on_no_candidate="skip"``, and only for such an ending."""
    ended(account, ending)
    with pytest.raises(AirflowSkipException, match="without a best candidate"):
        sensor(on_no_candidate="skip").execute(context)
    with pytest.raises(AirflowSkipException, match="without a best candidate"):
        resume(sensor(deferrable=True, on_no_candidate="skip"), context, "finished")


def test_a_job_of_the_first_api_is_waited_for_too(mode: dict[str, Any], context: Any, account: SageMakerClient) -> None:
    """One sensor for both; its problem type is said as that of any tabular job."""
    hold_jobs(account.meta.endpoint_url, Stages=[], Candidates=[{"Candidate": CANDIDATE}], Ending=COMPLETED)
    start_first(account, "job")
    wait(account, "job")
    result = sensor(**mode).execute(context)
    assert (result["outcome"], result["problem_type"]) == ("model", "Tabular")
    assert result["best_candidate"]["objective_value"] == 0.75
