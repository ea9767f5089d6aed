"""A role that SageMaker could not assume is refused, by every operation that takes one."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from demo.sandbox import REGION, sagemaker_client
from tests.support.jobs import ROLE, tabular_request, unique
from tests.support.plain_http import hold_jobs

_FOREIGN = "arn:aws:iam::210987654321:role/sagemaker-automl"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
_SOURCE = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/"}}
_CONTAINER = {"Image": "image:1"}


def _v2(role: str) -> dict[str, Any]:
    return {"AutoMLJobName": unique(), **tabular_request("s3://bucket/data/"), "RoleArn": role}


def _v1(role: str) -> dict[str, Any]:
    return {
        "AutoMLJobName": unique(),
        "InputDataConfig": [{"DataSource": _SOURCE, "TargetAttributeName": "y"}],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "RoleArn": role,
    }


def _computed(role: str) -> dict[str, Any]:
    return {**_v2(ROLE), "AutoMLComputeConfig": {"EmrServerlessComputeConfig": {"ExecutionRoleARN": role}}}


def _config(role: str) -> dict[str, Any]:
    variant = {"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    return {"EndpointConfigName": unique(), "ProductionVariants": [variant], "ExecutionRoleArn": role}


def _package(role: str) -> dict[str, Any]:
    transform = {
        "TransformInput": {"DataSource": _SOURCE},
        "TransformOutput": {"S3OutputPath": "s3://bucket/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    profile = {"ProfileName": "p", "TransformJobDefinition": transform}
    return {
        "ModelPackageName": unique(),
        "InferenceSpecification": {
            "Containers": [_CONTAINER],
            "SupportedTransformInstanceTypes": ["ml.m5.large"],
            "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "ValidationSpecification": {"ValidationRole": role, "ValidationProfiles": [profile]},
    }


_CALLS: dict[str, Any] = {
    "create_auto_ml_job_v2": _v2,
    "create_auto_ml_job": _v1,
    "create_auto_ml_job_v2 with EMR": _computed,
    "create_model": lambda role: {
        "ModelName": unique(),
        "PrimaryContainer": _CONTAINER,
        "ExecutionRoleArn": role,
    },
    "create_endpoint_config": _config,
    "create_model_package": _package,
}


def _refusal(client: Any, call: str, role: str) -> str:
    with pytest.raises(ClientError) as refused:
        getattr(client, call.partition(" ")[0])(**_CALLS[call](role))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    return str(refused.value.response["Error"]["Message"])


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize("role", [_FOREIGN, ROLE.replace("arn:aws:", "arn:aws-cn:")])
def test_a_role_of_another_account_is_refused(call: str, role: str, private_url: str) -> None:
    """The same goes for another partition, which has other accounts."""
    client = sagemaker_client(private_url)
    assert _refusal(client, call, role) == "RoleArn: Cross-account pass role is not allowed."
    assert client.list_auto_ml_jobs()["AutoMLJobSummaries"] == []


@pytest.mark.parametrize("call", _CALLS)
def test_where_an_account_has_roles_no_other_is_accepted(call: str, private_url: str) -> None:
    """With path and all; an account without roles needs none."""
    client = sagemaker_client(private_url)
    hold_jobs(private_url)
    client.create_model(ModelName="before", PrimaryContainer=_CONTAINER, ExecutionRoleArn=ROLE)  # type: ignore[arg-type]
    iam = boto3.client(
        "iam", region_name=REGION, endpoint_url=private_url, aws_access_key_id="a", aws_secret_access_key="b"
    )
    for name, path in (("sagemaker-automl", "/"), ("trainer", "/service-role/")):
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(_TRUST))
    unknown = ROLE.replace("sagemaker-automl", "trainer")
    assert _refusal(client, call, unknown) == (
        f"Could not assume role {unknown}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role."
    )
    known = ROLE.replace("sagemaker-automl", "service-role/trainer")
    assert getattr(client, call.partition(" ")[0])(**_CALLS[call](known))


def test_the_account_is_that_of_the_caller(private_url: str) -> None:
    """Somebody who has assumed a role of another account passes roles of that account."""
    sts = boto3.client(
        "sts", region_name=REGION, endpoint_url=private_url, aws_access_key_id="a", aws_secret_access_key="b"
    )
    session = sts.assume_role(RoleArn=_FOREIGN, RoleSessionName="session")["Credentials"]
    client = sagemaker_client(private_url, session["AccessKeyId"])
    client.create_model(ModelName="theirs", PrimaryContainer={"Image": "image:1"}, ExecutionRoleArn=_FOREIGN)
    assert "Cross-account" in _refusal(client, "create_model", ROLE)
