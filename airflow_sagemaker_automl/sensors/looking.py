"""What all sensors have in common: how they look, how long, and what ends it."""

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

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.connection import errors_for_people
from airflow_sagemaker_automl.service_errors import is_no_answer, kind_of, may_pass, passes_by_itself
from airflow_sagemaker_automl.waiting import SEEN_WITHIN_SECONDS, Waits

if TYPE_CHECKING:
    from airflow.sdk import Context

T = TypeVar("T")


class LookingSensor(Waits, BaseSensorOperator, Generic[T]):
    """Base of the sensors, which look at something of the service until it is as it is waited for.

    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poke_interval: seconds, or a timedelta, between two looks.
    """

    # What is said of something that is not over in time.
    not_in_time: ClassVar[str] = "was not finished"

    def __init__(self, *, deferrable: bool | None, poke_interval: float | timedelta, **kwargs: Any) -> None:
        if "poll_interval" in kwargs:
            raise TypeError("poll_interval is for operators; a sensor has a poke_interval.")
        super().__init__(deferrable=deferrable, poll_interval=poke_interval, poke_interval=poke_interval, **kwargs)
        self._first_look = time.time()

    @property
    @abstractmethod
    def _what(self) -> str:
        """Name what is looked at, as the beginning of a sentence."""

    @abstractmethod
    def _describe(self) -> T:
        """Ask the service once."""

    @abstractmethod
    def _is_missing(self, error: Exception) -> bool:
        """Judge whether an error says that it is not there."""

    @abstractmethod
    def _status_of(self, seen: T) -> str | None:
        """Tell how it stands; None when the wait is over."""

    @abstractmethod
    def _result(self, seen: T) -> dict[str, Any]:
        """Judge what has ended the wait, and give the task's result."""

    @abstractmethod
    def _show(self, context: Context, seen: T) -> None:
        """Show the links of what has been seen."""

    @abstractmethod
    def _defer(self, deadline: float, task_deadline: float | None) -> NoReturn:
        """Go on in the triggerer, and then in ``execute_complete``, until the earlier of two deadlines."""

    @abstractmethod
    def _seen_after(self, event: dict[str, Any]) -> T:
        """Look at it when the triggerer has given the task back; the event tells only why."""

    def execute(self, context: Context) -> Any:
        """Look, and again, in the worker or in the triggerer, until the wait is over."""
        self._first_look = time.time()
        return super().execute(context)

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once; where the wait is not over, a deferrable sensor goes on in the triggerer.

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
        :raises AirflowFailException: it ended in a way that is not accepted.
        :raises AirflowSensorTimeout: it is not over in time.
        :raises AirflowTaskTimeout: it is not over within the task's ``execution_timeout``.
        """
        try:
            with self._telling_why_it_is_skipped():
                return self._go_on(context, event, deadline or time.time() + self.timeout, task_deadline)
        except AirflowException:
            raise
        except Exception as error:
            if self.never_fail:  # While it pokes, Airflow itself sees to that.
                raise AirflowSkipException(str(error)) from error
            raise

    @errors_for_people
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

    @errors_for_people
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
        """Log what ``soft_fail`` makes a skip of: Airflow names nothing but the option."""
        try:
            yield
        except (AirflowSkipException, AirflowFailException, AirflowSensorTimeout) as error:
            if self.soft_fail or self.never_fail:
                self.log.warning("%s", error)
            raise

    def _look(self, context: Context) -> T | None:
        """Describe it; None where that tells nothing, as when the service is busy or what is looked at too new."""
        try:
            seen = self._describe()
        except Exception as error:
            if not self._may_pass(error, context):
                raise
            metrics.count(metrics.POLLS_FAILED, kind_of(error))
            self.log.warning("%s could not be described, trying again: %s", self._what, error)
            self.forget_stale_hook(error)
            return None
        self._has_been_reached = True
        return seen

    def _may_pass(self, error: Exception, context: Context) -> bool:
        """Judge whether to look again: at first only what surely passes, later whatever need not last."""
        rescheduled = context["ti"].get_first_reschedule_date(context) if self.reschedule else None
        if self._is_missing(error):
            # A rescheduled task does not remember itself when it first looked.
            first_look = rescheduled.timestamp() if rescheduled else self._first_look
            return time.time() - first_look < SEEN_WITHIN_SECONDS
        if self._has_been_reached or rescheduled:
            return may_pass(error)
        return passes_by_itself(error) and not is_no_answer(error)
