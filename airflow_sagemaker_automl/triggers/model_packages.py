"""Triggers that wait for a version of a model package group."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.registry.approval import ApprovalStatus, standing
from airflow_sagemaker_automl.core.registry.model_package import ModelPackageStatus
from airflow_sagemaker_automl.core.registry.version_arn import VersionArn, VersionState
from airflow_sagemaker_automl.hooks.errors import is_denied, is_invalid
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.triggers.base import FollowingTrigger, WaitEnd
from airflow_sagemaker_automl.triggers.polling import StreamKey, version_snapshots
from airflow_sagemaker_automl.triggers.snapshot import Snapshot, Versions

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.connection import Connection

# An unknown status ends the wait; the task then judges it.
_UNFINISHED = (ModelPackageStatus.PENDING, ModelPackageStatus.IN_PROGRESS)


class VersionTrigger(FollowingTrigger[Versions]):
    """Base of the triggers that wait for one version; a kill stops nothing in AWS.

    All triggers for versions of one group share a poll.

    :param model_package_arn: the version to wait for.
    :param connection: the four connection arguments.
    :param poll_interval: seconds between polls; triggers with the same connection, interval and group share one poll.
    :param deadline: POSIX time at which the wait ends; None means no limit. It is repeated in the event.
    :raises ValueError: the ARN contains no group.
    """

    def __init__(
        self, *, model_package_arn: str, connection: Connection, poll_interval: float, deadline: float | None = None
    ) -> None:
        super().__init__(connection=connection, poll_interval=poll_interval, deadline=deadline)
        self.model_package_arn = model_package_arn
        self._group_arn = VersionArn.parse(model_package_arn).group_arn

    @property
    def subject(self) -> dict[str, Any]:
        """The version's ARN."""
        return {"model_package_arn": self.model_package_arn}

    def event(self, end: WaitEnd) -> dict[str, Any]:
        """Return the version, the reason why the wait ended, and the deadline.

        ``dag.test()`` passes only the event to the task.
        """
        return {**super().event(end), "deadline": self.deadline}

    @property
    def _key(self) -> StreamKey:
        return StreamKey.of_versions(self._group_arn, self.connection, self.poll_interval)

    @classmethod
    def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[Snapshot[Versions], None]:
        """Poll for as long as any trigger waits."""
        group_arn = VersionArn.parse(kwargs["model_package_arn"]).group_arn
        return version_snapshots(group_arn, kwargs["connection"], kwargs["poll_interval"])

    @property
    def _what(self) -> str:
        return f"Model package {self.model_package_arn}"

    def _status_in(self, listed: Versions) -> str | None:
        state = listed.get(self.model_package_arn)
        return self._status(state) if state else None

    def _ended_as(self, hook: SageMakerAutoMLHook) -> str | None:
        answer = hook.describe_model_package(self.model_package_arn, with_card=False)
        status = self._status(VersionState(answer["ModelPackageStatus"], answer.get("ModelApprovalStatus")))
        return status if self._is_last(status) else None

    @abstractmethod
    def _status(self, state: VersionState) -> str:
        """Return the status on which this trigger waits."""

    def _is_unseen(self, error: Exception) -> bool:
        return is_denied(error) or is_invalid(error)


class ModelPackageTrigger(VersionTrigger):
    """Fires once, when a version of a model package group is completed or has failed, or at the deadline.

    It takes the arguments of :class:`VersionTrigger`.
    """

    waiting_for = metrics.WAITING_FOR_VERSIONS

    def _status(self, state: VersionState) -> str:
        return state.status

    def _is_last(self, status: str) -> bool:
        return status not in _UNFINISHED


class ModelApprovalTrigger(VersionTrigger):
    """Fires once, when a version is rejected, or approved and completed, or can no longer be, or at the deadline.

    It takes the arguments of :class:`VersionTrigger`.
    """

    waiting_for = metrics.WAITING_FOR_DECISIONS

    def _status(self, state: VersionState) -> str:
        return standing(state)

    def _is_last(self, status: str) -> bool:
        return status not in (ApprovalStatus.PENDING, *_UNFINISHED)
