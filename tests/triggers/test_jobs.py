"""Waiting: one poll for all, no ending missed, none too early, and the state survives being moved."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from airflow.serialization.serialized_objects import BaseSerialization
from airflow.triggers.base import TriggerEvent
from airflow.triggers.shared_stream import SharedStreamManager

from airflow_sagemaker_automl.triggers import shared_connection
from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger, CapacityTrigger
from airflow_sagemaker_automl.triggers.shared_connection import shared
from airflow_sagemaker_automl.triggers.snapshot import Jobs, Snapshot
from demo.sandbox import sagemaker_client
from tests.support.jobs import start, tabular_request, unique, wait
from tests.support.plain_http import hold_jobs, send
from tests.support.timing import SetTiming

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from airflow_sagemaker_automl.hooks.connection import Connection
    from airflow_sagemaker_automl.triggers.quota_queue import QuotaQueue

CONNECTION: Connection = {
    "aws_conn_id": "aws_default",
    "region_name": None,
    "verify": None,
    "botocore_config": {"retries": {"max_attempts": 1}},
}


# In place of five.
EARLIEST_SECONDS = 1.0


@pytest.fixture
def _soon(set_timing: SetTiming) -> None:
    """Let triggers fire earlier than an executor could bear, which is not here."""
    set_timing(earliest_event=EARLIEST_SECONDS)


def trigger(job_name: str, **arguments: Any) -> AutoMLJobTrigger:
    """Make the trigger under test."""
    return AutoMLJobTrigger(**{"job_name": job_name, "connection": CONNECTION, "poll_interval": 0.1, **arguments})


def _over(aws_conn_id: str) -> Connection:
    return {**CONNECTION, "aws_conn_id": aws_conn_id}


async def first(events: AsyncIterator[TriggerEvent]) -> tuple[Any, float]:
    """Wait for a trigger's only event.

    :return: its payload, and the seconds that it took.
    """
    started = time.monotonic()
    payloads = [event.payload async for event in events]
    assert len(payloads) == 1
    return payloads[0], time.monotonic() - started


def test_the_state_survives_a_database() -> None:
    """Airflow stores a trigger as its class path and arguments, encoded as JSON."""
    path, kwargs = trigger("job", deadline=1795200000.5).serialize()
    assert path == f"{AutoMLJobTrigger.__module__}.{AutoMLJobTrigger.__qualname__}"
    stored = BaseSerialization.deserialize(json.loads(json.dumps(BaseSerialization.serialize(kwargs))))
    assert AutoMLJobTrigger(**stored).serialize() == (path, kwargs)


def test_triggers_share_a_poll_where_they_can() -> None:
    """Same connection and interval: one key, whatever the job and deadline; anything else: another one."""
    key = trigger("one").shared_stream_key()
    assert hash(key) == hash(trigger("two", deadline=1.0).shared_stream_key())
    assert key == trigger("two", deadline=1.0).shared_stream_key()
    others = [
        trigger("one", poll_interval=60),
        trigger("one", connection={**CONNECTION, "region_name": "eu-west-1"}),
        trigger("one", connection={**CONNECTION, "verify": False}),
        trigger("one", connection={**CONNECTION, "botocore_config": None}),
    ]
    assert key not in [other.shared_stream_key() for other in others]


def test_making_a_trigger_costs_nothing() -> None:
    """The constructor runs on the event loop: no connection is read and no client built."""
    before = dict(shared_connection._connections)
    trigger("one", connection={**CONNECTION, "aws_conn_id": "there-is-no-such-connection"}).shared_stream_key()
    assert shared_connection._connections == before


def test_many_starts_at_once_build_one_client(emulator_url: str) -> None:
    """Triggers that start together share the one client of their connection."""
    connection: Connection = {**CONNECTION, "region_name": "eu-west-1"}
    with shared(connection) as reached, ThreadPoolExecutor(16) as pool:
        clients = {id(hook.conn) for hook in pool.map(lambda _: reached.hook(), range(64))}
    assert len(clients) == 1


@pytest.fixture
def running_job(sagemaker: SageMakerClient, emulator_url: str) -> str:
    """Name of a job that runs until it is stopped."""
    name = unique()
    hold_jobs(emulator_url, name)
    return start(sagemaker, tabular_request("s3://no-such-bucket/"), name)


@pytest.mark.usefixtures("_soon")
async def test_a_job_that_ends_fires_once(sagemaker: SageMakerClient, emulator_url: str) -> None:
    """Alone, as in ``airflow dags test``: the end is noticed, and not in the first seconds."""
    name = unique()
    stages = [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 0.5}]
    hold_jobs(emulator_url, name, Stages=stages, Ending={"AutoMLJobStatus": "Failed", "FailureReason": "No rows."})
    start(sagemaker, tabular_request("s3://no-such-bucket/"), name)
    payload, seconds = await first(trigger(name).run())
    assert payload == {"job_name": name, "end": "finished"}
    assert sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name)["AutoMLJobStatus"] == "Failed"
    assert seconds >= EARLIEST_SECONDS


@pytest.fixture
def ended_job(private_url: str) -> str:
    """Name of a job that somebody has stopped."""
    sagemaker = sagemaker_client(private_url)
    hold_jobs(private_url)
    start(sagemaker, tabular_request("s3://no-such-bucket/"), "ended")
    sagemaker.stop_auto_ml_job(AutoMLJobName="ended")
    wait(sagemaker, "ended")
    return "ended"


async def test_a_job_that_had_ended_before_is_not_missed(ended_job: str, private_connection: str) -> None:
    """A triggerer that was down while the job ended finds out when it is back, and not in the first five seconds."""
    payload, seconds = await first(trigger(ended_job, connection=_over(private_connection)).run())
    assert payload["end"] == "finished"
    assert seconds >= 5


@pytest.mark.usefixtures("_soon")
async def test_a_deadline_ends_the_wait_and_not_the_job(sagemaker: SageMakerClient, running_job: str) -> None:
    """The trigger only says that time is up; stopping the job is the task's business."""
    payload, _ = await first(trigger(running_job, deadline=time.time() + 1).run())
    assert payload["end"] == "deadline"
    assert sagemaker.describe_auto_ml_job_v2(AutoMLJobName=running_job)["AutoMLJobStatus"] == "InProgress"


@pytest.mark.usefixtures("_soon")
async def test_no_answer_is_no_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the service cannot be reached the wait goes on, until its deadline."""
    nowhere = {"conn_type": "aws", "login": "a", "password": "b"}
    extra = {"region_name": "us-east-1", "endpoint_url": "http://127.0.0.1:9"}
    monkeypatch.setenv("AIRFLOW_CONN_NOWHERE", json.dumps({**nowhere, "extra": extra}))
    connection = {**CONNECTION, "aws_conn_id": "nowhere"}
    deadline = time.time() + 2
    payload, _ = await first(trigger("job", connection=connection, deadline=deadline).run())
    assert payload["end"] == "deadline"
    assert time.time() >= deadline


async def _snapshots(*seen: Snapshot[Jobs]) -> AsyncIterator[Snapshot[Jobs]]:
    for snapshot in seen:
        yield snapshot


@pytest.mark.usefixtures("_soon")
async def test_without_the_right_to_list_each_trigger_looks_for_itself(ended_job: str, private_connection: str) -> None:
    """Where ListAutoMLJobs is denied, a describe tells."""
    denied = Snapshot[Jobs](None, listing_refused=True)
    waiting = trigger(ended_job, connection=_over(private_connection))
    payload, _ = await first(waiting.filter_shared_stream(_snapshots(denied)))
    assert payload["end"] == "finished"


@pytest.mark.usefixtures("_soon")
async def test_a_place_in_the_queue_is_told_when_it_has_halved(capsys: pytest.CaptureFixture[str]) -> None:
    """Of nine places that a waiter moves up through, the log has the first, and then one for each half of the way."""
    connection = _over("queue")
    with shared(connection) as reached:
        queue = reached.queue("sagemaker-automl-jobs")
        for number in range(8):
            queue.join(f"before-{number}", number, limit=1)
        await _move_up(connection, queue)
    assert re.findall(r"number (\d+) of", capsys.readouterr().out) == ["9", "4", "2", "1"]


async def _move_up(connection: Connection, queue: QuotaQueue) -> None:
    """Let a ninth waiter wait until it has room."""

    async def moving_up() -> AsyncIterator[Snapshot[Jobs]]:
        for number in range(8):
            yield Snapshot({"running": "TrainingModels"})
            queue.leave(f"before-{number}")
        yield Snapshot({"running": "TrainingModels"})
        yield Snapshot({})

    waiting = CapacityTrigger(job_name="job", waiting_since=9, limit=1, connection=connection, poll_interval=0.5)
    payload, _ = await first(waiting.filter_shared_stream(moving_up()))
    assert payload["end"] == "room"


@pytest.mark.usefixtures("_soon")
async def test_a_deadline_does_not_wait_for_a_poll(running_job: str) -> None:
    """With minutes between polls the wait still ends at its deadline."""
    payload, seconds = await first(trigger(running_job, poll_interval=900, deadline=time.time() + 1).run())
    assert payload["end"] == "deadline"
    assert seconds < 300


@pytest.mark.usefixtures("_soon")
async def test_a_job_that_is_nowhere_is_looked_for_a_while(emulator_url: str, set_timing: SetTiming) -> None:
    """A job may not be seen at once; one that stays away ends the wait, for the task to say so."""
    set_timing(visible=0.5)
    payload, seconds = await first(trigger("no-such-job").run())
    assert payload["end"] == "unreadable"
    assert seconds >= EARLIEST_SECONDS


async def test_a_list_that_is_late_is_not_believed(running_job: str) -> None:
    """A job that the list does not have yet is described, found running, and waited for."""
    waiting = trigger(running_job).filter_shared_stream(_snapshots(Snapshot({}), Snapshot({running_job: "Starting"})))
    assert [event async for event in waiting] == []


async def test_many_waits_are_one_poll(private_url: str, private_connection: str) -> None:
    """Twenty triggers under Airflow's own stream manager: one list request a round, and each gets its own end."""
    sagemaker = sagemaker_client(private_url)
    hold_jobs(private_url)
    for name in ("runs", "ends"):
        start(sagemaker, tabular_request("s3://no-such-bucket/"), name)
    connection = _over(private_connection)
    manager = SharedStreamManager()
    waits = []
    for number in range(20):
        each = trigger("ends" if number % 2 else "runs", connection=connection)
        stream = manager.subscribe(trigger_id=number, trigger=each, key=each.shared_stream_key())
        waits.append(asyncio.create_task(first(each.filter_shared_stream(stream))))
    await _until(lambda: _requests(private_url)["ListAutoMLJobs"] >= 5)
    assert set(_requests(private_url)) == {"CreateAutoMLJobV2", "ListAutoMLJobs"}
    sagemaker.stop_auto_ml_job(AutoMLJobName="ends")
    await _until(lambda: sum(wait.done() for wait in waits) >= 10)
    assert {wait.result()[0]["job_name"] for wait in waits if wait.done()} == {"ends"}
    send(f"{private_url}/automl-emulator/requests", "DELETE")
    await _until(lambda: _requests(private_url)["ListAutoMLJobs"] >= 3)
    assert set(_requests(private_url)) == {"ListAutoMLJobs"}
    for pending in waits:
        pending.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    await manager.stop_all()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110  # What is waited for happens in another process.
            await asyncio.sleep(0.1)


def _requests(url: str) -> Counter[str]:
    return Counter(send(f"{url}/automl-emulator/requests", "GET")[1]["Requests"])
