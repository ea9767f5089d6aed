"""Wait until the service has completed a version of a model package group."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_sagemaker_automl.core.registry.model_package import is_finished
from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import ModelPackageTimedOut, ModelPackageUnfinished
from airflow_sagemaker_automl.hooks.errors import is_invalid
from airflow_sagemaker_automl.hooks.retrying import call_with_retries
from airflow_sagemaker_automl.tasks.results import wait_abandoned

if TYPE_CHECKING:
    from airflow_sagemaker_automl.tasks.waiting import WaitingTask


@dataclass(frozen=True, kw_only=True)
class Completion:
    """The wait of a task for a version's completion. A killed task leaves the version, and a retry finds it.

    :param task: waits in the worker, and after some seconds in the triggerer if it is deferrable. It resumes in
        ``execute_complete(context, event)``.
    :param timeout: seconds from the version's creation until the wait ends.
    """

    task: WaitingTask
    timeout: float

    def wait(self, arn: str) -> dict[str, Any]:
        """Wait for a version.

        :return: the response of ``DescribeModelPackage``.
        :raises TaskDeferred: the task resumes with an event for :meth:`after`.
        :raises ModelPackageFailed: the service could not complete it; with the reasons of its validation and its
            image scan.
        :raises ModelPackageTimedOut: it is not completed in time.
        """
        described = self._describe_when_visible(arn)
        self.task.lineage = self.task.lineage.with_version(described)
        deadline = self._deadline(described)
        soon = min(deadline, time.time() + timing().quick_completion)
        described = self._poll(described, soon, interval=min(self.task.poll_interval, timing().quick_completion_poll))
        if self.task.deferrable and not is_finished(described) and time.time() < deadline:
            self._defer(described, self.task.execution_deadline(None))
        described = self._poll(described, deadline, interval=self.task.poll_interval)
        if not is_finished(described):
            self._time_out(described, None)
        return described

    def after(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Describe the version after the wait in the triggerer; the event only says why the wait ended.

        :return: the response of ``DescribeModelPackage``.
        :raises ModelPackageFailed: the service could not complete it.
        :raises ModelPackageTimedOut: it is not completed in time.
        :raises AirflowTaskTimeout: it is not completed within the task's ``execution_timeout``.
        :raises ModelPackageUnfinished: the triggerer could not describe the version and stopped waiting.
        :raises TaskDeferred: it is not completed, although a list showed it as completed.
        """
        from airflow_sagemaker_automl.triggers.base import WaitEnd

        end, deadline, arn = WaitEnd(event["end"]), event["deadline"], event["model_package_arn"]
        described = self.task.call_with_retries(lambda hook: hook.describe_model_package(arn), has_answered=True)
        self.task.lineage = self.task.lineage.with_version(described)
        if is_finished(described):
            return described
        if end is WaitEnd.DEADLINE:
            self._time_out(described, deadline)
        if end is WaitEnd.UNREADABLE:
            reason = wait_abandoned(event, "sagemaker:DescribeModelPackage")
            raise ModelPackageUnfinished(described["ModelPackageArn"], described["ModelPackageStatus"], reason)
        return self._defer(described, deadline)

    def _describe_when_visible(self, arn: str) -> dict[str, Any]:
        """Describe a version that may be too new to be visible."""
        return call_with_retries(
            lambda: self.task.call_with_retries(lambda hook: hook.describe_model_package(arn)),
            seconds=timing().visible,
            is_worth_retrying=is_invalid,
            tell=lambda error: self.task.log.warning("Model package %s is not visible yet: %s", arn, error),
        )

    def _poll(self, described: dict[str, Any], deadline: float, *, interval: float) -> dict[str, Any]:
        """Wait in the worker."""
        arn = described["ModelPackageArn"]
        age = time.time() - described["CreationTime"].timestamp()
        return self.task.poll_until(
            described,
            lambda: self.task.hook.describe_model_package(arn),
            what=f"Model package {arn}",
            status_of=lambda seen: None if is_finished(seen) else seen["ModelPackageStatus"],
            is_too_new=lambda error: age < timing().visible and is_invalid(error),
            deadline=deadline,
            interval=interval,
        )

    def _defer(self, described: dict[str, Any], task_deadline: float | None) -> NoReturn:
        """Defer until the version is completed or has failed, or until the deadline.

        :param task_deadline: POSIX time of a deadline that may be earlier.
        """
        from airflow_sagemaker_automl.triggers.model_packages import ModelPackageTrigger

        until = min(self._deadline(described), task_deadline or math.inf)
        self.task.defer(
            trigger=ModelPackageTrigger(
                model_package_arn=described["ModelPackageArn"],
                connection=self.task.connection,
                poll_interval=self.task.poll_interval,
                deadline=until if math.isfinite(until) else None,
            ),
            method_name="execute_complete",
        )
        raise AssertionError("unreachable: defer() raises")

    def _deadline(self, described: Mapping[str, Any]) -> float:
        return float(described["CreationTime"].timestamp() + self.timeout)

    def _time_out(self, described: Mapping[str, Any], waited_until: float | None) -> NoReturn:
        """End the wait for a version at its deadline.

        :param waited_until: POSIX time of the trigger's deadline.
        :raises ModelPackageTimedOut: the deadline is that of ``completion_timeout``.
        :raises AirflowTaskTimeout: it is the task's ``execution_timeout``.
        """
        arn, status = described["ModelPackageArn"], described["ModelPackageStatus"]
        if waited_until is not None and waited_until < self._deadline(described):
            raise AirflowTaskTimeout(
                f"Model package {arn} is still {status} at the end of the task's execution_timeout."
            )
        reason = (
            f"The wait ended {self.timeout:.0f} s after its creation (completion_timeout). The version stays "
            "registered: clear the task when it is completed, or raise completion_timeout."
        )
        raise ModelPackageTimedOut(arn, status, reason)
