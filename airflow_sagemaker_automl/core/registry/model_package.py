"""Builds the arguments of ``CreateModelPackage`` for a candidate of an AutoML job."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from airflow_sagemaker_automl.core.gate.verdict import summary
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.jobs.problem_types import PROBLEM_TYPES
from airflow_sagemaker_automl.core.registry.inference import alternatives, answering
from airflow_sagemaker_automl.core.values.canonical import compact, digest
from airflow_sagemaker_automl.core.values.evidence import Provenance, Report
from airflow_sagemaker_automl.core.values.literals import mapping, merged
from airflow_sagemaker_automl.core.values.metric_names import NamedMetric, read_objective
from airflow_sagemaker_automl.exceptions import (
    CandidateNotRegistrable,
    InvalidModelPackage,
    ModelPackageFailed,
    UnknownStatus,
    Violation,
)

# Arguments of the register operator → members of CreateModelPackage.
REGISTRATION_MEMBERS: Mapping[str, str] = {
    "model_package_group_name": "ModelPackageGroupName",
    "approval_status": "ModelApprovalStatus",
    "description": "ModelPackageDescription",
    "model_card_status": "ModelCard.ModelCardStatus",
    "content_types": "InferenceSpecification.SupportedContentTypes",
    "response_types": "InferenceSpecification.SupportedResponseMIMETypes",
    "realtime_instance_types": "InferenceSpecification.SupportedRealtimeInferenceInstanceTypes",
    "transform_instance_types": "InferenceSpecification.SupportedTransformInstanceTypes",
    "additional_inference_specifications": "AdditionalInferenceSpecifications",
    "customer_metadata_properties": "CustomerMetadataProperties",
    "commit_id": "MetadataProperties.CommitId",
    "repository": "MetadataProperties.Repository",
    "project_id": "MetadataProperties.ProjectId",
    "model_metrics": "ModelMetrics",
    "drift_check_baselines": "DriftCheckBaselines",
    "model_life_cycle": "ModelLifeCycle",
    "registration_type": "ModelPackageRegistrationType",
    "domain": "Domain",
    "task": "Task",
    "sample_payload_url": "SamplePayloadUrl",
    "source_uri": "SourceUri",
    "security_config": "SecurityConfig",
    "skip_model_validation": "SkipModelValidation",
    "validation_specification": "ValidationSpecification",
    "managed_storage_type": "ManagedStorageType",
}

# The code revision is not part of a version's identity.
_PROVENANCE = "MetadataProperties"
# They change from run to run of the same pipeline.
_REVISION = frozenset({"CommitId", "Repository"})
# The service allows 36 characters.
_TOKEN_LENGTH = 32
_LONGEST_METADATA_VALUE = 256
# The content types do not depend on the processing unit.
_OF_EVERY_UNIT = ("SupportedContentTypes", "SupportedResponseMIMETypes")

_log = logging.getLogger(__name__)


class ModelPackageStatus(StrEnum):
    """All values of the service's ``ModelPackageStatus``."""

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


def recorded_objective(metadata: Mapping[str, Any]) -> NamedMetric | None:
    """Read the objective from a version's metadata, in any spelling.

    :param metadata: ``CustomerMetadataProperties``.
    :return: None if no objective is recorded.
    """
    name, direction = (metadata.get(key.value) for key in (Metadata.OBJECTIVE_METRIC, Metadata.OBJECTIVE_TYPE))
    return read_objective({"MetricName": name, "Type": direction})


def written(arguments: Mapping[str, Any], members: Mapping[str, str]) -> dict[str, Any]:
    """Convert an operator's arguments to the members of a request.

    :param arguments: name → value; None is left out.
    :param members: name → path of the member, separated by dots.
    """
    request: dict[str, Any] = {}
    for name, member in members.items():
        if (value := arguments.get(name)) is not None:
            *parents, last = member.split(".")
            place = request
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
    return request


def identity(
    job: AutoMLJob,
    candidate: Candidate,
    declared: Mapping[str, Any],
    *,
    card: Mapping[str, Any],
    response_keys: Sequence[str],
) -> str:
    """Compute a version's identity from its model and declaration, not from the DAG run or code revision.

    :param declared: the author's declaration, as members of ``CreateModelPackage``.
    :param card: the author's part of the card.
    :return: 64 hexadecimal digits, equal for equal versions.
    """
    asked = {key: value for key, value in declared.items() if key != _PROVENANCE}
    origin = {key: value for key, value in mapping(declared.get(_PROVENANCE)).items() if key not in _REVISION}
    if origin:
        asked[_PROVENANCE] = origin
    asked["ModelPackageGroupName"] = _group_as_seen_from(job.arn, declared["ModelPackageGroupName"])
    return digest([job.arn, candidate.name, asked, card, list(response_keys)])


def client_token(version: str, attempt: int) -> str:
    """Derive the client token: the service creates only one version for registrations with the same token.

    :param version: the version's :func:`identity`.
    :param attempt: number of failed registrations of this version.
    """
    return (digest([version, attempt]) if attempt else version)[:_TOKEN_LENGTH]


def create_model_package_request(
    declared: Mapping[str, Any],
    *,
    version: str,
    job: AutoMLJob,
    candidate: Candidate,
    response_keys: Sequence[str],
    statistics: Report | None,
    analysis: Report | None,
    card: Mapping[str, Any],
    provenance: Provenance,
    verdict: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the request for one version, without its token; the author's declaration overrides generated members.

    :param declared: the author's declaration, as members of ``CreateModelPackage``.
    :param version: the version's :func:`identity`.
    :param response_keys: keys of the model's response; empty means only the predicted label.
    :param statistics: the model insights report; None if there is none.
    :param analysis: the explainability report; None if there is none.
    :param card: content of the model card.
    :param verdict: a quality gate's verdict. Default: none.
    :raises CandidateNotRegistrable: the content types of the model's problem type are unknown.
    :raises InvalidModelPackage: the containers do not support one of the response keys.
    """
    _require_free_keys(declared)
    built: dict[str, Any] = {
        "InferenceSpecification": _inference_specification(job, candidate, response_keys, declared),
        "MetadataProperties": {"GeneratedBy": job.arn},
        "CustomerMetadataProperties": _metadata(job, candidate, provenance, version, verdict),
        "ModelCard": {"ModelCardContent": compact(card)},
    }
    if metrics := _model_metrics(statistics, analysis):
        built["ModelMetrics"] = metrics
    # The service does not accept SourceUri together with containers; an update sets it.
    request = merged(built, {member: value for member, value in declared.items() if member != "SourceUri"})
    if others := _other_specifications(request, candidate, response_keys):
        request["AdditionalInferenceSpecifications"] = others
    return request


def is_finished(answer: Mapping[str, Any]) -> bool:
    """Evaluate a response of ``DescribeModelPackage``.

    :return: whether the version is completed; False while the service still works on it.
    :raises ModelPackageFailed: the version failed, or is being deleted.
    :raises UnknownStatus: the status is unknown.
    """
    value = answer["ModelPackageStatus"]
    if value not in set(ModelPackageStatus):
        raise UnknownStatus("Model package", value)
    if has_failed(answer):
        details = answer.get("ModelPackageStatusDetails", {})
        items = [*details.get("ValidationStatuses", []), *details.get("ImageScanStatuses", [])]
        reasons = [f"{item['Name']}: {item['FailureReason']}" for item in items if item.get("FailureReason")]
        raise ModelPackageFailed(answer["ModelPackageArn"], reasons or [f"its status is {value}"])
    return bool(value == ModelPackageStatus.COMPLETED)


def has_failed(answer: Mapping[str, Any]) -> bool:
    """Tell whether a version failed or is being deleted."""
    return answer["ModelPackageStatus"] in (ModelPackageStatus.FAILED, ModelPackageStatus.DELETING)


def metadata_value(text: str) -> str:
    """Adapt a text to ``CustomerMetadataProperties``: invalid characters become ``_``, at most 256 are kept."""
    return re.sub(r"[^\w .:/=+\-@]", "_", text)[:_LONGEST_METADATA_VALUE]


def _group_as_seen_from(job_arn: str, name_or_arn: str) -> str:
    """Normalise a group: its name in the job's account and region, its ARN in others."""
    *owner, _ = job_arn.split(":")
    *group_owner, resource = name_or_arn.split(":")
    return resource.rpartition("/")[2] if group_owner in ([], owner) else name_or_arn


def _require_free_keys(declared: Mapping[str, Any]) -> None:
    taken = sorted(set(declared.get("CustomerMetadataProperties", {})) & set(Metadata))
    if taken:
        rule = "is reserved: the registration writes this key; use another one"
        raise InvalidModelPackage([Violation(f"customer_metadata_properties.{key}", None, rule) for key in taken])


def _inference_specification(
    job: AutoMLJob, candidate: Candidate, response_keys: Sequence[str], declared: Mapping[str, Any]
) -> dict[str, Any]:
    """Build the inference specification; content types that the author declares override it."""
    candidate.require_registrable(job.name)
    # Without its environment an ensemble's inference fails, and CreateModel cannot set it again.
    specification: dict[str, Any] = {"Containers": answering(candidate.containers, response_keys)}
    problem_type = PROBLEM_TYPES.get(job.problem_type)
    if problem_type is not None:
        specification["SupportedContentTypes"] = list(problem_type.inference_content_types)
        specification["SupportedResponseMIMETypes"] = list(problem_type.inference_response_types)
    elif not {"SupportedContentTypes", "SupportedResponseMIMETypes"} <= set(declared.get("InferenceSpecification", {})):
        reason = (
            f"the content types of problem type {job.problem_type or 'unknown'} are unknown (known: "
            f"{', '.join(PROBLEM_TYPES)}); set content_types and response_types."
        )
        raise CandidateNotRegistrable(job.name, candidate.name, reason)
    return specification


def _other_specifications(
    request: Mapping[str, Any], candidate: Candidate, response_keys: Sequence[str]
) -> list[dict[str, Any]]:
    """List the author's additional specifications, and one for each other processing unit that they do not name.

    The author's instance types are for the default containers and may not fit another unit.
    """
    declared = list(request.get("AdditionalInferenceSpecifications", []))
    names = {entry.get("Name") for entry in declared if isinstance(entry, Mapping)}
    specification = request["InferenceSpecification"]
    types = {key: specification[key] for key in _OF_EVERY_UNIT if key in specification}
    others = []
    for unit, chain in alternatives(candidate).items():
        if unit in names:
            continue
        try:
            others.append({"Name": unit, "Containers": answering(chain, response_keys), **types})
        except InvalidModelPackage as error:
            _log.warning("The containers for %s are not registered in addition: %s", unit.upper(), error)
    return declared + others


def _model_metrics(statistics: Report | None, analysis: Report | None) -> dict[str, Any]:
    metrics: dict[str, Any] = {}
    if statistics:
        metrics["ModelQuality"] = {"Statistics": statistics.as_metrics_source()}
    if analysis:
        metrics["Explainability"] = {"Report": analysis.as_metrics_source()}
    return metrics


def _metadata(
    job: AutoMLJob,
    candidate: Candidate,
    provenance: Provenance,
    version: str,
    verdict: Mapping[str, Any] | None,
) -> dict[str, str]:
    objective = candidate.objective
    values = {
        Metadata.AUTOML_JOB_NAME: job.name,
        Metadata.CANDIDATE_NAME: candidate.name,
        Metadata.OBJECTIVE_METRIC: objective.recorded_name if objective else None,
        Metadata.OBJECTIVE_TYPE: objective.type if objective else None,
        Metadata.OBJECTIVE_VALUE: repr(objective.value) if objective else None,
        Metadata.VERDICT: summary(verdict) if verdict else None,
        Metadata.DAG_ID: provenance.dag_id,
        Metadata.RUN_ID: provenance.run_id,
        Metadata.REQUEST_DIGEST: version,
    }
    return {key.value: metadata_value(value) for key, value in values.items() if value}
