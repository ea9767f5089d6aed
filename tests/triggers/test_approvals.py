"""Waiting for decisions in the triggerer: whatever is no waiting ends the wait, in the list and beyond it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from airflow.serialization.serialized_objects import BaseSerialization

from airflow_sagemaker_automl.core.registry.version_arn import VersionState
from airflow_sagemaker_automl.triggers.model_packages import ModelApprovalTrigger, ModelPackageTrigger
from airflow_sagemaker_automl.triggers.snapshot import Snapshot, Versions
from demo.sandbox import sagemaker_client
from tests.support.plain_http import send
from tests.support.scripts import hold, let_go
from tests.support.timing import SetTiming
from tests.support.versions import decide, make_group, register
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

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def at_once(set_timing: SetTiming) -> None:
    """Let triggers fire as soon as they know: there is no executor here that would have to report first."""
    set_timing(earliest_event=0.0)


@pytest.fixture
def account(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account that nobody else uses."""
    return sagemaker_client(private_url)


def trigger(arn: str) -> ModelApprovalTrigger:
    """Make the trigger under test."""
    return ModelApprovalTrigger(model_package_arn=arn, connection=CONNECTION, poll_interval=0.1)


def faults(url: str, **members: Any) -> None:
    """Put faults in force in place of others."""
    assert send(f"{url}/automl-emulator/faults", "PUT", members)[0] == 200


def requests(url: str) -> Counter[str]:
    """Count the answers that were given since they were last forgotten."""
    return Counter(send(f"{url}/automl-emulator/requests", "GET")[1]["Requests"])


def test_the_state_survives_a_database() -> None:
    """Airflow stores a trigger as its class path and arguments, encoded as JSON."""
    path, kwargs = trigger(ARN).serialize()
    stored = BaseSerialization.deserialize(json.loads(json.dumps(BaseSerialization.serialize(kwargs))))
    assert ModelApprovalTrigger(**stored).serialize() == (path, kwargs)


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        (VersionState("Completed", "PendingManualApproval"), []),
        (VersionState("InProgress", None), []),
        (VersionState("Completed", "Approved"), ["finished"]),
        (VersionState("InProgress", "Approved"), []),
        (VersionState("Pending", "Approved"), []),
        (VersionState("Failed", "Approved"), ["finished"]),
        (VersionState("Odd", "Approved"), ["finished"]),
        (VersionState("InProgress", "Rejected"), ["finished"]),
        (VersionState("Failed", "PendingManualApproval"), ["finished"]),
        (VersionState("Deleting", None), ["finished"]),
        (VersionState("Completed", "Odd"), ["finished"]),
    ],
)
async def test_whatever_is_no_waiting_ends_the_wait(state: VersionState, ends: list[str]) -> None:
    """A decision, a version that nobody can decide on, and a status that nobody knows, which is for the task."""

    async def snapshots() -> AsyncIterator[Snapshot[Versions]]:
        yield Snapshot({ARN: state})

    events = [event async for event in trigger(ARN).filter_shared_stream(snapshots())]
    assert [event.payload["end"] for event in events] == ends


async def test_decisions_and_completions_of_a_group_are_one_poll(account: SageMakerClient, private_url: str) -> None:
    """Each wait gets its own end, whatever it waits for, and nobody describes anything."""
    group = make_group(account)
    hold(private_url, group)
    arns = [register(account, group) for _ in range(3)]
    send(f"{private_url}/automl-emulator/requests", "DELETE")
    last = ModelPackageTrigger(model_package_arn=arns[2], connection=CONNECTION, poll_interval=0.1)
    assert last.shared_stream_key() == trigger(arns[0]).shared_stream_key()
    async with waiting(last, trigger(arns[0]), trigger(arns[1])) as waits:
        await asyncio.to_thread(decide, account, arns[1], "Rejected")
        assert await waits.ended(1) == {arns[1]: "finished"}
        await asyncio.to_thread(decide, account, arns[0])
        await asyncio.to_thread(let_go, private_url, group)
        assert await waits.ended(3) == dict.fromkeys(arns, "finished")
    counted = requests(private_url)
    assert set(counted) <= {"ListModelPackages", "UpdateModelPackage"}


@pytest.mark.parametrize("unlisted", ["hidden", "denied"])
async def test_a_version_that_no_list_shows_is_described(
    account: SageMakerClient, private_url: str, unlisted: str
) -> None:
    """A hundred newer ones hide it, or the list may not be had: its trigger looks for itself."""
    arn = register(account, make_group(account))
    if unlisted == "hidden":
        for _ in range(100):
            register(account, arn.split("/")[1])
    else:
        faults(private_url, DeniedOperations=["ListModelPackages"])
    async with waiting(trigger(arn)) as waits:
        assert await waits.polled() == {}
        await asyncio.to_thread(decide, account, arn)
        assert await waits.ended(1) == {arn: "finished"}
    assert requests(private_url)["DescribeModelPackage"] > 1


@pytest.mark.parametrize("fault", [{"ThrottlingRate": 0.9, "Seed": 1}, {"DroppedRequestRate": 1}], ids=str)
async def test_a_service_in_trouble_ends_nothing(
    account: SageMakerClient, private_url: str, fault: dict[str, Any]
) -> None:
    """While nothing can be known, the wait goes on; afterwards the decision is noticed."""
    arn = register(account, make_group(account))
    async with waiting(trigger(arn)) as waits:
        faults(private_url, **fault)
        assert await waits.polled() == {}
        faults(private_url)
        await asyncio.to_thread(decide, account, arn)
        assert await waits.ended(1) == {arn: "finished"}


async def test_a_version_that_is_deleted_gives_the_task_back(account: SageMakerClient, set_timing: SetTiming) -> None:
    """What is missing for minutes is for the worker to say."""
    set_timing(visible=0.1)
    arn = register(account, make_group(account))
    account.delete_model_package(ModelPackageName=arn)
    async with waiting(trigger(arn)) as waits:
        assert await waits.ended(1) == {arn: "unreadable"}
