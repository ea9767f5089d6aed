"""Triggers that wait under Airflow's own manager of shared streams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from airflow.triggers.shared_stream import SharedStreamManager

from airflow_sagemaker_automl.triggers import PolledTrigger


class Waits:
    """Triggers that wait as they do in the triggerer: on one stream, each in a task of its own."""

    def __init__(self, manager: SharedStreamManager) -> None:
        self._manager = manager
        self._tasks: dict[str, asyncio.Task[str]] = {}

    def add(self, trigger: PolledTrigger[Any]) -> None:
        """Let a trigger wait."""
        stream = self._manager.subscribe(trigger_id=len(self._tasks), trigger=trigger, key=trigger.shared_stream_key())
        self._tasks[_name(trigger)] = asyncio.create_task(_end(trigger, stream))

    async def ended(self, number: int, seconds: float = 60) -> dict[str, str]:
        """Wait until so many have fired.

        :return: name → why the wait was over, of all that have fired.
        """
        deadline = time.monotonic() + seconds
        while len(done := self.now()) < number:
            assert time.monotonic() < deadline, f"only {done} have fired"
            await asyncio.sleep(0.1)
        return done

    def now(self) -> dict[str, str]:
        """Tell which have fired."""
        return {name: task.result() for name, task in self._tasks.items() if task.done()}

    async def close(self) -> None:
        """End those that still wait."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._manager.stop_all()


async def _end(trigger: PolledTrigger[Any], stream: AsyncIterator[Any]) -> str:
    events = [event.payload async for event in trigger.filter_shared_stream(stream)]
    assert [event.items() >= trigger.subject.items() for event in events] == [True]
    return str(events[0]["end"])


@asynccontextmanager
async def waiting(*triggers: PolledTrigger[Any]) -> AsyncIterator[Waits]:
    """Let triggers wait for as long as the block lasts."""
    waits = Waits(SharedStreamManager())
    try:
        for trigger in triggers:
            waits.add(trigger)
        yield waits
    finally:
        await waits.close()


def _name(trigger: PolledTrigger[Any]) -> str:
    (name,) = trigger.subject.values()
    return str(name)
