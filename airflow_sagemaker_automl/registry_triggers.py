"""Waiting without holding anything for what happens to the versions of a model package group."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.core.approval import ApprovalStatus, standing
from airflow_sagemaker_automl.core.model_package import ModelPackageStatus
from airflow_sagemaker_automl.core.version_arn import VersionArn, VersionState
from airflow_sagemaker_automl.polling import Snapshot, StreamKey, Versions, version_snapshots
from airflow_sagemaker_automl.service_errors import is_denied, is_invalid
from airflow_sagemaker_automl.triggers import FollowingTrigger, WaitEnd

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks import Connection, SageMakerAutoMLHook

# What a status that is not known means is for the task to say.
_UNFINISHED = (ModelPackageStatus.PENDING, ModelPackageStatus.IN_PROGRESS)


class VersionTrigger(FollowingTrigger[Versions]):
    """Base of what waits for something to happen to one version; nothing is stopped by a kill.

    All that wait for versions of one group share a poll, whatever they wait for.

    :param model_package_arn: the version to wait for.
    :param connection: the four connection arguments.
    :param poll_interval: seconds between polls; triggers with the same connection, interval and group share one.
    :param deadline: POSIX time after which not to wait any longer; None waits for ever. The event repeats it.
    :raises ValueError: there is no group in the ARN.
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
        """Tell what the wait was for, why it is over, and what its deadline was.

        After the wait ``dag.test()`` hands on nothing but this.
        """
        return {**super().event(end), "deadline": self.deadline}

    @property
    def _key(self) -> StreamKey:
        return StreamKey.of_versions(self._group_arn, self.connection, self.poll_interval)

    @classmethod
    def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[Snapshot[Versions], None]:
        """Poll for as long as anybody waits."""
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
        """Tell that of its statuses that is waited for to change."""

    def _is_unseen(self, error: Exception) -> bool:
        return is_denied(error) or is_invalid(error)


class ModelPackageTrigger(VersionTrigger):
    """Fires once, when a version of a model package group is completed or has failed, or the deadline has come.

    It takes the arguments of :class:`VersionTrigger`.
    """

    waiting_for = metrics.WAITING_FOR_VERSIONS

    def _status(self, state: VersionState) -> str:
        return state.status

    def _is_last(self, status: str) -> bool:
        return status not in _UNFINISHED


class ModelApprovalTrigger(VersionTrigger):
    """Fires once, when a version is rejected, or approved and completed, or nobody can decide any more, or too late.

    It takes the arguments of :class:`VersionTrigger`.
    """

    waiting_for = metrics.WAITING_FOR_DECISIONS

    def _status(self, state: VersionState) -> str:
        return standing(state)

    def _is_last(self, status: str) -> bool:
        return status not in (ApprovalStatus.PENDING, *_UNFINISHED)
