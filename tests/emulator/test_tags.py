"""Tags of all taggable resources, under the service's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.jobs import start, tabular_request, unique
from tests.support.transforms import transform_request

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_CONTAINERS: Any = [{"Image": "image:1"}]


@pytest.fixture(scope="module")
def arns(sagemaker: SageMakerClient, breast_cancer: str) -> dict[str, str]:
    """One resource of each type; type → ARN."""
    name = unique("tagged")
    job = start(sagemaker, tabular_request(breast_cancer, "absent"))
    model = sagemaker.create_model(ModelName=name, PrimaryContainer=_CONTAINERS[0])
    variant: Any = {"VariantName": "all", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    config = sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    endpoint = sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    group = sagemaker.create_model_package_group(ModelPackageGroupName=name)
    version = sagemaker.create_model_package(
        ModelPackageGroupName=name, InferenceSpecification={"Containers": _CONTAINERS}
    )
    transform = sagemaker.create_transform_job(**transform_request(name, breast_cancer))
    return {
        "transform-job": transform["TransformJobArn"],
        "automl-job": sagemaker.describe_auto_ml_job_v2(AutoMLJobName=job)["AutoMLJobArn"],
        "model": model["ModelArn"],
        "endpoint-config": config["EndpointConfigArn"],
        "endpoint": endpoint["EndpointArn"],
        "model-package-group": group["ModelPackageGroupArn"],
        "version": version["ModelPackageArn"],
    }


@pytest.mark.parametrize(
    "kind", ["automl-job", "transform-job", "model", "endpoint-config", "endpoint", "model-package-group"]
)
def test_tags_are_added_replaced_and_deleted(kind: str, arns: dict[str, str], sagemaker: SageMakerClient) -> None:
    """A key occurs once; adding it again replaces its value."""
    arn = arns[kind]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    answer = sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}])
    assert answer["Tags"] == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a", "not-there"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": ""}]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ([{"Key": "aws:team", "Value": "risk"}], "begin with aws:"),
        ([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], "duplicate: a"),
        ([{"Key": "a,b", "Value": "1"}], "regular expression pattern"),
        ([{"Key": f"key-{number}", "Value": ""} for number in range(51)], "length less than or equal to 50"),
    ],
)
def test_tags_that_the_service_refuses_are_refused(
    tags: Any, message: str, arns: dict[str, str], sagemaker: SageMakerClient
) -> None:
    """Invalid tags are refused on existing resources and at creation."""
    with pytest.raises(ClientError, match=message):
        sagemaker.add_tags(ResourceArn=arns["model"], Tags=tags)
    with pytest.raises(ClientError, match=message):
        sagemaker.create_model_package_group(ModelPackageGroupName=unique("refused"), Tags=tags)


def test_nothing_has_more_than_fifty_tags(sagemaker: SageMakerClient) -> None:
    """Neither in one call nor in several; a refused call changes nothing."""
    tags: Any = [{"Key": f"key-{number:02}", "Value": "x"} for number in range(50)]
    arn = sagemaker.create_model_package_group(ModelPackageGroupName=unique("many"), Tags=tags)["ModelPackageGroupArn"]
    with pytest.raises(ClientError, match="at most 50 tags"):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "more", "Value": ""}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags


def test_what_has_no_tags_says_so(arns: dict[str, str], sagemaker: SageMakerClient) -> None:
    """A version has no tags of its own; a resource that does not exist is an error."""
    for call in (
        lambda arn: sagemaker.list_tags(ResourceArn=arn),
        lambda arn: sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}]),
        lambda arn: sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"]),
    ):
        with pytest.raises(ClientError, match=r"ValidationException.*versioned model package"):
            call(arns["version"])
        with pytest.raises(ClientError, match=r"ValidationException.*does not exist"):
            call(arns["model"] + "-not-there")
