"""Base of the operators that run a job: they start it once, wait for a place in the quota, and wait for its end."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, NoReturn, get_args

from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_sagemaker_automl.exceptions import QuotaReached, QuotaWaitTimedOut
from airflow_sagemaker_automl.hooks.errors import is_denied
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.tasks.base import with_clear_errors
from airflow_sagemaker_automl.tasks.job_kind import J, JobKind
from airflow_sagemaker_automl.tasks.kill import Kill
from airflow_sagemaker_automl.tasks.quota_place import QueuePlace
from airflow_sagemaker_automl.tasks.submission import ReuseJob, Submission
from airflow_sagemaker_automl.tasks.waiting import WaitingTask, seconds
from airflow_sagemaker_automl.triggers.polling import pause
from airflow_sagemaker_automl.triggers.quota_queue import PROBE_AFTER_POLLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

NO_DEPLOYMENT = (
    "Neither [sagemaker_automl] deployment nor [api] base_url is configured, so the tags of its jobs do not show "
    "which Airflow deployment started them."
)


class JobTask(WaitingTask, Generic[J]):
    """Base of the operators that run a job.

    :param reuse_job: which job a later execution in the same run resumes.
    :param wait_for_completion: False ends the task as soon as the service accepts the job.
    :param wait_timeout: seconds, or a timedelta, from the job's creation until the wait ends. Default: no limit.
    :param capacity_timeout: seconds, or a timedelta, that the task waits for a place in the account's quota. Default:
        no limit.
    :param stop_on_timeout: stop the job when ``wait_timeout`` ends the wait.
    :param stop_on_kill: stop the job when the task is terminated while it waits.
    """

    def __init__(
        self,
        *,
        reuse_job: ReuseJob,
        wait_for_completion: bool,
        wait_timeout: float | timedelta | None,
        capacity_timeout: float | timedelta | None,
        stop_on_timeout: bool,
        stop_on_kill: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if reuse_job not in get_args(ReuseJob):
            raise ValueError(f"reuse_job = {reuse_job!r} must be one of {', '.join(get_args(ReuseJob))}")
        self.reuse_job = reuse_job
        self.wait_for_completion = wait_for_completion
        self.wait_timeout = wait_timeout
        self.capacity_timeout = capacity_timeout
        self.stop_on_timeout = stop_on_timeout
        self.stop_on_kill = stop_on_kill
        self._started_job: str | None = None
        # Further jobs that ran when the task was deferred.
        self._other_jobs: list[str] = []
        self._kill: Kill | None = None

    @property
    def _subject(self) -> str:
        """Name the job, if it is known yet."""
        return f"{self._kind.noun} {self._started_job}: " if self._started_job else super()._subject

    @property
    @abstractmethod
    def _kind(self) -> JobKind[J]:
        """The kind of job that the task runs."""

    @abstractmethod
    def _submission(self, context: Context) -> Submission[J]:
        """Prepare the request of the job."""

    @abstractmethod
    def _job_trigger(self, job_name: str, deadline: float | None) -> BaseTrigger:
        """Create the trigger that waits for the job."""

    @abstractmethod
    def _room_trigger(self, job_name: str, place: QueuePlace, deadline: float | None) -> BaseTrigger:
        """Create the trigger that waits for a place in the quota."""

    @abstractmethod
    def _show(self, job: J) -> None:
        """Show the links of the job, and add it to the lineage."""

    @abstractmethod
    def _started_result(self, job: J) -> dict[str, Any]:
        """Return the result of a task that does not wait."""

    @abstractmethod
    def _result(self, job: J) -> dict[str, Any]:
        """Judge a job that has ended, and return the task's result."""

    @abstractmethod
    def _after_wait(self, event: Mapping[str, Any]) -> J:
        """Describe the job after the wait in the triggerer."""

    @abstractmethod
    def _wait_in_worker(self, job: J, deadline: float) -> J:
        """Wait in the worker until the job has ended or the deadline is over."""

    @abstractmethod
    def _timed_out(self, job: J, limit: float, fate: str) -> Exception:
        """Create the error of a wait that reached ``wait_timeout``."""

    @with_clear_errors
    def execute(self, context: Context) -> dict[str, Any]:
        """Start the job, or find the one that an earlier execution started, and wait until it ends."""
        self._begin(context)
        return self._run_job(context)

    @with_clear_errors
    def execute_with_room(
        self,
        context: Context,
        event: dict[str, Any],
        place: dict[str, Any] | None = None,
        task_deadline: float | None = None,
    ) -> dict[str, Any]:
        """Resume after the wait for a place in the account's quota.

        :param place: of a :class:`~airflow_sagemaker_automl.tasks.quota_place.QueuePlace`. Default: the task joins
            the queue again, because ``dag.test()`` passes only the event.
        """
        from airflow_sagemaker_automl.triggers.base import WaitEnd

        self._begin(context)
        self._other_jobs = list(event.get("also_stops", []))
        queued = QueuePlace(**(place or {"since": time.time()}))
        end = WaitEnd(event["end"])
        if end is WaitEnd.DEADLINE:
            self._give_up_queueing(queued, task_deadline)
        if end is WaitEnd.UNREADABLE:
            text = "The triggerer cannot check whether there is room for %s %s, so this worker tries: %s"
            self.log.warning(text, self._kind.noun, event["job_name"], event["reason"])
        return self._run_job(context, queued, task_deadline)

    @with_clear_errors
    def execute_complete(
        self, context: Context, event: dict[str, Any], task_deadline: float | None = None
    ) -> dict[str, Any]:
        """Resume after the wait; the status of the job comes from the service, not from the event."""
        from airflow_sagemaker_automl.triggers.base import WaitEnd

        self._begin(context)
        self._started_job, self._other_jobs = event["job_name"], list(event.get("also_stops", []))
        job = self._after_wait(event)
        if event["end"] == WaitEnd.DEADLINE and not job.is_finished:
            self._time_out(job, task_deadline)
        return self._resume(job, task_deadline)

    def on_kill(self) -> None:
        """Stop the job, unless the task continues: Airflow also calls this when only the worker shuts down."""
        if self.stop_on_kill and self._kill is not None:
            self._kill.handle_signal(self._own_jobs)

    def require_wanted(self) -> None:
        """End the execution if the task was killed while Airflow could not say whether it continues, and it does not.

        :raises AirflowException: the task is being terminated.
        """
        if self._kill is not None and self._started_job is not None:
            self._kill.require_wanted(self._own_jobs)

    @property
    def _own_jobs(self) -> list[str]:
        """The jobs of the task that may run."""
        return [*([self._started_job] if self._started_job else []), *self._other_jobs]

    def _begin(self, context: Context) -> None:
        self._kill = Kill(context, lambda name: self._kind.stop(self.hook, name), self.log, self._kind.noun)

    @property
    def _context(self) -> Context:
        """The context of the execution; no attribute of its own, because OpenLineage writes all of them into events."""
        assert self._kill is not None
        return self._kill.context

    def _remember_started(self, job_name: str) -> None:
        """Remember the job that a kill must stop; if the kill came first, start no job."""
        self._started_job = job_name
        self.require_wanted()

    def _run_job(
        self, context: Context, place: QueuePlace | None = None, task_deadline: float | None = None
    ) -> dict[str, Any]:
        if (known := self._known_result(context)) is not None:
            return known
        job = self._start(context, place, task_deadline)
        self._show(job)
        if not self.wait_for_completion:
            return self._started_result(job)
        return self._follow(job, task_deadline)

    def _resume(self, job: J, task_deadline: float | None) -> dict[str, Any]:
        """Go on after the wait in the triggerer."""
        return self._follow(job, task_deadline)

    def _known_result(self, context: Context) -> dict[str, Any] | None:
        """Return the result if no job is needed any more; None if a job must be started or resumed."""
        return None

    def _start(self, context: Context, place: QueuePlace | None, task_deadline: float | None) -> J:
        """Start the job, or find the one that an earlier execution started."""
        submission = self._submission(context)
        job = None
        while job is None:
            try:
                job = submission.start_or_adopt()
            except QuotaReached as refusal:
                metrics.count(self._kind.refused)
                if not refusal.retry_can_help:
                    raise
                place = self._queue(refusal, place, task_deadline)
        if place is not None:
            metrics.time_taken(self._kind.queued, time.time() - place.since)
        return job

    def _queue(self, refusal: QuotaReached, place: QueuePlace | None, task_deadline: float | None) -> QueuePlace:
        """Wait until there may be room: in the triggerer (then this does not return) or in the worker."""
        place = (place or QueuePlace(since=time.time())).after(refusal, self._count_running(stopping_too=True))
        self.log.info(
            "%s Waiting until fewer than %s jobs are in progress; waited %.0f s so far.",
            refusal,
            place.limit,
            time.time() - place.since,
        )
        if self.deferrable:
            self._defer_for_room(refusal.job_name, place, self.execution_deadline(task_deadline))
        running: int | None = place.limit
        for _ in range(PROBE_AFTER_POLLS):
            left = place.since + seconds(self.capacity_timeout) - time.time()
            if left <= 0:
                self._give_up_queueing(place, None)
            time.sleep(min(pause(self.poll_interval, 0), left))
            self.require_wanted()
            running = self._count_running()
            if running is None or running < place.limit:
                break
        return place

    def _defer_for_room(self, job_name: str, place: QueuePlace, task_deadline: float | None) -> None:
        deadline = min(place.since + seconds(self.capacity_timeout), task_deadline or math.inf)
        self.defer(
            trigger=self._room_trigger(job_name, place, deadline if math.isfinite(deadline) else None),
            method_name="execute_with_room",
            kwargs={"place": place.to_json(), "task_deadline": task_deadline},
        )

    def _count_running(self, *, stopping_too: bool = False) -> int | None:
        """Count the account's jobs in progress; None if access to the list is denied.

        :param stopping_too: whether stopping jobs count as one job if no other job runs.
        """
        try:
            running = len(self.call_with_retries(self._kind.in_progress))
            if not running and stopping_too:
                return int(self.call_with_retries(self._kind.has_stopping))
            return running
        except Exception as error:
            if is_denied(error):
                return None
            raise

    def _give_up_queueing(self, place: QueuePlace, task_deadline: float | None) -> None:
        """End the wait for a place.

        :raises QuotaWaitTimedOut: ``capacity_timeout`` is over.
        :raises AirflowTaskTimeout: the task's ``execution_timeout`` came first.
        """
        limit = seconds(self.capacity_timeout)
        if math.isinf(limit) or (task_deadline is not None and task_deadline < place.since + limit):
            raise AirflowTaskTimeout(f"No {self._kind.noun} could be started within the task's execution_timeout.")
        raise QuotaWaitTimedOut(limit, place.reason, self._kind.noun)

    def _follow(self, job: J, task_deadline: float | None) -> dict[str, Any]:
        """Wait until the job ends, and return the result."""
        if not job.is_finished:
            deadline = job.created.timestamp() + seconds(self.wait_timeout)
            if self.deferrable:
                task_deadline = self.execution_deadline(task_deadline)
                self._defer_until_ended(job.name, min(deadline, task_deadline or math.inf), task_deadline)
            job = self._wait_in_worker(job, deadline)
            if not job.is_finished:
                self._time_out(job, None)
        self._show(job)
        return self._result(job)

    def _defer_until_ended(self, job_name: str, until: float, task_deadline: float | None) -> None:
        self.log.info("%s %s: waiting in the triggerer", self._kind.noun, job_name)
        self.defer(
            trigger=self._job_trigger(job_name, until if math.isfinite(until) else None),
            method_name="execute_complete",
            kwargs={"task_deadline": task_deadline},
        )

    def _time_out(self, job: J, task_deadline: float | None) -> NoReturn:
        """End the wait for a job at its deadline.

        :raises AutoMLError: the deadline is that of ``wait_timeout``.
        :raises AirflowTaskTimeout: it is the task's ``execution_timeout``; Airflow then calls ``on_kill``.
        """
        metrics.count(self._kind.ended, "timed_out")
        noun, limit = self._kind.noun, seconds(self.wait_timeout)
        if math.isinf(limit) or (task_deadline is not None and task_deadline < job.created.timestamp() + limit):
            raise AirflowTaskTimeout(f"{noun} {job.name} was not finished within the task's execution_timeout.")
        if not self.stop_on_timeout:
            raise self._timed_out(job, limit, "keeps running, because stop_on_timeout is False.")
        error = self._stop(job.name)
        fate = _fate(error)
        for name in self._own_jobs:
            if name != job.name:
                failed = self._stop(name)
                fate, error = f"{fate} {noun} {name} {_fate(failed)}", error or failed
        raise self._timed_out(job, limit, fate) from error

    def _stop(self, job_name: str) -> Exception | None:
        """Stop a job.

        :return: why it could not be stopped; None if it is being stopped, or has ended.
        """
        try:
            self.call_with_retries(lambda hook: self._kind.stop(hook, job_name))
        except Exception as error:
            self.log.error("Could not stop %s %s: %s", self._kind.noun, job_name, error)
            return error
        return None


def _fate(error: Exception | None) -> str:
    """Say, as the end of a sentence, what happens to a job that was to be stopped."""
    return "could not be stopped: it keeps running and incurs costs." if error else "is being stopped."
