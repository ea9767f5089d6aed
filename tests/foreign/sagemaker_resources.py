"""Drive the emulator with the resource classes of sagemaker-core, which version 3 of the SageMaker SDK contains."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

try:
    from sagemaker.core import resources, shapes
except ImportError:
    from sagemaker_core import resources, shapes

DATA, ROLE = os.environ["DATA"], os.environ["ROLE"]
OUTPUT = DATA.removesuffix("data/") + "resources/"
client = boto3.client("sagemaker")


def create(name: str) -> Any:
    source = shapes.AutoMLDataSource(s3_data_source=shapes.AutoMLS3DataSource(s3_data_type="S3Prefix", s3_uri=DATA))
    channel = shapes.AutoMLJobChannel(
        channel_type="training", content_type="text/csv;header=present", data_source=source
    )
    config = shapes.TabularJobConfig(
        target_attribute_name="label",
        mode="ENSEMBLING",
        completion_criteria=shapes.AutoMLJobCompletionCriteria(max_candidates=1),
    )
    return resources.AutoMLJobV2.create(
        auto_ml_job_name=name,
        auto_ml_job_input_data_config=[channel],
        output_data_config=shapes.AutoMLOutputDataConfig(s3_output_path=OUTPUT),
        auto_ml_problem_type_config=shapes.AutoMLProblemTypeConfig(tabular_job_config=config),
        role_arn=ROLE,
    )


def ended(job: Any) -> str:
    while job.auto_ml_job_status in ("InProgress", "Stopping"):
        time.sleep(0.3)
        job.refresh()
    return str(job.auto_ml_job_status)


def refuses(call: Callable[[], Any], error: str) -> None:
    try:
        call()
    except ClientError as refused:
        assert refused.response["Error"]["Code"] == error, refused
    else:
        raise AssertionError(f"{error} was expected")


trained, stopped = create("core-trained"), create("core-stopped")
assert trained.auto_ml_job_arn.endswith(":automl-job/core-trained")
# Not by a resource: AutoMLJobV2 has no stop(), and that of AutoMLJob fails with an AttributeError (1.0.78, 2.27.0).
client.stop_auto_ml_job(AutoMLJobName="core-stopped")
assert ended(stopped) == "Stopped"
assert ended(trained) == "Completed"
found = resources.AutoMLJobV2.get(auto_ml_job_name="core-trained")
assert found.auto_ml_job_arn == trained.auto_ml_job_arn
best = found.best_candidate
print("trained and stopped")

# AutoMLJob.get_all() describes each job with DescribeAutoMLJob, which refuses jobs of V2; AutoMLJobV2 has no get_all().
refuses(lambda: list(resources.AutoMLJob.get_all(name_contains="core-")), "ValidationException")
refuses(lambda: resources.AutoMLJobV2.get(auto_ml_job_name="core-none"), "ResourceNotFound")
print("listed")

group = resources.ModelPackageGroup.create(model_package_group_name="core")
container = best.inference_containers[0]
# Versions go without ModelPackage: create() wants a name in the answer, get_all() refreshes by a name, and a version of
# a group has none, on AWS either: https://github.com/aws/sagemaker-python-sdk/issues/5606
arns = [
    client.create_model_package(
        ModelPackageGroupName="core",
        InferenceSpecification={
            "Containers": [{"Image": container.image, "ModelDataUrl": container.model_data_url}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    for _ in range(2)
]
client.update_model_package(ModelPackageArn=arns[0], ModelApprovalStatus="Approved")
described = client.describe_model_package(ModelPackageName=arns[0])
assert (described["ModelPackageVersion"], described["ModelApprovalStatus"]) == (1, "Approved")
for key in ("core", group.model_package_group_arn):
    found = resources.ModelPackageGroup.get(model_package_group_name=key)
    assert found.model_package_group_arn == group.model_package_group_arn
print("registered, approved and described")

refuses(group.delete, "ConflictException")
for arn in arns:
    client.delete_model_package(ModelPackageName=arn)
group.delete()
assert list(resources.ModelPackageGroup.get_all(name_contains="core")) == []
print("deleted")
