"""Triggers that wait under Airflow's own manager of shared streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from airflow.triggers.shared_stream import SharedStreamManager

from airflow_sagemaker_automl.triggers.base import PolledTrigger

# Ends a test that cannot pass; whatever is waited for comes much earlier.
TOO_LONG_SECONDS = 300


class Judged(AsyncIterator[Any]):
    """A stream that counts the snapshots whose reader is done with them: when it asks for another one.

    :ivar number: how many they are.
    """

    def __init__(self, stream: AsyncIterator[Any]) -> None:
        self._stream = stream
        self.number = -1

    async def __anext__(self) -> Any:
        self.number += 1
        return await anext(self._stream)


class Waits:
    """Triggers that wait as they do in the triggerer: on one stream, each in a task of its own."""

    def __init__(self, manager: SharedStreamManager) -> None:
        self._manager = manager
        self._tasks: dict[str, asyncio.Task[str]] = {}
        self._judged: dict[str, Judged] = {}

    def add(self, trigger: PolledTrigger[Any]) -> None:
        """Let a trigger wait."""
        number, key = len(self._tasks), trigger.shared_stream_key()
        stream = Judged(self._manager.subscribe(trigger_id=number, trigger=trigger, key=key))
        self._judged[_name(trigger)] = stream
        self._tasks[_name(trigger)] = asyncio.create_task(self._run(number, trigger, stream))

    async def ended(self, number: int) -> dict[str, str]:
        """Wait until so many have fired.

        :return: name → why the wait was over, of all that have fired.
        """
        async with asyncio.timeout(TOO_LONG_SECONDS):
            while len(done := self.now()) < number:
                waiting = [task for task in self._tasks.values() if not task.done()]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return done

    async def polled(self, times: int = 3) -> dict[str, str]:
        """Wait until each that waits has judged so many more polls, failed ones too, or another one has fired.

        :return: like :meth:`now`.
        """
        before = self.now()
        goals = {name: judged.number + times for name, judged in self._judged.items() if name not in before}
        async with asyncio.timeout(TOO_LONG_SECONDS):
            while self.now() == before and any(  # noqa: ASYNC110  # Each of many tasks has an event to wait for.
                self._judged[name].number < goal for name, goal in goals.items()
            ):
                await asyncio.sleep(0.02)
        return self.now()

    def now(self) -> dict[str, str]:
        """Tell which have fired."""
        return {name: task.result() for name, task in self._tasks.items() if task.done()}

    async def close(self) -> None:
        """End those that still wait."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._manager.stop_all()

    async def _run(self, number: int, trigger: PolledTrigger[Any], stream: Judged) -> str:
        try:
            events = [event.payload async for event in trigger.filter_shared_stream(stream)]
        finally:
            await self._manager.unsubscribe(number, trigger.shared_stream_key())
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
