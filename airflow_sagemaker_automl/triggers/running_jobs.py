"""Waiting in the triggerer for the end of a job, or for a place to start one, whatever kind of job it is."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import JobNotFound
from airflow_sagemaker_automl.hooks.errors import is_denied
from airflow_sagemaker_automl.hooks.retrying import call_with_retries
from airflow_sagemaker_automl.triggers.base import FollowingTrigger, PolledTrigger, WaitEnd
from airflow_sagemaker_automl.triggers.polling import StreamKey, job_snapshots
from airflow_sagemaker_automl.triggers.quota_queue import QuotaQueue
from airflow_sagemaker_automl.triggers.shared_connection import SharedConnection, shared
from airflow_sagemaker_automl.triggers.snapshot import Jobs, Snapshot
from airflow_sagemaker_automl.triggers.task_state import STILL_WANTED, task_state

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.connection import Connection


class RunningJobsTrigger(PolledTrigger[Jobs]):
    """Base of the triggers that poll the running jobs of one kind.

    :param job_name: the job to wait for, or to create.
    :param also_stops: further jobs of the task that run at the same time. Default: none.
    :param stop_on_kill: stop the jobs when the task is cleared, or marked as failed or successful, while it waits.
    :cvar noun: name of the kind in logs.
    :cvar listed: what the shared poll lists.
    """

    noun: ClassVar[str]
    listed: ClassVar[str]

    def __init__(
        self, *, job_name: str, also_stops: Sequence[str] = (), stop_on_kill: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.job_name = job_name
        self.also_stops = list(also_stops)
        self.stop_on_kill = stop_on_kill

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild the trigger."""
        path, arguments = super().serialize()
        return path, {**arguments, "stop_on_kill": self.stop_on_kill}

    @property
    def _running(self) -> list[str]:
        """The jobs of the task that run."""
        return self.also_stops

    async def on_kill(self) -> None:
        """Stop the jobs, unless the task continues: Airflow also calls this when another triggerer takes over."""
        failed = None
        for name in self._running if self.stop_on_kill else []:
            try:
                await self._stop_unwanted(name)
            except Exception as error:  # The other job is stopped nevertheless.
                failed = error
        if failed is not None:
            raise failed

    async def _stop_unwanted(self, name: str) -> None:
        try:
            with shared(self.connection) as reached:
                state = await reached.kill(lambda: task_state(self.task_instance))
                if state in STILL_WANTED:  # After a clear, the task itself stops this job before it trains again.
                    self.log.info("%s %s is not stopped: the task is %s and continues", self.noun, name, state)
                    return
                await reached.kill(lambda: self._stop(reached, name))
            self.log.info("Stopping %s %s, because the task is %s", self.noun, name, state or "cleared")
        except Exception as error:
            self.log.error("Could not stop %s %s, which may keep running: %s", self.noun, name, error)
            raise

    def _stop(self, reached: SharedConnection, name: str) -> None:
        call_with_retries(lambda: self.stop(reached.hook(), name), seconds=timing().stop_in_triggerer)

    @staticmethod
    @abstractmethod
    def stop(hook: SageMakerAutoMLHook, job_name: str) -> None:
        """Stop a job."""

    @staticmethod
    @abstractmethod
    def list_running(hook: SageMakerAutoMLHook) -> Jobs:
        """List the running jobs."""

    @property
    def subject(self) -> dict[str, Any]:
        """The job's name, and those of the jobs that run at the same time."""
        return {"job_name": self.job_name, **({"also_stops": self.also_stops} if self.also_stops else {})}

    @property
    def _key(self) -> StreamKey:
        return StreamKey.of_jobs(self.listed, self.connection, self.poll_interval)

    @classmethod
    def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[Snapshot[Jobs], None]:
        """Poll for as long as any trigger waits."""
        key = StreamKey.of_jobs(cls.listed, kwargs["connection"], kwargs["poll_interval"])
        return job_snapshots(kwargs["connection"], key, cls.list_running)

    def _queue(self, reached: SharedConnection) -> QuotaQueue:
        return reached.queue(self._quota)

    @property
    def _quota(self) -> str:
        """The quota that the jobs of this kind share."""
        return self.listed


class JobTrigger(RunningJobsTrigger, FollowingTrigger[Jobs]):
    """Fires once, when a job has ended or at the deadline.

    :param job_name: the job to wait for.
    :param connection: the four connection arguments.
    :param poll_interval: seconds between polls; triggers with the same connection and interval share one poll.
    :param deadline: POSIX time at which the wait ends; None means no limit.
    :param stop_on_kill: stop the job when the task is cleared, or marked as failed or successful, while it waits.
    :param also_stops: further jobs of the task to stop then. Default: none.
    """

    def __init__(
        self,
        *,
        job_name: str,
        connection: Connection,
        poll_interval: float,
        deadline: float | None = None,
        stop_on_kill: bool = False,
        also_stops: Sequence[str] = (),
    ) -> None:
        super().__init__(
            job_name=job_name,
            also_stops=also_stops,
            stop_on_kill=stop_on_kill,
            connection=connection,
            poll_interval=poll_interval,
            deadline=deadline,
        )

    @property
    def _running(self) -> list[str]:
        return [self.job_name, *self.also_stops]

    async def _wait(self, stream: AsyncIterator[Snapshot[Jobs]], reached: SharedConnection) -> WaitEnd | None:
        self._queue(reached).job_exists(self.job_name)
        return await super()._wait(stream, reached)

    @property
    def _what(self) -> str:
        return f"{self.noun} {self.job_name}"

    def _status_in(self, listed: Jobs) -> str | None:
        return listed.get(self.job_name)

    def _is_last(self, status: str) -> bool:
        return False  # The list has running jobs only.

    def _is_unseen(self, error: Exception) -> bool:
        return is_denied(error) or isinstance(error, JobNotFound)


class RoomTrigger(RunningJobsTrigger):
    """Fires once, when there is room for another job in the account and it is this task's turn.

    :param job_name: the job that the task would create.
    :param waiting_since: POSIX time of the first refusal; the longest wait is served first.
    :param limit: how many jobs may run, according to the refusal.
    :param connection: the four connection arguments.
    :param poll_interval: seconds between polls; the poll is shared with the triggers that wait for jobs.
    :param deadline: POSIX time at which the wait ends; None means no limit.
    :param also_stops: jobs of the task that run already. Default: none.
    :param stop_on_kill: stop them when the task is cleared, or marked as failed or successful, while it waits.
    """

    def __init__(
        self,
        *,
        job_name: str,
        waiting_since: float,
        limit: int,
        connection: Connection,
        poll_interval: float,
        deadline: float | None = None,
        also_stops: Sequence[str] = (),
        stop_on_kill: bool = False,
    ) -> None:
        super().__init__(
            job_name=job_name,
            also_stops=also_stops,
            stop_on_kill=stop_on_kill,
            connection=connection,
            poll_interval=poll_interval,
            deadline=deadline,
        )
        self.waiting_since = waiting_since
        self.limit = limit

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild the trigger."""
        path, arguments = super().serialize()
        return path, {**arguments, "waiting_since": self.waiting_since, "limit": self.limit}

    async def _wait(self, stream: AsyncIterator[Snapshot[Jobs]], reached: SharedConnection) -> WaitEnd | None:
        queue = self._queue(reached)
        queue.join(self.job_name, self.waiting_since, self.limit)
        told: str | None = None
        told_place = math.inf
        try:
            async for snapshot in stream:
                if queue.lets_go(self.job_name, self.waiting_since, snapshot):
                    self.log.info("There is room for %s %s", self.noun, self.job_name)
                    return WaitEnd.ROOM
                if snapshot.is_hopeless:
                    self._reason = snapshot.problem
                    return WaitEnd.UNREADABLE
                place, waiting = queue.place(self.job_name)
                # Logged only when the place halves: every step of 100 waiting tasks would be 5000 lines.
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
            "%s %s waits for a place in the account's quota: number %s of %s tasks waiting in this triggerer; "
            "jobs in progress: %s%s",
            self.noun,
            self.job_name,
            place,
            waiting,
            running,
            f" ({snapshot.problem})" if snapshot.problem else "",
        )
