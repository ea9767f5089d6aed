"""What templates render to, texts and numbers, is registered as what it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.model_package import Metadata
from airflow_sagemaker_automl.operators import (
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
)
from tests.jobs import unique

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


LATER: Any = "{{ later }}"


def registration(job_name: str, group: str, **rendered: Any) -> SageMakerRegisterCandidateOperator:
    """Make an operator whose arguments were templates, as a worker has it."""
    task = SageMakerRegisterCandidateOperator(
        task_id="register",
        job_name=job_name,
        model_package_group_name=group,
        deferrable=False,
        **dict.fromkeys(rendered, LATER),
    )
    for name, value in rendered.items():
        setattr(task, name, value)
    return task


def test_texts_of_json_are_what_they_hold(context: Any, completed_job: str, sagemaker: SageMakerClient) -> None:
    """They leave the operator's own metadata in its place, so that the version is found again."""
    group = unique("group")
    specification = '[{"Name": "neo", "Containers": [{"Image": "image:1"}], "SupportedContentTypes": ["text/csv"]}]'
    arguments = {
        "customer_metadata_properties": '{"fold": "5"}',
        "additional_inference_specifications": specification,
        "inference_response_keys": '["predicted_label", "probability"]',
        "content_types": '["text/csv"]',
        "extra_request": '{"Domain": "MACHINE_LEARNING"}',
    }
    result = registration(completed_job, group, **arguments).execute(context)
    version = sagemaker.describe_model_package(ModelPackageName=result["model_package_arn"])
    assert version["CustomerMetadataProperties"]["fold"] == "5"
    assert Metadata.REQUEST_DIGEST in version["CustomerMetadataProperties"]
    assert [entry["Name"] for entry in version["AdditionalInferenceSpecifications"]] == ["neo"]
    environment = version["InferenceSpecification"]["Containers"][-1]["Environment"]
    assert environment["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label,probability"
    assert version["Domain"] == "MACHINE_LEARNING"
    assert registration(completed_job, group, **arguments).execute(context) == result


def test_native_numbers_become_texts_of_metadata(context: Any, completed_job: str, sagemaker: SageMakerClient) -> None:
    """``{{ ds_nodash }}`` is a number where a DAG renders natively, and one version with the text."""
    group = unique("group")
    native = registration(completed_job, group, customer_metadata_properties={"day": 20260131}).execute(context)
    version = sagemaker.describe_model_package(ModelPackageName=native["model_package_arn"])
    assert version["CustomerMetadataProperties"]["day"] == "20260131"
    texts = registration(completed_job, group, customer_metadata_properties={"day": "20260131"})
    assert texts.execute(context) == native


def test_an_update_may_be_known_only_when_it_runs(context: Any, completed_job: str, sagemaker: SageMakerClient) -> None:
    """All of its changes can come by a template for ``extra_request``."""
    arn = registration(completed_job, unique("group")).execute(context)["model_package_arn"]
    task = SageMakerUpdateModelPackageOperator(task_id="update", model_package_arn=LATER, extra_request=LATER)
    task.model_package_arn, task.extra_request = arn, {"ModelApprovalStatus": "Rejected"}
    assert task.execute(context)["approval_status"] == "Rejected"
