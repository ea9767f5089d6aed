"""The sensor for transform jobs: what it makes of each end, and how it waits."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferred,
)

from airflow_sagemaker_automl import SageMakerTransformJobSensor
from airflow_sagemaker_automl.triggers.transform import TransformJobTrigger
from demo.sandbox import sagemaker_client
from tests.support import tasks
from tests.support.jobs import unique
from tests.support.plain_http import once_answered, send
from tests.support.timing import SetTiming
from tests.support.transforms import start_transform, transform_model, wait_for_transform

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_CONTAINERS = [{"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}]
_FAILED = {"TransformJobStatus": "Failed", "FailureReason": "ClientError: See job logs for more information"}


@pytest.fixture
def account(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account whose transform jobs go on until they are stopped."""
    _script(private_url, Held=True)
    return sagemaker_client(private_url)


def _script(url: str, **members: Any) -> None:
    script = {"Ending": {"TransformJobStatus": "Completed"}, **members}
    status, answer = send(f"{url}/automl-emulator/scripts/all?transform-jobs=*", "PUT", script)
    assert status in (200, 201), answer


def sensor(**arguments: Any) -> SageMakerTransformJobSensor:
    """Make the sensor under test, for the job ``job``; it pokes in its own process unless told otherwise."""
    defaults = {
        "task_id": "watch",
        "job_name": "job",
        "aws_conn_id": "private",
        "deferrable": False,
        "poke_interval": 0.2,
        "timeout": 120,
    }
    return SageMakerTransformJobSensor(**{**defaults, **arguments})


def begun(account: SageMakerClient) -> None:
    """Start the job."""
    start_transform(account, transform_model(account, _CONTAINERS), "s3://b/rows/", TransformJobName="job")


def ended(account: SageMakerClient, **ending: Any) -> None:
    """Let the job be one that has ended."""
    _script(account.meta.endpoint_url, Ending={"TransformJobStatus": "Completed", **ending})
    begun(account)
    wait_for_transform(account, "job")


def resume(task: SageMakerTransformJobSensor, context: Any, end: str, **kept: Any) -> Any:
    """Go on after a wait in the triggerer, as Airflow does."""
    return task.resume_execution("execute_complete", {"event": {"job_name": "job", "end": end}, **kept}, context)


def test_a_completed_job_is_the_result(account: SageMakerClient, context: Any) -> None:
    """At the first look or after the wait: the job in JSON, as the operator returns it."""
    ended(account)
    result = sensor().execute(context)
    assert result.keys() == {
        "transform_job_name",
        "transform_job_arn",
        "status",
        "created",
        "ended",
        "billed_seconds",
    }
    assert (result["transform_job_name"], result["status"]) == ("job", "Completed")
    assert json.loads(json.dumps(result)) == result
    assert resume(sensor(deferrable=True), context, "finished") == result


@pytest.mark.parametrize(
    ("ending", "words"),
    [(_FAILED, "Transform job job failed: ClientError: See job"), ({"TransformJobStatus": "Stopped"}, "was stopped")],
    ids=["failed", "stopped"],
)
def test_a_job_without_predictions_fails_for_good(
    account: SageMakerClient, context: Any, ending: dict[str, Any], words: str
) -> None:
    """At the first look or after the wait; with ``soft_fail`` the task is skipped."""
    ended(account, **ending)
    with pytest.raises(AirflowFailException, match=words):
        sensor().execute(context)
    with pytest.raises(AirflowFailException, match=words):
        resume(sensor(deferrable=True), context, "finished")
    with pytest.raises(AirflowSkipException):
        sensor(soft_fail=True).execute(context)
    with pytest.raises(AirflowSkipException):
        resume(sensor(deferrable=True, soft_fail=True), context, "finished")


def test_a_poking_sensor_looks_until_the_job_has_ended(account: SageMakerClient, context: Any) -> None:
    """A job that is stopping has not ended yet."""
    url = account.meta.endpoint_url
    _script(url, Held=True, StoppingSeconds=1)
    begun(account)
    stop = once_answered(url, "DescribeTransformJob", lambda: account.stop_transform_job(TransformJobName="job"))
    with pytest.raises(AirflowFailException, match="was stopped before it completed"):
        sensor().execute(context)
    stop.join()


def test_the_worker_is_given_back(account: SageMakerClient, context: Any) -> None:
    """Rescheduled, or deferred with the deadline of ``timeout`` or ``execution_timeout``."""
    begun(account)
    with pytest.raises(AirflowRescheduleException):
        sensor(mode="reschedule").execute(context)
    trigger = tasks.deferral(sensor(deferrable=True), context).trigger
    assert isinstance(trigger, TransformJobTrigger)
    assert trigger.deadline == pytest.approx(time.time() + 120, abs=30)
    assert not trigger.stop_on_kill
    earlier = tasks.deferral(sensor(deferrable=True, execution_timeout=timedelta(seconds=60)), context).trigger
    assert isinstance(earlier, TransformJobTrigger)
    assert earlier.deadline == pytest.approx(time.time() + 60, abs=30)


def test_a_wait_has_an_end(account: SageMakerClient, context: Any) -> None:
    """Which limit it was stands in the error; the job runs on."""
    begun(account)
    with pytest.raises(AirflowSensorTimeout):
        sensor(timeout=0.5).execute(context)
    now = time.time()
    with pytest.raises(AirflowSensorTimeout, match="Transform job job was not finished within timeout"):
        resume(sensor(deferrable=True), context, "deadline", deadline=now, task_deadline=now + 60)
    with pytest.raises(AirflowTaskTimeout, match="execution_timeout"):
        resume(sensor(deferrable=True), context, "deadline", deadline=now + 60, task_deadline=now)
    with pytest.raises(TaskDeferred):
        resume(sensor(deferrable=True), context, "finished", deadline=now + 60)
    assert account.describe_transform_job(TransformJobName="job")["TransformJobStatus"] == "InProgress"


def test_a_job_that_is_nowhere_is_looked_for_a_while(
    account: SageMakerClient, context: Any, set_timing: SetTiming
) -> None:
    """It may be new; later the error names what to check."""
    set_timing(visible=0.5)
    with pytest.raises(AirflowFailException, match="There is no Transform job 'job' in the account"):
        sensor().execute(context)
    set_timing(visible=300)
    task = sensor(job_name=unique("late"))
    looked = once_answered(
        account.meta.endpoint_url,
        "DescribeTransformJob",
        lambda: start_transform(
            account, transform_model(account, _CONTAINERS), "s3://b/rows/", TransformJobName=task.job_name
        ),
    )
    _script(account.meta.endpoint_url)
    assert task.execute(context)["status"] == "Completed"
    looked.join()


def test_a_job_that_the_triggerer_could_not_describe(account: SageMakerClient, context: Any) -> None:
    """The worker looks itself, and fails so that a retry helps if the job runs on."""
    begun(account)
    event = {"job_name": "job", "end": "unreadable", "reason": "access denied"}
    with pytest.raises(Exception, match=r"is InProgress\. .*access denied.*sagemaker:DescribeTransformJob"):
        sensor(deferrable=True).resume_execution("execute_complete", {"event": event}, context)


def test_errors_of_the_service_name_the_job(account: SageMakerClient, context: Any) -> None:
    """Its kind too."""
    send(f"{account.meta.endpoint_url}/automl-emulator/faults", "PUT", {"DeniedOperations": ["DescribeTransformJob"]})
    with pytest.raises(AirflowFailException, match=r"^Transform job job: An error occurred"):
        sensor().execute(context)
