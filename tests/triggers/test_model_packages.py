"""Waiting for versions: one poll for a group, no ending missed, none too early, and no trouble ends a wait."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.serialization.serialized_objects import BaseSerialization

from airflow_sagemaker_automl.core.registry.version_arn import VersionState
from airflow_sagemaker_automl.triggers import shared_connection
from airflow_sagemaker_automl.triggers.base import PolledTrigger
from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger
from airflow_sagemaker_automl.triggers.model_packages import ModelPackageTrigger
from airflow_sagemaker_automl.triggers.snapshot import Snapshot, Versions
from demo.sandbox import airflow_environment, sagemaker_client
from tests.support.plain_http import send
from tests.support.scripts import FAILED, hold, let_go
from tests.support.timing import SetTiming
from tests.support.versions import make_group, register
from tests.support.waits import waiting

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from airflow_sagemaker_automl.hooks.connection import Connection

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/7"
CONNECTION: Connection = {
    "aws_conn_id": "private",
    "region_name": None,
    "verify": None,
    "botocore_config": {"retries": {"total_max_attempts": 1}},
}
INTERVAL = 0.1


@pytest.fixture
def at_once(set_timing: SetTiming) -> None:
    """Let triggers fire as soon as they know: there is no executor here that would have to report first."""
    set_timing(earliest_event=0.0)


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


def trigger(arn: str, **arguments: Any) -> ModelPackageTrigger:
    """Make the trigger under test."""
    fixed = {"model_package_arn": arn, "connection": CONNECTION, "poll_interval": INTERVAL}
    return ModelPackageTrigger(**{**fixed, **arguments})


def faults(url: str, **members: Any) -> None:
    """Put faults in force in place of others."""
    status, answer = send(f"{url}/automl-emulator/faults", "PUT", members)
    assert status == 200, answer


def requests(url: str) -> Counter[str]:
    """Count the answers that were given since they were last forgotten."""
    return Counter(send(f"{url}/automl-emulator/requests", "GET")[1]["Requests"])


async def release(url: str, arn: str) -> None:
    """Let the version's group go, whatever the faults in force."""
    faults(url)
    await asyncio.to_thread(let_go, url, arn.split("/")[1])


def test_the_state_survives_a_database() -> None:
    """Airflow stores a trigger as its class path and arguments, encoded as JSON."""
    path, kwargs = trigger(ARN, deadline=1795200000.5).serialize()
    assert path == f"{ModelPackageTrigger.__module__}.{ModelPackageTrigger.__qualname__}"
    stored = BaseSerialization.deserialize(json.loads(json.dumps(BaseSerialization.serialize(kwargs))))
    assert ModelPackageTrigger(**stored).serialize() == (path, kwargs)


def test_triggers_of_a_group_share_a_poll() -> None:
    """Same connection, interval and group: one key, whatever the version; another group of that name has another."""
    key = trigger(ARN).shared_stream_key()
    same = trigger(ARN[:-1] + "8", deadline=1.0).shared_stream_key()
    assert (key, hash(key)) == (same, hash(same))
    others: list[PolledTrigger[Any]] = [
        trigger(ARN, poll_interval=60),
        trigger(ARN, connection={**CONNECTION, "region_name": "eu-west-1"}),
        trigger(ARN.replace("churn", "fraud")),
        trigger(ARN.replace("123456789012", "210987654321")),
        AutoMLJobTrigger(job_name="churn", connection=CONNECTION, poll_interval=INTERVAL),
    ]
    assert key not in [other.shared_stream_key() for other in others]


@pytest.mark.parametrize("arn", ["churn", ARN.rpartition("/")[0], ARN.replace("-package", "-package-group"), ARN + "x"])
def test_only_versions_of_groups_are_waited_for(arn: str) -> None:
    """Anything else is an error where the trigger is made, not where it runs."""
    with pytest.raises(ValueError, match="is not the ARN of a model version"):
        trigger(arn)


async def test_a_version_that_was_completed_before_is_not_missed(
    account: SageMakerClient, set_timing: SetTiming
) -> None:
    """A triggerer that was down finds out when it is back, and does not fire in the first seconds."""
    set_timing(earliest_event=1.0)
    arn = register(account, make_group(account))
    started = time.monotonic()
    payloads = [event.payload async for event in trigger(arn, deadline=9e9).run()]
    assert payloads == [{"model_package_arn": arn, "end": "finished", "deadline": 9e9}]
    assert time.monotonic() - started >= 1


@pytest.mark.usefixtures("at_once")
async def test_fifty_waits_are_one_poll(account: SageMakerClient, private_url: str) -> None:
    """One request a round for all versions of a group, no describe, and each wait gets its own end."""
    group, other = make_group(account), make_group(account)
    hold(private_url, group)
    hold(private_url, other, FAILED)
    arns = [register(account, group) for _ in range(50)]
    alone = register(account, other)
    send(f"{private_url}/automl-emulator/requests", "DELETE")
    # Those of other tests may be kept for a released task.
    before = set(shared_connection._connections)
    started = time.monotonic()
    async with waiting(*(trigger(arn) for arn in arns)) as waits:
        assert await waits.polled() == {}
        counted, rounds = requests(private_url), (time.monotonic() - started) / (0.8 * INTERVAL) + 1
        assert set(counted) == {"ListModelPackages"}
        assert 1 < counted["ListModelPackages"] <= rounds
        waits.add(trigger(alone))
        await release(private_url, alone)
        assert await waits.ended(1) == {alone: "finished"}
        assert len(set(shared_connection._connections) - before) == 1
        await release(private_url, arns[0])
        assert await waits.ended(51) == dict.fromkeys([alone, *arns], "finished")
        assert set(requests(private_url)) == {"ListModelPackages"}
    assert set(shared_connection._connections) <= before


@pytest.mark.usefixtures("at_once")
async def test_a_version_that_the_list_does_not_show_is_described(
    account: SageMakerClient, private_url: str, held: str
) -> None:
    """A hundred newer ones hide it; the poll is one request all the same."""
    for _ in range(100):
        register(account, held.split("/")[1])
    async with waiting(trigger(held)) as waits:
        assert await waits.polled() == {}
        await release(private_url, held)
        assert await waits.ended(1) == {held: "finished"}
    counted = requests(private_url)
    assert counted["ListModelPackages"] - 1 <= counted["DescribeModelPackage"] <= counted["ListModelPackages"]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "fault",
    [
        {"ThrottlingRate": 0.9, "Seed": 1},
        {"ServiceUnavailableRate": 1},
        {"InternalFailureRate": 1},
        {"DroppedRequestRate": 1},
        {"DeniedOperations": ["ListModelPackages"]},
        {"DeniedOperations": ["ListModelPackages", "DescribeModelPackage"]},
        {"StaleListSeconds": 3600},
    ],
    ids=str,
)
async def test_a_service_in_trouble_ends_nothing(private_url: str, held: str, fault: dict[str, Any]) -> None:
    """While nothing can be known, the wait goes on; afterwards the end is noticed."""
    faults(private_url, **fault)
    async with waiting(trigger(held)) as waits:
        assert await waits.polled() == {}
        await release(private_url, held)
        assert await waits.ended(1) == {held: "finished"}


@pytest.mark.usefixtures("at_once")
async def test_without_the_right_to_list_each_trigger_looks_for_itself(private_url: str, held: str) -> None:
    """The end is noticed while the list is still denied."""
    async with waiting(trigger(held)) as waits:
        await release(private_url, held)
        faults(private_url, DeniedOperations=["ListModelPackages"])
        assert await waits.ended(1) == {held: "finished"}


@pytest.mark.usefixtures("at_once")
async def test_credentials_that_expire_are_read_anew(
    private_url: str, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the connection has another token, the wait goes on with it."""
    async with waiting(trigger(held)) as waits:
        await waits.polled()
        faults(private_url, ExpiredTokens="Known")
        assert await waits.polled() == {}
        connection = json.loads(airflow_environment(Path("unused"), private_url)["AIRFLOW_CONN_AWS_DEFAULT"])
        monkeypatch.setenv("AIRFLOW_CONN_PRIVATE", json.dumps({**connection, "login": "renewed"}))
        await asyncio.to_thread(let_go, private_url, held.split("/")[1])
        assert await waits.ended(1) == {held: "finished"}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("trouble", ["denied", "deleted", "no connection"])
async def test_a_triggerer_that_cannot_see_the_version_gives_the_task_back(
    account: SageMakerClient,
    private_url: str,
    held: str,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
    set_timing: SetTiming,
) -> None:
    """What has lasted for minutes is for the worker to say."""
    set_timing(visible=0.1)
    set_timing(unusable=0.1)
    if trouble == "denied":
        faults(private_url, DeniedOperations=["ListModelPackages", "DescribeModelPackage"])
    elif trouble == "deleted":
        account.delete_model_package(ModelPackageName=held)
        account.delete_model_package_group(ModelPackageGroupName=held.split("/")[1])
    else:
        monkeypatch.delenv("AIRFLOW_CONN_PRIVATE")
    payloads = [event.payload async for event in trigger(held).run()]
    assert [payload["end"] for payload in payloads] == ["unreadable"]
    reason = {"denied": "AccessDenied", "deleted": "does not exist", "no connection": "specify a region"}[trouble]
    assert reason in payloads[0]["reason"]


@pytest.mark.usefixtures("at_once")
async def test_a_deadline_comes_while_nobody_answers(private_url: str, held: str) -> None:
    """It does not wait for a poll, and the version stays as it is."""
    faults(private_url, DroppedRequestRate=1)
    async with waiting(trigger(held, poll_interval=300, deadline=time.time() + 0.5)) as waits:
        assert await waits.ended(1) == {held: "deadline"}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("status", "ends"),
    [
        ("Pending", []),
        ("InProgress", []),
        *((last, ["finished"]) for last in ("Completed", "Failed", "Deleting", "Odd")),
    ],
)
async def test_whatever_is_no_waiting_ends_the_wait(status: str, ends: list[str]) -> None:
    """A status that nobody knows is for the task to judge, and not to be waited through."""

    async def snapshots() -> AsyncIterator[Snapshot[Versions]]:
        yield Snapshot({ARN: VersionState(status, None)})

    events = [event async for event in trigger(ARN).filter_shared_stream(snapshots())]
    assert [event.payload["end"] for event in events] == ends


@pytest.mark.usefixtures("at_once")
async def test_a_snapshot_shows_status_and_approval(account: SageMakerClient, private_url: str, held: str) -> None:
    """Whoever waits for a decision can share the poll of those who wait for completion."""
    account.update_model_package(ModelPackageArn=held, ModelApprovalStatus="Rejected")
    newer = register(account, held.split("/")[1])
    stream = ModelPackageTrigger.open_shared_stream(trigger(held).serialize()[1])
    snapshot = await anext(stream)
    await stream.aclose()
    assert snapshot.listed == {newer: ("InProgress", "PendingManualApproval"), held: ("InProgress", "Rejected")}
    assert list(snapshot.listed) == [newer, held]
