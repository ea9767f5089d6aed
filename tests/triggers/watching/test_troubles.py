"""Watching a group while things go wrong: no watch ends, nothing is lost, and trouble is said once."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_sagemaker_automl import SageMakerAutoMLHook
from airflow_sagemaker_automl.triggers import approvals
from demo.sandbox import airflow_environment
from tests.support.plain_http import send
from tests.support.timing import SetTiming
from tests.support.versions import decide, make_group, register
from tests.support.watches import (
    Log,
    Store,
    approve,
    begun,
    faults,
    numbers,
    requests,
    watcher,
    watching,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


TROUBLES: dict[str, dict[str, Any]] = {
    "throttled": {"ThrottlingRate": 1},
    "out of order": {"InternalFailureRate": 1},
    "away": {"DroppedRequestRate": 1},
    "denied": {"DeniedOperations": ["ListModelPackages"]},
    "denied to describe": {"DeniedOperations": ["DescribeModelPackage"]},
    "expired": {"ExpiredTokens": "All"},
}


@pytest.mark.parametrize("trouble", list(TROUBLES))
async def test_trouble_ends_no_watch_and_is_said_once(
    trouble: str, account: SageMakerClient, private_url: str, store: Store, log: Log
) -> None:
    """However long it lasts; when it is over, what was approved meanwhile is told."""
    version = register(account, make_group(account))
    async with watching(watcher(version.split("/")[1]), store) as watch:
        await begun(watch, store)
        faults(private_url, **TROUBLES[trouble])
        if trouble == "denied to describe":
            decide(account, version)
        assert await watch.polled() == []
        faults(private_url)
        decide(account, version)
        assert numbers(await watch.told(1)) == [1]
    what = f"Approvals of {version.split('/')[1]} by connection 'private'"
    said = [line for line in log.text.splitlines() if what in line and "retrying" in line]
    assert ["resolved" in line for line in said] == [False, True]


async def test_versions_that_cannot_be_described_starve_nobody(
    account: SageMakerClient, private_url: str, store: Store, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than a poll looks at: the others are told, each of them is said once, and told when it can be."""
    monkeypatch.setattr(approvals, "_MOST_EVENTS_PER_POLL", 3)
    group = make_group(account)
    arns = [register(account, group) for _ in range(7)]
    async with watching(watcher(group), store) as watch:
        await begun(watch, store)
        hidden = arns[:5]
        faults(private_url, DeniedOperations=["DescribeModelPackage"], DeniedResources=hidden)
        for arn in arns:
            account.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
        assert numbers(await watch.told(2)) == [6, 7]
        await watch.until(lambda: all(f"{arn} could not be described" in log.text for arn in hidden))
        faults(private_url)
        assert sorted(numbers(await watch.told(7))) == [1, 2, 3, 4, 5, 6, 7]
        await watch.until(lambda: len(store.told()) == 7)
    for arn in hidden:
        assert log.text.count(f"{arn} could not be described") == 2, "once, and once that it is over"


@pytest.mark.parametrize("wrong", ["missing", "elsewhere", "in another region"])
async def test_a_connection_that_is_put_right_is_read_again(
    wrong: str,
    account: SageMakerClient,
    private_url: str,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    set_timing: SetTiming,
) -> None:
    """There is nobody to restart the watcher; what is approved until then is told if the group was watched before."""
    set_timing(doubted=0.1)
    right = airflow_environment(Path("unused"), private_url)["AIRFLOW_CONN_AWS_DEFAULT"]
    version = register(account, make_group(account))
    async with watching(watcher(version.split("/")[1]), store) as watch:
        await begun(watch, store)
    connection = json.loads(right)
    if wrong == "missing":
        monkeypatch.delenv("AIRFLOW_CONN_PRIVATE")
    else:
        extra = {"endpoint_url": "http://127.0.0.1:9"} if wrong == "elsewhere" else {"region_name": "eu-central-1"}
        extras = {**_extra(connection), **extra}
        monkeypatch.setenv("AIRFLOW_CONN_PRIVATE", json.dumps({**connection, "extra": extras}))
    async with watching(watcher(version.split("/")[1]), store) as watch:
        await approve(account, version)
        assert await watch.polled() == []
        monkeypatch.setenv("AIRFLOW_CONN_PRIVATE", right)
        assert numbers(await watch.told(1)) == [1]


def _extra(connection: dict[str, Any]) -> dict[str, Any]:
    extra = connection["extra"]
    return dict(json.loads(extra) if isinstance(extra, str) else extra)


async def test_without_its_store_a_watcher_waits(account: SageMakerClient, store: Store, log: Log) -> None:
    """It cannot know what was told; as soon as it does, it tells the rest."""
    group = make_group(account)
    arns = [register(account, group) for _ in range(2)]
    async with watching(watcher(group), store) as watch:
        await begun(watch, store)
    decide(account, arns[0])
    store.trouble = RuntimeError("no database")
    async with watching(watcher(group), store) as watch:
        assert await watch.polled() == []
        store.trouble = None
        assert numbers(await watch.told(1)) == [1]
    assert (
        log.text.count("'private': cannot read the record of emitted events, so no events are emitted: no database")
        == 1
    )


async def test_a_watch_begins_when_that_is_written_down(account: SageMakerClient, store: Store, log: Log) -> None:
    """Of an asset that is not in use at the moment nothing can be read, and a beginning there would forget a lot."""
    group = make_group(account)
    arns = [register(account, group) for _ in range(2)]
    async with watching(watcher(group), store) as watch:
        await begun(watch, store)
    kept, store.content = store.content, {}
    store.refusal = RuntimeError("no such asset")
    decide(account, arns[0])
    async with watching(watcher(group), store) as watch:
        await watch.until(lambda: "no such asset" in log.text)
        store.content, store.refusal = kept, None
        assert numbers(await watch.told(1)) == [1]
    assert "the watch starts" in log.text
    assert log.text.count("'private': cannot store the record of emitted events") == 1


async def test_a_list_that_lags_behind_is_not_believed(
    account: SageMakerClient, private_url: str, store: Store
) -> None:
    """A version that was withdrawn before the list showed its approval is not told; when it is approved, it is."""
    version = register(account, make_group(account))
    async with watching(watcher(version.split("/")[1]), store) as watch:
        await begun(watch, store)
        faults(private_url, StaleListSeconds=3600)
        await approve(account, version)
        approved = time.time()
        assert await watch.polled() == []
        await approve(account, version, "PendingManualApproval")
        send(f"{private_url}/automl-emulator/requests", "DELETE")
        while requests(private_url)["DescribeModelPackage"] < 2:  # The list says that there is something to look at.
            faults(private_url, StaleListSeconds=time.time() - approved)
            await watch.polled(1)
        assert await watch.polled() == []
        faults(private_url)
        told = await approve(account, version)
        assert await watch.told(1) == [told]


def test_a_version_that_is_deleted_is_not_approved_now(account: SageMakerClient) -> None:
    """As it may be between a list and the look at it."""
    version = register(account, make_group(account), ModelApprovalStatus="Approved")
    hook = SageMakerAutoMLHook.from_connection(watcher("any").connection)
    assert approvals.approved_now(hook, version) is not None
    account.delete_model_package(ModelPackageName=version)
    assert approvals.approved_now(hook, version) is None


async def test_what_cannot_be_written_down_is_told_again(account: SageMakerClient, store: Store, log: Log) -> None:
    """Once in the life of a watcher; when the store is back, it is written down."""
    group = make_group(account)
    arns = [register(account, group) for _ in range(2)]
    async with watching(watcher(group), store) as watch:
        await begun(watch, store)
        store.trouble = RuntimeError("no database")
        for arn in arns:
            await approve(account, arn)
        assert sorted(numbers(await watch.polled())) == [1, 2]
        store.trouble = None
        await watch.until(lambda: store.told() == ["1", "2"])
    assert (
        log.text.count("'private': cannot store the record of emitted events, which may be emitted again: no database")
        == 1
    )
