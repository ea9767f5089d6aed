"""Waiting for somebody's decision on a version of a model package group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, get_args

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.assets import tell_of_update
from airflow_sagemaker_automl.connection import CONNECTION_FIELDS
from airflow_sagemaker_automl.core.approval import ApprovalStatus, approval_status
from airflow_sagemaker_automl.core.decision import decided_elsewhere, line, outcome_elsewhere, ranking_figure
from airflow_sagemaker_automl.core.model_package import has_failed, is_finished
from airflow_sagemaker_automl.core.version_arn import VersionArn
from airflow_sagemaker_automl.exceptions import ModelPackageGone, ModelPackageRejected, ModelPackageUnfinished, escaped
from airflow_sagemaker_automl.lineage import TellsOfVersion
from airflow_sagemaker_automl.links import VERSION_LINKS, show_version
from airflow_sagemaker_automl.sensors.looking import LookingSensor
from airflow_sagemaker_automl.service_errors import is_invalid

if TYPE_CHECKING:
    from airflow.sdk import Context, PokeReturnValue

    from airflow_sagemaker_automl.hooks import SageMakerAutoMLHook

OnRejected: TypeAlias = Literal["skip", "fail", "pass"]


class SageMakerModelPackageApprovalSensor(TellsOfVersion, LookingSensor[Mapping[str, Any]]):
    """Wait until somebody has approved or rejected a version, in SageMaker Studio or wherever else.

    A service that throttles, or is away for a while after it has answered once, does not end the wait. A version that
    is deleted, or that the service could not complete, does: nobody will decide on it. One that is approved before the
    service has completed it is waited for until then.

    :param model_package_arn: the version. One that is not there is looked for during five minutes, since a new one
        may not be seen at once. (templated)
    :param on_rejected: what follows from a rejection: ``skip`` (default) skips the task, and what follows by its
        trigger rule; ``fail`` fails it without retries; ``pass`` lets it succeed. The log has the reason in any case.
    :param deferrable: wait in the triggerer instead of a worker; ``mode``, ``exponential_backoff`` and
        ``silent_fail`` have no effect there. Default: ``[operators] default_deferrable``.
    :param poke_interval: seconds, or a timedelta, between two looks at the version (default: 60). Deferred tasks with
        the same connection and interval share one poll for each model package group.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and
        those of every sensor: ``timeout`` (counted from the first look, deferred or not; Airflow's default is a week),
        ``execution_timeout`` (the same), ``mode``, ``soft_fail`` and so on. ``outlets`` may have
        :func:`~airflow_sagemaker_automl.assets.approved` of the group, which is told if the version is approved.
    :return: (XCom) ``model_package_arn``, ``model_package_group_name``, ``model_package_version``,
        ``approval_status``; ``approval_description``, which is None where nothing was said; ``decided_by`` and
        ``decided_at`` (ISO 8601, UTC): the AWS identity that changed the version last, and when, None where the
        service does not say. It is there, too, if the task fails or is skipped because the version was rejected.
    :raises ValueError: ``on_rejected`` has another value.
    """

    template_fields: Sequence[str] = ("model_package_arn", *CONNECTION_FIELDS)
    ui_color = "#e6e0f0"
    operator_extra_links = VERSION_LINKS
    not_in_time = "was not decided on, or not completed,"

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
        """Look at the version once; where nobody has decided, a deferrable sensor goes on in the triggerer.

        :raises AirflowFailException: the version is rejected, or there is none.
        :raises AirflowSkipException: it is rejected, and the task is to be skipped then.
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
        """Go on after the wait in the triggerer, with the arguments that every sensor of this package takes."""
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
        self.remember_version(seen)
        status = approval_status(seen)
        if status is not ApprovalStatus.REJECTED:
            is_finished(seen)  # Raises what the service says of a version that has failed.
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
        who, when = result["decided_by"] or "somebody", result["decided_at"] or "a time that is not known"
        why = line(seen.get("ApprovalDescription")) or "nothing says why."
        self.log.info("%s is %s; last changed by %s at %s: %s", self._what, status, who, when, escaped(why))
        tell_of_update(self, context, seen, ApprovalStatus.APPROVED)
        return result

    def _show(self, context: Context, seen: Mapping[str, Any]) -> None:
        show_version(self, context["ti"])

    def _end_rejected(self, seen: Mapping[str, Any], context: Context, result: dict[str, Any]) -> dict[str, Any]:
        """Skip or fail the task, unless it is to succeed; its result is there all the same."""
        reason = line(result["approval_description"])
        rejected = ModelPackageRejected(result["model_package_arn"], reason, ranking_figure(seen))
        self.log.warning("%s", rejected)
        if self.on_rejected == "pass":
            return result
        # Airflow pushes what a task returns, and this one does not come to that.
        if self.do_xcom_push:
            members = result if self.multiple_outputs else {}
            for key, value in {**members, "return_value": result}.items():
                context["ti"].xcom_push(key=key, value=value)
        if self.on_rejected == "skip":
            raise AirflowSkipException(str(rejected)) from rejected
        raise rejected

    def _defer(self, deadline: float, task_deadline: float | None) -> NoReturn:
        from airflow_sagemaker_automl.registry_triggers import ModelApprovalTrigger

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
        from airflow_sagemaker_automl.triggers import WaitEnd

        end = WaitEnd(event["end"])
        self._has_been_reached = True
        seen = self.patiently(lambda hook: _described(hook, event["model_package_arn"]))
        status = self._status_of(seen)
        if end is WaitEnd.UNREADABLE and status is not None:
            why = event.get("reason") or "it cannot see the version"
            reason = (
                f"The triggerer gave up the wait: {why}. It needs the connection, and an AWS identity that may "
                "sagemaker:DescribeModelPackage; or wait with deferrable=False."
            )
            raise ModelPackageUnfinished(event["model_package_arn"], status, reason)
        return seen


def _described(hook: SageMakerAutoMLHook, arn: str) -> Mapping[str, Any]:
    """Describe a version.

    :raises ModelPackageGone: there is none.
    """
    try:
        return hook.describe_model_package(arn)
    except Exception as error:
        if is_invalid(error):
            raise ModelPackageGone(arn, str(error)) from error
        raise
