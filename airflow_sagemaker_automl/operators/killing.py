"""Being told to end: whether the task is still wanted, and what becomes of the job that it has started."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout

from airflow_sagemaker_automl.exceptions import AutoMLJobNotFound
from airflow_sagemaker_automl.patience import patiently
from airflow_sagemaker_automl.task_state import why_unwanted, why_unwanted_within

if TYPE_CHECKING:
    from airflow.sdk import Context

# The supervisor kills a task five seconds after it has asked it to end.
_STATE_KNOWN_WITHIN_SECONDS = 2
_STOPPED_WITHIN_SECONDS = 3


class Kill:
    """What the execution of a task knows of its own end.

    Airflow tells a task to end when somebody has cleared or marked it, when its time is over, and when only its worker
    has to end. Which of them it is, Airflow says; where the signal has come while the task was talking to Airflow, it
    cannot say before the task goes on, so that the task asks again then.

    :param context: of the execution.
    :param stop: tells a job to stop.
    :param log: of the task.
    """

    def __init__(self, context: Context, stop: Callable[[str], None], log: Any) -> None:
        self._context = context
        self._stop = stop
        self._log = log
        self._is_unwanted = False
        self._is_doubted = False

    def come(self, job_name: str | None) -> None:
        """Handle the signal: stop the job of a task that nobody wants any more.

        :param job_name: None where none was begun.
        """
        subject = f"AutoML job {job_name}" if job_name else "The AutoML job that may come"
        if isinstance(sys.exception(), AirflowTaskTimeout):
            self._end(job_name, "its execution_timeout is over")
            return
        try:
            why = why_unwanted_within(_STATE_KNOWN_WITHIN_SECONDS, self._ti, self._clear_number)
        except Exception as error:
            self._is_doubted = True
            self._log.warning("%s is left alone: Airflow does not tell whether the task goes on (%r)", subject, error)
            return
        if why is None:
            self._log.info("%s is left alone: the task goes on", subject)
        else:
            self._end(job_name, why)

    def require_wanted(self, job_name: str) -> None:
        """Ask again what could not be answered when the signal came; called before the task creates or waits on.

        :raises AirflowException: the task is not wanted any more; its job has been told to stop.
        """
        if self._is_doubted:
            why = why_unwanted(self._ti, self._clear_number)
            self._is_doubted = False
            if why is not None:
                self._end(None, why)
        if self._is_unwanted:
            self._stop_unwanted(job_name)
            raise AirflowException(f"The task has been told to end, and does not go on with AutoML job {job_name}.")

    def _end(self, job_name: str | None, why: str) -> None:
        self._is_unwanted = True
        self._log.info("The task has been told to end: %s", why)
        if job_name:
            self._stop_unwanted(job_name)

    def _stop_unwanted(self, job_name: str) -> None:
        self._log.info("Stopping AutoML job %s: the task has been told to end", job_name)
        try:
            patiently(lambda: self._stop(job_name), seconds=_STOPPED_WITHIN_SECONDS)
        except AutoMLJobNotFound:
            self._log.info("AutoML job %s had not been created yet", job_name)
        except Exception as error:  # In a signal's handler it would come out of whatever was interrupted.
            self._log.error("AutoML job %s was not told to stop, and may run on: %s", job_name, error)

    @property
    def _ti(self) -> Any:
        return self._context["ti"]

    @property
    def _clear_number(self) -> int:
        return self._context["dag_run"].clear_number or 0
