"""Base of the sensors: how they poll, how long, and what ends the wait."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.hooks.errors import error_name, is_no_answer, is_retryable, is_transient
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.tasks.base import with_clear_errors
from airflow_sagemaker_automl.tasks.waiting import WaitingTask

if TYPE_CHECKING:
    from airflow.sdk import Context

T = TypeVar("T")


class PollingSensor(WaitingTask, BaseSensorOperator, Generic[T]):
    """Base of the sensors, which poll a resource of the service until it has a final status.

    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poke_interval: seconds, or a timedelta, between two polls.
    """

    # Predicate of the timeout message.
    not_in_time: ClassVar[str] = "was not finished"

    def __init__(self, *, deferrable: bool | None, poke_interval: float | timedelta, **kwargs: Any) -> None:
        if "poll_interval" in kwargs:
            raise TypeError("poll_interval is for operators; a sensor has a poke_interval.")
        super().__init__(deferrable=deferrable, poll_interval=poke_interval, poke_interval=poke_interval, **kwargs)
        self._first_look = time.time()

    @property
    @abstractmethod
    def _what(self) -> str:
        """Name of the resource, as the beginning of a sentence."""

    @abstractmethod
    def _describe(self) -> T:
        """Describe the resource once."""

    @abstractmethod
    def _is_missing(self, error: Exception) -> bool:
        """Tell whether an error means that the resource does not exist."""

    @abstractmethod
    def _status_of(self, seen: T) -> str | None:
        """Return its status; None when the wait is over."""

    @abstractmethod
    def _result(self, seen: T) -> dict[str, Any]:
        """Judge the outcome of the wait, and return the task's result."""

    @abstractmethod
    def _show(self, context: Context, seen: T) -> None:
        """Show the links of the resource."""

    @abstractmethod
    def _defer(self, deadline: float, task_deadline: float | None) -> NoReturn:
        """Wait in the triggerer until the earlier of two deadlines, then resume in ``execute_complete``."""

    @abstractmethod
    def _seen_after(self, event: dict[str, Any]) -> T:
        """Describe the resource after the wait in the triggerer; the event only says why the wait ended."""

    def execute(self, context: Context) -> Any:
        """Poll, in the worker or in the triggerer, until the wait is over."""
        self._first_look = time.time()
        return super().execute(context)

    def poke(self, context: Context) -> PokeReturnValue:
        """Poll once; if the wait is not over, a deferrable sensor continues in the triggerer.

        :raises AirflowFailException: the outcome is not accepted.
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
        """Resume after the wait in the triggerer.

        :param deadline: POSIX time at which ``timeout`` is over. Default: ``timeout`` from now, because ``dag.test()``
            passes only the event.
        :param task_deadline: POSIX time at which ``execution_timeout`` is over.
        :raises AirflowFailException: the outcome is not accepted.
        :raises AirflowSensorTimeout: ``timeout`` is over.
        :raises AirflowTaskTimeout: the task's ``execution_timeout`` is over.
        """
        try:
            with self._telling_why_it_is_skipped():
                return self._go_on(context, event, deadline or time.time() + self.timeout, task_deadline)
        except AirflowException:
            raise
        except Exception as error:
            if self.never_fail:  # Airflow applies this option only in poke().
                raise AirflowSkipException(str(error)) from error
            raise

    @with_clear_errors
    def _poke(self, context: Context) -> PokeReturnValue:
        seen = self._look(context)
        if seen is not None:
            self._show(context, seen)
            status = self._status_of(seen)
            if status is None:
                return PokeReturnValue(is_done=True, xcom_value=self._result(seen))
            self.log.info("%s: %s", self._what, status)
        if self.deferrable:
            self._defer(self._first_look + self.timeout, self.execution_deadline(None))
        return PokeReturnValue(is_done=False)

    @with_clear_errors
    def _go_on(
        self, context: Context, event: dict[str, Any], deadline: float, task_deadline: float | None
    ) -> dict[str, Any]:
        seen = self._seen_after(event)
        self._show(context, seen)
        if self._status_of(seen) is None:
            return self._result(seen)
        if event["end"] == "deadline":
            if task_deadline is not None and task_deadline < deadline:
                raise AirflowTaskTimeout(f"{self._what} {self.not_in_time} within the task's execution_timeout.")
            raise AirflowSensorTimeout(f"{self._what} {self.not_in_time} within timeout = {self.timeout:.0f} s.")
        return self._defer(deadline, task_deadline)

    @contextmanager
    def _telling_why_it_is_skipped(self) -> Iterator[None]:
        """Log the error that ``soft_fail`` turns into a skip: Airflow logs only the option's name."""
        try:
            yield
        except (AirflowSkipException, AirflowFailException, AirflowSensorTimeout) as error:
            if self.soft_fail or self.never_fail:
                self.log.warning("%s", error)
            raise

    def _look(self, context: Context) -> T | None:
        """Describe the resource; None on a transient error, or if it may be too new to be visible."""
        try:
            seen = self._describe()
        except Exception as error:
            if not self._is_retryable(error, context):
                raise
            metrics.count(metrics.POLLS_FAILED, error_name(error))
            self.log.warning("%s could not be described, retrying: %s", self._what, error)
            self.drop_stale_hook(error)
            return None
        self._has_been_reached = True
        return seen

    def _is_retryable(self, error: Exception, context: Context) -> bool:
        """Tell whether to poll again: at first only after transient errors, later after any that may not persist."""
        rescheduled = context["ti"].get_first_reschedule_date(context) if self.reschedule else None
        if self._is_missing(error):
            # A rescheduled task is a new process, so the time of its first poll comes from Airflow.
            first_look = rescheduled.timestamp() if rescheduled else self._first_look
            return time.time() - first_look < timing().visible
        if self._has_been_reached or rescheduled:
            return is_retryable(error)
        return is_transient(error) and not is_no_answer(error)
