"""The approval status of a version."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from airflow_sagemaker_automl.core.registry.model_package import ModelPackageStatus, has_failed
from airflow_sagemaker_automl.core.registry.version_arn import VersionState
from airflow_sagemaker_automl.exceptions import UnknownStatus


class ApprovalStatus(StrEnum):
    """All values of the service's ``ModelApprovalStatus``."""

    APPROVED = "Approved"
    REJECTED = "Rejected"
    PENDING = "PendingManualApproval"


def approval_status(answer: Mapping[str, Any]) -> ApprovalStatus:
    """Read the approval status from an answer of ``DescribeModelPackage``; a missing one counts as pending.

    :raises UnknownStatus: the approval status is unknown.
    """
    value = answer.get("ModelApprovalStatus") or ApprovalStatus.PENDING
    try:
        return ApprovalStatus(value)
    except ValueError:
        raise UnknownStatus("Model approval", value) from None


def standing(state: VersionState) -> str:
    """Return the status of a version to show to reviewers.

    This is the approval status, except for a version that failed, or that is approved but not completed: then it is
    the ``ModelPackageStatus``.
    """
    is_unfinished = state.approval == ApprovalStatus.APPROVED and state.status != ModelPackageStatus.COMPLETED
    if is_unfinished or has_failed({"ModelPackageStatus": state.status}):
        return state.status
    return state.approval or ApprovalStatus.PENDING.value
