"""The quota as a queue: who is refused waits, in the triggerer or in its worker, and for no longer than was said."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout, TaskDeferred

from airflow_sagemaker_automl import QuotaReached, QuotaWaitTimedOut, SageMakerAutoMLHook, SageMakerAutoMLJobOperator
from airflow_sagemaker_automl.core.jobs.quota import Refusal
from airflow_sagemaker_automl.tasks.quota_place import QueuePlace
from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger, CapacityTrigger
from demo.sandbox import sagemaker_client
from tests.support.jobs import start, tabular_request, wait
from tests.support.plain_http import hold_jobs, once_answered, send
from tests.support.tasks import changed, deferral, resume

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

REQUEST = tabular_request("s3://no-such-bucket/at-all/")


@pytest.fixture
def full(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account with a quota of two jobs, both taken by jobs that go on until they are stopped."""
    hold_jobs(private_url)
    sagemaker = sagemaker_client(private_url)
    for name in ("one", "two"):
        start(sagemaker, REQUEST, name)
    return sagemaker


def operator(**arguments: Any) -> SageMakerAutoMLJobOperator:
    """Make the operator under test; it waits in the triggerer unless told otherwise."""
    defaults = {"task_id": "train", "aws_conn_id": "private", "deferrable": True, "poll_interval": 0.2}
    return SageMakerAutoMLJobOperator(request=REQUEST, **{**defaults, **arguments})


def set_quota(sagemaker: SageMakerClient, jobs: int, **faults: Any) -> None:
    """Change the account's quota, and the faults in force."""
    url = f"{sagemaker.meta.endpoint_url}/automl-emulator/faults"
    status, answer = send(url, "PUT", {"ConcurrentJobs": jobs, **faults})
    assert status == 200, answer


def test_a_refusal_is_a_wait_and_no_failure(
    context: Any, full: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """The task defers with what it learned, says why, and starts its job when there is room."""
    before = time.time()
    deferred = deferral(operator(capacity_timeout=timedelta(minutes=5)), context)
    trigger = deferred.trigger
    assert isinstance(trigger, CapacityTrigger)
    assert trigger.limit == 2
    assert before <= trigger.waiting_since <= time.time()
    assert trigger.deadline == trigger.waiting_since + 300
    told = capsys.readouterr().out
    assert f"AutoML job {trigger.job_name} cannot start yet" in told
    assert "is 2 AutoML Jobs" in told
    assert "Waiting until fewer than 2 jobs are in progress" in told
    full.stop_auto_ml_job(AutoMLJobName="one")
    with pytest.raises(TaskDeferred) as waiting:
        resume(operator(), context, deferred, "room")
    assert isinstance(waiting.value.trigger, AutoMLJobTrigger)
    assert waiting.value.trigger.job_name == trigger.job_name
    assert full.describe_auto_ml_job_v2(AutoMLJobName=trigger.job_name)["AutoMLJobStatus"] == "InProgress"


def test_who_was_overtaken_keeps_its_turn(context: Any, full: SageMakerClient) -> None:
    """Refused again, the task waits again, since the same time."""
    first = deferral(operator(), context)
    with pytest.raises(TaskDeferred) as again:
        resume(operator(), context, first, "room")
    assert isinstance(first.trigger, CapacityTrigger)
    assert isinstance(again.value.trigger, CapacityTrigger)
    assert again.value.trigger.waiting_since == first.trigger.waiting_since


def test_the_worker_waits_in_the_same_way(context: Any, full: SageMakerClient) -> None:
    """Without deferral the task holds its worker until there is room, and then trains."""
    url = str(full.meta.endpoint_url)
    room = once_answered(url, "ListAutoMLJobs", lambda: full.stop_auto_ml_job(AutoMLJobName="one"), times=3)
    result = operator(deferrable=False, wait_for_completion=False).execute(context)
    room.join()
    assert full.describe_auto_ml_job_v2(AutoMLJobName=result["job_name"])["AutoMLJobStatus"] == "InProgress"


@pytest.mark.parametrize("deferrable", [True, False])
def test_the_wait_for_a_place_has_an_end(context: Any, full: SageMakerClient, deferrable: bool) -> None:
    """``capacity_timeout`` is counted from the first refusal; the error has the service's reason, and retries help."""
    task = operator(deferrable=deferrable, capacity_timeout=1)
    deferred = deferral(task, context) if deferrable else None
    with pytest.raises(QuotaWaitTimedOut, match=r"within 1 s \(capacity_timeout\).*is 2 AutoML Jobs"):
        _ = resume(task, context, deferred, "deadline") if deferred else task.execute(context)


def test_the_execution_timeout_ends_the_queue_too(context: Any, full: SageMakerClient) -> None:
    """It is one deadline for all the waits of a try, and Airflow's own error."""
    task = operator(execution_timeout=timedelta(seconds=30), capacity_timeout=3600)
    deferred = deferral(task, context)
    assert isinstance(deferred.trigger, CapacityTrigger)
    assert deferred.trigger.deadline == pytest.approx(time.time() + 30, abs=10)
    with pytest.raises(AirflowTaskTimeout, match="execution_timeout"):
        resume(operator(capacity_timeout=3600), context, deferred, "deadline")
    full.stop_auto_ml_job(AutoMLJobName="one")
    with pytest.raises(TaskDeferred) as waiting:
        resume(operator(), context, deferred, "room")
    assert isinstance(waiting.value.trigger, AutoMLJobTrigger)
    assert waiting.value.trigger.deadline == deferred.trigger.deadline


def test_the_event_alone_is_enough_to_go_on(context: Any, full: SageMakerClient) -> None:
    """``dag.test()`` hands on nothing else: the task queues anew, trains, or ends by the limit that it has."""
    event = {"job_name": "name", "end": "room"}
    with pytest.raises(TaskDeferred) as again:
        operator().execute_with_room(context, event)
    assert isinstance(again.value.trigger, CapacityTrigger)
    late = {**event, "end": "deadline"}
    with pytest.raises(QuotaWaitTimedOut, match="within 60 s"):
        operator(capacity_timeout=60).execute_with_room(context, late)
    with pytest.raises(AirflowTaskTimeout):
        operator(execution_timeout=timedelta(seconds=1)).execute_with_room(context, late)
    with pytest.raises(AirflowTaskTimeout):
        operator(execution_timeout=timedelta(seconds=1)).execute_complete(context, {**late, "job_name": "one"})


def test_where_the_triggerer_sees_nothing_the_worker_tries(
    context: Any, full: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log says why, and the task queues again where there is no room."""
    event = {"job_name": "name", "end": "unreadable", "reason": "no such connection"}
    with pytest.raises(TaskDeferred) as again:
        operator().execute_with_room(context, event, {"since": 1.0})
    assert isinstance(again.value.trigger, CapacityTrigger)
    assert again.value.trigger.waiting_since == 1.0
    assert "so this worker tries: no such connection" in capsys.readouterr().out


def test_a_quota_of_zero_fails_for_good(context: Any, full: SageMakerClient) -> None:
    """Waiting cannot help where no job may run at all; no retry is used up."""
    set_quota(full, 0)
    with pytest.raises(AirflowFailException, match=r"waiting does not help: .* is 0 AutoML Jobs.*servicequotas"):
        operator().execute(context)


def test_refusals_while_nothing_runs_end_the_wait() -> None:
    """A text that cannot be read may mean a quota of zero: in an idle account it is taken for one in the end."""
    refusal = QuotaReached("job", "You have reached a limit.")
    place = QueuePlace(since=0.0)
    for _ in range(5):
        place = place.after(refusal, running=0)
        assert (place.limit, place.reason, place.since) == (1, "You have reached a limit.", 0.0)
    assert place.after(refusal, running=3).idle_refusals == 0
    assert place.after(refusal, running=None).idle_refusals == 0
    with pytest.raises(QuotaReached, match="It said so 6 times while no AutoML job was in progress") as raised:
        place.after(refusal, running=0)
    assert not raised.value.retry_can_help


def test_a_refusal_that_names_the_quota_is_believed() -> None:
    """Jobs that are stopping count, though no list has them; a text about something else tells no number of jobs."""
    full = "The account-level service limit 'Maximum number of concurrent AutoML Jobs' is 4 AutoML Jobs."
    place = QueuePlace(since=0.0)
    for _ in range(20):
        place = place.after(QuotaReached("job", full, Refusal.read(full).jobs_at_once), running=0)
    assert (place.limit, place.idle_refusals) == (4, 0)
    other = "The account-level service limit 'ml.m5.4xlarge for training job usage' is 20 Instances."
    assert place.after(QuotaReached("job", other, Refusal.read(other).jobs_at_once), running=3).limit == 3


def test_the_worker_tries_though_no_room_is_seen(context: Any, full: SageMakerClient) -> None:
    """A quota that was raised while others fill the old one is found out after ten looks."""
    raised = once_answered(str(full.meta.endpoint_url), "ListAutoMLJobs", lambda: set_quota(full, 3))
    result = operator(deferrable=False, wait_for_completion=False).execute(context)
    raised.join()
    assert full.describe_auto_ml_job_v2(AutoMLJobName=result["job_name"])["AutoMLJobStatus"] == "InProgress"


def test_a_job_that_runs_already_needs_no_room(context: Any, full: SageMakerClient) -> None:
    """A retry at quota goes on with its own job, whichever of name and quota the service looks at first."""
    full.stop_auto_ml_job(AutoMLJobName="one")
    first = deferral(operator(), context).trigger
    assert isinstance(first, AutoMLJobTrigger)
    again = deferral(operator(), changed(context, try_number=2)).trigger
    assert isinstance(again, AutoMLJobTrigger)
    assert again.job_name == first.job_name


def test_without_the_right_to_list_the_task_waits_all_the_same(context: Any, full: SageMakerClient) -> None:
    """The refusal tells the limit; one waiter after the other tries."""
    set_quota(full, 2, DeniedOperations=["ListAutoMLJobs"])
    trigger = deferral(operator(), context).trigger
    assert isinstance(trigger, CapacityTrigger)
    assert trigger.limit == 2


def test_jobs_that_are_stopping_take_places_too(context: Any, full: SageMakerClient) -> None:
    """Nothing is in progress, and the account is full all the same: that is no account without a quota."""
    hook = SageMakerAutoMLHook("private")
    assert not hook.has_stopping_jobs()
    hold_jobs(str(full.meta.endpoint_url), StoppingSeconds=3600)
    for name in ("one", "two"):
        full.stop_auto_ml_job(AutoMLJobName=name)
        wait(full, name)
    for name in ("three", "four"):
        start(full, REQUEST, name)
        full.stop_auto_ml_job(AutoMLJobName=name)
    assert hook.jobs_in_progress() == {}
    assert hook.has_stopping_jobs()
