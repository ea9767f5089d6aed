"""The operator that stops a job: as often as one likes, whatever the job does, and with an end to every wait."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout, TaskDeferred
from botocore.exceptions import ClientError

from airflow_sagemaker_automl import AutoMLJobUnfinished, SageMakerStopAutoMLJobOperator, ServiceUnavailable
from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger
from demo.sandbox import sagemaker_client
from tests.support.jobs import start, start_first, tabular_request, wait
from tests.support.plain_http import hold_jobs, once_answered, send
from tests.support.tasks import deferral, resume
from tests.support.timing import SetTiming

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

REQUEST = tabular_request("s3://no-such-bucket/at-all/")
_LONG = 3600


@pytest.fixture
def account(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account whose jobs run until they are stopped, which takes a while."""
    hold_jobs(private_url, StoppingSeconds=_LONG)
    return sagemaker_client(private_url)


def operator(**arguments: Any) -> SageMakerStopAutoMLJobOperator:
    """Make the operator under test, for the job ``job``; it does not wait unless told otherwise."""
    defaults = {"task_id": "stop", "job_name": "job", "aws_conn_id": "private", "poll_interval": 0.2}
    return SageMakerStopAutoMLJobOperator(**{**defaults, **arguments})


def status(account: SageMakerClient, name: str = "job") -> str:
    """Say what the service says of a job."""
    return account.describe_auto_ml_job_v2(AutoMLJobName=name)["AutoMLJobStatus"]


def test_a_running_job_is_told_to_stop(context: Any, account: SageMakerClient) -> None:
    """The task ends at once, with the job as it is then, in JSON; a second execution changes nothing."""
    start(account, REQUEST, "job")
    first = operator().execute(context)
    assert (first["job_name"], first["status"], first["ended"]) == ("job", "Stopping", None)
    assert status(account) == "Stopping"
    assert json.loads(json.dumps(first)) == first
    again = operator().execute(context)
    assert again["elapsed_seconds"] >= first["elapsed_seconds"]
    assert {**again, "elapsed_seconds": 0} == {**first, "elapsed_seconds": 0}


@pytest.mark.parametrize("ending", ["Completed", "Failed", "Stopped"])
@pytest.mark.parametrize("waits", [True, False])
def test_a_job_that_has_ended_stays_as_it_is(
    ending: str, waits: bool, context: Any, account: SageMakerClient, private_url: str, capsys: Any
) -> None:
    """However it ended, the task succeeds, says so, and needs no trigger."""
    hold_jobs(private_url, Stages=[], Ending={"AutoMLJobStatus": ending})
    start(account, REQUEST, "job")
    wait(account, "job")
    result = operator(wait_for_completion=waits, deferrable=True).execute(context)
    assert (result["status"], status(account)) == (ending, ending)
    assert f"AutoML job job is already {ending}; nothing to stop" in capsys.readouterr().out


def test_a_job_of_the_first_api_is_stopped_too(context: Any, account: SageMakerClient) -> None:
    """One operator for both."""
    start_first(account, "job")
    assert operator().execute(context)["status"] == "Stopping"
    assert account.describe_auto_ml_job(AutoMLJobName="job")["AutoMLJobStatus"] == "Stopping"


def test_a_job_that_is_not_there_fails_the_task_for_good(context: Any, account: SageMakerClient) -> None:
    """A typo is no success, and a retry would not find the job either."""
    with pytest.raises(AirflowFailException, match="no AutoML job 'job' in the account and region"):
        operator().execute(context)


@pytest.mark.parametrize("job_name", [None, "", {"job_name": "job"}])
def test_a_name_that_is_none_fails_the_task_for_good(job_name: Any, context: Any, account: SageMakerClient) -> None:
    """An XCom that was not there, a parameter left empty, a whole result instead of its name: it says what it got."""
    with pytest.raises(AirflowFailException, match="AutoMLJobName"):
        operator(job_name=job_name).execute(context)


def test_the_worker_waits_until_the_job_has_stopped(context: Any, account: SageMakerClient, private_url: str) -> None:
    """Also where somebody else has told the job to stop."""
    hold_jobs(private_url, StoppingSeconds=1)
    start(account, REQUEST, "job")
    account.stop_auto_ml_job(AutoMLJobName="job")
    result = operator(wait_for_completion=True, deferrable=False).execute(context)
    assert (result["status"], status(account)) == ("Stopped", "Stopped")
    assert result["ended"] is not None


def test_a_deferred_wait_ends_with_the_job(context: Any, account: SageMakerClient, private_url: str) -> None:
    """The trigger stops nothing by itself; when the list is ahead of the job, the task waits on."""
    start(account, REQUEST, "job")
    task = operator(wait_for_completion=True, deferrable=True)
    deferred = deferral(task, context)
    assert isinstance(deferred.trigger, AutoMLJobTrigger)
    assert (deferred.trigger.job_name, deferred.trigger.stop_on_kill) == ("job", False)
    assert deferred.trigger.deadline is None
    with pytest.raises(TaskDeferred):
        resume(task, context, deferred, "finished")
    # In an account where a stop takes no time, that job has stopped.
    assert send(f"{private_url}/moto-api/reset", "POST")[0] == 200
    hold_jobs(private_url)
    start(account, REQUEST, "job")
    account.stop_auto_ml_job(AutoMLJobName="job")
    wait(account, "job")
    assert resume(task, context, deferred, "finished")["status"] == "Stopped"


def test_the_execution_timeout_ends_a_deferred_wait(context: Any, account: SageMakerClient) -> None:
    """It is counted once, from the first wait, and is Airflow's own error."""
    start(account, REQUEST, "job")
    task = operator(wait_for_completion=True, deferrable=True, execution_timeout=timedelta(minutes=2))
    before = time.time()
    deferred = deferral(task, context)
    assert isinstance(deferred.trigger, AutoMLJobTrigger)
    deadline = deferred.trigger.deadline
    assert deadline is not None
    assert before + 120 <= deadline <= time.time() + 120
    with pytest.raises(TaskDeferred) as again:
        resume(task, context, deferred, "finished")
    assert again.value.kwargs == deferred.kwargs == {"task_deadline": deadline}
    with pytest.raises(AirflowTaskTimeout, match=r"job has not stopped within the task's execution_timeout"):
        resume(task, context, deferred, "deadline")


def test_a_triggerer_that_may_not_see_the_job_gives_the_task_back(context: Any, account: SageMakerClient) -> None:
    """The error says what the triggerer lacks; nothing waits for ever."""
    start(account, REQUEST, "job")
    task = operator(wait_for_completion=True, deferrable=True)
    deferred = deferral(task, context)
    with pytest.raises(AutoMLJobUnfinished, match="sagemaker:DescribeAutoMLJobV2"):
        resume(task, context, deferred, "unreadable")


def test_a_service_that_throttles_is_asked_again(context: Any, account: SageMakerClient, private_url: str) -> None:
    """For longer than boto3 would."""
    start(account, REQUEST, "job")
    assert send(f"{private_url}/automl-emulator/faults", "PUT", {"ThrottlingRate": 1})[0] == 200
    calm = once_answered(
        private_url, "DescribeAutoMLJobV2", lambda: send(f"{private_url}/automl-emulator/faults", "DELETE"), times=3
    )
    once = {"retries": {"total_max_attempts": 1}}
    assert operator(botocore_config=once).execute(context)["status"] == "Stopping"
    calm.join()


@pytest.mark.parametrize("operation", ["DescribeAutoMLJobV2", "StopAutoMLJob"])
def test_who_may_not_stop_jobs_is_told_at_once(
    operation: str, context: Any, account: SageMakerClient, private_url: str
) -> None:
    """With the service's words, which name the right that is missing; no retry is used up."""
    start(account, REQUEST, "job")
    assert send(f"{private_url}/automl-emulator/faults", "PUT", {"DeniedOperations": [operation]})[0] == 200
    with pytest.raises(AirflowFailException, match=f"not authorized to perform: sagemaker:{operation}"):
        operator().execute(context)
    assert send(f"{private_url}/automl-emulator/faults", "DELETE")[0] == 204
    assert status(account) == "InProgress"


def test_a_wrong_endpoint_is_named(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers: the error names the connection and what to look at, and a retry may help."""
    extra = {"region_name": "us-east-1", "endpoint_url": "http://127.0.0.1:9"}
    connection = {"conn_type": "aws", "login": "a", "password": "b", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_NOWHERE", json.dumps(connection))
    once = {"retries": {"total_max_attempts": 1}}
    with pytest.raises(ServiceUnavailable, match=r"connection 'nowhere'.*endpoint_url"):
        operator(aws_conn_id="nowhere", botocore_config=once).execute(context)


def test_what_a_retry_may_not_meet_again_says_which_job_it_is_about(
    context: Any, account: SageMakerClient, private_url: str, set_timing: SetTiming
) -> None:
    """AWS itself does not, where it throttles."""
    set_timing(retries=0)
    start(account, REQUEST, "job")
    send(f"{private_url}/automl-emulator/faults", "PUT", {"ThrottlingRate": 1, "Operations": ["StopAutoMLJob"]})
    with pytest.raises(ServiceUnavailable, match=r"^AutoML job job: .*ThrottlingException") as failed:
        operator(botocore_config={"retries": {"total_max_attempts": 1}}).execute(context)
    assert isinstance(failed.value.__cause__, ClientError)
