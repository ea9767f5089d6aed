"""What all tasks that wait for an AutoML job have in common: where they wait, until when, and how they go on."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowSkipException

from airflow_sagemaker_automl.connection import ConnectsToSageMaker
from airflow_sagemaker_automl.core.outcome import Acceptance, Outcome
from airflow_sagemaker_automl.exceptions import AutoMLJobNotFound, AutoMLJobUnfinished, NoBestCandidate
from airflow_sagemaker_automl.polling import pause
from airflow_sagemaker_automl.service_errors import may_pass

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.job import AutoMLJob

# What CreateAutoMLJobV2 has accepted may not be shown at once.
SEEN_WITHIN_SECONDS = 300


class WaitsForAutoMLJob(ConnectsToSageMaker):
    """Base of what waits for a job.

    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two looks at the job (default: 60).
    :raises ValueError: it is not more than zero.
    """

    acceptance: Acceptance

    def __init__(self, *, deferrable: bool | None = None, poll_interval: float | timedelta = 60, **kwargs: Any) -> None:
        # Each key of the result is an XCom of its own too: train.output["job_name"] works.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable
        self.poll_interval = seconds(poll_interval)
        if not self.poll_interval > 0:
            raise ValueError(f"The interval between two looks at a job must be more than 0 s, not {poll_interval!r}.")

    def defer_to_the_end(self, job_name: str, until: float = math.inf, *, stop_on_kill: bool, **kept: Any) -> NoReturn:
        """Go on in ``execute_complete`` when the job has ended, or the deadline has come.

        :param until: POSIX time of the deadline; default: none.
        :param stop_on_kill: stop the job if the task is ended meanwhile.
        :param kept: arguments for ``execute_complete``, beside the context and the event.
        """
        from airflow_sagemaker_automl.triggers import AutoMLJobTrigger

        self.defer(
            trigger=AutoMLJobTrigger(
                job_name=job_name,
                connection=self.connection,
                poll_interval=self.poll_interval,
                deadline=until if math.isfinite(until) else None,
                stop_on_kill=stop_on_kill,
            ),
            method_name="execute_complete",
            kwargs=kept,
        )
        raise AssertionError("unreachable: defer() raises")

    def execution_deadline(self, task_deadline: float | None) -> float | None:
        """Say when ``execution_timeout`` is over, which Airflow watches over in the worker only.

        :param task_deadline: POSIX time that was counted when this try first began to wait.
        """
        if task_deadline is None and self.execution_timeout is not None:
            return time.time() + self.execution_timeout.total_seconds()
        return task_deadline

    def wait_here(self, job: AutoMLJob, deadline: float) -> AutoMLJob:
        """Wait in the worker.

        :return: the job when it has ended, or as it is at the deadline.
        """
        seen, failures = None, 0
        while not job.is_finished and (left := deadline - time.time()) > 0:
            if job.secondary_status != seen:
                seen = job.secondary_status
                self.log.info("AutoML job %s: %s", job.name, seen)
            time.sleep(min(pause(self.poll_interval, failures), left))
            looked = self._look_again(job)
            failures = failures + 1 if looked is None else 0
            job = looked or job
        return job

    def after_the_wait(self, event: dict[str, Any]) -> AutoMLJob:
        """Look at the job when the triggerer has given the task back; the event tells only why.

        :raises AutoMLJobUnfinished: the triggerer may not see the job, so that it could not tell when it ends.
        """
        from airflow_sagemaker_automl.triggers import WaitEnd

        end = WaitEnd(event["end"])
        self._has_been_reached = True
        job = self.patiently(lambda hook: hook.describe_job(event["job_name"]))
        if end is WaitEnd.UNREADABLE and not job.is_finished:
            why = event.get("reason") or "it cannot see the job"
            reason = (
                f"The triggerer gave up the wait: {why}. It needs the connection, and an AWS identity that may "
                "sagemaker:DescribeAutoMLJobV2; or wait with deferrable=False."
            )
            raise AutoMLJobUnfinished(job, reason)
        return job

    def result_of(self, job: AutoMLJob) -> dict[str, Any]:
        """Judge a job that has ended, and give the task's result.

        :raises AutoMLJobError: its ending is not accepted.
        :raises AirflowSkipException: the same, and the task is to be skipped.
        """
        try:
            job.raise_for_status(self.acceptance)
        except NoBestCandidate as error:
            if self.acceptance.on_no_candidate == "skip":
                raise AirflowSkipException(str(error)) from error
            raise
        for failure in job.partial_failures:
            self.log.warning("AutoML job %s failed in part: %s", job.name, failure)
        if job.outcome is not Outcome.MODEL:
            self.log.warning("AutoML job %s ended as %s (%s)", job.name, job.outcome, job.secondary_status)
        return job.to_json()

    def _look_again(self, job: AutoMLJob) -> AutoMLJob | None:
        """Describe a job; a service that does not answer, or show a new job yet, says nothing about the job."""
        try:
            return self.hook.describe_job(job.name)
        except Exception as error:
            too_new = isinstance(error, AutoMLJobNotFound) and job.elapsed_seconds < SEEN_WITHIN_SECONDS
            if not too_new and not may_pass(error):
                raise
            self.log.warning("AutoML job %s could not be described, trying again: %s", job.name, error)
            self.forget_stale_hook(error)
            return None


def seconds(limit: float | timedelta | None) -> float:
    """Read a limit as authors of DAGs write it; None is no limit."""
    if limit is None:
        return math.inf
    return limit.total_seconds() if isinstance(limit, timedelta) else float(limit)
