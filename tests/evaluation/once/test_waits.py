"""Waiting for two jobs: both run at the same time, and a kill or a timeout is for both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred

from airflow_sagemaker_automl.triggers.base import WaitEnd
from airflow_sagemaker_automl.triggers.transform import TransformJobTrigger, TransformRoomTrigger
from tests.support.evaluating import ROLES, WHOLE, end, finish, hold, job_of, left, operator
from tests.support.plain_http import once_answered
from tests.support.scoring import Account
from tests.support.tasks import TaskInstance, changed, deferral, resume
from tests.support.transforms import wait_for_transform


def _again(task: Any, context: Any, deferred: TaskDeferred, reason: str = "finished") -> TaskDeferred:
    """Go on after a wait to the next one."""
    with pytest.raises(TaskDeferred) as again:
        resume(task, context, deferred, reason)
    return again.value


def _statuses(account: Account) -> list[str]:
    for name, status in account.jobs().items():
        if status == "Stopping":
            wait_for_transform(account.sagemaker, name)
    return list(account.jobs().values())


def test_both_jobs_run_while_the_task_waits(account: Account, context: Any, given: dict[str, Any]) -> None:
    """One wait after the other, no third job, and the same result as in the worker."""
    candidate, champion = (hold(account, context, role) for role in ROLES)
    deferred = deferral(operator(**given), context)
    trigger = deferred.trigger
    assert isinstance(trigger, TransformJobTrigger)
    assert (trigger.job_name, trigger.also_stops) == (candidate, [champion])
    assert trigger.event(WaitEnd.FINISHED)["also_stops"] == [champion]
    assert account.jobs() == {candidate: "InProgress", champion: "InProgress"}
    end(account, candidate)
    second = _again(operator(**given), context, deferred)
    assert isinstance(second.trigger, TransformJobTrigger)
    assert (second.trigger.job_name, second.trigger.also_stops) == (champion, [])
    end(account, champion)
    result = resume(operator(**given), context, second, "finished")
    assert list(account.jobs()) == [candidate, champion]
    assert left(account, given["output_uri"]) == WHOLE
    assert account.models() == []

    account.hold()
    other = changed(context, run_id="in-the-worker")
    given["output_uri"] = f"{given['output_uri'][:-1]}-in-the-worker/"
    answered = once_answered(account.url, "DescribeTransformJob", lambda: finish(account), times=2)
    same = operator(**given, deferrable=False).execute(other)
    answered.join()
    assert {**same, "report": ""} == {**result, "report": ""}


@pytest.fixture
def one_instance(account: Account) -> None:
    """The quota allows one job at a time."""
    account.faults = {"TransformInstances": 1}
    account.fault()


@pytest.mark.usefixtures("one_instance")
def test_the_second_job_waits_for_a_place(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The first one is kept, and starts no other when the task resumes."""
    candidate, champion = (hold(account, context, role) for role in ROLES)
    deferred = deferral(operator(**given), context)
    assert isinstance(deferred.trigger, TransformRoomTrigger)
    assert (deferred.trigger.job_name, deferred.trigger.also_stops) == (champion, [candidate])
    again = _again(operator(**given), context, deferred, "room")
    assert isinstance(again.trigger, TransformRoomTrigger)
    assert account.jobs() == {candidate: "InProgress"}
    end(account, candidate)
    working = _again(operator(**given), context, again, "room")
    assert working.trigger.job_name == champion
    end(account, champion)
    assert resume(operator(**given), context, working, "finished")["outcome"] == "compared"
    assert list(account.jobs()) == [candidate, champion]


@pytest.mark.usefixtures("one_instance")
def test_a_candidate_that_fails_while_the_other_waits_for_a_place(
    account: Account, context: Any, given: dict[str, Any]
) -> None:
    """The task fails, and starts no job for the champion."""
    candidate = hold(account, context, "candidate", "Failed")
    deferred = deferral(operator(**given), context)
    account.script({"Ending": {"TransformJobStatus": "Failed"}}, candidate)
    wait_for_transform(account.sagemaker, candidate)
    with pytest.raises(Exception, match=f"Transform job {candidate} failed"):
        resume(operator(**given), context, deferred, "room")
    assert account.jobs() == {candidate: "Failed"}


@pytest.mark.parametrize(
    ("state", "stop", "after"),
    [
        ("failed", True, "Stopped"),
        ("success", True, "Stopped"),
        (None, True, "Stopped"),
        ("running", True, "InProgress"),
        ("deferred", True, "InProgress"),
        ("failed", False, "InProgress"),
    ],
)
async def test_a_kill_in_the_triggerer_is_for_both(
    account: Account,
    context: Any,
    given: dict[str, Any],
    airflow_says: Callable[..., None],
    state: str | None,
    stop: bool,
    after: str,
) -> None:
    """Nobody wants the scores; but a triggerer that only shuts down stops neither."""
    trigger: Any = deferral(operator(**given, stop_on_kill=stop), context).trigger
    airflow_says(state)
    trigger.task_instance = TaskInstance("dag", "evaluate", "run")
    await trigger.on_kill()
    assert _statuses(account) == [after, after]


async def test_a_job_that_cannot_be_stopped_spares_no_other(
    account: Account, context: Any, given: dict[str, Any], airflow_says: Callable[..., None]
) -> None:
    """The error is that of the first one."""
    trigger: Any = deferral(operator(**given), context).trigger
    (champion,) = trigger.also_stops
    trigger.job_name = "there-is-no-such-job"
    airflow_says("failed")
    trigger.task_instance = TaskInstance("dag", "evaluate", "run")
    with pytest.raises(Exception, match="there-is-no-such-job"):
        await trigger.on_kill()
    assert wait_for_transform(account.sagemaker, champion)["TransformJobStatus"] == "Stopped"


@pytest.mark.usefixtures("one_instance")
@pytest.mark.parametrize(("stop", "after"), [(True, "Stopped"), (False, "InProgress")])
async def test_a_kill_during_the_wait_for_a_place_stops_the_job_that_runs(
    account: Account, context: Any, given: dict[str, Any], airflow_says: Callable[..., None], stop: bool, after: str
) -> None:
    """The other one does not exist."""
    trigger: Any = deferral(operator(**given, stop_on_kill=stop), context).trigger
    airflow_says("failed")
    trigger.task_instance = TaskInstance("dag", "evaluate", "run")
    await trigger.on_kill()
    assert _statuses(account) == [after]


@pytest.mark.parametrize(("state", "after"), [("failed", "Stopped"), ("running", "InProgress")])
def test_a_kill_in_the_worker_is_for_both(
    account: Account, context: Any, given: dict[str, Any], airflow_says: Callable[..., None], state: str, after: str
) -> None:
    """The signal may also come just after the task has resumed; a worker that only shuts down stops neither."""
    first, second = (hold(account, context, role) for role in ROLES)
    task = operator(**given)
    deferred = deferral(task, context)
    end(account, first)
    killed = operator(**given)
    evaluation = killed._evaluation

    def interrupted(context: Any) -> Any:
        airflow_says(state)
        killed.on_kill()
        return evaluation(context)

    killed.__dict__["_evaluation"] = interrupted
    with pytest.raises((AirflowException, TaskDeferred)):
        resume(killed, context, deferred, "finished")
    if state == "running":
        killed.on_kill()
    assert wait_for_transform(account.sagemaker, second, (after,))["TransformJobStatus"] == after


@pytest.mark.parametrize("clears", [0, 1])
def test_a_signal_while_the_worker_waits_stops_both(
    account: Account, context: Any, given: dict[str, Any], airflow_says: Callable[..., None], clears: int
) -> None:
    """Marked or cleared; a cleared one evaluates the present data next, although its names stay the same."""
    task = operator(**given, deferrable=False)
    airflow_says("failed" if not clears else None, clears)
    killed = once_answered(account.url, "DescribeTransformJob", task.on_kill, times=2)
    with pytest.raises(AirflowException, match="is being terminated and does not resume Transform job"):
        task.execute(context)
    killed.join()
    assert _statuses(account) == ["Stopped", "Stopped"]
    assert [name for name in account.names(given["output_uri"]) if name.endswith(("plan.json", "prepared.json"))] == []
    newer = account.version(group=given["model_package_group_name"], kind="BinaryClassification")
    account.hold()
    deferred = deferral(operator(**given), changed(context, try_number=2))
    finish(account)
    result = resume(operator(**given), changed(context, try_number=2), deferred, "finished")
    assert result["champion"] == newer


@pytest.mark.parametrize(("stop", "after"), [(True, "Stopped"), (False, "InProgress")])
@pytest.mark.parametrize("deferrable", [True, False])
def test_a_timeout_is_for_both(
    account: Account, context: Any, given: dict[str, Any], stop: bool, after: str, deferrable: bool
) -> None:
    """The error names the job that was waited for, and what happens to each."""
    candidate, champion = (job_of(context, role) for role in ROLES)
    task = operator(**given, wait_timeout=1, stop_on_timeout=stop, deferrable=deferrable)
    fates = rf"is being stopped\. Transform job {champion} is being stopped\." if stop else "keeps running, because"
    deferred = deferral(task, context) if deferrable else None
    waited = operator(**given, wait_timeout=1, stop_on_timeout=stop, deferrable=deferrable)
    with pytest.raises(AirflowFailException, match=f"Transform job {candidate} did not finish within 1 s .* {fates}"):
        _ = resume(waited, context, deferred, "deadline") if deferred else task.execute(context)
    assert _statuses(account) == [after, after]
