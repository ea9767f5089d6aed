"""Requests are checked against the service model, lists behave as on the service, and gaps are AWS errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict
from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from airflow_sagemaker_automl.emulator.contract import check_answer
from tests.support.jobs import start, tabular_request, unique, wait

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"AutoMLJobName": "a" * 33}, "length less than or equal to 32"),
        ({"AutoMLJobName": "under_score"}, "regular expression pattern"),
        ({"RoleArn": "arn:aws:iam::1:role/short"}, "regular expression pattern"),
        ({"AutoMLJobObjective": {"MetricName": "Bogus"}}, "enum value set"),
        ({"AutoMLJobObjective": {"MetricName": "F1"}}, "both ProblemType and AutoMLJobObjective"),
        (
            {
                "AutoMLProblemTypeConfig": {
                    "TabularJobConfig": {"TargetAttributeName": "x", "ProblemType": "Regression"}
                }
            },
            "both ProblemType and AutoMLJobObjective",
        ),
        (
            {
                "AutoMLProblemTypeConfig": {
                    "TabularJobConfig": {"TargetAttributeName": "x", "ProblemType": "Regression"}
                },
                "AutoMLJobObjective": {"MetricName": "F1"},
            },
            "F1 is not an objective for Regression; valid are: MAE, MSE, R2, RMSE.",
        ),
        (
            {
                "AutoMLProblemTypeConfig": {
                    "TabularJobConfig": {
                        "TargetAttributeName": "x",
                        "CompletionCriteria": {
                            "MaxAutoMLJobRuntimeInSeconds": 10,
                            "MaxRuntimePerTrainingJobInSeconds": 20,
                        },
                    }
                }
            },
            "must not be below",
        ),
    ],
)
def test_a_request_that_breaks_a_rule_starts_no_job(
    change: dict[str, Any], message: str, sagemaker: SageMakerClient, breast_cancer: str
) -> None:
    """Violated constraints and rules are a ValidationException, and no job is created."""
    name = unique("refused")
    with pytest.raises(ClientError) as refused:
        sagemaker.create_auto_ml_job_v2(**{"AutoMLJobName": name, **tabular_request(breast_cancer), **change})
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert message in refused.value.response["Error"]["Message"]
    assert not sagemaker.list_auto_ml_jobs(NameContains=name)["AutoMLJobSummaries"]


def test_every_violation_is_named_at_once(sagemaker: SageMakerClient, breast_cancer: str) -> None:
    """The error for a request with two violations names both."""
    request = tabular_request(breast_cancer, Mode="FAST")
    with pytest.raises(ClientError, match="2 validation errors detected") as both:
        sagemaker.create_auto_ml_job_v2(AutoMLJobName="under_score", **request)
    assert "autoMLJobName" in str(both.value)
    assert "mode" in str(both.value)


def test_jobs_are_listed_as_the_service_lists_them(sagemaker: SageMakerClient, breast_cancer: str) -> None:
    """By default ten jobs per page, sorted by name in descending order; filters and paging work."""
    prefix = unique("listed")
    names = [start(sagemaker, tabular_request(breast_cancer, "absent"), f"{prefix}-{number:02}") for number in range(3)]
    for name in names:
        wait(sagemaker, name)
    listed = sagemaker.list_auto_ml_jobs(NameContains=prefix)["AutoMLJobSummaries"]
    assert [summary["AutoMLJobName"] for summary in listed] == names[::-1]
    assert not sagemaker.list_auto_ml_jobs(NameContains=prefix, StatusEquals="InProgress")["AutoMLJobSummaries"]
    assert all("absent" in summary["FailureReason"] for summary in listed)
    pages = sagemaker.get_paginator("list_auto_ml_jobs").paginate(
        NameContains=prefix, SortBy="CreationTime", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    assert [[entry["AutoMLJobName"] for entry in page["AutoMLJobSummaries"]] for page in pages] == [
        names[:2],
        names[2:],
    ]


def test_tags_of_a_job_are_kept(sagemaker: SageMakerClient, breast_cancer: str) -> None:
    """A job has the tags of its request; more can be added."""
    request = {**tabular_request(breast_cancer, "absent"), "Tags": [{"Key": "one", "Value": "1"}]}
    arn = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=start(sagemaker, request))["AutoMLJobArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "two", "Value": "2"}])
    assert {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]} == {
        "one": "1",
        "two": "2",
    }


def test_what_is_not_there_answers_as_an_aws_error(sagemaker: SageMakerClient) -> None:
    """An unknown job is ResourceNotFound; an unsupported operation is an error that boto3 does not retry."""
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="no-such-job"):
        sagemaker.describe_auto_ml_job_v2(AutoMLJobName="no-such-job")
    with pytest.raises(ClientError) as missing:
        sagemaker.list_hubs()
    assert missing.value.response["Error"]["Code"] == "UnknownOperationException"
    assert "does not implement ListHubs" in missing.value.response["Error"]["Message"]


def test_identity_and_roles_are_served_too(emulator_url: str) -> None:
    """STS is served on the same port, for connections that assume a role."""
    sts = boto3.client(
        "sts", endpoint_url=emulator_url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    assert sts.get_caller_identity()["Account"] == "123456789012"
    assert sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="s1")["Credentials"]


def test_a_wrong_answer_of_our_own_is_caught() -> None:
    """The check of answers detects missing required members, invalid enum values and unknown members."""
    with pytest.raises(AssertionError, match=r"autoMLJobArn.*must not be null"):
        check_answer("CreateAutoMLJobV2", {})
    with pytest.raises(AssertionError, match="Unknown member at 'surprise'"):
        check_answer(
            "CreateAutoMLJobV2", {"AutoMLJobArn": "arn:aws:sagemaker:r:123456789012:automl-job/x", "Surprise": 1}
        )


def test_the_seams_of_moto_are_where_they_were() -> None:
    """The parts of moto's internals that the emulator uses exist: backend, accounts, stored objects, dispatcher."""
    assert isinstance(sagemaker_backends, BackendDict)
    assert issubclass(sagemaker_backends.backend, SageMakerModelBackend)
    assert get_account_id_from("unknown") == "123456789012"
    with pytest.raises(S3ClientError):
        s3_backends["123456789012"]["aws"].get_object("no-such-bucket", "key")
    assert callable(DomainDispatcherApplication(create_backend_app))
