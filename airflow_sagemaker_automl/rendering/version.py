"""Title and facts of a model version, from the model registry, to show above its card."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow_sagemaker_automl.core.registry.decision import why_card_differs
from airflow_sagemaker_automl.core.registry.model_package import Metadata
from airflow_sagemaker_automl.core.registry.people import aws_identity
from airflow_sagemaker_automl.rendering.values import mapping, text_of


def version_title(described: Mapping[str, Any]) -> str:
    """Name a version, for example "churn, version 3".

    :param described: the response of ``DescribeModelPackage``, from boto3 or as the AWS CLI prints it.
    """
    group, version = text_of(described.get("ModelPackageGroupName")), described.get("ModelPackageVersion")
    if group and version is not None:
        return f"{group}, version {version}"
    return text_of(described.get("ModelPackageName")) or group or "Model package"


def version_facts(described: Mapping[str, Any]) -> dict[str, str]:
    """List a version's status, identity and provenance.

    :param described: the response of ``DescribeModelPackage``, from boto3 or as the AWS CLI prints it; missing members
        are left out.
    :return: labels and texts for :func:`render_html` and :func:`render_markdown`.
    """
    metadata = mapping(described.get("CustomerMetadataProperties"))
    status = text_of(described.get("ModelPackageStatus"))
    facts = {
        "Approval": text_of(described.get("ModelApprovalStatus")),
        "Card": text_of(mapping(described.get("ModelCard")).get("ModelCardStatus")),
        "Reason for the approval status": text_of(described.get("ApprovalDescription")),
        "Last changed by": aws_identity(described.get("LastModifiedBy")) or "",
        "Last changed": _moment(described.get("LastModifiedTime")),
        "Note": why_card_differs(described) or "",
        "Registration": "" if status == "Completed" else status,
        "Life cycle": _life_cycle(mapping(described.get("ModelLifeCycle"))),
        "AutoML job": text_of(metadata.get(Metadata.AUTOML_JOB_NAME)),
        "DAG": text_of(metadata.get(Metadata.DAG_ID)),
        "Run": text_of(metadata.get(Metadata.RUN_ID)),
        "Created": _moment(described.get("CreationTime")),
        "Created by": aws_identity(described.get("CreatedBy")) or "",
        "Group": text_of(described.get("ModelPackageGroupName")),
        "Version": str(described.get("ModelPackageVersion") or ""),
        "Description": text_of(described.get("ModelPackageDescription")),
        "Model package": text_of(described.get("ModelPackageArn")),
    }
    return {label: fact for label, fact in facts.items() if fact}


def _life_cycle(cycle: Mapping[str, Any]) -> str:
    stage = ": ".join(filter(None, (text_of(cycle.get("Stage")), text_of(cycle.get("StageStatus")))))
    described = text_of(cycle.get("StageDescription"))
    return f"{stage} ({described})" if described else stage


def _moment(value: Any) -> str:
    """Format a time: a datetime from boto3, or ISO 8601 or seconds since 1970 from the AWS CLI."""
    try:
        if isinstance(value, int | float):
            value = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, str):
            value = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return text_of(value)
    if not isinstance(value, datetime):
        return ""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
