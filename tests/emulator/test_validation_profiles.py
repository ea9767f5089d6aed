"""The validation of a version runs the transform jobs of its profiles, and decides its status."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from demo.sandbox import BUCKET
from tests.emulator.downloads import split_part
from tests.support.jobs import ROLE, unique
from tests.support.plain_http import send
from tests.support.transforms import put_body, put_rows, transform_request

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_NOT_OF_A_DEFINITION = ("TransformJobName", "ModelName")


@pytest.fixture
def group(sagemaker: SageMakerClient, breast_cancer: str) -> str:
    """Name of a new, empty group."""
    name = unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def _validation(data: str, **members: Any) -> dict[str, Any]:
    request = transform_request("", data, **members)
    definition = {key: value for key, value in request.items() if key not in _NOT_OF_A_DEFINITION}
    profile = {"ProfileName": "smoke", "TransformJobDefinition": definition}
    return {"ValidationRole": ROLE, "ValidationProfiles": [profile]}


def _register(sagemaker: SageMakerClient, containers: list[Any], **members: Any) -> dict[str, Any]:
    """Register a version, and wait until it is completed.

    :return: its description.
    """
    name = members.pop("ModelPackageGroupName")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=name, InferenceSpecification={"Containers": containers}, **members
    )["ModelPackageArn"]
    deadline = time.monotonic() + 300
    while True:
        described = dict(sagemaker.describe_model_package(ModelPackageName=arn))
        if described["ModelPackageStatus"] in ("Completed", "Failed"):
            (listed,) = sagemaker.list_model_packages(ModelPackageGroupName=name)["ModelPackageSummaryList"]
            assert listed["ModelPackageStatus"] == described["ModelPackageStatus"]
            return described
        details: Any = described["ModelPackageStatusDetails"]
        (item,) = details["ValidationStatuses"]
        assert item in ({"Name": "smoke", "Status": "NotStarted"}, {"Name": "smoke", "Status": "InProgress"})
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_model_that_predicts_its_sample_is_completed(
    sagemaker: SageMakerClient, s3: S3Client, group: str, binary_job: dict[str, Any]
) -> None:
    """The output of the profile's job is where the profile says, and no transform job is listed."""
    rows = split_part(s3, binary_job, "test").drop(columns="diagnosis")
    validation = _validation(put_rows(s3, rows))
    containers = binary_job["BestCandidate"]["InferenceContainers"]
    described = _register(sagemaker, containers, ModelPackageGroupName=group, ValidationSpecification=validation)
    assert described["ModelPackageStatus"] == "Completed"
    assert described["ValidationSpecification"] == validation
    details = described["ModelPackageStatusDetails"]
    assert details == {"ValidationStatuses": [{"Name": "smoke", "Status": "Completed"}], "ImageScanStatuses": []}
    (profile,) = validation["ValidationProfiles"]
    path = profile["TransformJobDefinition"]["TransformOutput"]["S3OutputPath"]
    body = s3.get_object(Bucket=BUCKET, Key=f"{path.removeprefix(f's3://{BUCKET}/')}/rows.csv.out")["Body"].read()
    assert len(body.splitlines()) == len(rows)
    assert not sagemaker.list_transform_jobs(NameContains="smoke")["TransformJobSummaries"]


def test_a_model_that_cannot_predict_its_sample_fails(
    sagemaker: SageMakerClient, s3: S3Client, group: str, binary_job: dict[str, Any]
) -> None:
    """With the reason of the transform job; no model can be made of the version."""
    containers = binary_job["BestCandidate"]["InferenceContainers"]
    data = put_body(s3, b"1,2\n")
    described = _register(sagemaker, containers, ModelPackageGroupName=group, ValidationSpecification=_validation(data))
    assert described["ModelPackageStatus"] == "Failed"
    (item,) = described["ModelPackageStatusDetails"]["ValidationStatuses"]
    assert (item["Name"], item["Status"]) == ("smoke", "Failed")
    assert f"{data}rows.csv, line 1: the container answered 400: Row 1 has 2 values" in item["FailureReason"]
    with pytest.raises(ClientError, match="is Failed, so no model can be made of it"):
        sagemaker.create_model(
            ModelName=unique("model"),
            PrimaryContainer={"ModelPackageName": described["ModelPackageArn"]},
            ExecutionRoleArn=ROLE,
        )


def test_a_version_is_in_progress_until_its_validation_ends(
    sagemaker: SageMakerClient, s3: S3Client, group: str
) -> None:
    """Its status right after the registration; an image that the emulator cannot run then fails it."""
    validation: Any = _validation(put_body(s3, b"1,2\n"))
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={"Containers": [{"Image": "image:1"}]},
        ValidationSpecification=validation,
    )["ModelPackageArn"]
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelPackageStatus"] == "InProgress"
    with pytest.raises(ClientError, match="is InProgress, so no model can be made of it"):
        sagemaker.create_model(ModelName=unique("model"), PrimaryContainer={"ModelPackageName": arn})
    deadline = time.monotonic() + 300
    while (described := sagemaker.describe_model_package(ModelPackageName=arn))["ModelPackageStatus"] == "InProgress":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (item,) = described["ModelPackageStatusDetails"]["ValidationStatuses"]
    assert "runs no containers of the image image:1" in item["FailureReason"]


def test_a_definition_that_no_job_may_have_fails_the_validation(sagemaker: SageMakerClient, group: str) -> None:
    """With the violated rule."""
    wrong = _validation(f"s3://{BUCKET}/nothing/", MaxPayloadInMB=101)
    described = _register(sagemaker, [{"Image": "image:1"}], ModelPackageGroupName=group, ValidationSpecification=wrong)
    (item,) = described["ModelPackageStatusDetails"]["ValidationStatuses"]
    assert item["FailureReason"] == "MaxPayloadInMB must be 100 or less, not 101."


def test_a_validation_can_be_skipped_or_scripted(sagemaker: SageMakerClient, group: str, emulator_url: str) -> None:
    """A skipped one does not run, and where there is a script, it decides."""
    validation: Any = _validation(f"s3://{BUCKET}/nothing/")
    containers = [{"Image": "image:1"}]
    skipped = _register(
        sagemaker,
        containers,
        ModelPackageGroupName=group,
        ValidationSpecification=validation,
        SkipModelValidation="All",
    )
    assert skipped["ModelPackageStatus"] == "Completed"
    assert skipped["ModelPackageStatusDetails"]["ValidationStatuses"] == []
    url = f"{emulator_url}/automl-emulator/scripts/{group}"
    script = {"Ending": {"ModelPackageStatus": "Completed"}}
    assert send(f"{url}?model-package-groups={group}", "PUT", script)[0] == 201
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={"Containers": [{"Image": "image:1"}]},
        ValidationSpecification=validation,
    )["ModelPackageArn"]
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelPackageStatus"] == "Completed"
    assert send(url, "DELETE")[0] == 204
