"""Waiting in the triggerer for the end of a job, or for a place to start one, whatever kind of job it is."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
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

    :cvar noun: name of the kind in logs.
    :cvar listed: what the shared poll lists.
    """

    noun: ClassVar[str]
    listed: ClassVar[str]
    job_name: str

    @staticmethod
    @abstractmethod
    def list_running(hook: SageMakerAutoMLHook) -> Jobs:
        """List the running jobs."""

    @property
    def subject(self) -> dict[str, Any]:
        """The job's name."""
        return {"job_name": self.job_name}

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
    """

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
        """Return the class path and the arguments that rebuild the trigger."""
        path, arguments = super().serialize()
        return path, {**arguments, "stop_on_kill": self.stop_on_kill}

    async def on_kill(self) -> None:
        """Stop the job, unless the task continues: Airflow also calls this when another triggerer takes over."""
        if not self.stop_on_kill:
            return
        try:
            with shared(self.connection) as reached:
                state = await reached.kill(lambda: task_state(self.task_instance))
                if state in STILL_WANTED:  # After a clear, the task itself stops this job before it trains again.
                    self.log.info("%s is not stopped: the task is %s and continues", self._what, state)
                    return
                await reached.kill(lambda: self._stop(reached))
            self.log.info("Stopping %s, because the task is %s", self._what, state or "cleared")
        except Exception as error:
            self.log.error("Could not stop %s, which may keep running: %s", self._what, error)
            raise

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

    @staticmethod
    @abstractmethod
    def stop(hook: SageMakerAutoMLHook, job_name: str) -> None:
        """Stop a job."""

    def _is_unseen(self, error: Exception) -> bool:
        return is_denied(error) or isinstance(error, JobNotFound)

    def _stop(self, reached: SharedConnection) -> None:
        call_with_retries(lambda: self.stop(reached.hook(), self.job_name), seconds=timing().stop_in_triggerer)


class RoomTrigger(RunningJobsTrigger):
    """Fires once, when there is room for another job in the account and it is this task's turn.

    :param job_name: the job that the task would create.
    :param waiting_since: POSIX time of the first refusal; the longest wait is served first.
    :param limit: how many jobs may run, according to the refusal.
    :param connection: the four connection arguments.
    :param poll_interval: seconds between polls; the poll is shared with the triggers that wait for jobs.
    :param deadline: POSIX time at which the wait ends; None means no limit.
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
    ) -> None:
        super().__init__(connection=connection, poll_interval=poll_interval, deadline=deadline)
        self.job_name = job_name
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
