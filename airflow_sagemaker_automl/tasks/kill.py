"""Termination of a task: find out whether the task continues elsewhere, and stop its job if not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout

from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import JobNotFound
from airflow_sagemaker_automl.hooks.retrying import call_with_retries
from airflow_sagemaker_automl.triggers.task_state import why_unwanted, why_unwanted_within

if TYPE_CHECKING:
    from airflow.sdk import Context


class Kill:
    """Handles the termination of a running task.

    Airflow terminates a task when it is cleared or marked, when it times out, and when only its worker shuts down.
    Its task state tells which. If the signal interrupts a request of the task to Airflow, the state cannot be read in
    the signal handler; the task then reads it when it continues.

    :param context: of the execution.
    :param stop: stops a job by name.
    :param log: of the task.
    :param noun: name of the kind of job in logs.
    :ivar is_ended_by_airflow: whether somebody has cleared or marked the task, or deleted its run.
    """

    def __init__(self, context: Context, stop: Callable[[str], None], log: Any, noun: str) -> None:
        self._noun = noun
        self._context = context
        self._stop = stop
        self._log = log
        self._is_unwanted = False
        self.is_ended_by_airflow = False
        self._is_doubted = False

    @property
    def context(self) -> Context:
        """The context of the execution."""
        return self._context

    def handle_signal(self, job_names: Sequence[str]) -> None:
        """Handle the signal: stop the jobs, unless the task continues elsewhere.

        :param job_names: the jobs of the task; empty if none was started yet.
        """
        subject = f"{self._noun} {', '.join(job_names)}" if job_names else f"The {self._noun} of this task"
        if isinstance(sys.exception(), AirflowTaskTimeout):
            self._end(job_names, "its execution_timeout is over")
            return
        try:
            why = why_unwanted_within(timing().task_state, self._ti, self._clear_number)
        except Exception as error:
            self._is_doubted = True
            text = "%s is not stopped: Airflow did not say whether the task continues (%r)"
            self._log.warning(text, subject, error)
            return
        if why is None:
            self._log.info("%s is not stopped: the task continues", subject)
        else:
            self.is_ended_by_airflow = True
            self._end(job_names, why)

    def require_wanted(self, job_names: Sequence[str]) -> None:
        """Check the task state that could not be read at the signal; called before the task creates a job or waits.

        :raises AirflowException: the task does not continue; its jobs are being stopped.
        """
        if self._is_doubted:
            why = why_unwanted(self._ti, self._clear_number)
            self._is_doubted = False
            if why is not None:
                self._end([], why)
        if self._is_unwanted:
            for name in job_names:
                self._stop_unwanted(name)
            raise AirflowException(
                f"The task is being terminated and does not resume {self._noun} {', '.join(job_names)}."
            )

    def _end(self, job_names: Sequence[str], why: str) -> None:
        self._is_unwanted = True
        self._log.info("The task is being terminated: %s", why)
        for name in job_names:
            self._stop_unwanted(name)

    def _stop_unwanted(self, job_name: str) -> None:
        self._log.info("Stopping %s %s, because the task is being terminated", self._noun, job_name)
        try:
            call_with_retries(lambda: self._stop(job_name), seconds=timing().stop_in_worker)
        except JobNotFound:
            self._log.info("%s %s had not been created yet", self._noun, job_name)
        except Exception as error:  # Raised in a signal handler, it would surface in the code that was interrupted.
            self._log.error("Could not stop %s %s, which may keep running: %s", self._noun, job_name, error)

    @property
    def _ti(self) -> Any:
        return self._context["ti"]

    @property
    def _clear_number(self) -> int:
        return self._context["dag_run"].clear_number or 0
