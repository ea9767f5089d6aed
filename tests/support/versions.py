"""Versions in the registry that tests tell of; plain boto3, nothing of the package under test."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any

from tests.support.jobs import unique

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType

_SPECIFICATION: dict[str, Any] = {
    "Containers": [{"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
METADATA = {
    "automl_job_name": "the-job",
    "candidate_name": "the-candidate",
    "objective_metric": "F1",
    "objective_type": "Maximize",
    "objective_value": "0.75",
}


def make_group(sagemaker: SageMakerClient, name: str | None = None) -> str:
    """Make an empty group.

    :param name: Default: one of its own.
    :return: its name.
    """
    name = name or unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def register(sagemaker: SageMakerClient, group: str, **members: Any) -> str:
    """Register a version as a task of ours does, without a model; its group is made if there is none.

    :param members: of ``CreateModelPackage``, in place of the usual ones.
    :return: its ARN.
    """
    with suppress(sagemaker.exceptions.ClientError):
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    given = {"InferenceSpecification": _SPECIFICATION, "CustomerMetadataProperties": METADATA, **members}
    return sagemaker.create_model_package(ModelPackageGroupName=group, **given)["ModelPackageArn"]


def decide(
    sagemaker: SageMakerClient,
    arn: str,
    status: ModelApprovalStatusType = "Approved",
    why: str = "Good enough",
) -> None:
    """Decide on a version as somebody in SageMaker Studio does."""
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription=why)


def described(sagemaker: SageMakerClient, arn: str) -> dict[str, Any]:
    """Give the answer of ``DescribeModelPackage``."""
    return dict(sagemaker.describe_model_package(ModelPackageName=arn))


def decision_of(sagemaker: SageMakerClient, arn: str) -> dict[str, str]:
    """Give what a result says of who has decided on a version and when: the emulator has one user."""
    time = described(sagemaker, arn)["LastModifiedTime"].astimezone(UTC).isoformat()
    return {"decided_by": f"arn:aws:iam::{arn.split(':')[4]}:user/emulator", "decided_at": time}
