"""Waiting until the service has completed a version of a model package group."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_sagemaker_automl.core.model_package import is_finished
from airflow_sagemaker_automl.exceptions import ModelPackageTimedOut, ModelPackageUnfinished
from airflow_sagemaker_automl.patience import patiently
from airflow_sagemaker_automl.service_errors import is_invalid
from airflow_sagemaker_automl.waiting import SEEN_WITHIN_SECONDS, Waits, seconds

if TYPE_CHECKING:
    from airflow.sdk import Context

# Without a validation a version is completed at once, or nearly. A task that defers is not back sooner: its trigger
# does not fire in the first five seconds.
_OFTEN_FOR_SECONDS = 5.0
_OFTEN_SECONDS = 1.0


class WaitsForModelPackage(Waits):
    """Base of what waits for a version of a model package group to be completed.

    A kill stops nothing and deletes nothing: a version is no work that runs, and is there to be found by a retry.

    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two looks at the version after the first five seconds, which
        are spent in the worker (default: 15). Deferred tasks with the same connection, interval and group share one
        poll.
    :param completion_timeout: seconds, or a timedelta, from the version's creation until the wait ends and the task
        fails for good (default: 3600, for a validation is a transform job, which may take half an hour); None waits
        for ever. The task's ``execution_timeout`` ends a wait as well, deferred or not.
    :raises ValueError: the interval is not more than zero.
    """

    def __init__(
        self,
        *,
        deferrable: bool | None = None,
        poll_interval: float | timedelta = 15,
        completion_timeout: float | timedelta | None = 3600,
        **kwargs: Any,
    ) -> None:
        super().__init__(deferrable=deferrable, poll_interval=poll_interval, **kwargs)
        self.completion_timeout = completion_timeout

    def completed(self, arn: str, context: Context) -> dict[str, Any]:
        """Wait until the version is completed: here, or in the triggerer where that takes longer than seconds.

        :param arn: ARN of the version.
        :param context: of the task.
        :return: the answer of ``DescribeModelPackage``.
        :raises TaskDeferred: the task goes on in ``execute_complete(context, event)``, which hands the event to
            :meth:`after_completion`.
        :raises ModelPackageFailed: the service could not complete it; with the reasons of its validation and its
            image scan.
        :raises ModelPackageTimedOut: it is not completed in time.
        """
        described = self._first_look(arn)
        self.remember_version(described)
        deadline = self._deadline(described)
        soon = min(deadline, time.time() + _OFTEN_FOR_SECONDS)
        described = self._look_on(described, soon, interval=min(self.poll_interval, _OFTEN_SECONDS))
        if self.deferrable and not is_finished(described) and time.time() < deadline:
            self._defer(described, self.execution_deadline(None))
        described = self._look_on(described, deadline, interval=self.poll_interval)
        if not is_finished(described):
            self._time_out(described, None)
        return described

    def after_completion(self, event: dict[str, Any]) -> dict[str, Any]:
        """Look at the version when the triggerer has given the task back; the event tells only why.

        :param event: of the trigger.
        :return: the answer of ``DescribeModelPackage``.
        :raises ModelPackageFailed: the service could not complete it.
        :raises ModelPackageTimedOut: it is not completed within ``completion_timeout``.
        :raises AirflowTaskTimeout: it is not completed within the task's ``execution_timeout``.
        :raises ModelPackageUnfinished: the triggerer may not see the version, so that it could not tell.
        :raises TaskDeferred: it is not completed although a list said so.
        """
        from airflow_sagemaker_automl.triggers import WaitEnd

        end, deadline = WaitEnd(event["end"]), event["deadline"]
        self._has_been_reached = True
        described = self.patiently(lambda hook: hook.describe_model_package(event["model_package_arn"]))
        self.remember_version(described)
        if is_finished(described):
            return described
        if end is WaitEnd.DEADLINE:
            self._time_out(described, deadline)
        if end is WaitEnd.UNREADABLE:
            why = event.get("reason") or "it cannot see the version"
            reason = (
                f"The triggerer gave up the wait: {why}. It needs the connection, and an AWS identity that may "
                "sagemaker:DescribeModelPackage; or wait with deferrable=False."
            )
            raise ModelPackageUnfinished(described["ModelPackageArn"], described["ModelPackageStatus"], reason)
        return self._defer(described, deadline)

    def _first_look(self, arn: str) -> dict[str, Any]:
        """Describe a version that may have been created a moment ago, and not be shown yet."""
        return patiently(
            lambda: self.patiently(lambda hook: hook.describe_model_package(arn)),
            seconds=SEEN_WITHIN_SECONDS,
            worth_waiting_for=is_invalid,
            tell=lambda error: self.log.warning("Model package %s is not shown yet: %s", arn, error),
        )

    def _look_on(self, described: dict[str, Any], deadline: float, *, interval: float) -> dict[str, Any]:
        """Wait in the worker."""
        arn = described["ModelPackageArn"]
        age = time.time() - described["CreationTime"].timestamp()
        return self.keep_looking(
            described,
            lambda: self.hook.describe_model_package(arn),
            what=f"Model package {arn}",
            status_of=lambda seen: None if is_finished(seen) else seen["ModelPackageStatus"],
            is_too_new=lambda error: age < SEEN_WITHIN_SECONDS and is_invalid(error),
            deadline=deadline,
            interval=interval,
        )

    def _defer(self, described: dict[str, Any], task_deadline: float | None) -> NoReturn:
        """Go on in ``execute_complete`` when the version is completed or has failed, or the deadline has come.

        :param task_deadline: POSIX time of a deadline that may be earlier.
        """
        from airflow_sagemaker_automl.registry_triggers import ModelPackageTrigger

        until = min(self._deadline(described), task_deadline or math.inf)
        self.defer(
            trigger=ModelPackageTrigger(
                model_package_arn=described["ModelPackageArn"],
                connection=self.connection,
                poll_interval=self.poll_interval,
                deadline=until if math.isfinite(until) else None,
            ),
            method_name="execute_complete",
        )
        raise AssertionError("unreachable: defer() raises")

    def _deadline(self, described: dict[str, Any]) -> float:
        return float(described["CreationTime"].timestamp() + seconds(self.completion_timeout))

    def _time_out(self, described: dict[str, Any], waited_until: float | None) -> NoReturn:
        """End the wait for a version whose deadline has come.

        :param waited_until: POSIX time of the deadline that the trigger had.
        :raises ModelPackageTimedOut: the deadline is that of the wait.
        :raises AirflowTaskTimeout: it is the task's ``execution_timeout``.
        """
        arn, status = described["ModelPackageArn"], described["ModelPackageStatus"]
        if waited_until is not None and waited_until < self._deadline(described):
            raise AirflowTaskTimeout(
                f"Model package {arn} is still {status} at the end of the task's execution_timeout."
            )
        reason = (
            f"The wait is over, {seconds(self.completion_timeout):.0f} s after its creation. The version stays "
            "registered: clear the task when it is completed, or raise completion_timeout."
        )
        raise ModelPackageTimedOut(arn, status, reason)
