"""What goes wrong on the way while triggers wait: none of it ends a wait, and every end is noticed all the same."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_sagemaker_automl.triggers import shared_connection
from airflow_sagemaker_automl.triggers.base import WaitEnd
from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger, CapacityTrigger
from demo.sandbox import REGION, airflow_environment, sagemaker_client
from tests.support.jobs import start, tabular_request
from tests.support.plain_http import hold_jobs, send
from tests.support.processes import child_that_listens
from tests.support.timing import SetTiming
from tests.support.waits import waiting

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from airflow_sagemaker_automl.hooks.connection import Connection

REQUEST = tabular_request("s3://no-such-bucket/at-all/")
_ONCE = {"retries": {"total_max_attempts": 1}}
CONNECTION: Connection = {
    "aws_conn_id": "private",
    "region_name": None,
    "verify": None,
    "botocore_config": _ONCE,
}
INTERVAL = 0.1


@pytest.fixture(autouse=True)
def _no_executor_waits(set_timing: SetTiming) -> None:
    """Let triggers fire as soon as they know: there is no executor here that would have to report first."""
    set_timing(earliest_event=0.0)


@pytest.fixture(autouse=True)
def _no_queue_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start with an empty queue: places that were given away in one account stay reserved for half a minute."""
    monkeypatch.setattr(shared_connection, "_connections", {})


@pytest.fixture
def account(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account with a quota of two jobs, which go on until they are stopped."""
    hold_jobs(private_url)
    return sagemaker_client(private_url)


def faults(account: SageMakerClient, **members: Any) -> None:
    """Put faults in force in place of others."""
    status, answer = send(f"{account.meta.endpoint_url}/automl-emulator/faults", "PUT", members)
    assert status == 200, answer


def job_trigger(name: str, **arguments: Any) -> AutoMLJobTrigger:
    """Make a trigger that waits for a job."""
    return AutoMLJobTrigger(**{"job_name": name, "connection": CONNECTION, "poll_interval": INTERVAL, **arguments})


def capacity_trigger(name: str, since: float, **arguments: Any) -> CapacityTrigger:
    """Make a trigger that waits for a place; two jobs ran when it was refused."""
    fixed = {"job_name": name, "waiting_since": since, "limit": 2, "connection": CONNECTION, "poll_interval": INTERVAL}
    return CapacityTrigger(**{**fixed, **arguments})


async def stop(account: SageMakerClient, name: str) -> None:
    """Stop a job, whatever the faults in force."""
    faults(account)
    await asyncio.to_thread(lambda: account.stop_auto_ml_job(AutoMLJobName=name))


async def test_an_error_that_never_passes_ends_the_wait(account: SageMakerClient, set_timing: SetTiming) -> None:
    """What cannot be asked for is not asked for for ever: the worker gets the task back, with the reason."""
    set_timing(unusable=0.1)
    trigger = job_trigger("name")
    trigger.job_name = 12  # type: ignore[assignment]  # As after a change of what is stored.
    async with waiting(trigger) as waits:
        assert await waits.ended(1) == {"12": "unreadable"}
    assert "Invalid type for parameter AutoMLJobName" in trigger.event(WaitEnd.UNREADABLE)["reason"]


async def test_throttling_delays_and_ends_nothing(account: SageMakerClient) -> None:
    """Nine of ten calls are refused for a while: the running job is waited for, the stopped one is noticed."""
    for name in ("runs", "stops"):
        start(account, REQUEST, name)
    faults(account, ThrottlingRate=0.9, Seed=1)
    async with waiting(job_trigger("runs"), job_trigger("stops")) as waits:
        assert await waits.polled() == {}
        await stop(account, "stops")
        assert await waits.ended(1) == {"stops": "finished"}


@pytest.mark.parametrize("fault", ["ServiceUnavailableRate", "InternalFailureRate", "DroppedRequestRate"])
async def test_a_service_in_trouble_ends_nothing(account: SageMakerClient, fault: str) -> None:
    """While no call succeeds nothing is known of the job, which is no ending; afterwards its end is noticed."""
    start(account, REQUEST, "job")
    faults(account, **{fault: 1})
    async with waiting(job_trigger("job")) as waits:
        assert await waits.polled() == {}
        await stop(account, "job")
        assert await waits.ended(1) == {"job": "finished"}


async def test_an_endpoint_that_falls_silent_ends_nothing(account: SageMakerClient) -> None:
    """The server's process stands still and comes back."""
    start(account, REQUEST, "job")
    port = int(str(account.meta.endpoint_url).rpartition(":")[2])
    server = child_that_listens(port)
    impatient: Connection = {**CONNECTION, "botocore_config": {**_ONCE, "read_timeout": 0.5}}
    async with waiting(job_trigger("job", connection=impatient)) as waits:
        server.suspend()
        try:
            assert await waits.polled() == {}
        finally:
            server.resume()
        await stop(account, "job")
        assert await waits.ended(1) == {"job": "finished"}


async def test_credentials_that_expire_are_read_anew(
    account: SageMakerClient, private_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token expires during the wait; once the connection has another one, the wait goes on with it."""
    start(account, REQUEST, "job")
    async with waiting(job_trigger("job")) as waits:
        await waits.polled()
        faults(account, ExpiredTokens="Known")
        assert await waits.polled() == {}
        connection = json.loads(airflow_environment(Path("unused"), private_url)["AIRFLOW_CONN_AWS_DEFAULT"])
        monkeypatch.setenv("AIRFLOW_CONN_PRIVATE", json.dumps({**connection, "login": "renewed"}))
        renewed = sagemaker_client(private_url, access_key="renewed")
        await asyncio.to_thread(lambda: renewed.stop_auto_ml_job(AutoMLJobName="job"))
        assert await waits.ended(1) == {"job": "finished"}


async def test_a_list_that_lags_behind_ends_nothing(account: SageMakerClient) -> None:
    """Jobs that the list does not have yet are described; an end that it does not show yet is noticed later."""
    start(account, REQUEST, "new")
    faults(account, StaleListSeconds=3600)
    async with waiting(job_trigger("new")) as waits:
        assert await waits.polled() == {}
        faults(account, StaleListSeconds=1)
        while not (await asyncio.to_thread(account.list_auto_ml_jobs))["AutoMLJobSummaries"]:
            assert await waits.polled(1) == {}
        await asyncio.to_thread(lambda: account.stop_auto_ml_job(AutoMLJobName="new"))
        assert await waits.ended(1) == {"new": "finished"}


async def test_without_the_right_to_list_waits_end_all_the_same(account: SageMakerClient) -> None:
    """Each trigger describes its own job; one waiter for a place after the other tries."""
    start(account, REQUEST, "job")
    faults(account, DeniedOperations=["ListAutoMLJobs"])
    async with waiting(job_trigger("job"), capacity_trigger("second", 2.0), capacity_trigger("first", 1.0)) as waits:
        assert await waits.ended(2) == {"first": "room", "second": "room"}
        await asyncio.to_thread(lambda: account.stop_auto_ml_job(AutoMLJobName="job"))
        assert await waits.ended(3) == {"first": "room", "second": "room", "job": "finished"}


@pytest.mark.parametrize("missing", ["connection", "credentials"])
async def test_a_triggerer_that_cannot_ask_gives_its_tasks_back(
    private_url: str, private_connection: str, missing: str, monkeypatch: pytest.MonkeyPatch, set_timing: SetTiming
) -> None:
    """What does not pass by itself, and has lasted, is for the worker to say, or to do without the triggerer."""
    set_timing(unusable=0.1)
    if missing == "connection":
        monkeypatch.delenv("AIRFLOW_CONN_PRIVATE")
    else:
        extra = {"region_name": REGION, "endpoint_url": private_url}
        monkeypatch.setenv("AIRFLOW_CONN_PRIVATE", json.dumps({"conn_type": "aws", "extra": extra}))
    async with waiting(job_trigger("job"), capacity_trigger("waits", 1.0)) as waits:
        assert await waits.ended(2) == {"job": "unreadable", "waits": "unreadable"}


async def test_without_any_right_the_task_is_given_back(account: SageMakerClient, set_timing: SetTiming) -> None:
    """Where neither list nor describe is allowed there is nothing to wait with, and the task says so."""
    set_timing(visible=0.1)
    start(account, REQUEST, "job")
    faults(account, DeniedOperations=["ListAutoMLJobs", "DescribeAutoMLJobV2"])
    async with waiting(job_trigger("job")) as waits:
        assert await waits.ended(1) == {"job": "unreadable"}


async def test_places_are_given_in_the_order_of_arrival(account: SageMakerClient) -> None:
    """Both kinds of waiting share one poll; each job that ends lets go one task, the one that has waited longest."""
    for name in ("one", "two"):
        start(account, REQUEST, name)
    send(f"{account.meta.endpoint_url}/automl-emulator/requests", "DELETE")
    waiters = [capacity_trigger(f"wait-{number}", float(number)) for number in (3, 1, 2)]
    async with waiting(job_trigger("one"), job_trigger("two"), *waiters) as waits:
        assert await waits.polled() == {}
        await stop(account, "one")
        assert await waits.ended(2) == {"one": "finished", "wait-1": "room"}
        start(account, REQUEST, "wait-1")
        await stop(account, "two")
        assert set(await waits.ended(4)) == {"one", "two", "wait-1", "wait-2"}
        assert "wait-3" not in await waits.polled()
    _, counted = send(f"{account.meta.endpoint_url}/automl-emulator/requests", "GET")
    assert counted["Requests"]["DescribeAutoMLJobV2"] <= 6


async def test_two_intervals_are_one_queue(account: SageMakerClient) -> None:
    """A task that polls more often does not overtake one that has waited longer, and no place is given twice."""
    for name in ("one", "two"):
        start(account, REQUEST, name)
    patient = capacity_trigger("patient", 1.0, poll_interval=4 * INTERVAL)
    async with waiting(patient, capacity_trigger("quick", 2.0), job_trigger("two")) as waits:
        await waits.polled()
        await stop(account, "one")
        assert await waits.ended(1) == {"patient": "room"}
        assert await waits.polled(10) == {"patient": "room"}


async def test_an_endpoint_that_says_nothing_holds_up_nobody_else(
    account: SageMakerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More polls of it than there are threads for a connection: others go on, and its own jobs can be stopped."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        extra = {"region_name": REGION, "endpoint_url": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        connection = {"conn_type": "aws", "login": "airflow", "password": "emulator", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SILENT", json.dumps(connection))
        stuck: Connection = {**CONNECTION, "botocore_config": {"read_timeout": 5, **_ONCE}, "aws_conn_id": "silent"}
        start(account, REQUEST, "one")
        many = [job_trigger(f"stuck-{number}", connection=stuck, poll_interval=30 + number) for number in range(20)]
        async with waiting(*many, job_trigger("one")) as waits:
            await stop(account, "one")
            assert await waits.ended(1) == {"one": "finished"}
            with shared_connection.shared(stuck) as reached:
                assert await asyncio.wait_for(reached.kill(lambda: "stopped"), 4) == "stopped"


async def test_nothing_is_left_behind(account: SageMakerClient) -> None:
    """Clients, queues and threads go with the last wait of their connection."""
    # Other tests end in the middle of a wait.
    before, kept = _threads(), set(shared_connection._connections)
    start(account, REQUEST, "one")
    async with waiting(job_trigger("one"), capacity_trigger("waits", 1.0, limit=1)) as waits:
        await waits.polled()
        assert len(set(shared_connection._connections) - kept) == 1
        begun = _threads() - before
        assert begun
    assert set(shared_connection._connections) <= kept
    for thread in begun:
        await asyncio.to_thread(thread.join, 60)
    assert not begun & _threads()


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("sagemaker-automl")}


async def test_a_wait_for_a_place_has_a_deadline(account: SageMakerClient) -> None:
    """It comes even while nobody answers, and the queue goes on without the one who left."""
    for name in ("one", "two"):
        start(account, REQUEST, name)
    faults(account, DroppedRequestRate=1)
    impatient = capacity_trigger("impatient", 1.0, deadline=time.time() + 0.5)
    async with waiting(impatient, capacity_trigger("patient", 2.0)) as waits:
        assert await waits.ended(1) == {"impatient": "deadline"}
        await stop(account, "one")
        assert await waits.ended(2) == {"impatient": "deadline", "patient": "room"}
