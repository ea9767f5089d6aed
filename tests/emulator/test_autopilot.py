"""Jobs that are created with the V1 API, CreateAutoMLJob."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.jobs import ROLE, start, tabular_request, unique, wait

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def _request(data: str, target: str = "diagnosis", **members: Any) -> dict[str, Any]:
    channel = {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}},
        "TargetAttributeName": target,
    }
    return {
        "InputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath": "s3://automl-demo/out"},
        "RoleArn": ROLE,
        **members,
    }


def test_a_job_of_the_first_api_trains_like_any_other(sagemaker: SageMakerClient, breast_cancer: str) -> None:
    """A V1 job is described by both APIs, each with its own members, and listed with the others."""
    name = unique("first")
    config = {
        "CompletionCriteria": {"MaxCandidates": 1},
        "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]},
        "DataSplitConfig": {"ValidationFraction": 0.3},
        "Mode": "ENSEMBLING",
    }
    request = _request(
        breast_cancer,
        ProblemType="BinaryClassification",
        AutoMLJobObjective={"MetricName": "AUC"},
        AutoMLJobConfig=config,
        Tags=[{"Key": "team", "Value": "risk"}],
    )
    arn = sagemaker.create_auto_ml_job(AutoMLJobName=name, **request)["AutoMLJobArn"]
    job = wait(sagemaker, name)
    assert job["AutoMLJobStatus"] == "Completed"
    assert job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["MetricName"] == "AUC"
    tabular = job["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert (tabular["TargetAttributeName"], tabular["Mode"]) == ("diagnosis", "ENSEMBLING")
    assert (job["DataSplitConfig"], job["AutoMLProblemTypeConfigName"]) == ({"ValidationFraction": 0.3}, "Tabular")
    first = sagemaker.describe_auto_ml_job(AutoMLJobName=name)
    del request["Tags"]
    assert {key: first.get(key) for key in request} == request
    assert first["ResolvedAttributes"]["ProblemType"] == "BinaryClassification"
    assert first["BestCandidate"] == job["BestCandidate"]
    assert (first["AutoMLJobArn"], first["GenerateCandidateDefinitionsOnly"]) == (arn, False)
    assert sagemaker.list_auto_ml_jobs(NameContains=name)["AutoMLJobSummaries"][0]["AutoMLJobArn"] == arn
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]


def test_the_first_api_does_not_describe_jobs_of_the_second(sagemaker: SageMakerClient, breast_cancer: str) -> None:
    """DescribeAutoMLJob refuses a V2 job, as documented; a job that does not exist is not found by either API."""
    name = start(sagemaker, tabular_request(breast_cancer, "absent"))
    with pytest.raises(ClientError, match="use DescribeAutoMLJobV2"):
        sagemaker.describe_auto_ml_job(AutoMLJobName=name)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_auto_ml_job(AutoMLJobName="none")


def test_the_rules_are_those_of_both_apis(sagemaker: SageMakerClient, breast_cancer: str) -> None:
    """The channels must have the same columns, and a rule of V2 applies to V1 jobs, too."""
    request = _request(breast_cancer)
    other = {**request["InputDataConfig"][0], "TargetAttributeName": "other", "ChannelType": "validation"}
    for change, message in (
        ({"InputDataConfig": [*request["InputDataConfig"], other]}, "the same TargetAttributeName"),
        ({"ProblemType": "Regression"}, "both ProblemType and AutoMLJobObjective"),
    ):
        with pytest.raises(ClientError, match=message):
            sagemaker.create_auto_ml_job(AutoMLJobName=unique("refused"), **{**request, **change})
