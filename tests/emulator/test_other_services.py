"""moto answers for services that keep what they are given, and for none that would have to do work."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.emulator.other_services import KEPT_BY_MOTO
from demo.sandbox import REGION, REPOSITORY


def _client(service: Any, url: str) -> Any:
    return boto3.Session("key", "secret", region_name=REGION).client(service, endpoint_url=url)


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("glue", "StartJobRun", {"JobName": "clean"}),
        ("athena", "StartQueryExecution", {"QueryString": "SELECT 1"}),
        ("batch", "SubmitJob", {"jobName": "a", "jobQueue": "b", "jobDefinition": "c"}),
        ("lambda", "Invoke", {"FunctionName": "train"}),
        ("redshift", "CreateCluster", {"ClusterIdentifier": "a", "NodeType": "b", "MasterUsername": "c"}),
        ("cloudfront", "ListDistributions", {}),
        (
            "stepfunctions",
            "StartExecution",
            {"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"},
        ),
    ],
)
def test_work_that_nobody_would_do_is_refused(
    service: str, operation: str, request_: dict[str, Any], emulator_url: str
) -> None:
    """In the protocols of JSON, REST, forms and XML, with the code that the client reads."""
    with pytest.raises(ClientError, match=r"does not answer for .* nothing here would do the work") as refusal:
        getattr(_client(service, emulator_url), xform_name(operation))(**request_)
    assert refusal.value.response["Error"]["Code"].removesuffix("Exception") == "AccessDenied"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_what_airflow_needs_beside_sagemaker_is_kept(emulator_url: str) -> None:
    """A secrets backend, a notification's topic, remote logs, an identity."""
    secrets, logs = _client("secretsmanager", emulator_url), _client("logs", emulator_url)
    secrets.create_secret(Name="airflow/connections/aws_kept", SecretString="{}")
    assert secrets.get_secret_value(SecretId="airflow/connections/aws_kept")["SecretString"] == "{}"
    assert _client("sns", emulator_url).create_topic(Name="kept")["TopicArn"].endswith(":kept")
    logs.create_log_group(logGroupName="kept")
    assert "kept" in [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert _client("sts", emulator_url).get_caller_identity()["Account"]


def test_the_documentation_names_the_services() -> None:
    """As many as there are."""
    text = (REPOSITORY / "docs/how-to/emulator.md").read_text()
    (sentence,) = (line for line in text.splitlines() if line.startswith("On the same port, moto answers for"))
    named = sentence.split(", which keep")[0].removeprefix("On the same port, moto answers for ")
    # CloudWatch is two services.
    assert len(named.replace(" and ", ", ").split(", ")) + 1 == len(KEPT_BY_MOTO)
