"""What somebody has decided on a version."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from airflow_sagemaker_automl.core.model_package import ModelPackageStatus, has_failed
from airflow_sagemaker_automl.core.version_arn import VersionState
from airflow_sagemaker_automl.exceptions import UnknownStatus


class ApprovalStatus(StrEnum):
    """``ModelApprovalStatus`` of the service, all of it."""

    APPROVED = "Approved"
    REJECTED = "Rejected"
    PENDING = "PendingManualApproval"


def approval_status(answer: Mapping[str, Any]) -> ApprovalStatus:
    """Read an answer of ``DescribeModelPackage``; a version for which nothing is said is one to decide on.

    :raises UnknownStatus: its approval status is not known.
    """
    value = answer.get("ModelApprovalStatus") or ApprovalStatus.PENDING
    try:
        return ApprovalStatus(value)
    except ValueError:
        raise UnknownStatus("Model approval", value) from None


def standing(state: VersionState) -> str:
    """Say in one word how a version stands before those who decide.

    A version that the service could not complete is one that nobody need decide on, and one that it has not completed
    yet is of no use though it is approved: then it is that status.
    """
    is_unfinished = state.approval == ApprovalStatus.APPROVED and state.status != ModelPackageStatus.COMPLETED
    if is_unfinished or has_failed({"ModelPackageStatus": state.status}):
        return state.status
    return state.approval or ApprovalStatus.PENDING.value
