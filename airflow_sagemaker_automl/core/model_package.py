"""What we register: the arguments of ``CreateModelPackage`` for a candidate of an AutoML job."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.canonical import digest
from airflow_sagemaker_automl.core.evidence import Provenance, Report
from airflow_sagemaker_automl.core.job import AutoMLJob
from airflow_sagemaker_automl.core.members import present
from airflow_sagemaker_automl.core.problem_types import PROBLEM_TYPES
from airflow_sagemaker_automl.exceptions import (
    CandidateNotRegistrable,
    InvalidModelPackage,
    ModelPackageFailed,
    UnknownStatus,
    Violation,
)

APPROVAL_STATUSES = ("Approved", "Rejected", "PendingManualApproval")
CARD_STATUSES = ("Draft", "PendingReview", "Approved", "Archived")

# The service allows 36 characters.
_TOKEN_LENGTH = 32
_LONGEST_METADATA_VALUE = 256


class ModelPackageStatus(StrEnum):
    """``ModelPackageStatus`` of the service, all of it."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    DELETING = "Deleting"


class Metadata(StrEnum):
    """Keys that registration writes into ``CustomerMetadataProperties`` and later tasks read."""

    AUTOML_JOB_NAME = "automl_job_name"
    CANDIDATE_NAME = "candidate_name"
    OBJECTIVE_METRIC = "objective_metric"
    OBJECTIVE_TYPE = "objective_type"
    OBJECTIVE_VALUE = "objective_value"
    VERDICT = "verdict"
    DAG_ID = "dag_id"
    RUN_ID = "run_id"
    REQUEST_DIGEST = "request_digest"


def create_model_package_request(
    *,
    group: str,
    job: AutoMLJob,
    candidate: Candidate,
    approval_status: str,
    statistics: Report | None,
    analysis: Report | None,
    card: Mapping[str, Any],
    card_status: str,
    provenance: Provenance,
    description: str | None = None,
) -> dict[str, Any]:
    """Write the request for one version.

    The same arguments give the same request, client token and ``request_digest`` included, so that sending it twice
    registers one version.

    :param group: name or ARN of the model package group.
    :param approval_status: ``Approved``, ``Rejected`` or ``PendingManualApproval``.
    :param statistics: the model insights report, if there is one.
    :param analysis: the explainability report, if there is one.
    :param card: content of the model card.
    :param card_status: ``Draft``, ``PendingReview``, ``Approved`` or ``Archived``.
    :param description: at most 1024 characters, without line breaks.
    :raises InvalidModelPackage: a status is none of these.
    :raises CandidateNotRegistrable: there is no model behind the candidate.
    """
    _require_known("approval_status", approval_status, APPROVAL_STATUSES)
    _require_known("model_card_status", card_status, CARD_STATUSES)
    request = present(
        ModelPackageGroupName=group,
        ModelPackageDescription=description,
        InferenceSpecification=_inference_specification(job, candidate),
        ModelApprovalStatus=approval_status,
        ModelMetrics=_model_metrics(statistics, analysis),
        MetadataProperties={"GeneratedBy": job.arn},
        CustomerMetadataProperties=_metadata(job, candidate, provenance),
        ModelCard={"ModelCardContent": compact(card), "ModelCardStatus": card_status},
    )
    identity = digest(request)
    request["CustomerMetadataProperties"][Metadata.REQUEST_DIGEST.value] = identity
    request["ClientToken"] = identity[:_TOKEN_LENGTH]
    return request


def compact(card: Mapping[str, Any]) -> str:
    """Write a card as the service takes it: on one line, since its pattern lets no line break through."""
    return json.dumps(card, separators=(",", ":"), allow_nan=False)


def is_finished(answer: Mapping[str, Any]) -> bool:
    """Judge an answer of ``DescribeModelPackage``.

    :return: whether the version is completed; False while the service still works on it.
    :raises ModelPackageFailed: it failed, or is being deleted.
    :raises UnknownStatus: its status is not known.
    """
    value = answer["ModelPackageStatus"]
    if value not in set(ModelPackageStatus):
        raise UnknownStatus("Model package", value)
    if value in (ModelPackageStatus.FAILED, ModelPackageStatus.DELETING):
        details = answer.get("ModelPackageStatusDetails", {})
        items = [*details.get("ValidationStatuses", []), *details.get("ImageScanStatuses", [])]
        reasons = [f"{item['Name']}: {item['FailureReason']}" for item in items if item.get("FailureReason")]
        raise ModelPackageFailed(answer["ModelPackageArn"], reasons or [f"its status is {value}"])
    return bool(value == ModelPackageStatus.COMPLETED)


def _require_known(argument: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidModelPackage([Violation(argument, value, f"must be one of {', '.join(known)}")])


def _inference_specification(job: AutoMLJob, candidate: Candidate) -> dict[str, Any]:
    candidate.require_registrable(job.name)
    problem_type = PROBLEM_TYPES.get(job.problem_type)
    if problem_type is None:
        reason = f"this version registers {', '.join(PROBLEM_TYPES)} only, not {job.problem_type or 'an unknown type'}."
        raise CandidateNotRegistrable(job.name, candidate.name, reason)
    # Dropping an ensemble's environment breaks its inference, and CreateModel cannot set it again.
    containers = [
        present(
            Image=container["Image"],
            ModelDataUrl=container["ModelDataUrl"],
            Environment=dict(container["Environment"]) if container.get("Environment") else None,
        )
        for container in candidate.containers
    ]
    return {
        "Containers": containers,
        "SupportedContentTypes": list(problem_type.inference_content_types),
        "SupportedResponseMIMETypes": list(problem_type.inference_response_types),
    }


def _model_metrics(statistics: Report | None, analysis: Report | None) -> dict[str, Any] | None:
    metrics: dict[str, Any] = {}
    if statistics:
        metrics["ModelQuality"] = {"Statistics": statistics.as_metrics_source()}
    if analysis:
        metrics["Explainability"] = {"Report": analysis.as_metrics_source()}
    return metrics or None


def _metadata(job: AutoMLJob, candidate: Candidate, provenance: Provenance) -> dict[str, str]:
    objective = candidate.objective
    values = {
        Metadata.AUTOML_JOB_NAME: job.name,
        Metadata.CANDIDATE_NAME: candidate.name,
        Metadata.OBJECTIVE_METRIC: objective.metric if objective else None,
        Metadata.OBJECTIVE_TYPE: objective.type if objective else None,
        Metadata.OBJECTIVE_VALUE: repr(objective.value) if objective else None,
        Metadata.DAG_ID: provenance.dag_id,
        Metadata.RUN_ID: provenance.run_id,
    }
    return {key.value: metadata_value(value) for key, value in values.items() if value}


def metadata_value(text: str) -> str:
    """Fit a text into ``CustomerMetadataProperties``: other characters become ``_``, the rest is cut at 256."""
    return re.sub(r"[^\w .:/=+\-@]", "_", text)[:_LONGEST_METADATA_VALUE]
