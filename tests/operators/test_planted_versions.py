"""A version that others have made to look like a task's own registration is never taken for it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import SageMakerRegisterCandidateOperator
from tests.support.jobs import start, tabular_request, unique, wait
from tests.support.plain_http import send
from tests.support.scripts import CANDIDATE, script_jobs
from tests.support.tasks import changed
from tests.support.timing import SetTiming

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Edit = Callable[[dict[str, Any]], object]

_KEPT = (
    "InferenceSpecification",
    "AdditionalInferenceSpecifications",
    "MetadataProperties",
    "CustomerMetadataProperties",
    "ModelCard",
    "ModelApprovalStatus",
)
_EVIL = {"Image": "evil:1", "ModelDataUrl": "s3://elsewhere/model.tar.gz"}
_CHAIN = [
    {"Image": "first:1", "ModelDataUrl": "s3://bucket/first.tar.gz", "Environment": {"MODE": "a-secret"}},
    {"Image": "last:1", "ModelDataUrl": "s3://bucket/last.tar.gz"},
]


def containers(members: dict[str, Any]) -> list[Any]:
    """Give the default containers of what is to be planted."""
    return list(members["InferenceSpecification"]["Containers"])


def more(name: str, chain: list[Any]) -> dict[str, Any]:
    """Write an additional inference specification."""
    types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
    return {"Name": name, "Containers": chain, **types}


_EDITS: dict[str, tuple[Edit, str]] = {
    "image": (
        lambda planted: containers(planted)[0].update(Image="evil:1"),
        r"Containers\[0\].Image is 'evil:1' in the version",
    ),
    "model-data": (
        lambda planted: containers(planted)[1].update(ModelDataUrl=_EVIL["ModelDataUrl"]),
        r"Containers\[1\].ModelDataUrl is 's3://elsewhere/model.tar.gz' in the version",
    ),
    "order": (
        lambda planted: planted["InferenceSpecification"]["Containers"].reverse(),
        r"Containers\[0\].Image is 'last:1' in the version and 'first:1' in the request",
    ),
    "one-more-container": (
        lambda planted: planted["InferenceSpecification"]["Containers"].append(_EVIL),
        "has 3 containers in the version and 2 in the request",
    ),
    "environment": (
        lambda planted: containers(planted)[0].update(Environment={"MODE": "b-secret", "PYTHONPATH": "b-secret"}),
        r"Environment.MODE differs\n.*Environment.PYTHONPATH is only in the version",
    ),
    "another-way-to-serve": (
        lambda planted: planted.update(AdditionalInferenceSpecifications=[more("gpu", [_EVIL])]),
        r"AdditionalInferenceSpecifications.gpu.Containers\[0\].Image is 'evil:1' in the version and 'last:1' "
        r"in the request",
    ),
    "one-more-way-to-serve": (
        lambda planted: planted["AdditionalInferenceSpecifications"].append(more("fast", [_EVIL])),
        "AdditionalInferenceSpecifications.fast is only in the version",
    ),
    "generated-by": (
        lambda planted: planted["MetadataProperties"].update(GeneratedBy="arn:aws:sagemaker:::automl-job/evil"),
        "MetadataProperties.GeneratedBy is 'arn:aws:sagemaker:::automl-job/evil' in the version",
    ),
}


def operator(job_name: str, group: str) -> SageMakerRegisterCandidateOperator:
    """Make the operator under test."""
    return SageMakerRegisterCandidateOperator(
        task_id="register",
        job_name=job_name,
        model_package_group_name=group,
        additional_inference_specifications=[more("gpu", [_CHAIN[1]])],
    )


@pytest.fixture
def job(sagemaker: SageMakerClient) -> str:
    """Name of a job that has ended with a candidate of two containers."""
    name = unique()
    script_jobs(sagemaker.meta.endpoint_url, name, {**CANDIDATE, "InferenceContainers": _CHAIN})
    start(sagemaker, tabular_request("s3://automl-demo/none/"), name)
    wait(sagemaker, name)
    return name


@pytest.fixture
def plant(context: Any, job: str, sagemaker: SageMakerClient) -> Callable[[str, Edit], str]:
    """Put another version, with the same digest and the same client token, in the place of the task's own."""

    def planted(group: str, edit: Edit) -> str:
        arn = operator(job, group).execute(context)["model_package_arn"]
        described = sagemaker.describe_model_package(ModelPackageName=arn)
        sagemaker.delete_model_package(ModelPackageName=arn)
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
        members: dict[str, Any] = copy.deepcopy({key: described[key] for key in _KEPT})  # type: ignore[literal-required]
        edit(members)
        token = members["CustomerMetadataProperties"]["request_digest"][:32]
        return sagemaker.create_model_package(ModelPackageGroupName=group, ClientToken=token, **members)[
            "ModelPackageArn"
        ]

    return planted


@pytest.mark.parametrize("found_by", ["request_digest", "client_token"])
@pytest.mark.parametrize(("edit", "difference"), _EDITS.values(), ids=list(_EDITS))
def test_a_planted_version_is_named_and_refused(
    edit: Edit,
    difference: str,
    found_by: str,
    context: Any,
    job: str,
    plant: Callable[[str, Edit], str],
    sagemaker: SageMakerClient,
) -> None:
    """Whether it is found by its digest, or the service gives it back for its client token; and no retry helps."""
    group = unique("group")
    arn = plant(group, edit)
    faults = f"{sagemaker.meta.endpoint_url}/automl-emulator/faults"
    assert send(faults, "PUT", {"TokensNotCompared": True})[0] == 200
    try_number = 1 if found_by == "client_token" else 2
    with pytest.raises(AirflowFailException, match=f"(?s){arn} has the request digest or .*{difference}") as refused:
        operator(job, group).execute(changed(context, try_number=try_number))
    said = str(refused.value)
    assert "It was registered by arn:aws:iam::" in said
    assert "-secret" not in said
    listed = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    assert [entry["ModelPackageArn"] for entry in listed] == [arn]


def test_a_version_that_only_the_service_has_added_to_is_adopted(
    context: Any, job: str, plant: Callable[[str, Edit], str]
) -> None:
    """Digests and tags of what it has found, and what people have decided meanwhile."""

    def as_the_service_tells_it(planted: dict[str, Any]) -> None:
        planted["ModelApprovalStatus"] = "Approved"
        for container in containers(planted):
            container.update(ImageDigest=f"sha256:{'0' * 64}", ModelDataETag="e", IsCheckpoint=False)

    group = unique("group")
    arn = plant(group, as_the_service_tells_it)
    assert operator(job, group).execute(changed(context, try_number=2))["model_package_arn"] == arn


def test_when_the_planted_version_is_deleted_the_task_registers_its_own(
    context: Any,
    job: str,
    plant: Callable[[str, Edit], str],
    sagemaker: SageMakerClient,
    set_timing: SetTiming,
) -> None:
    """As the message says; a version that is gone is not looked for as long as one that may not be shown yet."""

    set_timing(visible=0.1)
    group = unique("group")
    arn = plant(group, _EDITS["image"][0])
    with pytest.raises(AirflowFailException, match="delete it, then clear this task"):
        operator(job, group).execute(changed(context, try_number=2))
    sagemaker.delete_model_package(ModelPackageName=arn)
    result = operator(job, group).execute(changed(context, try_number=3))
    assert result["model_package_version"] == 2
    chain = sagemaker.describe_model_package(ModelPackageName=result["model_package_arn"])["InferenceSpecification"]
    assert [container["Image"] for container in chain["Containers"]] == ["first:1", "last:1"]
