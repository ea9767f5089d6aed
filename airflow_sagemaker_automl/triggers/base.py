"""What all triggers have in common: one poll for all that wait on a connection, and one event each.

Triggers run on the triggerer's event loop, so every call to AWS is made in a thread, by a client that is built once
per connection.
"""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import aclosing
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import UnknownStatus
from airflow_sagemaker_automl.hooks.errors import error_name, is_transient
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.triggers.polling import StreamKey
from airflow_sagemaker_automl.triggers.shared_connection import SharedConnection, shared
from airflow_sagemaker_automl.triggers.snapshot import Snapshot

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.connection import Connection

L = TypeVar("L")


class WaitEnd(StrEnum):
    """Why a wait is over; the task itself reads the outcome."""

    FINISHED = "finished"
    ROOM = "room"
    DEADLINE = "deadline"
    UNREADABLE = "unreadable"


class PolledTrigger(BaseEventTrigger, Generic[L]):
    """Base of the triggers: one shared poll, and one event, neither too early nor after the deadline.

    Airflow opens a shared poll with the class and the arguments of its first trigger, so all triggers that share it
    must open the same poll.
    """

    supports_triggerer_queue = True
    # The gauge that counts the waiting triggers of this class.
    waiting_for: ClassVar[metrics.Metric]

    def __init__(self, *, connection: Connection, poll_interval: float, deadline: float | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow gives this constructor no types.
        self.connection = connection
        self.poll_interval = poll_interval
        self.deadline = deadline
        self._reason: str | None = None

    @property
    @abstractmethod
    def subject(self) -> dict[str, Any]:
        """The resource that is waited for: an argument of the trigger, repeated in its event."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild the trigger."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                **self.subject,
                "connection": self.connection,
                "poll_interval": self.poll_interval,
                "deadline": self.deadline,
            },
        )

    def __repr__(self) -> str:
        """Show the resource and the connection id only: the configuration may contain a proxy's password."""
        return str(self.repr(self.serialize()[0], {**self.subject, "aws_conn_id": self.connection["aws_conn_id"]}))

    def shared_stream_key(self) -> Hashable:
        """Share one poll with all triggers that need the same list at the same interval."""
        return self._key

    @property
    @abstractmethod
    def _key(self) -> StreamKey:
        """The key of its poll."""

    @classmethod
    @abstractmethod
    def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[Snapshot[L], None]:
        """Poll for as long as any trigger waits."""

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Snapshot[L]]) -> AsyncIterator[TriggerEvent]:
        """Follow the resource of this trigger through the snapshots."""
        started = time.monotonic()
        with metrics.waiting(self.waiting_for), shared(self.connection) as reached:
            end = await self._wait_until_deadline(shared_stream, reached)
        if end is not None:
            await asyncio.sleep(max(0.0, started + timing().earliest_event - time.monotonic()))
            yield TriggerEvent(self.event(end))

    def event(self, end: WaitEnd) -> dict[str, Any]:
        """Return the resource, and the reason why the wait ended."""
        reason = {"reason": self._reason} if end is WaitEnd.UNREADABLE else {}
        return {**self.subject, "end": end.value, **reason}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait without a shared poll, outside a triggerer, as in ``airflow dags test``."""
        stream: AsyncGenerator[Snapshot[L], None] = self.open_shared_stream(self.serialize()[1])
        async with aclosing(stream):
            async for event in self.filter_shared_stream(stream):
                yield event

    async def _wait_until_deadline(
        self, stream: AsyncIterator[Snapshot[L]], reached: SharedConnection
    ) -> WaitEnd | None:
        left = None if self.deadline is None else self.deadline - time.time()
        try:
            async with asyncio.timeout(left):
                return await self._wait(stream, reached)
        except TimeoutError:
            return WaitEnd.DEADLINE

    @abstractmethod
    async def _wait(self, stream: AsyncIterator[Snapshot[L]], reached: SharedConnection) -> WaitEnd | None:
        """Wait for the resource; None if the snapshots end first, which happens only in tests."""


class FollowingTrigger(PolledTrigger[L]):
    """Waits for the final status of one listed resource, and describes it if the list does not show it."""

    _unseen_since: float | None = None
    # Since when every describe call has failed with an error that is not transient.
    _unusable_since: float | None = None

    async def _wait(self, stream: AsyncIterator[Snapshot[L]], reached: SharedConnection) -> WaitEnd | None:
        told: str | None = None
        async for snapshot in stream:
            status = None if snapshot.listed is None else self._status_in(snapshot.listed)
            news = status or snapshot.problem
            if news and news != told:
                told = news
                self.log.info("%s: %s", self._what, news)
            if snapshot.is_hopeless:
                self._reason = snapshot.problem
                return WaitEnd.UNREADABLE
            if status:
                self._unseen_since = None
                if self._is_last(status):
                    return WaitEnd.FINISHED
            elif snapshot.problem is None and (end := await self._look(reached)) is not None:
                return end
        return None

    @property
    @abstractmethod
    def _what(self) -> str:
        """Name of the resource, as the beginning of a sentence."""

    @abstractmethod
    def _status_in(self, listed: L) -> str | None:
        """Find its status in the list; None if it is not listed."""

    @abstractmethod
    def _is_last(self, status: str) -> bool:
        """Tell whether a status in the list is final."""

    @abstractmethod
    def _ended_as(self, hook: SageMakerAutoMLHook) -> str | None:
        """Describe the resource, in a thread, and return its final status; None if it has not ended."""

    @abstractmethod
    def _is_unseen(self, error: Exception) -> bool:
        """Tell whether an error means that the resource does not exist or access to it is denied."""

    async def _look(self, reached: SharedConnection) -> WaitEnd | None:
        """Describe the resource if it is not listed, or the list is refused."""
        try:
            ended_as = await reached.ask(self._ended_as)
        except Exception as error:
            return self._judge(error)
        self._unseen_since = self._unusable_since = None
        if ended_as is None:
            return None
        self.log.info("%s is %s", self._what, ended_as)
        return WaitEnd.FINISHED

    def _judge(self, error: Exception) -> WaitEnd | None:
        """Decide whether an error of a describe call ends the wait: a permanent one does, when it has lasted."""
        now = time.monotonic()
        if is_transient(error):
            self._unusable_since = None
        else:
            self._unusable_since = self._unusable_since or now
        self._unseen_since = (self._unseen_since or now) if self._is_unseen(error) else None
        is_gone = self._unseen_since is not None and now - self._unseen_since > timing().visible
        is_unusable = self._unusable_since is not None and now - self._unusable_since > timing().unusable
        if is_gone or is_unusable or isinstance(error, UnknownStatus):
            self.log.error("%s cannot be followed: %s", self._what, error)
            self._reason = str(error)
            return WaitEnd.UNREADABLE
        metrics.count(metrics.POLLS_FAILED, error_name(error))
        self.log.warning("%s could not be described, retrying: %s", self._what, error)
        return None
