"""Models that are really trained, quickly, and versions of them; plain boto3, nothing of the package under test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.jobs import start, tabular_request, wait
from tests.support.versions import make_group

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType

QUICK: Any = {"CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]}}


def quick_job(sagemaker: SageMakerClient, data: str) -> dict[str, Any]:
    """Train one candidate on the breast cancer table.

    :return: the job as described at its end.
    """
    return wait(sagemaker, start(sagemaker, tabular_request(data, **QUICK)))


def version_of(
    sagemaker: SageMakerClient,
    job: dict[str, Any],
    *,
    group: str | None = None,
    approval: ModelApprovalStatusType = "Approved",
    keys: str = "",
) -> str:
    """Register the best candidate of a job.

    :param group: name of the group. Default: one of its own.
    :param keys: what the containers answer. Default: the label alone.
    :return: ARN of the version.
    """
    containers: Any = [
        {key: container[key] for key in ("Image", "ModelDataUrl", "Environment")}
        for container in job["BestCandidate"]["InferenceContainers"]
    ]
    for container in containers if keys else ():
        container["Environment"] = {**container["Environment"], "SAGEMAKER_INFERENCE_OUTPUT": keys}
    return sagemaker.create_model_package(
        ModelPackageGroupName=group or make_group(sagemaker),
        InferenceSpecification={
            "Containers": containers,
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        CustomerMetadataProperties={"automl_job_name": job["AutoMLJobName"]},
        ModelApprovalStatus=approval,
    )["ModelPackageArn"]
