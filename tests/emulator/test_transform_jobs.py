"""Transform jobs really transform, and their states, lists, names and errors are those of the service."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from tests.emulator.downloads import reported, split_part
from tests.support.endpoints import predicted, put_up
from tests.support.jobs import unique
from tests.support.transforms import (
    output_keys,
    output_rows,
    put_body,
    put_rows,
    start_transform,
    transform_model,
    transform_request,
    transformed,
    wait_for_transform,
)

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_ALL_KEYS = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability,probabilities,labels"}


def _rows(s3: S3Client, job: dict[str, Any], target: str) -> tuple[pd.DataFrame, pd.Series]:
    table = split_part(s3, job, "test")
    return table.drop(columns=target), table[target]


@pytest.fixture(scope="module")
def model(sagemaker: SageMakerClient, multiclass_job: dict[str, Any]) -> str:
    """The model of the best candidate for wines."""
    return transform_model(sagemaker, multiclass_job["BestCandidate"]["InferenceContainers"])


@pytest.fixture(scope="module")
def data(s3: S3Client, multiclass_job: dict[str, Any]) -> str:
    """Prefix of the wines that the job held out, without header and target."""
    return put_rows(s3, _rows(s3, multiclass_job, "cultivar")[0])


def test_a_transform_job_predicts_what_an_endpoint_predicts(
    sagemaker: SageMakerClient, s3: S3Client, multiclass_job: dict[str, Any], model: str, data: str
) -> None:
    """Row by row, and with the accuracy that the candidate reports; the request comes back in the description."""
    best, (rows, actual) = multiclass_job["BestCandidate"], _rows(s3, multiclass_job, "cultivar")
    request = transform_request(model, data, MaxConcurrentTransforms=2, BatchStrategy="MultiRecord")
    arn = sagemaker.create_transform_job(**request)["TransformJobArn"]
    job = wait_for_transform(sagemaker, request["TransformJobName"])
    found = output_rows(s3, job)
    assert found == predicted(sagemaker, put_up(sagemaker, best["InferenceContainers"]), rows)
    assert np.mean(actual == [label for (label,) in found]) == pytest.approx(reported(best, "Accuracy", "Test"))
    assert {member: job[member] for member in request} == request
    assert arn == job["TransformJobArn"] == f"arn:aws:sagemaker:us-east-1:123456789012:transform-job/{job_name(job)}"
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"] <= datetime.now(UTC)
    assert "FailureReason" not in job


def job_name(job: dict[str, Any]) -> str:
    """Name of a described job."""
    return str(job["TransformJobName"])


def test_a_regression_transforms_to_numbers(
    sagemaker: SageMakerClient, s3: S3Client, regression_job: dict[str, Any]
) -> None:
    """They are those of the endpoint, and reproduce the reported RMSE; one record per invocation changes nothing."""
    from sklearn.metrics import root_mean_squared_error

    best, (rows, actual) = regression_job["BestCandidate"], _rows(s3, regression_job, "target")
    data, model = put_rows(s3, rows), transform_model(sagemaker, best["InferenceContainers"])
    job = transformed(sagemaker, model, data, BatchStrategy="SingleRecord")
    numbers = [float(number) for (number,) in output_rows(s3, job)]
    assert root_mean_squared_error(actual, numbers) == pytest.approx(reported(best, "RMSE", "Test"))


def test_the_environment_of_a_job_replaces_that_of_the_containers(
    sagemaker: SageMakerClient, s3: S3Client, model: str, data: str
) -> None:
    """So that one model answers labels or probabilities as each job wants."""
    job = transformed(sagemaker, model, data, Environment=_ALL_KEYS)
    first = output_rows(s3, job)[0]
    assert first[0] in ("Barolo", "Grignolino", "Barbera")
    assert 0 < float(first[1]) <= 1
    assert first[3] == "['Barbera', 'Barolo', 'Grignolino']"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"ModelName": "no-such-model"}, r'Could not find model "arn:aws:sagemaker:us-east-1:\d+:model/no-such-model"'),
        ({"MaxPayloadInMB": 26, "MaxConcurrentTransforms": 4}, r"must be 100 MB or less, not 4 \* 26 MB"),
        ({"MaxPayloadInMB": 101}, "MaxPayloadInMB must be 100 or less, not 101"),
        ({"MaxPayloadInMB": 0}, "do not support HTTP chunked encoding"),
        ({"TransformInput": {"SplitType": "TFRecord"}}, "read no TFRecord records"),
        ({"TransformInput": {"SplitType": "None"}, "BatchStrategy": "MultiRecord"}, "MultiRecord needs SplitType Line"),
        ({"BatchStrategy": "Some"}, "enum value set"),
        ({"TransformResources": {"InstanceType": "ml.m5.tiny", "InstanceCount": 1}}, "enum value set"),
    ],
)
def test_a_request_that_the_service_refuses_is_refused(
    members: dict[str, Any], message: str, sagemaker: SageMakerClient, model: str, data: str
) -> None:
    """With ValidationException, and without a job."""
    name = unique("transform")
    with pytest.raises(ClientError, match=rf"ValidationException.*{message}"):
        sagemaker.create_transform_job(**transform_request(model, data, TransformJobName=name, **members))
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match=f"Could not find requested job with name: {name}"):
        sagemaker.describe_transform_job(TransformJobName=name)


def test_a_name_is_used_once(sagemaker: SageMakerClient, model: str, data: str) -> None:
    """Jobs are never deleted, so their names stay in use; unknown names are not found."""
    name = job_name(transformed(sagemaker, model, data))
    for again in (name, name.upper()):
        with pytest.raises(sagemaker.exceptions.ResourceInUse, match=f"already exists .*transform-job/{again}"):
            start_transform(sagemaker, model, data, TransformJobName=again)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="Could not find job to update with name: none"):
        sagemaker.stop_transform_job(TransformJobName="none")
    with pytest.raises(ClientError, match="rejected because the transform job is in status Completed"):
        sagemaker.stop_transform_job(TransformJobName=name)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"1,2,3\n", r"line 1: the container answered 400: Row 1 has 3 values; 14 are needed \(alcohol, "),
        (b"1,2,3\n4,5,6\n", r"lines 1 to 2: the container answered 400: Row 1 has 3 values"),
        (b"\xff\xfe\n", "line 1 is not text in UTF-8"),
    ],
)
def test_a_line_that_cannot_be_predicted_fails_the_job(
    body: bytes, reason: str, sagemaker: SageMakerClient, s3: S3Client, model: str, data: str
) -> None:
    """The reason names the object and has the container's message, which the service writes to the log alone."""
    uri = put_body(s3, body)
    job = transformed(sagemaker, model, uri)
    assert job["TransformJobStatus"] == "Failed"
    assert re.search(f"^ClientError: {uri}rows.csv, {reason}", job["FailureReason"])
    assert output_keys(s3, job) == []
