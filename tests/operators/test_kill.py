"""Being told to end: the job is stopped where nobody wants it any more, and left for the next try elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout
from airflow.sdk.execution_time import task_runner

from airflow_sagemaker_automl import SageMakerAutoMLJobOperator
from demo.sandbox import sagemaker_client
from tests.support.jobs import start, tabular_request, wait
from tests.support.plain_http import hold_jobs, once_answered, send
from tests.support.tasks import Supervisor

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Says = Callable[..., None]


@pytest.fixture
def account(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account with a quota of two jobs, which stay in progress."""
    hold_jobs(private_url)
    return sagemaker_client(private_url)


def operator(**arguments: Any) -> SageMakerAutoMLJobOperator:
    """Make the operator under test; it does not wait unless told otherwise."""
    defaults = {"task_id": "train", "aws_conn_id": "private", "wait_for_completion": False, "poll_interval": 0.2}
    return SageMakerAutoMLJobOperator(request=tabular_request("s3://no-such-bucket/"), **{**defaults, **arguments})


def status(account: SageMakerClient, name: str) -> str:
    """Say what the service says of a job."""
    return account.describe_auto_ml_job_v2(AutoMLJobName=name)["AutoMLJobStatus"]


@pytest.mark.parametrize(
    ("state", "clears"),
    [("failed", 0), ("success", 0), ("restarting", 1), ("skipped", 0), (None, 1), ("deleted", 0)],
)
def test_the_job_of_a_task_that_somebody_ended_is_stopped(
    context: Any, account: SageMakerClient, airflow_says: Says, state: str | None, clears: int
) -> None:
    """Whoever marks or clears a task, or deletes its run, does not want the result of its job."""
    task = operator()
    name = task.execute(context)["job_name"]
    airflow_says(state, clears)
    task.on_kill()
    assert wait(account, name)["AutoMLJobStatus"] == "Stopped"


@pytest.mark.parametrize("state", ["running", "queued", "deferred", "up_for_retry", None])
def test_the_job_of_a_task_that_goes_on_is_left_alone(
    context: Any, account: SageMakerClient, airflow_says: Says, state: str | None
) -> None:
    """Only the worker has to end, or another execution has the task: the next one finds the job, and the model.

    A task whose scheduler or worker was lost has no state before it runs again, as one that was cleared; but nobody
    has cleared anything.
    """
    task = operator()
    name = task.execute(context)["job_name"]
    airflow_says(state)
    task.on_kill()
    assert status(account, name) == "InProgress"
    assert operator().execute(context)["job_name"] == name


def test_where_airflow_does_not_answer_the_job_is_left_alone(
    context: Any, account: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """An API server that is down ends its workers' tasks, which nobody has cancelled."""
    task = operator()
    name = task.execute(context)["job_name"]
    task.on_kill()
    assert status(account, name) == "InProgress"
    assert f"AutoML job {name} is not stopped" in capsys.readouterr().out


def test_the_execution_timeout_stops_the_job(context: Any, account: SageMakerClient, airflow_says: Says) -> None:
    """Airflow calls while it handles the timeout; the task is still running then."""
    airflow_says("running")
    task = operator()
    name = task.execute(context)["job_name"]
    with pytest.raises(AirflowTaskTimeout):
        _time_out(task)
    assert wait(account, name)["AutoMLJobStatus"] == "Stopped"


def _time_out(task: SageMakerAutoMLJobOperator) -> None:
    try:
        raise AirflowTaskTimeout
    except AirflowTaskTimeout:
        task.on_kill()
        raise


def test_a_task_that_queues_and_is_ended_starts_nothing_any_more(
    context: Any, account: SageMakerClient, airflow_says: Says
) -> None:
    """It goes on in its worker for some seconds, in which a place may become free."""
    for name in ("one", "two"):
        start(account, tabular_request("s3://no-such-bucket/"), name)
    airflow_says("failed")
    task = operator(deferrable=False)

    def end_and_make_room() -> None:
        task.on_kill()
        account.stop_auto_ml_job(AutoMLJobName="one")

    ended = once_answered(str(account.meta.endpoint_url), "ListAutoMLJobs", end_and_make_room)
    with pytest.raises(AirflowException, match="is being terminated"):
        task.execute(context)
    ended.join()
    listed = account.list_auto_ml_jobs(StatusEquals="InProgress")["AutoMLJobSummaries"]
    assert [job["AutoMLJobName"] for job in listed] == ["two"]


@dataclass
class BusySupervisor(Supervisor):
    """Answers one question after the other.

    :param line: held by whoever asks.
    """

    line: Lock = field(default_factory=Lock)

    def send(self, question: Any) -> Any:
        """Answer, when it is the question's turn."""
        with self.line:
            return super().send(question)


def test_a_kill_that_interrupts_a_question_to_airflow_is_thought_of_before_a_job_is_created(
    context: Any, account: SageMakerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal's handler cannot ask, for whom it has interrupted holds the line; the task asks when it goes on."""
    for name in ("one", "two"):
        start(account, tabular_request("s3://no-such-bucket/"), name)
    supervisor = BusySupervisor("failed")
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    task = operator(deferrable=False)

    def interrupt_and_make_room() -> None:
        with supervisor.line:
            task.on_kill()
        account.stop_auto_ml_job(AutoMLJobName="one")

    ended = once_answered(str(account.meta.endpoint_url), "ListAutoMLJobs", interrupt_and_make_room)
    with pytest.raises(AirflowException, match="is being terminated"):
        task.execute(context)
    ended.join()
    listed = account.list_auto_ml_jobs(StatusEquals="InProgress")["AutoMLJobSummaries"]
    assert [job["AutoMLJobName"] for job in listed] == ["two"]


def test_a_job_that_was_never_created_is_nothing_to_stop(
    context: Any, account: SageMakerClient, airflow_says: Says, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name is known before the job is: a kill in between finds none."""
    airflow_says("failed")
    task = operator(aws_conn_id="private", job_name="never-created")
    send(f"{account.meta.endpoint_url}/automl-emulator/faults", "PUT", {"DeniedOperations": ["CreateAutoMLJobV2"]})
    with pytest.raises(AirflowException):
        task.execute(context)
    task.on_kill()
    assert account.list_auto_ml_jobs()["AutoMLJobSummaries"] == []


def test_throttling_does_not_keep_a_job_from_being_stopped(
    context: Any, account: SageMakerClient, airflow_says: Says
) -> None:
    """The seconds that Airflow leaves a killed task are used."""
    airflow_says("failed")
    task = operator(botocore_config={"retries": {"total_max_attempts": 1}})
    name = task.execute(context)["job_name"]
    url = str(account.meta.endpoint_url)
    faults = f"{url}/automl-emulator/faults"
    send(faults, "PUT", {"ThrottlingRate": 1, "Operations": ["StopAutoMLJob"]})
    calm = once_answered(url, "StopAutoMLJob", lambda: send(faults, "DELETE"), times=2)
    task.on_kill()
    calm.join()
    assert wait(account, name)["AutoMLJobStatus"] == "Stopped"


def test_a_job_may_be_left_running_by_a_kill(context: Any, account: SageMakerClient, airflow_says: Says) -> None:
    """``stop_on_kill=False`` leaves it alone."""
    airflow_says("failed")
    task = operator(stop_on_kill=False)
    name = task.execute(context)["job_name"]
    task.on_kill()
    assert status(account, name) == "InProgress"
