"""The sensor in all three ways of waiting: how it waits, until when, and how its author says so."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferred,
)

from airflow_sagemaker_automl import SageMakerAutoMLJobSensor
from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger
from tests.support.jobs import start
from tests.support.plain_http import hold_jobs
from tests.support.tasks import changed
from tests.support.timing import SetTiming
from tests.support.watching import (
    CANDIDATE,
    MODES,
    REQUEST,
    after_the_first_look,
    deferral,
    ended,
    resume,
    sensor,
    waits_on,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def test_a_poking_sensor_looks_until_the_job_has_ended(context: Any, account: SageMakerClient) -> None:
    """A job that is stopping has not ended yet."""
    hold_jobs(account.meta.endpoint_url, StoppingSeconds=1, Candidates=[{"Candidate": CANDIDATE}])
    start(account, REQUEST, "job")
    stop = after_the_first_look(account, lambda: account.stop_auto_ml_job(AutoMLJobName="job"))
    with pytest.raises(AirflowFailException, match="was stopped"):
        sensor().execute(context)
    stop.join()
    assert account.describe_auto_ml_job_v2(AutoMLJobName="job")["AutoMLJobStatus"] == "Stopped"


def test_a_rescheduled_sensor_gives_its_worker_back(context: Any, account: SageMakerClient) -> None:
    """It comes back after the interval."""
    start(account, REQUEST, "job")
    before = datetime.now(UTC)
    with pytest.raises(AirflowRescheduleException) as rescheduled:
        sensor(**MODES["reschedule"], poke_interval=timedelta(minutes=5)).execute(context)
    pause = rescheduled.value.reschedule_date - before
    assert timedelta(minutes=5) <= pause <= datetime.now(UTC) - before + timedelta(minutes=5)


def test_a_deferred_sensor_hands_everything_on(context: Any, account: SageMakerClient) -> None:
    """Its trigger has the connection, the interval, and one deadline, and never stops the job."""
    start(account, REQUEST, "job")
    before = time.time()
    trigger = deferral(sensor(deferrable=True, poke_interval=timedelta(seconds=30), timeout=600), context)
    assert (trigger.job_name, trigger.poll_interval, trigger.stop_on_kill) == ("job", 30, False)
    assert trigger.connection == sensor().connection
    assert trigger.deadline is not None
    assert before + 600 <= trigger.deadline <= time.time() + 600


def test_the_execution_timeout_ends_a_deferred_wait(context: Any, account: SageMakerClient) -> None:
    """Airflow watches over it in workers only; where it comes before ``timeout``, it is the deadline."""
    start(account, REQUEST, "job")
    task = sensor(deferrable=True, timeout=600, execution_timeout=timedelta(seconds=60))
    before = time.time()
    trigger = deferral(task, context)
    assert trigger.deadline is not None
    assert before + 60 <= trigger.deadline <= time.time() + 60
    late = {"job_name": "job", "end": "deadline"}
    with pytest.raises(AirflowTaskTimeout, match="within the task's execution_timeout"):
        task.execute_complete(context, late, deadline=before + 600, task_deadline=trigger.deadline)


@pytest.mark.parametrize("interval", [0, timedelta(0)])
def test_an_interval_of_nothing_is_refused(interval: Any) -> None:
    """It would ask without a pause."""
    with pytest.raises(ValueError, match="must be more than 0 s"):
        sensor(poke_interval=interval)


def test_a_deferred_sensor_waits_on_until_its_first_deadline(context: Any, account: SageMakerClient) -> None:
    """A list that is ahead of the job does not end the wait, and does not lengthen it."""
    start(account, REQUEST, "job")
    deadline = time.time() + 100
    with pytest.raises(TaskDeferred) as deferred:
        resume(sensor(deferrable=True), context, "finished", deadline)
    assert isinstance(deferred.value.trigger, AutoMLJobTrigger)
    assert deferred.value.trigger.deadline == deadline
    assert deferred.value.kwargs == {"deadline": deadline, "task_deadline": None}


@pytest.mark.parametrize(
    ("softness", "error"), [({}, AirflowSensorTimeout), ({"soft_fail": True}, AirflowSkipException)]
)
def test_a_timeout_ends_the_wait_and_not_the_job(
    softness: dict[str, Any],
    error: type[Exception],
    mode: dict[str, Any],
    context: Any,
    account: SageMakerClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As that of any sensor: no retry, or a skip with ``soft_fail``; the job is somebody else's, and runs on."""
    start(account, REQUEST, "job")
    task = sensor(**mode, **softness, timeout=0)
    if mode["deferrable"]:
        waits_on(task, context)
        with pytest.raises(error):
            resume(task, context, "deadline", time.time())
        assert not softness or "was not finished within timeout = 0 s" in capsys.readouterr().out
    else:
        with pytest.raises(error):
            task.execute(context)
    assert account.describe_auto_ml_job_v2(AutoMLJobName="job")["AutoMLJobStatus"] == "InProgress"


def test_a_job_that_ends_at_the_deadline_has_ended(context: Any, account: SageMakerClient) -> None:
    """What counts is what the service says when the task goes on."""
    ended(account, "model")
    assert resume(sensor(deferrable=True), context, "deadline", time.time())["outcome"] == "model"


def test_a_job_that_is_too_new_is_waited_for(context: Any, account: SageMakerClient) -> None:
    """The service may not show at once what it has accepted."""
    creation = after_the_first_look(account, lambda: ended(account, "model"))
    assert sensor().execute(context)["outcome"] == "model"
    creation.join()


@pytest.mark.parametrize("name", ["reschedule", "deferrable"])
def test_a_job_that_is_too_new_keeps_no_worker(name: str, context: Any, account: SageMakerClient) -> None:
    """A rescheduled task counts from its first look, which Airflow remembers."""
    waits_on(sensor(**MODES[name]), context)
    before = datetime.now(UTC) - timedelta(minutes=4)
    waits_on(sensor(**MODES[name], timeout=600), changed(context, first_rescheduled=before))


def test_a_job_that_is_not_there_fails_the_task_for_good(
    context: Any, account: SageMakerClient, set_timing: SetTiming
) -> None:
    """A typo is found out after a while, in each mode, and not at the sensor's timeout."""
    long_ago = changed(context, first_rescheduled=datetime.now(UTC) - timedelta(minutes=6))
    with pytest.raises(AirflowFailException, match="no AutoML job 'job' in the account and region"):
        sensor(**MODES["reschedule"]).execute(long_ago)
    with pytest.raises(AirflowFailException, match="no AutoML job 'job'"):
        resume(sensor(deferrable=True), context, "unreadable")
    set_timing(visible=0.1)
    with pytest.raises(AirflowFailException, match="no AutoML job 'job'"):
        sensor().execute(context)


@pytest.mark.parametrize("job_name", [None, "", {"job_name": "job"}])
def test_a_name_that_is_none_fails_the_task_for_good(
    job_name: Any, mode: dict[str, Any], context: Any, account: SageMakerClient
) -> None:
    """An XCom that was not there, a parameter left empty, a whole result instead of its name: it says what it got."""
    with pytest.raises(AirflowFailException, match="AutoMLJobName"):
        sensor(**mode, job_name=job_name).execute(context)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"on_stopped": "accept"}, ValueError, r"on_stopped = 'accept' must be one of fail, pass"),
        ({"on_time_limit": "skip"}, ValueError, r"on_time_limit = 'skip' must be one of pass, fail"),
        ({"poll_interval": 5}, TypeError, "poke_interval"),
        ({"poke_interval": -1}, ValueError, "poke_interval"),
        ({"timeout": "1h"}, ValueError, "timeout"),
        ({"soft_fail": True, "never_fail": True}, ValueError, "mutually exclusive"),
        ({"mode": "rescheduled"}, ValueError, "rescheduled"),
        ({"jobname": "job"}, TypeError, "jobname"),
    ],
)
def test_a_mistake_is_found_when_the_dag_is_read(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    """The message names the argument."""
    with pytest.raises(error, match=words):
        sensor(**arguments)


def test_default_args_reach_the_sensor() -> None:
    """Its own arguments, those of every sensor, and those of the connection; an operator's interval is none of them."""
    defaults = {
        "aws_conn_id": "production",
        "deferrable": True,
        "poke_interval": 30,
        "poll_interval": 7,
        "timeout": timedelta(hours=1),
        "on_no_candidate": "skip",
        "soft_fail": True,
        "mode": "reschedule",
    }
    with DAG(dag_id="defaults", schedule=None, default_args=defaults):
        task = SageMakerAutoMLJobSensor(task_id="watch", job_name="job")
    assert (task.aws_conn_id, task.deferrable, task.soft_fail, task.mode) == ("production", True, True, "reschedule")
    assert (task.poke_interval, task.poll_interval, task.timeout) == (30, 30, 3600)
    assert task.acceptance.on_no_candidate == "skip"
