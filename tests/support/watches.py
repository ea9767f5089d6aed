"""Watchers as a triggerer runs them: events are stored and confirmed, and a state store outlasts them."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from airflow.triggers.shared_stream import SharedStreamManager

from airflow_sagemaker_automl.assets.events import ModelVersion
from airflow_sagemaker_automl.triggers.approvals import ModelApprovalsTrigger
from tests.support.plain_http import send
from tests.support.versions import decide, described
from tests.support.waits import TOO_LONG_SECONDS, Judged

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType

CONFIG = {"retries": {"total_max_attempts": 1}}
INTERVAL = 0.1


class Log:
    """What has been logged so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    @property
    def text(self) -> str:
        """All of it."""
        self._text += self._capsys.readouterr().out
        return self._text


@dataclass
class Store:
    """Airflow's state store of an asset.

    :param trouble: what to raise when it is asked; None while it works.
    :param refusal: what to raise when it is to write.
    """

    content: dict[str, str] = field(default_factory=dict)
    trouble: Exception | None = None
    refusal: Exception | None = None
    writes: int = 0

    def get(self, key: str, default: Any = None) -> Any:
        """Read a value."""
        self._raise()
        return json.loads(self.content[key]) if key in self.content else default

    def set(self, key: str, value: Any) -> None:
        """Write a value."""
        self._raise()
        if self.refusal is not None:
            raise self.refusal
        self.content[key] = json.dumps(value)
        self.writes += 1

    def told(self) -> list[str]:
        """List the numbers of the versions that are written down, of one watcher."""
        (value,) = self.content.values()
        return list(json.loads(value)["reported"])

    def _raise(self) -> None:
        if self.trouble is not None:
            raise self.trouble


class Watch:
    """A triggerer with watchers.

    :ivar stores_events: whether its database takes events.
    """

    def __init__(self) -> None:
        self.stores_events = True
        self.events: list[dict[str, Any]] = []
        self._manager = SharedStreamManager()
        self._tasks: list[asyncio.Task[None]] = []
        self._judged: list[Judged] = []

    def add(self, trigger: ModelApprovalsTrigger, store: Store | None) -> None:
        """Let a watcher run."""
        trigger.asset_state_store = store  # type: ignore[assignment]  # Tests stand in for Airflow here.
        number, key = len(self._tasks), trigger.shared_stream_key()
        stream = Judged(self._manager.subscribe(trigger_id=number, trigger=trigger, key=key))
        self._judged.append(stream)
        self._tasks.append(asyncio.create_task(self._run(number, trigger, stream)))

    async def told(self, number: int) -> list[dict[str, Any]]:
        """Wait until so many events have been told.

        :return: all of them.
        """
        await self.until(lambda: len(self.events) >= number)
        return self.events

    async def polled(self, times: int = 3) -> list[dict[str, Any]]:
        """Wait until each watcher is done with so many more polls, failed ones too.

        :return: all events.
        """
        goals = [judged.number + times for judged in self._judged]
        await self.until(lambda: all(judged.number >= goal for judged, goal in zip(self._judged, goals, strict=True)))
        return self.events

    async def until(self, condition: Any) -> None:
        """Wait until something is so; no watcher may end meanwhile."""
        deadline = time.monotonic() + TOO_LONG_SECONDS
        while not condition():
            assert [task for task in self._tasks if task.done()] == []
            assert time.monotonic() < deadline, f"only {self.events} are told"
            await asyncio.sleep(0.05)

    async def end(self) -> None:
        """End all watchers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._manager.stop_all()

    async def _run(self, trigger_id: int, trigger: ModelApprovalsTrigger, stream: AsyncIterator[Any]) -> None:
        key = trigger.shared_stream_key()
        async for event in trigger.filter_shared_stream(stream):
            seq = self._manager.bind_pending_event(trigger_id=trigger_id, key=key)
            self.events.append(json.loads(json.dumps(event.payload)))
            if self.stores_events and seq is not None:
                asyncio.get_running_loop().call_later(0.1, self._manager.confirm_persisted, [seq])


@asynccontextmanager
async def watching(trigger: ModelApprovalsTrigger, store: Store | None) -> AsyncIterator[Watch]:
    """Run a watcher for as long as the block lasts."""
    watch = Watch()
    watch.add(trigger, store)
    try:
        yield watch
    finally:
        await watch.end()


def watcher(group: str, **arguments: Any) -> ModelApprovalsTrigger:
    """Make the trigger under test."""
    fixed = {"aws_conn_id": "private", "botocore_config": CONFIG, "poll_interval": INTERVAL}
    return ModelApprovalsTrigger(group=group, **{**fixed, **arguments})


def faults(url: str, **members: Any) -> None:
    """Put faults in force in place of others."""
    assert send(f"{url}/automl-emulator/faults", "PUT", members)[0] == 200


def requests(url: str) -> Counter[str]:
    """Count the answers that were given since they were last forgotten."""
    return Counter(send(f"{url}/automl-emulator/requests", "GET")[1]["Requests"])


async def begun(watch: Watch, store: Store) -> None:
    """Wait until a watcher has a watermark."""
    await watch.until(lambda: store.content)


async def approve(account: SageMakerClient, arn: str, status: ModelApprovalStatusType = "Approved") -> dict[str, Any]:
    """Decide on a version as somebody in SageMaker Studio does.

    :return: what is to be told then.
    """
    await asyncio.to_thread(decide, account, arn, status)
    return ModelVersion.from_description(described(account, arn)).to_extra()


def numbers(events: list[dict[str, Any]]) -> list[int]:
    """List the numbers of the versions that were told."""
    return [event["model_package_version"] for event in events]
