"""Tasks that wait until a version is completed, in the worker and in the triggerer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout, TaskDeferred

from airflow_sagemaker_automl import ModelPackageTimedOut, ModelPackageUnfinished
from airflow_sagemaker_automl.tasks.base import with_clear_errors
from airflow_sagemaker_automl.tasks.completion import Completion
from airflow_sagemaker_automl.tasks.waiting import WaitingTask, seconds
from airflow_sagemaker_automl.triggers.model_packages import ModelPackageTrigger
from demo.sandbox import airflow_environment, sagemaker_client
from tests.support.jobs import unique
from tests.support.plain_http import once_answered, send
from tests.support.scripts import FAILED, hold, let_go
from tests.support.tasks import TaskInstance, deferral, resume
from tests.support.timing import SetTiming
from tests.support.versions import make_group, register

if TYPE_CHECKING:
    from airflow.sdk import Context
    from mypy_boto3_sagemaker import SageMakerClient


class Waiter(WaitingTask):
    """The smallest operator that waits for a version."""

    def __init__(self, *, arn: str, completion_timeout: float | timedelta | None = 3600, **arguments: Any) -> None:
        super().__init__(**{"deferrable": False, **arguments})
        self.arn = arn
        self.completion = Completion(task=self, timeout=seconds(completion_timeout))

    @with_clear_errors
    def execute(self, context: Context) -> dict[str, Any]:
        """Wait."""
        return self.completion.wait(self.arn)

    @with_clear_errors
    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on."""
        return self.completion.after(event)


def waiter(arn: str, **arguments: Any) -> Waiter:
    """Make a task that waits for a version."""
    fixed = {"task_id": "register", "aws_conn_id": "private", "poll_interval": 0.1}
    return Waiter(arn=arn, **{**fixed, **arguments})


@pytest.fixture
def context() -> Any:
    """The context of a task."""
    return {"ti": TaskInstance(dag_id="dag", task_id="register", run_id=unique("run"))}


@pytest.fixture
def account(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account that nobody else uses."""
    return sagemaker_client(private_url)


@pytest.fixture
def held(account: SageMakerClient, private_url: str) -> str:
    """ARN of a version that stays in progress until its group is let go, and then completes."""
    group = make_group(account)
    hold(private_url, group)
    return register(account, group)


@pytest.fixture
def defers_at_once(set_timing: SetTiming) -> None:
    """Let tasks look once before they defer."""
    set_timing(quick_completion=0.0)


@pytest.fixture
def later(private_url: str) -> Iterator[Callable[[str], None]]:
    """Let a version's group go after some looks that were answered."""
    threads: list[Thread] = []

    def let_go_later(arn: str) -> None:
        threads.append(
            once_answered(private_url, "DescribeModelPackage", lambda: let_go(private_url, arn.split("/")[1]), times=3)
        )

    yield let_go_later
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_completed_version_is_looked_at_once(
    account: SageMakerClient, private_url: str, context: Any, deferrable: bool
) -> None:
    """The usual case costs one describe, and neither a pause nor a deferral."""
    arn = register(account, make_group(account))
    send(f"{private_url}/automl-emulator/requests", "DELETE")
    described = waiter(arn, deferrable=deferrable).execute(context)
    assert (described["ModelPackageArn"], described["ModelPackageStatus"]) == (arn, "Completed")
    assert send(f"{private_url}/automl-emulator/requests", "GET")[1]["Requests"] == {"DescribeModelPackage": 1}


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_version_that_takes_seconds_is_looked_at_often(
    held: str,
    context: Any,
    deferrable: bool,
    later: Callable[[str], None],
    set_timing: SetTiming,
) -> None:
    """A deferral, or an interval of minutes, would take longer than the version."""
    set_timing(quick_completion=60.0)
    set_timing(quick_completion_poll=0.1)
    later(held)
    described = waiter(held, deferrable=deferrable, poll_interval=600).execute(context)
    assert described["ModelPackageStatus"] == "Completed"


def test_the_worker_waits(held: str, context: Any, later: Callable[[str], None]) -> None:
    """With deferrable=False the task holds its worker until the version is completed."""
    later(held)
    assert waiter(held, deferrable=False).execute(context)["ModelPackageStatus"] == "Completed"


@pytest.mark.usefixtures("defers_at_once")
async def test_a_deferred_task_goes_on_with_nothing_but_the_event(
    held: str, private_url: str, context: Any, set_timing: SetTiming
) -> None:
    """As ``dag.test()`` does it: trigger and constructor hold all that is needed."""
    set_timing(earliest_event=0.0)
    deferred = deferral(waiter(held, deferrable=True), context)
    assert (deferred.method_name, deferred.kwargs) == ("execute_complete", None)
    let_go(private_url, held.split("/")[1])
    (payload,) = [event.payload async for event in deferred.trigger.run()]
    task = waiter(held, deferrable=True)
    assert task.execute_complete(context, payload)["ModelPackageStatus"] == "Completed"


@pytest.mark.usefixtures("defers_at_once")
@pytest.mark.parametrize("deferrable", [False, True])
def test_a_failed_version_says_why(account: SageMakerClient, private_url: str, context: Any, deferrable: bool) -> None:
    """The reasons of the validation and of the image scan are in the error, and no retry is used up."""
    group = make_group(account)
    hold(private_url, group, FAILED)
    arn = register(account, group)
    task = waiter(arn, deferrable=deferrable)
    deferred = deferral(task, context) if deferrable else None
    let_go(private_url, group)
    with pytest.raises(AirflowFailException) as failed:
        resume(task, context, deferred, "finished") if deferred else task.execute(context)
    for words in (arn, "smoke: It exited with status 1.", "image: It has a hole."):
        assert words in str(failed.value)


@pytest.mark.usefixtures("defers_at_once")
@pytest.mark.parametrize("deferrable", [False, True])
def test_the_deadline_counts_from_the_creation(
    account: SageMakerClient, held: str, context: Any, deferrable: bool
) -> None:
    """Neither a retry nor a restart extends it, and it is the trigger's too; the version stays."""
    created = account.describe_model_package(ModelPackageName=held)["CreationTime"]
    if deferrable:
        deferred = deferral(waiter(held, deferrable=True, completion_timeout=timedelta(minutes=5)), context)
        assert isinstance(deferred.trigger, ModelPackageTrigger)
        assert deferred.trigger.deadline == created.timestamp() + 300
    limit = 1.0
    time.sleep(max(0.0, created.timestamp() + limit - time.time()))
    task = waiter(held, deferrable=deferrable, completion_timeout=limit)
    with pytest.raises(AirflowFailException, match=r"is InProgress\. The wait ended 1 s after its creation") as failed:
        task.execute(context)
    assert isinstance(failed.value.__cause__, ModelPackageTimedOut)
    assert account.describe_model_package(ModelPackageName=held)["ModelPackageStatus"] == "InProgress"


@pytest.mark.usefixtures("defers_at_once")
def test_the_deadline_of_a_deferred_wait_fails_the_task(held: str, private_url: str, context: Any) -> None:
    """After it the version is looked at once more: one that is completed by then is good."""
    task = waiter(held, deferrable=True, completion_timeout=3600)
    deferred = deferral(task, context)
    with pytest.raises(AirflowFailException, match="3600 s after its creation"):
        resume(task, context, deferred, "deadline")
    let_go(private_url, held.split("/")[1])
    assert resume(task, context, deferred, "deadline")["ModelPackageStatus"] == "Completed"


@pytest.mark.usefixtures("defers_at_once")
@pytest.mark.parametrize("completion_timeout", [3600, None])
def test_execution_timeout_ends_a_deferred_wait(held: str, context: Any, completion_timeout: float | None) -> None:
    """It is an earlier deadline, and its error is Airflow's own."""
    arguments: Any = {"deferrable": True, "completion_timeout": completion_timeout}
    task = waiter(held, execution_timeout=timedelta(seconds=90), **arguments)
    before = time.time()
    deferred = deferral(task, context)
    assert isinstance(deferred.trigger, ModelPackageTrigger)
    assert deferred.trigger.deadline is not None
    assert before + 90 <= deferred.trigger.deadline <= time.time() + 90
    with pytest.raises(AirflowTaskTimeout, match="execution_timeout"):
        resume(task, context, deferred, "deadline")


@pytest.mark.usefixtures("defers_at_once")
def test_without_any_limit_the_trigger_has_no_deadline(held: str, context: Any) -> None:
    """None waits for ever."""
    deferred = deferral(waiter(held, deferrable=True, completion_timeout=None), context)
    assert isinstance(deferred.trigger, ModelPackageTrigger)
    assert deferred.trigger.deadline is None


@pytest.mark.usefixtures("defers_at_once")
def test_a_list_that_is_ahead_is_not_believed(held: str, context: Any) -> None:
    """Where the description does not say so, the task defers again, until the same deadline."""
    task = waiter(held, deferrable=True, execution_timeout=timedelta(seconds=90))
    deferred = deferral(task, context)
    with pytest.raises(TaskDeferred) as again:
        resume(task, context, deferred, "finished")
    assert again.value.trigger.serialize() == deferred.trigger.serialize()


@pytest.mark.usefixtures("defers_at_once")
def test_a_triggerer_that_sees_nothing_is_said_to(held: str, context: Any) -> None:
    """A retry finds the version again; the error says what the triggerer lacks."""
    task = waiter(held, deferrable=True)
    deferred = deferral(task, context)
    with pytest.raises(ModelPackageUnfinished, match=r"sagemaker:DescribeModelPackage; or wait with deferrable=False"):
        resume(task, context, deferred, "unreadable")


@pytest.mark.parametrize(
    "fault",
    [
        {"ThrottlingRate": 0.7, "Seed": 1},
        {"InternalFailureRate": 0.7, "Seed": 1},
        {"DroppedRequestRate": 0.7, "Seed": 1},
    ],
    ids=str,
)
def test_trouble_of_the_service_fails_no_wait(
    held: str, private_url: str, context: Any, later: Callable[[str], None], fault: dict[str, Any]
) -> None:
    """In the worker it is waited out."""
    task = waiter(held, deferrable=False, botocore_config={"retries": {"total_max_attempts": 1}})
    task.call_with_retries(lambda hook: hook.describe_model_package(held))
    send(f"{private_url}/automl-emulator/faults", "PUT", fault)
    later(held)
    assert task.execute(context)["ModelPackageStatus"] == "Completed"


def test_credentials_that_expire_are_read_anew(
    held: str, private_url: str, context: Any, later: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token expires while the worker waits; once the connection has another one, the wait goes on with it."""
    connection = json.loads(airflow_environment(Path("unused"), private_url)["AIRFLOW_CONN_AWS_DEFAULT"])

    def expire() -> None:
        send(f"{private_url}/automl-emulator/faults", "PUT", {"ExpiredTokens": "Known"})
        monkeypatch.setenv("AIRFLOW_CONN_PRIVATE", json.dumps({**connection, "login": "renewed"}))
        later(held)

    thread = once_answered(private_url, "DescribeModelPackage", expire)
    assert waiter(held, deferrable=False).execute(context)["ModelPackageStatus"] == "Completed"
    thread.join()


def test_a_version_too_new_to_be_seen_is_waited_for(account: SageMakerClient, private_url: str, context: Any) -> None:
    """What CreateModelPackage has accepted may not be shown at once."""
    group = make_group(account)
    first = register(account, group)
    thread = once_answered(private_url, "DescribeModelPackage", lambda: register(account, group))
    described = waiter(first.replace("/1", "/2"), deferrable=False).execute(context)
    thread.join()
    assert described["ModelPackageVersion"] == 2


def test_a_version_that_stays_unseen_is_an_error(account: SageMakerClient, context: Any, set_timing: SetTiming) -> None:
    """After minutes the service's own words are the task's error."""
    set_timing(visible=0.1)
    arn = f"{register(account, make_group(account))}0"
    with pytest.raises(AirflowFailException, match="does not exist"):
        waiter(arn).execute(context)


def test_an_interval_is_more_than_zero() -> None:
    """Wrong arguments are refused when the DAG is parsed."""
    with pytest.raises(ValueError, match="must be more than 0 s"):
        waiter("arn", poll_interval=timedelta(0))
