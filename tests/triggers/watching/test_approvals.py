"""Watching a group: each approval is told, by whomever it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.trigger import Trigger
from airflow.serialization.encoders import encode_trigger
from airflow.triggers.base import BaseEventTrigger

from airflow_sagemaker_automl import approved_version
from airflow_sagemaker_automl.triggers import approvals
from airflow_sagemaker_automl.triggers.approvals import ModelApprovalsTrigger
from tests.support.jobs import unique
from tests.support.plain_http import send
from tests.support.scripts import FAILED, hold, let_go, script_versions
from tests.support.timing import SetTiming
from tests.support.versions import decide, make_group, register
from tests.support.watches import (
    INTERVAL,
    Log,
    Store,
    approve,
    begun,
    numbers,
    requests,
    watcher,
    watching,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def test_airflow_finds_a_watcher_again() -> None:
    """What a DAG file says and what the database has are the same, or it would be replaced at each look at the file."""
    given = encode_trigger(watcher("churn"))
    kept = Trigger.from_object(watcher("churn"))
    assert BaseEventTrigger.hash(kept.classpath, kept.kwargs) == BaseEventTrigger.hash(**given)
    assert BaseEventTrigger.hash(**given) == BaseEventTrigger.hash(**encode_trigger(watcher("churn")))
    assert ModelApprovalsTrigger(**kept.kwargs).serialize() == watcher("churn").serialize()


async def test_an_approval_is_told_with_all_that_is_known(account: SageMakerClient, store: Store) -> None:
    """What was approved before, what is pending and what is rejected is not told."""
    group = make_group(account)
    old, version, _, refused = (register(account, group) for _ in range(4))
    decide(account, old)
    async with watching(watcher(group), store) as watch:
        await begun(watch, store)
        await approve(account, refused, "Rejected")
        told = await approve(account, version)
        assert await watch.told(1) == [told]
        await watch.until(lambda: store.told() == ["1", "2"])
        assert await watch.polled() == [told]
    assert approved_version({"extra": {"from_trigger": True, "payload": told}}).model_package_arn == version


@pytest.mark.parametrize("there", [False, True])
async def test_the_first_version_of_a_group_is_told(there: bool, account: SageMakerClient, store: Store) -> None:
    """Even if the group was not there when the watch began, and the version is registered as approved."""
    group = make_group(account) if there else unique("group")
    async with watching(watcher(group), store) as watch:
        await begun(watch, store)
        await asyncio.to_thread(register, account, group, ModelApprovalStatus="Approved")
        assert numbers(await watch.told(1)) == [1]


async def test_what_is_approved_while_nobody_watches_is_told_afterwards(account: SageMakerClient, store: Store) -> None:
    """And what was told before is not told anew, nor what was approved before the first watch."""
    group = make_group(account)
    arns = [register(account, group) for _ in range(3)]
    decide(account, arns[0])
    async with watching(watcher(group), store) as watch:
        await begun(watch, store)
        await approve(account, arns[1])
        assert numbers(await watch.told(1)) == [2]
        await watch.until(lambda: store.told() == ["1", "2"])
    decide(account, arns[2])
    async with watching(watcher(group, poll_interval=INTERVAL * 2), store) as watch:
        assert numbers(await watch.told(1)) == [3]
        assert numbers(await watch.polled()) == [3]


async def test_what_airflow_has_not_stored_is_told_again(account: SageMakerClient, store: Store) -> None:
    """A triggerer that is killed before its database has the event does not know better; the key is the same."""
    version = register(account, make_group(account))
    async with watching(watcher(version.split("/")[1]), store) as watch:
        watch.stores_events = False
        await begun(watch, store)
        told = await approve(account, version)
        await watch.told(1)
        await watch.polled(5)
        assert store.told() == []
    async with watching(watcher(version.split("/")[1]), store) as watch:
        assert await watch.told(1) == [told]
        await watch.until(lambda: store.told() == ["1"])


async def test_nothing_is_written_down_before_it_is_history(
    account: SageMakerClient, store: Store, set_timing: SetTiming
) -> None:
    """Of a watcher that the DAG files have no more, Airflow confirms events that it drops."""
    set_timing(watch_settled=3600.0)
    version = register(account, make_group(account))
    async with watching(watcher(version.split("/")[1]), store) as watch:
        await begun(watch, store)
        await approve(account, version)
        await watch.told(1)
        await watch.polled(5)
        assert (store.told(), store.writes) == ([], 1)


async def test_an_approval_that_is_withdrawn_and_renewed_is_told_again(account: SageMakerClient, store: Store) -> None:
    """With another key: it is another decision."""
    version = register(account, make_group(account))
    async with watching(watcher(version.split("/")[1]), store) as watch:
        await begun(watch, store)
        first = await approve(account, version)
        await watch.until(lambda: store.told() == ["1"])
        await approve(account, version, "Rejected")
        await watch.until(lambda: store.told() == [])
        second = await approve(account, version)
        assert await watch.told(2) == [first, second]
    assert first["deduplication_key"] != second["deduplication_key"]


@pytest.mark.parametrize("ending", ["Completed", "Failed"])
async def test_a_version_is_told_when_it_can_be_deployed(
    ending: str, account: SageMakerClient, private_url: str, store: Store
) -> None:
    """One that is registered as approved is validated first, and may fail."""
    group = make_group(account)
    if ending == "Completed":
        hold(private_url, group)
    else:
        script_versions(private_url, group, FAILED)
    async with watching(watcher(group), store) as watch:
        await begun(watch, store)
        await asyncio.to_thread(register, account, group, ModelApprovalStatus="Approved")
        assert await watch.polled() == []
        if ending == "Completed":
            await asyncio.to_thread(let_go, private_url, group)
            assert numbers(await watch.told(1)) == [1]


async def test_an_old_version_among_many_is_told(account: SageMakerClient, private_url: str, store: Store) -> None:
    """However many newer ones there are, approved or not; what is not news is not described."""
    group = make_group(account)
    oldest = register(account, group)
    for number in range(230):
        register(account, group, ModelApprovalStatus="Approved" if number % 2 else "PendingManualApproval")
    send(f"{private_url}/automl-emulator/requests", "DELETE")
    async with watching(watcher(group), store) as watch:
        await begun(watch, store)
        await approve(account, oldest)
        assert numbers(await watch.told(1)) == [1]
        await watch.until(lambda: len(store.told()) == 116)
    # One by the watcher, and one by this test.
    assert requests(private_url)["DescribeModelPackage"] == 2


async def test_many_approvals_at_once_are_told_in_the_order_in_which_they_were_made(
    account: SageMakerClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In portions, so that no poll takes too long."""
    monkeypatch.setattr(approvals, "_MOST_EVENTS_PER_POLL", 3)
    group = make_group(account)
    arns = [register(account, group) for _ in range(7)]
    async with watching(watcher(group), store) as watch:
        await begun(watch, store)
    for number in (2, 1, 0, 6, 5, 4, 3):
        decide(account, arns[number])
    async with watching(watcher(group), store) as watch:
        assert numbers(await watch.told(7)) == [3, 2, 1, 6, 5, 4, 7]
        await watch.until(lambda: len(store.told()) == 7)


async def test_watchers_of_one_group_share_a_poll(account: SageMakerClient, private_url: str) -> None:
    """Each tells of everything, and has a watermark of its own."""
    version = register(account, make_group(account))
    stores = [Store(), Store()]
    send(f"{private_url}/automl-emulator/requests", "DELETE")
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with watching(watcher(version.split("/")[1]), stores[0]) as watch:
        watch.add(watcher(version.split("/")[1]), stores[1])
        for each in stores:
            await begun(watch, each)
        await watch.polled()
        assert requests(private_url)["ListModelPackages"] <= (loop.time() - started) / (0.8 * INTERVAL) + 1
        told = await approve(account, version)
        assert await watch.told(2) == [told, told]
        await watch.until(lambda: [each.told() for each in stores] == [["1"], ["1"]])


async def test_a_watcher_of_no_asset_tells_and_forgets(account: SageMakerClient, log: Log) -> None:
    """It says so once, with or without a triggerer."""
    version = register(account, make_group(account))
    async with watching(watcher(version.split("/")[1]), None) as watch:
        await watch.until(lambda: "the watch starts" in log.text)
        await approve(account, version)
        assert numbers(await watch.told(1)) == [1]
        await watch.polled()
    assert log.text.count("record of emitted events is lost when it ends") == 1


async def test_a_watcher_runs_alone_as_well(account: SageMakerClient, store: Store) -> None:
    """Airflow falls back to that if a poll cannot be shared."""
    version = register(account, make_group(account))
    trigger = watcher(version.split("/")[1])
    trigger.asset_state_store = store  # type: ignore[assignment]  # Tests stand in for Airflow here.
    events = trigger.run()
    first: Any = asyncio.create_task(_next(events))
    await _until(lambda: bool(store.content))
    told = await approve(account, version)
    assert (await first).payload == told
    second: Any = asyncio.create_task(_next(events))
    await _until(lambda: store.told() == ["1"])
    second.cancel()


async def _next(events: Any) -> Any:
    return await anext(events)


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("not within a minute")
