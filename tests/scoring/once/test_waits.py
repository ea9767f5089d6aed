"""Waiting for a job or for instances: where, for how long, and what a kill or a timeout does to the job."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowTaskTimeout, TaskDeferred

from airflow_sagemaker_automl import QuotaWaitTimedOut, scored as scored_asset
from airflow_sagemaker_automl.triggers.transform import TransformJobTrigger, TransformRoomTrigger
from tests.support.plain_http import once_answered
from tests.support.scoring import Account, expected, finished, operator, scored, started
from tests.support.tasks import changed, deferral, resume
from tests.support.transforms import start_transform, transform_model, wait_for_transform

_CONTAINERS: Any = [{"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}]


@pytest.fixture
def full(account: Account, given: dict[str, Any]) -> str:
    """Name of somebody's job that uses the only instance of its type."""
    account.faults = {"TransformInstances": 1}
    account.fault()
    model = transform_model(account.sagemaker, _CONTAINERS)
    name = start_transform(account.sagemaker, model, "s3://bucket/rows/")
    account.sagemaker.delete_model(ModelName=model)
    return name


def status(account: Account, name: str) -> str:
    """Say what the service says of a job."""
    return account.sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"]


def test_the_worker_waits_in_the_same_way(account: Account, context: Any, given: dict[str, Any]) -> None:
    """Without deferral the task holds its worker until the job has ended."""

    def answer() -> None:
        (name,) = account.jobs()
        account.answer(name)
        account.end()

    answered = once_answered(account.url, "DescribeTransformJob", answer, times=2)
    result = operator(**given, deferrable=False).execute(context)
    answered.join()
    assert account.read(result["output_uri"]) == expected(1, 2, 3)


def test_what_is_kept_over_a_deferral_is_enough(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The trigger names the job and its type, and has no deadline unless one is set."""
    deferred = deferral(operator(**given), context)
    trigger = deferred.trigger
    assert isinstance(trigger, TransformJobTrigger)
    assert (trigger.instance_type, trigger.deadline, trigger.stop_on_kill) == ("ml.m5.large", None, True)
    account.answer(trigger.job_name)
    account.end()
    wait_for_transform(account.sagemaker, trigger.job_name)
    event = {"job_name": trigger.job_name, "end": "finished"}
    assert operator(**given).execute_complete(context, event)["scored_rows"] == 3


def test_a_task_need_not_wait(account: Account, context: Any, given: dict[str, Any]) -> None:
    """``wait_for_completion=False`` tells which job runs and with which version."""
    result = operator(**given, wait_for_completion=False).execute(context)
    assert result["outcome"] == "started"
    assert result["model_package_arn"] == given["model_package_arn"]
    assert account.jobs() == {result["transform_job_name"]: "InProgress"}
    assert account.models() == [result["transform_job_name"]]


@pytest.mark.parametrize("stop", [True, False])
def test_the_wait_has_an_end(account: Account, context: Any, given: dict[str, Any], stop: bool) -> None:
    """``wait_timeout`` is counted from the creation of the job, and the job is stopped unless told otherwise."""
    task = operator(**given, wait_timeout=1, stop_on_timeout=stop)
    deferred = deferral(task, context)
    trigger = deferred.trigger
    assert isinstance(trigger, TransformJobTrigger)
    created = account.sagemaker.describe_transform_job(TransformJobName=trigger.job_name)["CreationTime"].timestamp()
    assert trigger.deadline == pytest.approx(created + 1, abs=1)
    fate = "is being stopped" if stop else "keeps running, because stop_on_timeout is False"
    with pytest.raises(AirflowFailException, match=rf"Transform job .* did not finish within 1 s .* and {fate}"):
        resume(task, context, deferred, "deadline")
    assert status(account, trigger.job_name) == ("Stopped" if stop else "InProgress")


def test_the_execution_timeout_is_airflows_own(account: Account, context: Any, given: dict[str, Any]) -> None:
    """One deadline for all waits of a try."""
    task = operator(**given, execution_timeout=timedelta(seconds=30), wait_timeout=3600)
    deferred = deferral(task, context)
    trigger = deferred.trigger
    assert isinstance(trigger, TransformJobTrigger)
    assert trigger.deadline == pytest.approx(time.time() + 30, abs=15)
    with pytest.raises(AirflowTaskTimeout, match=r"Transform job .* was not finished within the task's execution_time"):
        resume(task, context, deferred, "deadline")


def test_a_job_that_the_triggerer_cannot_describe(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The worker looks itself: a job that has ended is collected, another one is a reason to retry."""
    deferred = deferral(operator(**given), context)
    event = {"job_name": deferred.trigger.job_name, "end": "unreadable", "reason": "denied"}
    with pytest.raises(Exception, match=r"is InProgress\. .*denied"):
        operator(**given).execute_complete(context, event)
    account.answer(event["job_name"])
    account.end()
    wait_for_transform(account.sagemaker, event["job_name"])
    assert operator(**given).execute_complete(context, event)["outcome"] == "scored"


@pytest.mark.parametrize(("state", "clears"), [("failed", 0), ("success", 0), (None, 1), ("deleted", 0)])
def test_the_job_of_a_task_that_somebody_ended_is_stopped(
    account: Account,
    context: Any,
    given: dict[str, Any],
    airflow_says: Callable[..., None],
    state: str | None,
    clears: int,
) -> None:
    """Nobody wants its predictions."""
    task = operator(**given, wait_for_completion=False)
    name = task.execute(context)["transform_job_name"]
    airflow_says(state, clears)
    task.on_kill()
    assert wait_for_transform(account.sagemaker, name)["TransformJobStatus"] == "Stopped"


def test_a_task_that_is_cleared_while_it_runs_scores_the_present_data(
    account: Account, context: Any, given: dict[str, Any], airflow_says: Callable[..., None]
) -> None:
    """Airflow gives it no other number of tries then, so its names stay the same."""
    task = operator(**given, wait_for_completion=False)
    first = task.execute(context)["transform_job_name"]
    airflow_says(None, 1)
    task.on_kill()
    account.write(f"{given['data']}rows.csv", "id,age,income,note\nno. 9,29,1,x\n")
    given["model_package_arn"] = account.version()
    result = scored(account, operator(**given), changed(context, try_number=2))
    assert account.read(result["output_uri"]) == expected(9)
    assert result["model_package_arn"] == given["model_package_arn"]
    assert account.jobs()[first] == "Stopped"


def test_a_job_that_ended_in_the_moment_of_a_clear_is_no_result(
    account: Account, context: Any, given: dict[str, Any], airflow_says: Callable[..., None]
) -> None:
    """Its predictions are those of the old rows, of which there are as many."""
    task = operator(**given, wait_for_completion=False)
    first = task.execute(context)["transform_job_name"]
    finished(account, first)
    airflow_says(None, 1)
    task.on_kill()
    account.write(f"{given['data']}rows.csv", "id,age,income,note\nno. 7,27,1,x\nno. 8,28,1,x\nno. 9,29,1,x\n")
    result = scored(account, operator(**given), changed(context, try_number=2))
    assert account.read(result["output_uri"]) == expected(7, 8, 9)
    assert result["transform_job_name"] != first


def test_a_job_that_could_not_be_stopped_at_a_clear_is_stopped_by_the_next_execution(
    account: Account, context: Any, given: dict[str, Any], airflow_says: Callable[..., None]
) -> None:
    """It works on the old rows, and is not waited for."""
    task = operator(**given, wait_for_completion=False)
    first = task.execute(context)["transform_job_name"]
    airflow_says(None, 1)
    account.fault(DeniedOperations=["StopTransformJob"])
    task.on_kill()
    account.fault()
    assert status(account, first) == "InProgress"
    second = started(operator(**given), changed(context, try_number=2))
    assert wait_for_transform(account.sagemaker, first)["TransformJobStatus"] == "Stopped"
    assert status(account, second) == "InProgress"


def test_a_task_that_does_not_wait_tells_of_no_table(account: Account, context: Any, given: dict[str, Any]) -> None:
    """Airflow emits an event of each outlet that is left."""
    task = operator(**given, wait_for_completion=False, outlets=[scored_asset("group")])
    assert task.execute(context)["outcome"] == "started"
    assert task.outlets == []


@pytest.mark.parametrize(("arguments", "state"), [({}, "running"), ({}, None), ({"stop_on_kill": False}, "failed")])
def test_the_job_of_a_task_that_goes_on_is_left_alone(
    account: Account,
    context: Any,
    given: dict[str, Any],
    airflow_says: Callable[..., None],
    arguments: dict[str, Any],
    state: str | None,
) -> None:
    """Only the worker ends; or ``stop_on_kill=False``."""
    task = operator(**given, wait_for_completion=False, **arguments)
    name = task.execute(context)["transform_job_name"]
    airflow_says(state)
    task.on_kill()
    assert status(account, name) == "InProgress"


def test_the_execution_timeout_stops_the_job(
    account: Account, context: Any, given: dict[str, Any], airflow_says: Callable[..., None]
) -> None:
    """Airflow calls while it handles the timeout; the task is still running then."""
    airflow_says("running")
    task = operator(**given, wait_for_completion=False)
    name = task.execute(context)["transform_job_name"]
    try:
        raise AirflowTaskTimeout
    except AirflowTaskTimeout:
        task.on_kill()
    assert wait_for_transform(account.sagemaker, name)["TransformJobStatus"] == "Stopped"


def test_a_kill_before_the_job_exists_starts_none(
    account: Account, context: Any, given: dict[str, Any], airflow_says: Callable[..., None]
) -> None:
    """While the data is prepared: the task goes on for some seconds, and creates neither model nor job."""
    airflow_says("failed")
    task = operator(**given)
    submission = task._submission

    def killed(context: Any) -> Any:
        task.on_kill()
        return submission(context)

    task.__dict__["_submission"] = killed
    with pytest.raises(AirflowException, match="is being terminated and does not resume Transform job"):
        task.execute(context)
    assert (account.models(), account.jobs()) == ([], {})


@pytest.mark.usefixtures("full")
def test_a_refusal_is_a_wait(account: Account, context: Any, given: dict[str, Any], full: str) -> None:
    """The task defers with its type of instance, keeps its turn, and scores when there is room."""
    deferred = deferral(operator(**given, capacity_timeout=300), context)
    trigger = deferred.trigger
    assert isinstance(trigger, TransformRoomTrigger)
    assert (trigger.instance_type, trigger.limit) == ("ml.m5.large", 1)
    assert trigger.deadline == trigger.waiting_since + 300
    files = account.objects(given["output_uri"])
    with pytest.raises(TaskDeferred) as again:
        resume(operator(**given), context, deferred, "room")
    assert isinstance(again.value.trigger, TransformRoomTrigger)
    assert again.value.trigger.waiting_since == trigger.waiting_since
    assert account.objects(given["output_uri"]) == files
    account.sagemaker.stop_transform_job(TransformJobName=full)
    wait_for_transform(account.sagemaker, full)
    with pytest.raises(TaskDeferred) as working:
        resume(operator(**given), context, deferred, "room")
    assert isinstance(working.value.trigger, TransformJobTrigger)
    assert working.value.trigger.job_name == trigger.job_name
    assert account.objects(given["output_uri"]) == files
    assert account.models() == [trigger.job_name]


def test_instances_of_another_type_are_free(account: Account, context: Any, given: dict[str, Any], full: str) -> None:
    """The quota is one of each type."""
    deferred = deferral(operator(**{**given, "instance_type": "ml.m5.xlarge"}), context)
    assert isinstance(deferred.trigger, TransformJobTrigger)


def test_the_worker_waits_for_instances_too(account: Account, context: Any, given: dict[str, Any], full: str) -> None:
    """Without deferral it looks until there is room."""
    room = once_answered(
        account.url, "ListTransformJobs", lambda: account.sagemaker.stop_transform_job(TransformJobName=full), times=4
    )
    result = operator(**given, deferrable=False, wait_for_completion=False).execute(context)
    room.join()
    assert status(account, result["transform_job_name"]) == "InProgress"


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.usefixtures("full")
def test_the_wait_for_instances_has_an_end(context: Any, given: dict[str, Any], deferrable: bool) -> None:
    """``capacity_timeout`` is counted from the first refusal; the error has the service's reason, and retries help."""
    task = operator(**given, deferrable=deferrable, capacity_timeout=1)
    deferred = deferral(task, context) if deferrable else None
    with pytest.raises(QuotaWaitTimedOut, match=r"No Transform job could be started within 1 s.*is 1 Instances"):
        _ = resume(task, context, deferred, "deadline") if deferred else task.execute(context)


@pytest.mark.parametrize(("quota", "instances"), [(0, 1), (2, 3)])
def test_a_quota_that_is_too_small_fails_for_good(
    account: Account, context: Any, given: dict[str, Any], quota: int, instances: int
) -> None:
    """Waiting cannot help; neither model nor input is left."""
    account.fault(TransformInstances=quota)
    with pytest.raises(AirflowFailException, match=r"Transform job .* cannot start, and waiting does not help"):
        operator(**given, instance_count=instances).execute(context)
    assert (account.models(), account.jobs(), account.objects(given["output_uri"])) == ([], {}, [])


@pytest.mark.usefixtures("full")
def test_a_job_that_runs_needs_no_room(account: Account, context: Any, given: dict[str, Any], full: str) -> None:
    """A retry at quota resumes its own job."""
    account.sagemaker.stop_transform_job(TransformJobName=full)
    wait_for_transform(account.sagemaker, full)
    first = deferral(operator(**given), context).trigger
    again = deferral(operator(**given), changed(context, try_number=2)).trigger
    assert isinstance(again, TransformJobTrigger)
    assert again.job_name == first.job_name
