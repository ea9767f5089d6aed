"""Waiting for transform jobs and their instances: one poll for all, and a queue for each type of instance."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from airflow.serialization.serialized_objects import BaseSerialization

from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger
from airflow_sagemaker_automl.triggers.shared_connection import shared
from airflow_sagemaker_automl.triggers.transform import TransformJobTrigger, TransformRoomTrigger
from demo.sandbox import sagemaker_client
from tests.support.plain_http import send
from tests.support.tasks import TaskInstance
from tests.support.timing import SetTiming
from tests.support.transforms import start_transform, transform_model, wait_for_transform
from tests.support.waits import waiting

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from airflow_sagemaker_automl.hooks.connection import Connection
    from airflow_sagemaker_automl.triggers.base import PolledTrigger

_CONTAINERS: Any = [{"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}]
CONNECTION: Connection = {"aws_conn_id": "private", "region_name": None, "verify": None, "botocore_config": None}


@pytest.fixture
def account(private_url: str, private_connection: str, set_timing: SetTiming) -> SageMakerClient:
    """A client of an account whose transform jobs go on until they are stopped; triggers fire at once."""
    set_timing(earliest_event=0)
    script = {"Held": True, "Ending": {"TransformJobStatus": "Completed"}}
    status, answer = send(f"{private_url}/automl-emulator/scripts/all?transform-jobs=*", "PUT", script)
    assert status == 201, answer
    return sagemaker_client(private_url)


def begin(account: SageMakerClient, *names: str) -> None:
    """Start jobs."""
    model = transform_model(account, _CONTAINERS)
    for name in names:
        start_transform(account, model, "s3://bucket/rows/", TransformJobName=name)


def job(name: str, **arguments: Any) -> TransformJobTrigger:
    """Make the trigger that waits for a job."""
    defaults = {"instance_type": "ml.m5.large", "connection": CONNECTION, "poll_interval": 0.1}
    return TransformJobTrigger(job_name=name, **{**defaults, **arguments})


def room(name: str, since: float = 1, **arguments: Any) -> TransformRoomTrigger:
    """Make the trigger that waits for instances."""
    defaults = {"instance_type": "ml.m5.large", "connection": CONNECTION, "poll_interval": 0.1, "limit": 1}
    return TransformRoomTrigger(job_name=name, waiting_since=since, **{**defaults, **arguments})


@pytest.mark.parametrize(
    "trigger",
    [job("job", deadline=1795200000.5, stop_on_kill=True), job("job", instance_type=None), room("job", limit=3)],
    ids=["job", "job of others", "room"],
)
def test_the_state_survives_a_database(trigger: PolledTrigger[Any]) -> None:
    """Airflow stores a trigger as its class path and arguments, encoded as JSON."""
    path, kwargs = trigger.serialize()
    assert path == f"{type(trigger).__module__}.{type(trigger).__qualname__}"
    stored = BaseSerialization.deserialize(json.loads(json.dumps(BaseSerialization.serialize(kwargs))))
    assert type(trigger)(**stored).serialize() == (path, kwargs)


def test_triggers_share_a_poll_where_they_can() -> None:
    """All transform jobs of a connection and interval, whatever their types; AutoML jobs have their own."""
    key = job("one").shared_stream_key()
    assert key == job("two", instance_type="ml.m5.xlarge").shared_stream_key() == room("three").shared_stream_key()
    assert key != job("one", poll_interval=60).shared_stream_key()
    automl = AutoMLJobTrigger(job_name="one", connection=CONNECTION, poll_interval=0.1)
    assert key != automl.shared_stream_key()


async def test_many_waits_are_one_poll(account: SageMakerClient, private_url: str) -> None:
    """Each gets its own end, and a job that ends is described once."""
    names = [f"job-{number}" for number in range(10)]
    begin(account, *names)
    send(f"{private_url}/automl-emulator/requests", "DELETE")
    async with waiting(*(job(name, instance_type=f"type-{name}") for name in names)) as waits:
        assert await waits.polled() == {}
        assert set(_requests(private_url)) == {"ListTransformJobs"}
        for name in names[:3]:
            account.stop_transform_job(TransformJobName=name)
        assert await waits.ended(3) == dict.fromkeys(names[:3], "finished")
        assert await waits.polled() == dict.fromkeys(names[:3], "finished")
    assert _requests(private_url)["DescribeTransformJob"] == 3


async def test_a_job_that_had_ended_before_is_not_missed(account: SageMakerClient) -> None:
    """A triggerer that was down finds out when it is back."""
    begin(account, "job")
    account.stop_transform_job(TransformJobName="job")
    wait_for_transform(account, "job")
    async with waiting(job("job")) as waits:
        assert await waits.ended(1) == {"job": "finished"}


async def test_a_deadline_ends_the_wait_and_not_the_job(account: SageMakerClient) -> None:
    """The trigger only says that time is up."""
    begin(account, "job")
    async with waiting(job("job", deadline=time.time() + 0.5)) as waits:
        assert await waits.ended(1) == {"job": "deadline"}
    assert account.describe_transform_job(TransformJobName="job")["TransformJobStatus"] == "InProgress"


async def test_a_job_that_is_nowhere_ends_the_wait(account: SageMakerClient, set_timing: SetTiming) -> None:
    """After some time in which it may be new."""
    set_timing(visible=0.3)
    async with waiting(job("none")) as waits:
        assert await waits.ended(1) == {"none": "unreadable"}


async def test_without_the_right_to_list_each_looks_for_itself(account: SageMakerClient, private_url: str) -> None:
    """A describe tells."""
    begin(account, "job", "other")
    send(f"{private_url}/automl-emulator/faults", "PUT", {"DeniedOperations": ["ListTransformJobs"]})
    async with waiting(job("job"), job("other")) as waits:
        account.stop_transform_job(TransformJobName="job")
        assert await waits.ended(1) == {"job": "finished"}


async def test_each_type_of_instance_has_its_queue(account: SageMakerClient) -> None:
    """The one that waits longest goes first, and does not hold up those of another type."""
    begin(account, "running")
    first, second = room("first", since=1), room("second", since=2)
    other = room("other", since=3, instance_type="ml.m5.xlarge", limit=2)
    async with waiting(second, first, other) as waits:
        assert await waits.ended(1) == {"other": "room"}
        account.stop_transform_job(TransformJobName="running")
        assert await waits.ended(2) == {"other": "room", "first": "room"}
        begin(account, "first")
        assert await waits.polled() == {"other": "room", "first": "room"}


async def test_a_job_that_exists_frees_its_reservation(account: SageMakerClient) -> None:
    """Its own trigger is in the queue of its type, and tells of a job that no poll has seen."""
    with shared(CONNECTION):
        async with waiting(room("first", since=1)) as waits:
            assert await waits.ended(1) == {"first": "room"}
        begin(account, "first")
        account.stop_transform_job(TransformJobName="first")
        async with waiting(room("second", since=2)) as waits:
            assert await waits.polled() == {}
            async with waiting(job("first")) as own:
                assert await own.ended(1) == {"first": "finished"}
            assert await waits.ended(1) == {"second": "room"}


@pytest.mark.parametrize(
    ("state", "stop", "ends"),
    [("failed", True, True), (None, True, True), ("running", True, False), ("failed", False, False)],
)
async def test_a_kill_stops_the_job_that_nobody_wants(
    account: SageMakerClient, airflow_says: Callable[..., None], state: str | None, stop: bool, ends: bool
) -> None:
    """Airflow also calls ``on_kill`` when another triggerer takes over, and then the job runs on."""
    begin(account, "job")
    airflow_says(state)
    await _killed(job("job", stop_on_kill=stop))
    status = account.describe_transform_job(TransformJobName="job")["TransformJobStatus"]
    assert status == ("Stopped" if ends else "InProgress")


async def test_a_kill_of_a_job_that_has_ended_does_nothing(
    account: SageMakerClient, airflow_says: Callable[..., None]
) -> None:
    """The service refuses to stop it."""
    begin(account, "job")
    account.stop_transform_job(TransformJobName="job")
    wait_for_transform(account, "job")
    airflow_says("failed")
    await _killed(job("job", stop_on_kill=True))


async def _killed(trigger: TransformJobTrigger) -> None:
    trigger.task_instance = TaskInstance("dag", "score", "run")  # type: ignore[assignment]  # As far as it is read.
    await trigger.on_kill()


def _requests(url: str) -> Counter[str]:
    return Counter(send(f"{url}/automl-emulator/requests", "GET")[1]["Requests"])
