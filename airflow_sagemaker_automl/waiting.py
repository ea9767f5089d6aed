"""What all tasks that wait for the service have in common: where they wait, until when, and how they go on."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_sagemaker_automl import metrics, polling
from airflow_sagemaker_automl.connection import ConnectsToSageMaker
from airflow_sagemaker_automl.core.outcome import Acceptance, Outcome
from airflow_sagemaker_automl.exceptions import (
    AutoMLError,
    AutoMLJobNotFound,
    AutoMLJobUnfinished,
    NoBestCandidate,
    escaped,
)
from airflow_sagemaker_automl.masking import proxy_passwords
from airflow_sagemaker_automl.polling import pause
from airflow_sagemaker_automl.service_errors import kind_of, passes_by_itself

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.job import AutoMLJob
    from airflow_sagemaker_automl.hooks import SageMakerAutoMLHook

T = TypeVar("T")

# What the service has just created may not be shown at once.
SEEN_WITHIN_SECONDS = 300


class Waits(ConnectsToSageMaker):
    """Base of what waits for the service.

    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two looks.
    :raises ValueError: it is not more than zero.
    """

    def __init__(self, *, deferrable: bool | None, poll_interval: float | timedelta, **kwargs: Any) -> None:
        # Each key of the result is an XCom of its own too: train.output["job_name"] works.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable
        self.poll_interval = seconds(poll_interval)
        if not self.poll_interval > 0:
            name = "poke_interval" if "poke_interval" in kwargs else "poll_interval"
            raise ValueError(f"{name} = {poll_interval!r} must be more than 0 s, the interval between two looks")

    @property
    def hook(self) -> SageMakerAutoMLHook:
        """The hook, built when it is first asked for; nothing has been started by then.

        :raises AirflowFailException: the task is to wait in the triggerer, and its configuration is secret: Airflow
            stores the arguments of a task's trigger as they are.
        """
        if self.deferrable and proxy_passwords(self.botocore_config):
            raise AirflowFailException(
                "botocore_config has the password of a proxy, which Airflow would store in the clear with the trigger "
                "of this task: leave botocore_config out and give all of it in config_kwargs of the connection's "
                "extra, which is not looked at beside a botocore_config; or wait with deferrable=False."
            )
        return super().hook

    def execution_deadline(self, task_deadline: float | None) -> float | None:
        """Say when ``execution_timeout`` is over, which Airflow watches over in the worker only.

        :param task_deadline: POSIX time that was counted when this try first began to wait.
        """
        if task_deadline is None and self.execution_timeout is not None:
            return time.time() + self.execution_timeout.total_seconds()
        return task_deadline

    def require_wanted(self) -> None:
        """End a wait in the worker whose task has been told to end; only a task that starts a job has one to stop."""

    def keep_looking(
        self,
        first: T,
        look: Callable[[], T],
        *,
        what: str,
        status_of: Callable[[T], str | None],
        is_too_new: Callable[[Exception], bool],
        deadline: float,
        interval: float,
    ) -> T:
        """Wait in the worker.

        :param first: what has been seen already.
        :param look: asks the service; an error that may pass tells nothing, and is waited out.
        :param what: names what is looked at, as the beginning of a sentence.
        :param status_of: tells its status; None ends the wait.
        :param is_too_new: judges whether an error only says that it is not shown yet.
        :param deadline: POSIX time.
        :param interval: seconds between two looks.
        :return: what was seen last.
        """
        seen, told, failures = first, None, 0
        unusable_since: float | None = None
        while (status := status_of(seen)) is not None and (left := deadline - time.time()) > 0:
            if status != told:
                told = status
                self.log.info("%s: %s", what, status)
            time.sleep(min(pause(interval, failures), left))
            self.require_wanted()
            try:
                seen, failures, unusable_since = look(), 0, None
            except Exception as error:
                unusable_since = None if passes_by_itself(error) else unusable_since or time.monotonic()
                if not is_too_new(error) and not self._may_pass_within_the_time(error, unusable_since):
                    raise
                failures += 1
                metrics.count(metrics.POLLS_FAILED, kind_of(error))
                self.log.warning("%s could not be described, trying again: %s", what, error)
                self.forget_stale_hook(error)
        return seen

    def _may_pass_within_the_time(self, error: Exception, unusable_since: float | None) -> bool:
        """Judge an error as the triggerer does: what does not pass by itself is given time, unless it says all."""
        if isinstance(error, AutoMLError) and not error.retry_can_help:
            return False
        return unusable_since is None or time.monotonic() - unusable_since <= polling.LONGEST_UNUSABLE_SECONDS


class WaitsForAutoMLJob(Waits):
    """Base of what waits for a job.

    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two looks at the job (default: 60).
    :raises ValueError: it is not more than zero.
    """

    acceptance: Acceptance

    def __init__(self, *, deferrable: bool | None = None, poll_interval: float | timedelta = 60, **kwargs: Any) -> None:
        super().__init__(deferrable=deferrable, poll_interval=poll_interval, **kwargs)

    def defer_to_the_end(self, job_name: str, until: float = math.inf, *, stop_on_kill: bool, **kept: Any) -> NoReturn:
        """Go on in ``execute_complete`` when the job has ended, or the deadline has come.

        :param until: POSIX time of the deadline; default: none.
        :param stop_on_kill: stop the job if the task is ended meanwhile.
        :param kept: arguments for ``execute_complete``, beside the context and the event.
        """
        from airflow_sagemaker_automl.triggers import AutoMLJobTrigger

        self.log.info("AutoML job %s is waited for in the triggerer", job_name)
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

    def wait_here(self, job: AutoMLJob, deadline: float) -> AutoMLJob:
        """Wait in the worker.

        :return: the job when it has ended, or as it is at the deadline.
        """

        def is_too_new(error: Exception) -> bool:
            return isinstance(error, AutoMLJobNotFound) and time.time() - job.created.timestamp() < SEEN_WITHIN_SECONDS

        return self.keep_looking(
            job,
            lambda: self.hook.describe_job(job.name),
            what=f"AutoML job {job.name}",
            status_of=lambda seen: None if seen.is_finished else seen.secondary_status,
            is_too_new=is_too_new,
            deadline=deadline,
            interval=self.poll_interval,
        )

    def after_the_wait(self, event: dict[str, Any]) -> AutoMLJob:
        """Look at the job when the triggerer has given the task back; the event tells only why.

        :raises AutoMLJobUnfinished: the triggerer may not see the job, so that it could not tell when it ends.
        """
        from airflow_sagemaker_automl.triggers import WaitEnd

        end = WaitEnd(event["end"])
        self._has_been_reached = True
        job = self.patiently(lambda hook: hook.describe_job(event["job_name"]))
        self.remember_job(job)
        if end is WaitEnd.UNREADABLE and not job.is_finished:
            why = event.get("reason") or "it cannot see the job"
            reason = (
                f"The triggerer gave up the wait: {why}. It needs the connection, and an AWS identity that may "
                "sagemaker:DescribeAutoMLJobV2; or wait with deferrable=False."
            )
            raise AutoMLJobUnfinished(job, reason)
        return job

    def result_of(self, job: AutoMLJob, *, is_news: bool = True) -> dict[str, Any]:
        """Judge a job that has ended, and give the task's result.

        :param is_news: whether its end is to be counted.
        :raises AutoMLJobError: its outcome is not accepted.
        :raises AirflowSkipException: the same, and the task is to be skipped.
        """
        self.remember_job(job)
        if is_news and job.outcome is not None:
            metrics.count(metrics.ENDED, job.outcome.value)
            metrics.time_taken(metrics.DURATION, job.elapsed_seconds, job.outcome.value)
        try:
            job.raise_for_status(self.acceptance)
        except NoBestCandidate as error:
            if self.acceptance.on_no_candidate == "skip":
                raise AirflowSkipException(str(error)) from error
            raise
        for failed in job.failed_parts:
            self.log.warning("A part of AutoML job %s failed, %s", job.name, escaped(str(failed)))
        level = logging.INFO if job.outcome is Outcome.MODEL else logging.WARNING
        best = job.best_candidate.name if job.best_candidate else "none"
        text = "AutoML job %s ended as %s (%s) after %.0f s; its best candidate: %s"
        self.log.log(level, text, job.name, job.outcome, job.secondary_status, job.elapsed_seconds, best)
        if job.endpoint_name:
            self.log.info("AutoML job %s has deployed its model to endpoint %s", job.name, job.endpoint_name)
        return job.to_json()


def seconds(limit: float | timedelta | None) -> float:
    """Read a limit as authors of DAGs write it; None is no limit."""
    if limit is None:
        return math.inf
    return limit.total_seconds() if isinstance(limit, timedelta) else float(limit)
