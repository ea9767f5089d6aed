"""Waiting without holding anything: for the end of an AutoML job, or for a place to start one.

Triggers run on the triggerer's event loop, so every call to AWS is made in a thread, by a client that is built once
for each connection.
"""

from __future__ import annotations

import asyncio
import math
import time
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import aclosing
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_sagemaker_automl import metrics, polling
from airflow_sagemaker_automl.exceptions import AutoMLJobNotFound, UnknownStatus
from airflow_sagemaker_automl.patience import patiently
from airflow_sagemaker_automl.polling import Jobs, Snapshot, StreamKey, job_snapshots
from airflow_sagemaker_automl.service_errors import is_denied, kind_of, passes_by_itself
from airflow_sagemaker_automl.shared_connection import SharedConnection, shared
from airflow_sagemaker_automl.task_state import STILL_WANTED, task_state

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks import Connection, SageMakerAutoMLHook

L = TypeVar("L")

# Airflow 3.3.1 and 3.3.2 fail a task whose trigger fires before the executor has reported the deferral.
EARLIEST_EVENT_SECONDS = 5.0
# What was just created may not be there for everyone at once, nor a right that was just given; what is missing for
# longer is not there.
_LONGEST_UNSEEN_SECONDS = 300
# Airflow gives up an on_kill after 30 seconds.
_STOPPED_WITHIN_SECONDS = 25


class WaitEnd(StrEnum):
    """Why a wait is over; what became of what was waited for is for the task to find out."""

    FINISHED = "finished"
    ROOM = "room"
    DEADLINE = "deadline"
    UNREADABLE = "unreadable"


class PolledTrigger(BaseEventTrigger, Generic[L]):
    """What all kinds of waiting have in common: one poll, and one event, neither too early nor after the deadline.

    Airflow opens a shared poll with the class and the arguments of whoever comes first, so that all who share one
    open the same.
    """

    supports_triggerer_queue = True
    # Among whom those who wait are counted.
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
        """What the wait is for: an argument of the trigger that its event repeats."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give the class path and the arguments that make the same trigger elsewhere."""
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
        """Tell what is waited for, and by which connection; its configuration may have a proxy's password."""
        return str(self.repr(self.serialize()[0], {**self.subject, "aws_conn_id": self.connection["aws_conn_id"]}))

    def shared_stream_key(self) -> Hashable:
        """Share one poll with every trigger that needs the same list at the same interval."""
        return self._key

    @property
    @abstractmethod
    def _key(self) -> StreamKey:
        """Tell whose poll it is."""

    @classmethod
    @abstractmethod
    def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[Snapshot[L], None]:
        """Poll for as long as anybody waits."""

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Snapshot[L]]) -> AsyncIterator[TriggerEvent]:
        """Follow what this trigger waits for through the snapshots."""
        started = time.monotonic()
        with metrics.waiting(self.waiting_for), shared(self.connection) as reached:
            end = await self._wait_until_deadline(shared_stream, reached)
        if end is not None:
            await asyncio.sleep(max(0.0, started + EARLIEST_EVENT_SECONDS - time.monotonic()))
            yield TriggerEvent(self.event(end))

    def event(self, end: WaitEnd) -> dict[str, Any]:
        """Tell what the wait was for, and why it is over."""
        reason = {"reason": self._reason} if end is WaitEnd.UNREADABLE else {}
        return {**self.subject, "end": end.value, **reason}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait alone, where there is no triggerer to share with, as in ``airflow dags test``."""
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
        """Wait for what the trigger is for; None where the snapshots end first, which only tests make."""


class FollowingTrigger(PolledTrigger[L]):
    """Waits for the end of one thing that a list shows, and looks for itself where the list does not show it."""

    _unseen_since: float | None = None
    # Since when each describe has met an error that does not pass by itself.
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
        """Name what is followed, as the beginning of a sentence."""

    @abstractmethod
    def _status_in(self, listed: L) -> str | None:
        """Find its status in the list; None where the list does not have it."""

    @abstractmethod
    def _is_last(self, status: str) -> bool:
        """Tell whether a status of the list is one that is not left any more."""

    @abstractmethod
    def _ended_as(self, hook: SageMakerAutoMLHook) -> str | None:
        """Ask the service for its status, in a thread; None where it has not ended."""

    @abstractmethod
    def _is_unseen(self, error: Exception) -> bool:
        """Judge whether an error says that it is not there, or not for everyone's eyes."""

    async def _look(self, reached: SharedConnection) -> WaitEnd | None:
        """Describe it, when the list has it not, or may not be had."""
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
        """Decide whether an error of a describe ends the wait: one that will not pass does, when it has lasted."""
        now = time.monotonic()
        if passes_by_itself(error):
            self._unusable_since = None
        else:
            self._unusable_since = self._unusable_since or now
        self._unseen_since = (self._unseen_since or now) if self._is_unseen(error) else None
        is_gone = self._unseen_since is not None and now - self._unseen_since > _LONGEST_UNSEEN_SECONDS
        is_unusable = self._unusable_since is not None and now - self._unusable_since > polling.LONGEST_UNUSABLE_SECONDS
        if is_gone or is_unusable or isinstance(error, UnknownStatus):
            self.log.error("%s cannot be followed: %s", self._what, error)
            self._reason = str(error)
            return WaitEnd.UNREADABLE
        metrics.count(metrics.POLLS_FAILED, kind_of(error))
        self.log.warning("%s could not be described, trying again: %s", self._what, error)
        return None


class _JobsTrigger(PolledTrigger[Jobs]):
    """What both kinds of waiting that look at the running jobs have in common: their poll."""

    job_name: str

    @property
    def subject(self) -> dict[str, Any]:
        """The job's name."""
        return {"job_name": self.job_name}

    @property
    def _key(self) -> StreamKey:
        return StreamKey.of_jobs(self.connection, self.poll_interval)

    @classmethod
    def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[Snapshot[Jobs], None]:
        """Poll for as long as anybody waits."""
        return job_snapshots(kwargs["connection"], kwargs["poll_interval"])


class AutoMLJobTrigger(_JobsTrigger, FollowingTrigger[Jobs]):
    """Fires once, when an AutoML job has ended or the deadline has come.

    :param job_name: the job to wait for.
    :param connection: the four connection arguments.
    :param poll_interval: seconds between polls; triggers with the same connection and interval share one poll.
    :param deadline: POSIX time after which not to wait any longer; None waits for ever.
    :param stop_on_kill: stop the job when the task is cleared, or marked as failed or successful, while it waits.
    """

    waiting_for = metrics.WAITING_FOR_JOBS

    def __init__(
        self,
        *,
        job_name: str,
        connection: Connection,
        poll_interval: float,
        deadline: float | None = None,
        stop_on_kill: bool = False,
    ) -> None:
        super().__init__(connection=connection, poll_interval=poll_interval, deadline=deadline)
        self.job_name = job_name
        self.stop_on_kill = stop_on_kill

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give the class path and the arguments that make the same trigger elsewhere."""
        path, arguments = super().serialize()
        return path, {**arguments, "stop_on_kill": self.stop_on_kill}

    async def on_kill(self) -> None:
        """Stop the job, unless the task is to go on: Airflow also calls this when another triggerer takes over."""
        if not self.stop_on_kill:
            return
        try:
            with shared(self.connection) as reached:
                state = await reached.kill(lambda: task_state(self.task_instance))
                if state in STILL_WANTED:  # Where it was cleared and is to train anew, it stops this job itself.
                    self.log.info("AutoML job %s is left alone: the task is %s, and goes on", self.job_name, state)
                    return
                await reached.kill(lambda: self._stop(reached))
            self.log.info("AutoML job %s has been told to stop: the task is %s", self.job_name, state or "cleared")
        except Exception as error:
            self.log.error("AutoML job %s was not told to stop, and may run on: %s", self.job_name, error)
            raise

    async def _wait(self, stream: AsyncIterator[Snapshot[Jobs]], reached: SharedConnection) -> WaitEnd | None:
        reached.queue.job_exists(self.job_name)
        return await super()._wait(stream, reached)

    @property
    def _what(self) -> str:
        return f"AutoML job {self.job_name}"

    def _status_in(self, listed: Jobs) -> str | None:
        return listed.get(self.job_name)

    def _is_last(self, status: str) -> bool:
        return False  # The list has running jobs only.

    def _ended_as(self, hook: SageMakerAutoMLHook) -> str | None:
        job = hook.describe_job(self.job_name)
        return f"{job.status.value} ({job.secondary_status})" if job.is_finished else None

    def _is_unseen(self, error: Exception) -> bool:
        return is_denied(error) or isinstance(error, AutoMLJobNotFound)

    def _stop(self, reached: SharedConnection) -> None:
        patiently(lambda: reached.hook().stop_job(self.job_name), seconds=_STOPPED_WITHIN_SECONDS)


class CapacityTrigger(_JobsTrigger):
    """Fires once, when there is room for another job in the account and it is this task's turn.

    :param job_name: the job that the task would create.
    :param waiting_since: POSIX time of the first refusal; who has waited longest is let go first.
    :param limit: how many jobs may run, as far as the refusal told.
    :param connection: the four connection arguments.
    :param poll_interval: seconds between polls; shared with the triggers that wait for jobs.
    :param deadline: POSIX time after which not to wait any longer; None waits for ever.
    """

    waiting_for = metrics.WAITING_FOR_PLACES

    def __init__(
        self,
        *,
        job_name: str,
        waiting_since: float,
        limit: int,
        connection: Connection,
        poll_interval: float,
        deadline: float | None = None,
    ) -> None:
        super().__init__(connection=connection, poll_interval=poll_interval, deadline=deadline)
        self.job_name = job_name
        self.waiting_since = waiting_since
        self.limit = limit

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give the class path and the arguments that make the same trigger elsewhere."""
        path, arguments = super().serialize()
        return path, {**arguments, "waiting_since": self.waiting_since, "limit": self.limit}

    async def _wait(self, stream: AsyncIterator[Snapshot[Jobs]], reached: SharedConnection) -> WaitEnd | None:
        queue = reached.queue
        queue.join(self.job_name, self.waiting_since, self.limit)
        told: str | None = None
        told_place = math.inf
        try:
            async for snapshot in stream:
                if queue.lets_go(self.job_name, self.waiting_since, snapshot):
                    self.log.info("There is room for AutoML job %s", self.job_name)
                    return WaitEnd.ROOM
                if snapshot.is_hopeless:
                    self._reason = snapshot.problem
                    return WaitEnd.UNREADABLE
                place, waiting = queue.place(self.job_name)
                # Each step of each of a hundred waiters would be five thousand lines.
                if place <= told_place / 2 or (snapshot.problem and snapshot.problem != told):
                    self._tell(snapshot, place, waiting)
                    told_place = place
                told = snapshot.problem
        finally:
            queue.leave(self.job_name)
        return None

    def _tell(self, snapshot: Snapshot[Jobs], place: int, waiting: int) -> None:
        running = "unknown" if snapshot.listed is None else len(snapshot.listed)
        self.log.info(
            "AutoML job %s waits for a place in the account's quota: number %s of %s that this triggerer knows; "
            "jobs in progress: %s%s",
            self.job_name,
            place,
            waiting,
            running,
            f" ({snapshot.problem})" if snapshot.problem else "",
        )
