"""Sensors: waiting for what somebody else has started."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from airflow_sagemaker_automl.connection import CONNECTION_FIELDS, errors_for_people
from airflow_sagemaker_automl.core.outcome import Acceptance, OnFlaw, OnNoCandidate, OnStopped
from airflow_sagemaker_automl.exceptions import AutoMLJobError, AutoMLJobNotFound
from airflow_sagemaker_automl.service_errors import is_no_answer, may_pass, passes_by_itself
from airflow_sagemaker_automl.waiting import SEEN_WITHIN_SECONDS, WaitsForAutoMLJob

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.job import AutoMLJob


class SageMakerAutoMLJobSensor(WaitsForAutoMLJob, BaseSensorOperator):
    """Wait for the end of an AutoML job that somebody else has started, of V2 or V1; the job is never stopped.

    A service that throttles, or is away for a while after it has answered once, does not end the wait.

    :param job_name: the job. One that is not there is looked for during five minutes, since a new one may not be
        seen at once. (templated)
    :param deferrable: wait in the triggerer instead of a worker; ``mode``, ``exponential_backoff`` and
        ``silent_fail`` have no effect there. Default: ``[operators] default_deferrable``.
    :param poke_interval: seconds, or a timedelta, between two looks at the job (default: 60). Deferred tasks with
        the same connection and interval share one poll.
    :param on_stopped: what to make of a job that somebody stopped: ``fail`` (default), or ``accept_candidate`` if it
        has a best candidate by then.
    :param on_no_candidate: what to make of a job that completed without a best candidate: ``fail`` (default),
        ``skip`` or ``accept``.
    :param on_time_limit: what to make of a model of a job that its own run-time limit has cut short: ``accept``
        (default) or ``fail``.
    :param on_partial_failure: what to make of a model of a job of which parts failed: ``accept`` (default) or
        ``fail``.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and
        those of every sensor: ``timeout`` (counted from the first look, deferred or not), ``execution_timeout`` (the
        same), ``mode``, ``soft_fail`` and so on. An ending that is not accepted fails the task at once and for good,
        for another look would find the same; with ``soft_fail`` it is skipped.
    :return: (XCom) the job, with the same members as the result of
        :class:`~airflow_sagemaker_automl.operators.jobs.SageMakerAutoMLJobOperator`.
    """

    template_fields: Sequence[str] = ("job_name", *CONNECTION_FIELDS)
    ui_color = "#e6e0f0"

    def __init__(
        self,
        *,
        job_name: str,
        deferrable: bool | None = None,
        poke_interval: float | timedelta = 60,
        on_stopped: OnStopped = "fail",
        on_no_candidate: OnNoCandidate = "fail",
        on_time_limit: OnFlaw = "accept",
        on_partial_failure: OnFlaw = "accept",
        **kwargs: Any,
    ) -> None:
        if "poll_interval" in kwargs:
            raise TypeError("A sensor has a poke_interval; poll_interval is for operators.")
        super().__init__(deferrable=deferrable, poll_interval=poke_interval, poke_interval=poke_interval, **kwargs)
        self.job_name = job_name
        self.acceptance = Acceptance(
            on_stopped=on_stopped,
            on_no_candidate=on_no_candidate,
            on_time_limit=on_time_limit,
            on_partial_failure=on_partial_failure,
        )
        self._first_look = time.time()

    def execute(self, context: Context) -> Any:
        """Look at the job, and again, in the worker or in the triggerer, until it has ended."""
        self._first_look = time.time()
        return super().execute(context)

    def poke(self, context: Context) -> PokeReturnValue:
        """Look at the job once; where it has not ended, a deferrable sensor goes on in the triggerer.

        :raises AirflowFailException: it ended in a way that is not accepted.
        """
        with self._telling_why_it_is_skipped():
            return self._poke(context)

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any],
        deadline: float | None = None,
        task_deadline: float | None = None,
    ) -> dict[str, Any]:
        """Go on after the wait in the triggerer.

        :param deadline: POSIX time at which ``timeout`` is over. Default: it is counted anew, for ``dag.test()`` hands
            on nothing but the event.
        :param task_deadline: POSIX time at which ``execution_timeout`` is over.
        :raises AirflowFailException: the job ended in a way that is not accepted.
        :raises AirflowSensorTimeout: it has not ended in time.
        :raises AirflowTaskTimeout: it has not ended within the task's ``execution_timeout``.
        """
        try:
            with self._telling_why_it_is_skipped():
                return self._go_on(event, deadline or time.time() + self.timeout, task_deadline)
        except AirflowException:
            raise
        except Exception as error:
            if self.never_fail:  # While it pokes, Airflow itself sees to that.
                raise AirflowSkipException(str(error)) from error
            raise

    @errors_for_people
    def _poke(self, context: Context) -> PokeReturnValue:
        job = self._look(context)
        if job is not None and job.is_finished:
            return PokeReturnValue(is_done=True, xcom_value=self._result(job))
        if job is not None:
            self.log.info("AutoML job %s: %s", job.name, job.secondary_status)
        if self.deferrable:
            self._defer(self._first_look + self.timeout, self.execution_deadline(None))
        return PokeReturnValue(is_done=False)

    @errors_for_people
    def _go_on(self, event: dict[str, Any], deadline: float, task_deadline: float | None) -> dict[str, Any]:
        job = self.after_the_wait(event)
        if job.is_finished:
            return self._result(job)
        if event["end"] == "deadline":
            if task_deadline is not None and task_deadline < deadline:
                raise AirflowTaskTimeout(f"AutoML job {job.name} was not finished within the task's execution_timeout.")
            raise AirflowSensorTimeout(f"AutoML job {job.name} was not finished within timeout = {self.timeout:.0f} s.")
        return self._defer(deadline, task_deadline)

    @contextmanager
    def _telling_why_it_is_skipped(self) -> Iterator[None]:
        """Log what ``soft_fail`` makes a skip of: Airflow names nothing but the option."""
        try:
            yield
        except (AirflowSkipException, AirflowFailException, AirflowSensorTimeout) as error:
            if self.soft_fail or self.never_fail:
                self.log.warning("%s", error)
            raise

    def _defer(self, deadline: float, task_deadline: float | None) -> NoReturn:
        until = deadline if task_deadline is None else min(deadline, task_deadline)
        self.defer_to_the_end(self.job_name, until, stop_on_kill=False, deadline=deadline, task_deadline=task_deadline)

    def _look(self, context: Context) -> AutoMLJob | None:
        """Describe the job; None where that tells nothing of it, as when the service is busy or the job too new."""
        try:
            job = self.hook.describe_job(self.job_name)
        except Exception as error:
            if not self._may_pass(error, context):
                raise
            self.log.warning("AutoML job %s could not be described, trying again: %s", self.job_name, error)
            self.forget_stale_hook(error)
            return None
        self._has_been_reached = True
        return job

    def _may_pass(self, error: Exception, context: Context) -> bool:
        """Judge whether to look again: at first only what surely passes, later whatever need not last."""
        rescheduled = context["ti"].get_first_reschedule_date(context) if self.reschedule else None
        if isinstance(error, AutoMLJobNotFound):
            # A rescheduled task does not remember itself when it first looked.
            first_look = rescheduled.timestamp() if rescheduled else self._first_look
            return time.time() - first_look < SEEN_WITHIN_SECONDS
        if self._has_been_reached or rescheduled:
            return may_pass(error)
        return passes_by_itself(error) and not is_no_answer(error)

    def _result(self, job: AutoMLJob) -> dict[str, Any]:
        try:
            return self.result_of(job)
        except AutoMLJobError as error:
            raise AirflowFailException(str(error)) from error
