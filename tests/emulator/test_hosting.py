"""Models, endpoint configurations and endpoints, as used by operators that deploy a model package."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.jobs import ROLE, unique

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_CONTAINER: Any = {"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}
_VARIANT: Any = {"VariantName": "all", "InitialInstanceCount": 2, "InstanceType": "ml.m5.xlarge"}


@pytest.fixture
def version(sagemaker: SageMakerClient) -> str:
    """ARN of a model package version with pending approval."""
    group = unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    answer = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={"Containers": [_CONTAINER]},
        AdditionalInferenceSpecifications=[{"Name": "gpu", "Containers": [{"Image": "image:gpu"}]}],
    )
    return answer["ModelPackageArn"]


def _model(sagemaker: SageMakerClient, **container: Any) -> str:
    name = unique("model")
    given: Any = container or _CONTAINER
    sagemaker.create_model(ModelName=name, PrimaryContainer=given, ExecutionRoleArn=ROLE)
    return name


def _config(sagemaker: SageMakerClient, name: str | None = None, **variant: Any) -> str:
    name = name or unique("config")
    given: Any = {**_VARIANT, **variant}
    given.setdefault("ModelName", _model(sagemaker))
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[given])
    return name


def test_a_model_is_made_of_an_approved_version_only(sagemaker: SageMakerClient, version: str) -> None:
    """A pending version, a missing version, and an inference specification that the version lacks are refused."""
    with pytest.raises(ClientError, match="is not approved"):
        _model(sagemaker, ModelPackageName=version)
    sagemaker.update_model_package(ModelPackageArn=version, ModelApprovalStatus="Approved")
    name = _model(sagemaker, ModelPackageName=version, InferenceSpecificationName="gpu")
    described = sagemaker.describe_model(ModelName=name)
    assert described["PrimaryContainer"]["ModelPackageName"] == version
    for container, message in (
        ({"ModelPackageName": f"{version}0"}, "does not exist"),
        ({"ModelPackageName": version, "InferenceSpecificationName": "tpu"}, "no inference specification tpu"),
        ({"ModelPackageName": version, "Environment": {"A": "b"}}, "both at Model Package and Model"),
        ({"Mode": "SingleModel"}, "needs an Image or a ModelPackageName"),
    ):
        with pytest.raises(ClientError, match=message):
            _model(sagemaker, **container)


def test_models_and_configurations_are_there_once(sagemaker: SageMakerClient) -> None:
    """Names can be used once, deleted resources are gone, and every error names the ARN."""
    name = _model(sagemaker)
    with pytest.raises(ClientError, match="Cannot create already existing model"):
        sagemaker.create_model(ModelName=name, PrimaryContainer=_CONTAINER)
    config = _config(sagemaker, ModelName=name)
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        _config(sagemaker, name=config, ModelName=name)
    described = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    assert described["ProductionVariants"] == [{**_VARIANT, "ModelName": name, "InitialVariantWeight": 1.0}]
    listed = sagemaker.list_endpoint_configs(NameContains=config)["EndpointConfigs"]
    assert [entry["EndpointConfigArn"] for entry in listed] == [described["EndpointConfigArn"]]
    sagemaker.delete_endpoint_config(EndpointConfigName=config)
    sagemaker.delete_model(ModelName=name)
    with pytest.raises(ClientError, match=rf'Could not find model "arn:aws:sagemaker:us-east-1:\d+:model/{name}"'):
        sagemaker.describe_model(ModelName=name)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.delete_endpoint_config(EndpointConfigName=config)


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ({"ModelName": "no-such-model"}, "Could not find model"),
        ({"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}, "either an InstanceType or a Serverless"),
        ({"InstanceType": "ml.m5.tiny"}, "enum value set"),
        ({"VolumeSizeInGB": 513}, "less than or equal to 512"),
    ],
)
def test_a_configuration_that_cannot_run_is_refused(
    variant: dict[str, Any], message: str, sagemaker: SageMakerClient
) -> None:
    """A variant needs an existing model and exactly one kind of instance."""
    with pytest.raises(ClientError, match=message):
        _config(sagemaker, **variant)


def test_an_endpoint_comes_up_is_updated_and_goes(sagemaker: SageMakerClient, emulator_url: str) -> None:
    """Creating, InService, Updating, InService, Deleting, deleted; botocore's waiters see each state in turn."""
    config, name = _config(sagemaker, InitialVariantWeight=0.5), unique("endpoint")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    described = sagemaker.describe_endpoint(EndpointName=name)
    assert described["EndpointStatus"] == "Creating"
    assert "CurrentInstanceCount" not in described["ProductionVariants"][0]
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        sagemaker.create_endpoint(EndpointName=name.upper(), EndpointConfigName=config)
    in_service = sagemaker.get_waiter("endpoint_in_service")
    in_service.wait(EndpointName=name, WaiterConfig={"Delay": 1})
    (variant,) = sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"], variant["DesiredWeight"]) == (2, 0.5, 0.5)
    assert variant["DeployedImages"][0]["SpecifiedImage"] == "image:1"
    other = _config(sagemaker, InitialInstanceCount=1)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other, RetainAllVariantProperties=True)
    assert sagemaker.list_endpoints(NameContains=name, StatusEquals="Updating")["Endpoints"]
    in_service.wait(EndpointName=name, WaiterConfig={"Delay": 1})
    described = sagemaker.describe_endpoint(EndpointName=name)
    assert described["EndpointConfigName"] == other
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    _invoke_is_refused(emulator_url, name, "ModelError", "runs no containers")
    sagemaker.delete_endpoint(EndpointName=name)
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Deleting"
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    _invoke_is_refused(emulator_url, name, "ValidationError", "not found")


def _invoke_is_refused(url: str, name: str, code: str, words: str) -> None:
    runtime = boto3.client(
        "sagemaker-runtime", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    with pytest.raises(ClientError, match=words) as refused:
        runtime.invoke_endpoint(EndpointName=name, Body=b"1,2")
    assert refused.value.response["Error"]["Code"] == code


def _serverless_config(sagemaker: SageMakerClient, **change: int) -> str:
    name = unique("config")
    serverless: Any = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, **change}
    variant: Any = {"VariantName": "all", "ModelName": _model(sagemaker), "ServerlessConfig": serverless}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"MemorySizeInMB": 1536}, "must be one of 1024, 2048, 3072, 4096, 5120, 6144, not 1536"),
        ({"MemorySizeInMB": 2000}, "not 2000"),
        ({"MemorySizeInMB": 7168}, "less than or equal to 6144"),
        ({"ProvisionedConcurrency": 6}, "less than or equal to its MaxConcurrency, 5"),
    ],
)
def test_serverless_memory_has_steps(change: dict[str, int], message: str, sagemaker: SageMakerClient) -> None:
    """Memory comes in steps of 1,024 MB, and no more concurrency is provisioned than is allowed."""
    with pytest.raises(ClientError, match=message) as refused:
        _serverless_config(sagemaker, **change)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize("memory", [1024, 3072, 6144])
def test_each_step_of_serverless_memory_is_kept(memory: int, sagemaker: SageMakerClient) -> None:
    """A configuration is described with the memory and the concurrency that it was given."""
    name = _serverless_config(sagemaker, MemorySizeInMB=memory, ProvisionedConcurrency=5)
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
    expected = {"MemorySizeInMB": memory, "MaxConcurrency": 5, "ProvisionedConcurrency": 5}
    assert variant["ServerlessConfig"] == expected


def test_weights_and_capacities_change_in_place(sagemaker: SageMakerClient) -> None:
    """UpdateEndpointWeightsAndCapacities changes the variants that it names."""
    name = unique("endpoint")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=_config(sagemaker))
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    with pytest.raises(ClientError, match="has no variants none"):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "none", "DesiredWeight": 1}]
        )
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": 5}]
    )
    deadline = time.monotonic() + 300
    while sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] != "InService":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (variant,) = sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (5, 1.0)


def test_models_and_endpoints_are_found_by_search(sagemaker: SageMakerClient, version: str) -> None:
    """Search finds the same resources as the describe operations, with filters on properties and tags."""
    name = unique("searched")
    sagemaker.create_model(ModelName=name, PrimaryContainer=_CONTAINER, Tags=[{"Key": "team", "Value": name}])
    by_tag = sagemaker.search(
        Resource="Model", SearchExpression={"Filters": [{"Name": "Tags.team", "Operator": "Equals", "Value": name}]}
    )
    assert [result["Model"]["Model"]["ModelName"] for result in by_tag["Results"]] == [name]
    group = version.split("/")[1]
    of_group = {"Name": "ModelPackageGroupName", "Operator": "Equals", "Value": group}
    later = {"Name": "CreationTime", "Operator": "GreaterThan", "Value": "2020-01-01T00:00:00Z"}
    approved = {"Name": "ModelApprovalStatus", "Operator": "Equals", "Value": "Approved"}
    for filters, expected in (([of_group, later], [version]), ([of_group, approved], [])):
        answer = sagemaker.search(Resource="ModelPackage", SearchExpression={"Filters": filters})  # type: ignore[typeddict-item]
        assert [result["ModelPackage"]["ModelPackageArn"] for result in answer["Results"]] == expected
    with pytest.raises(ClientError, match=", not TrainingJob"):
        sagemaker.search(Resource="TrainingJob")
