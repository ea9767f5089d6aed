"""Waiting without holding anything: however many tasks wait on one connection, there is one poll.

Triggers run on the triggerer's event loop, so every call to AWS is made in a thread, by a client that is built once
for each connection and poll interval.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_sagemaker_automl.exceptions import AutoMLJobNotFound, UnknownStatus

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.job import AutoMLJob
    from airflow_sagemaker_automl.hooks import Connection, SageMakerAutoMLHook

# Airflow 3.3.1 and 3.3.2 fail a task whose trigger fires before the executor has reported the deferral.
EARLIEST_EVENT_SECONDS = 5.0
_JITTER = 0.1
# A job that was just created may not be there for everyone at once; one that is missing for longer is not there.
_LONGEST_UNSEEN_SECONDS = 300

_hooks: dict[Hashable, SageMakerAutoMLHook] = {}
_building = threading.Lock()


class WaitEnd(StrEnum):
    """Why a wait is over; what became of the job is for the task to find out."""

    FINISHED = "finished"
    DEADLINE = "deadline"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Snapshot:
    """What one poll saw.

    :param in_progress: job name → secondary status of the jobs that run; None where the poll could not tell.
    :param problem: why it could not.
    :param listing_denied: whether the jobs may not be listed, so that each trigger has to look for itself.
    """

    in_progress: dict[str, str] | None
    problem: str | None = None
    listing_denied: bool = False


class AutoMLJobTrigger(BaseEventTrigger):
    """Fires once, when an AutoML job has ended or its deadline has come.

    :param job_name: the job to wait for.
    :param connection: the four connection arguments.
    :param poll_interval: seconds between polls; triggers with the same connection and interval share one poll.
    :param deadline: POSIX time after which not to wait any longer; None waits for ever.
    """

    supports_triggerer_queue = True

    def __init__(
        self, *, job_name: str, connection: Connection, poll_interval: float, deadline: float | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow gives this constructor no types.
        self.job_name = job_name
        self.connection = connection
        self.poll_interval = poll_interval
        self.deadline = deadline
        self._unseen_since: float | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give the class path and the arguments that make the same trigger elsewhere."""
        return (
            "airflow_sagemaker_automl.triggers.AutoMLJobTrigger",
            {
                "job_name": self.job_name,
                "connection": self.connection,
                "poll_interval": self.poll_interval,
                "deadline": self.deadline,
            },
        )

    def shared_stream_key(self) -> Hashable:
        """Share one poll with every trigger of the same connection and interval."""
        return _stream_key(self.connection, self.poll_interval)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[Snapshot, None]:
        """Poll for as long as anybody waits; an error would end every wait, so none leaves here."""
        key = _stream_key(kwargs["connection"], kwargs["poll_interval"])
        try:
            while True:
                yield await _poll(kwargs["connection"], key)
                await asyncio.sleep(kwargs["poll_interval"] * random.uniform(1 - _JITTER, 1 + _JITTER))
        finally:
            _hooks.pop(key, None)

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Snapshot]) -> AsyncIterator[TriggerEvent]:
        """Follow this trigger's own job through the snapshots."""
        started = time.monotonic()
        end = await self._wait(shared_stream)
        if end is not None:
            await asyncio.sleep(max(0.0, started + EARLIEST_EVENT_SECONDS - time.monotonic()))
            yield TriggerEvent({"job_name": self.job_name, "end": end.value})

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait alone, where there is no triggerer to share with, as in ``airflow dags test``."""
        async with aclosing(self.open_shared_stream(self.serialize()[1])) as stream:
            async for event in self.filter_shared_stream(stream):
                yield event

    async def _wait(self, snapshots: AsyncIterator[Snapshot]) -> WaitEnd | None:
        """Wait for the job's end or for the deadline; None where the snapshots end first, which only tests make."""
        left = None if self.deadline is None else self.deadline - time.time()
        told: str | None = None
        try:
            async with asyncio.timeout(left):
                end = await self._look()
                while end is None:
                    snapshot = await anext(snapshots, None)
                    if snapshot is None:
                        break
                    news = (snapshot.in_progress or {}).get(self.job_name) or snapshot.problem
                    if news and news != told:
                        told = news
                        self.log.info("AutoML job %s: %s", self.job_name, news)
                    if snapshot.listing_denied or (
                        snapshot.in_progress is not None and self.job_name not in snapshot.in_progress
                    ):
                        end = await self._look()
        except TimeoutError:
            return WaitEnd.DEADLINE
        return end

    async def _look(self) -> WaitEnd | None:
        """Describe the job: at first, and when no list of running jobs has it, or none may be had."""
        try:
            job = await asyncio.to_thread(self._describe)
        except Exception as error:
            return self._judge(error)
        self._unseen_since = None
        if job.is_finished:
            self.log.info("AutoML job %s is %s (%s)", job.name, job.status.value, job.secondary_status)
            return WaitEnd.FINISHED
        return None

    def _judge(self, error: Exception) -> WaitEnd | None:
        """Decide whether an error of a describe ends the wait: only one that will not pass does."""
        self._unseen_since = self._unseen_since or time.monotonic()
        lasting = _is_denied(error) or isinstance(error, UnknownStatus)
        missing = isinstance(error, AutoMLJobNotFound)
        if lasting or (missing and time.monotonic() - self._unseen_since > _LONGEST_UNSEEN_SECONDS):
            self.log.error("AutoML job %s cannot be followed: %s", self.job_name, error)
            return WaitEnd.UNREADABLE
        self.log.warning("AutoML job %s could not be described, trying again: %s", self.job_name, error)
        return None

    def _describe(self) -> AutoMLJob:
        return _hook(self.connection, self.shared_stream_key()).describe_job(self.job_name)


def _stream_key(connection: Connection, poll_interval: float) -> Hashable:
    return ("sagemaker-automl-jobs", json.dumps(connection, sort_keys=True), poll_interval)


def _hook(connection: Connection, key: Hashable) -> SageMakerAutoMLHook:
    """Give the one hook of a stream; called in threads only, since it may read the connection and build a client."""
    from airflow_sagemaker_automl.hooks import SageMakerAutoMLHook

    with _building:
        hook = _hooks.get(key)
        if hook is None:
            hook = SageMakerAutoMLHook.from_connection(connection)
            _ = hook.conn  # Built here, once: hundreds of triggers may start at the same time.
            _hooks[key] = hook
    return hook


async def _poll(connection: Connection, key: Hashable) -> Snapshot:
    try:
        return Snapshot(await asyncio.to_thread(lambda: _hook(connection, key).jobs_in_progress()))
    except Exception as error:
        if _is_denied(error):
            return Snapshot(None, listing_denied=True)
        # A connection that was changed, or credentials that were renewed, are to be read again.
        _hooks.pop(key, None)
        return Snapshot(None, problem=f"jobs could not be listed, trying again: {error}")


def _is_denied(error: Exception) -> bool:
    response = getattr(error, "response", {})
    return response.get("Error", {}).get("Code") in ("AccessDenied", "AccessDeniedException")
