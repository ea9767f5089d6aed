"""What a scoring asks of SageMaker and S3 when keys, a network and members of its own are given."""

from __future__ import annotations

import json
from typing import Any

from tests.support.jobs import ROLE
from tests.support.scoring import Account, expected, finished, operator, started
from tests.support.tasks import deferral, resume
from tests.support.transforms import wait_for_transform

_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_NETWORK = {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}


def test_model_and_job_have_what_the_task_was_given(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The network is the model's, the keys are the job's, and tags are those of both."""
    own = {
        "volume_kms_key": _KEY,
        "output_kms_key": _KEY,
        "vpc_config": _NETWORK,
        "tags": {"team": "churn"},
        "environment": {"LEVEL": "debug"},
        "max_concurrent_transforms": 2,
        "extra_request": {"ModelClientConfig": {"InvocationsTimeoutInSeconds": 60}},
    }
    name = started(operator(**given, **own), context)
    model = account.sagemaker.describe_model(ModelName=name)
    job = account.sagemaker.describe_transform_job(TransformJobName=name)
    assert (model["ExecutionRoleArn"], model["VpcConfig"]) == (ROLE, _NETWORK)
    assert job["TransformResources"] == {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeKmsKeyId": _KEY,
    }
    assert job["TransformOutput"]["KmsKeyId"] == _KEY
    assert job["Environment"] == {"LEVEL": "debug"}
    assert job["MaxConcurrentTransforms"] == 2
    assert job["ModelClientConfig"] == {"InvocationsTimeoutInSeconds": 60}
    for arn in (model["ModelArn"], job["TransformJobArn"]):
        tags = {tag["Key"]: tag["Value"] for tag in account.sagemaker.list_tags(ResourceArn=arn)["Tags"]}
        assert tags["team"] == "churn"
    finished(account, name)


def test_data_as_it_is_may_be_of_any_type(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The author's members of the input are beside the URI of the data, and tags may be those of the service."""
    del given["key_columns"]
    own = {
        "prepare": False,
        "tags": [{"Key": "team", "Value": "churn"}],
        "extra_request": json.dumps(
            {
                "TransformInput": {
                    "DataSource": {"S3DataSource": {"S3DataType": "ManifestFile"}},
                    "ContentType": "application/x-image",
                    "SplitType": "None",
                },
                "TransformOutput": {"Accept": "application/json"},
            }
        ),
    }
    name = started(operator(**given, **own), context)
    job = account.sagemaker.describe_transform_job(TransformJobName=name)
    assert job["TransformInput"] == {
        "DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": given["data"]}},
        "ContentType": "application/x-image",
        "CompressionType": "None",
        "SplitType": "None",
    }
    assert job["TransformOutput"]["Accept"] == "application/json"
    assert job["TransformOutput"]["S3OutputPath"].startswith(given["output_uri"])
    tags = account.sagemaker.list_tags(ResourceArn=job["TransformJobArn"])["Tags"]
    assert {"Key": "team", "Value": "churn"} in tags


def test_all_that_the_task_writes_is_encrypted_with_its_key(
    account: Account, context: Any, given: dict[str, Any]
) -> None:
    """Input and keys, then table and marker."""
    task = operator(**given, output_kms_key=_KEY)
    deferred = deferral(task, context)
    name = deferred.trigger.job_name
    assert _keys(account, given["output_uri"]) == {_KEY}
    account.answer(name)
    account.end()
    wait_for_transform(account.sagemaker, name)
    result = resume(task, context, deferred, "finished")
    assert account.read(result["output_uri"]) == expected(1, 2, 3)
    assert _keys(account, given["output_uri"]) == {_KEY}


def _keys(account: Account, place: str) -> set[str | None]:
    found = set[str | None]()
    for uri in account.objects(place):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        found.add(account.s3.head_object(Bucket=bucket, Key=key).get("SSEKMSKeyId"))
    return found
