"""The sensor that waits until a version of a model package group is approved or rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.assets.events import emit_approval_event
from airflow_sagemaker_automl.core.registry.approval import ApprovalStatus, approval_status
from airflow_sagemaker_automl.core.registry.decision import decided_elsewhere, line, outcome_elsewhere, ranking_figure
from airflow_sagemaker_automl.core.registry.model_package import has_failed, is_finished
from airflow_sagemaker_automl.core.registry.version_arn import VersionArn
from airflow_sagemaker_automl.exceptions import ModelPackageGone, ModelPackageRejected, ModelPackageUnfinished, escaped
from airflow_sagemaker_automl.hooks.errors import is_invalid
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.observability.links import VERSION_LINKS, show_version
from airflow_sagemaker_automl.sensors.base import PollingSensor
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS
from airflow_sagemaker_automl.tasks.results import OnRejected, end_as_chosen, wait_abandoned

if TYPE_CHECKING:
    from airflow.sdk import Context, PokeReturnValue

    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook


class SageMakerModelPackageApprovalSensor(PollingSensor[Mapping[str, Any]]):
    """Wait until anyone approves or rejects a version, in SageMaker Studio or with any other client.

    Throttling and, after the first response, outages of the service do not end the wait. The sensor fails if the
    version is deleted or the service could not complete it. If the version is approved before the service has completed
    it, the sensor waits for its completion.

    :param model_package_arn: the version. If it does not exist, the sensor looks for it for five minutes, because a new
        version may not be visible immediately. (templated)
    :param on_rejected: what to do if the version is rejected: ``skip`` (default) skips the task, and downstream tasks
        by their trigger rules; ``fail`` fails it without retrying; ``pass`` lets it succeed. The log always has the
        reason.
    :param deferrable: wait in the triggerer instead of a worker; ``mode``, ``exponential_backoff`` and
        ``silent_fail`` have no effect there. Default: ``[operators] default_deferrable``.
    :param poke_interval: seconds, or a timedelta, between two polls of the version (default: 60). Deferred tasks with
        the same connection and interval share one poll for each model package group.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every sensor: ``timeout`` (counted from the first poll, deferred or not; Airflow's default is a week),
        ``execution_timeout`` (the same), ``mode``, ``soft_fail`` and so on. ``outlets`` may contain
        :func:`~airflow_sagemaker_automl.approved` of the group, which gets an event if the version is approved.
    :return: (XCom) ``model_package_arn``, ``model_package_group_name``, ``model_package_version``,
        ``approval_status``; ``approval_description``, None if unset; ``decided_by`` and ``decided_at`` (ISO 8601,
        UTC): the AWS identity that last changed the version, and when, None if the service does not return them. The
        result is also pushed if the task fails or is skipped because the version was rejected.
    :raises ValueError: ``on_rejected`` has another value.
    """

    template_fields: Sequence[str] = ("model_package_arn", *CONNECTION_FIELDS)
    writes = ("version",)
    ui_color = "#e6e0f0"
    operator_extra_links = VERSION_LINKS
    not_in_time = "was not approved or rejected, or not completed,"

    def __init__(
        self,
        *,
        model_package_arn: str,
        on_rejected: OnRejected = "skip",
        deferrable: bool | None = None,
        poke_interval: float | timedelta = 60,
        **kwargs: Any,
    ) -> None:
        super().__init__(deferrable=deferrable, poke_interval=poke_interval, **kwargs)
        self.model_package_arn = model_package_arn
        if on_rejected not in get_args(OnRejected):
            raise ValueError(f"on_rejected = {on_rejected!r} must be one of {', '.join(get_args(OnRejected))}")
        self.on_rejected = on_rejected
        self._context: Context | None = None

    def poke(self, context: Context) -> PokeReturnValue:
        """Describe the version once; if it is undecided, a deferrable sensor continues in the triggerer.

        :raises AirflowFailException: the version is rejected, or does not exist.
        :raises AirflowSkipException: it is rejected, and ``on_rejected`` is ``skip``.
        """
        self._context = context
        return super().poke(context)

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any],
        deadline: float | None = None,
        task_deadline: float | None = None,
    ) -> dict[str, Any]:
        """Resume after the wait in the triggerer; the arguments are those of every sensor of this package."""
        self._context = context
        return super().execute_complete(context, event, deadline, task_deadline)

    @property
    def _what(self) -> str:
        return f"Model package {self.model_package_arn}"

    def _describe(self) -> Mapping[str, Any]:
        arn = str(self.model_package_arn)
        try:
            VersionArn.parse(arn)
        except ValueError as error:
            raise AirflowFailException(f"model_package_arn: {error}") from error
        return _described(self.hook, arn)

    def _is_missing(self, error: Exception) -> bool:
        return isinstance(error, ModelPackageGone)

    def _status_of(self, seen: Mapping[str, Any]) -> str | None:
        status = approval_status(seen)
        if status is ApprovalStatus.REJECTED or has_failed(seen):
            return None
        if status is ApprovalStatus.PENDING:
            return status.value
        return None if is_finished(seen) else str(seen["ModelPackageStatus"])

    def _result(self, seen: Mapping[str, Any]) -> dict[str, Any]:
        self.lineage = self.lineage.with_version(seen)
        status = approval_status(seen)
        if status is not ApprovalStatus.REJECTED:
            is_finished(seen)  # Raises the reason if the version has failed.
        result = {
            "model_package_arn": seen["ModelPackageArn"],
            "model_package_group_name": seen["ModelPackageGroupName"],
            "model_package_version": seen["ModelPackageVersion"],
            "approval_status": status.value,
            "approval_description": seen.get("ApprovalDescription"),
            **decided_elsewhere(seen),
        }
        context = self._context
        assert context is not None
        metrics.count(metrics.DECIDED, outcome_elsewhere(status.value).value)
        if status is ApprovalStatus.REJECTED:
            return self._end_rejected(seen, context, result)
        who, when = result["decided_by"] or "an unknown user", result["decided_at"] or "an unknown time"
        why = line(seen.get("ApprovalDescription")) or "no approval description."
        self.log.info("%s is %s; last changed by %s at %s: %s", self._what, status, who, when, escaped(why))
        emit_approval_event(self, context, seen, ApprovalStatus.APPROVED)
        return result

    def _show(self, context: Context, seen: Mapping[str, Any]) -> None:
        show_version(self, context["ti"])

    def _end_rejected(self, seen: Mapping[str, Any], context: Context, result: dict[str, Any]) -> dict[str, Any]:
        """Skip or fail the task, unless ``on_rejected`` is ``pass``."""
        reason = line(result["approval_description"])
        rejected = ModelPackageRejected(result["model_package_arn"], reason, ranking_figure(seen))
        self.log.warning("%s", rejected)
        ended = end_as_chosen(self, context, result, rejected, self.on_rejected)
        emit_approval_event(self, context, seen, ApprovalStatus.REJECTED)
        return ended

    def _defer(self, deadline: float, task_deadline: float | None) -> NoReturn:
        from airflow_sagemaker_automl.triggers.model_packages import ModelApprovalTrigger

        self.defer(
            trigger=ModelApprovalTrigger(
                model_package_arn=self.model_package_arn,
                connection=self.connection,
                poll_interval=self.poll_interval,
                deadline=deadline if task_deadline is None else min(deadline, task_deadline),
            ),
            method_name="execute_complete",
            kwargs={"deadline": deadline, "task_deadline": task_deadline},
        )
        raise AssertionError("unreachable: defer() raises")

    def _seen_after(self, event: dict[str, Any]) -> Mapping[str, Any]:
        from airflow_sagemaker_automl.triggers.base import WaitEnd

        arn = event["model_package_arn"]
        seen = self.call_with_retries(lambda hook: _described(hook, arn), has_answered=True)
        status = self._status_of(seen)
        if WaitEnd(event["end"]) is WaitEnd.UNREADABLE and status is not None:
            raise ModelPackageUnfinished(arn, status, wait_abandoned(event, "sagemaker:DescribeModelPackage"))
        return seen


def _described(hook: SageMakerAutoMLHook, arn: str) -> Mapping[str, Any]:
    """Describe a version.

    :raises ModelPackageGone: the version does not exist.
    """
    try:
        return hook.describe_model_package(arn)
    except Exception as error:
        if is_invalid(error):
            raise ModelPackageGone(arn, str(error)) from error
        raise
