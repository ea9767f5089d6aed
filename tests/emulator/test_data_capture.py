"""Endpoints capture what they are asked and what they answer, in the service's layout."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.emulator.capture import Capture, Message
from demo.sandbox import BUCKET
from tests.emulator.downloads import split_part
from tests.support.endpoints import runtime_client, settled
from tests.support.jobs import ROLE, unique

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_BOTH = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
_TYPES = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}
_INSTANCE = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
_SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}


@pytest.fixture(scope="module")
def model(sagemaker: SageMakerClient, binary_job: dict[str, Any]) -> str:
    """The model of the best candidate for breast cancer."""
    name = unique("captured")
    containers = binary_job["BestCandidate"]["InferenceContainers"]
    sagemaker.create_model(ModelName=name, Containers=containers, ExecutionRoleArn=ROLE)
    return name


@pytest.fixture(scope="module")
def row(s3: S3Client, binary_job: dict[str, Any]) -> str:
    """A row that the job held out, as CSV without the target."""
    rows = split_part(s3, binary_job, "test").drop(columns="diagnosis")[:1]
    return str(rows.to_csv(index=False, header=False))


def _config(sagemaker: SageMakerClient, model: str, *variants: dict[str, Any], **members: Any) -> str:
    name = unique("config")
    prefix = f"s3://{BUCKET}/{unique('capture')}/"
    given: Any = [
        {"VariantName": f"variant-{number}", "ModelName": model, **variant} for number, variant in enumerate(variants)
    ]
    capture: Any = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": prefix,
        "CaptureOptions": _BOTH,
        "CaptureContentTypeHeader": _TYPES,
        **members,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=given, DataCaptureConfig=capture)
    return name


def _put_up(sagemaker: SageMakerClient, config: str) -> str:
    name = unique("endpoint")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    assert settled(sagemaker, name)["EndpointStatus"] == "InService"
    return name


def _invoke(sagemaker: SageMakerClient, endpoint: str, body: str, **members: Any) -> str:
    call = {"EndpointName": endpoint, "ContentType": "text/csv", "Accept": "text/csv", "Body": body, **members}
    answer = runtime_client(sagemaker).invoke_endpoint(**call)
    return str(answer["Body"].read().decode())


def _files(s3: S3Client, prefix: str) -> dict[str, list[dict[str, Any]]]:
    """Read the captured lines, by the key of their file below the destination."""
    folder = prefix.removeprefix(f"s3://{BUCKET}/")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=folder).get("Contents", [])]
    bodies = {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys}
    return {key.removeprefix(folder): [json.loads(line) for line in body.splitlines()] for key, body in bodies.items()}


def _captured(s3: S3Client, prefix: str, number: int) -> list[tuple[str, dict[str, Any]]]:
    """Wait until so many invocations are captured."""
    deadline = time.monotonic() + 120
    while True:
        lines = [(key, line) for key, lines in _files(s3, prefix).items() for line in lines]
        if len(lines) >= number:
            assert len(lines) == number
            return lines
        assert time.monotonic() < deadline, lines
        time.sleep(0.1)


def _destination(sagemaker: SageMakerClient, config: str) -> str:
    described = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    return described["DataCaptureConfig"]["DestinationS3Uri"]


def test_an_invocation_is_captured_with_its_answer(
    sagemaker: SageMakerClient, s3: S3Client, model: str, row: str
) -> None:
    """As text for the listed content types, with the request's inference id, under variant and hour."""
    config = _config(sagemaker, model, _INSTANCE)
    endpoint = _put_up(sagemaker, config)
    before = datetime.now(UTC)
    label = _invoke(sagemaker, endpoint, row, InferenceId="patient 7")
    ((key, line),) = _captured(s3, _destination(sagemaker, config), 1)
    assert line["captureData"] == {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": row, "encoding": "CSV"},
        "endpointOutput": {
            "observedContentType": "text/csv; charset=utf-8",
            "mode": "OUTPUT",
            "data": label,
            "encoding": "CSV",
        },
    }
    about = line["eventMetadata"]
    assert about["inferenceId"] == "patient 7"
    assert uuid.UUID(about["eventId"])
    moment = datetime.strptime(about["inferenceTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert before - timedelta(seconds=1) <= moment <= datetime.now(UTC)
    assert line["eventVersion"] == "0"
    assert re.fullmatch(rf"{endpoint}/variant-0/\d{{4}}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{{3}}-[0-9a-f-]{{36}}\.jsonl", key)
    assert sagemaker.describe_endpoint(EndpointName=endpoint)["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": _destination(sagemaker, config),
        "KmsKeyId": "",
    }


def test_one_side_is_captured_and_unlisted_types_are_encoded(
    sagemaker: SageMakerClient, s3: S3Client, model: str, row: str
) -> None:
    """In base64; without an inference id there is none."""
    options = [{"CaptureMode": "Output"}]
    listed = {"CsvContentTypes": ["text/csv"]}
    config = _config(sagemaker, model, _INSTANCE, CaptureOptions=options, CaptureContentTypeHeader=listed)
    answer = _invoke(sagemaker, _put_up(sagemaker, config), row, Accept="application/json")
    ((_, line),) = _captured(s3, _destination(sagemaker, config), 1)
    (side,) = line["captureData"].items()
    encoded = base64.b64encode(answer.encode()).decode()
    content = {"observedContentType": "application/json", "mode": "OUTPUT", "data": encoded, "encoding": "BASE64"}
    assert side == ("endpointOutput", content)
    assert "inferenceId" not in line["eventMetadata"]


def test_what_is_not_to_be_captured_is_not(sagemaker: SageMakerClient, s3: S3Client, model: str, row: str) -> None:
    """A serverless variant, a failed invocation, a switched off capture, and a sampling of 0 %."""
    serverless = _config(sagemaker, model, _SERVERLESS)
    off = _config(sagemaker, model, _INSTANCE, EnableCapture=False)
    never = _config(sagemaker, model, _INSTANCE, InitialSamplingPercentage=0)
    for config in (serverless, off, never):
        endpoint = _put_up(sagemaker, config)
        _invoke(sagemaker, endpoint, row)
        if config == off:
            described = sagemaker.describe_endpoint(EndpointName=endpoint)["DataCaptureConfig"]
            assert (described["EnableCapture"], described["CaptureStatus"]) == (False, "Stopped")
        sagemaker.delete_endpoint(EndpointName=endpoint)
        assert _files(s3, _destination(sagemaker, config)) == {}
    config = _config(sagemaker, model, _INSTANCE)
    endpoint = _put_up(sagemaker, config)
    with pytest.raises(ClientError, match="Row 1 has 2 values"):
        _invoke(sagemaker, endpoint, "1,2\n")
    _invoke(sagemaker, endpoint, row)
    assert len(_captured(s3, _destination(sagemaker, config), 1)) == 1


def test_a_deleted_and_an_updated_endpoint_lose_nothing(
    sagemaker: SageMakerClient, s3: S3Client, model: str, row: str
) -> None:
    """What was captured is written immediately, to the destination of the configuration that was in use."""
    first, second = (_config(sagemaker, model, _INSTANCE) for _ in range(2))
    endpoint = _put_up(sagemaker, first)
    _invoke(sagemaker, endpoint, row)
    sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=second)
    settled(sagemaker, endpoint)
    for _ in range(3):
        _invoke(sagemaker, endpoint, row)
    sagemaker.delete_endpoint(EndpointName=endpoint)
    lines = [line for lines in _files(s3, _destination(sagemaker, second)).values() for line in lines]
    assert len(lines) == 3
    _captured(s3, _destination(sagemaker, first), 1)


def test_a_destination_that_is_not_there_stops_the_capture(sagemaker: SageMakerClient, model: str, row: str) -> None:
    """The invocation succeeds all the same, and the description says that nothing is captured."""
    config = _config(sagemaker, model, _INSTANCE, DestinationS3Uri="s3://no-such-bucket/at-all")
    endpoint = _put_up(sagemaker, config)
    assert _invoke(sagemaker, endpoint, row).strip() in ("benign", "malignant")
    deadline = time.monotonic() + 120
    while sagemaker.describe_endpoint(EndpointName=endpoint)["DataCaptureConfig"]["CaptureStatus"] != "Stopped":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_large_buffer_is_written_immediately() -> None:
    """So many large invocations do not fill the memory; the share that is captured is that of the sampling."""
    stored: list[bytes] = []
    config = {
        "InitialSamplingPercentage": 50,
        "DestinationS3Uri": "s3://bucket/prefix",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": _TYPES,
    }
    capture = Capture("endpoint", config, lambda uri, content: stored.append(content))
    message = Message(b"x" * (1 << 20), "text/csv")
    for _ in range(200):
        capture.note("all", message, Message(b"1", "text/csv"), None)
    capture.write()
    assert max(map(len, stored)) < 6 << 20
    assert 50 < sum(content.count(b"\n") for content in stored) < 150
    binary = Message(b"\xff\xfe", "text/csv")
    while not any(b"BASE64" in content for content in stored):
        capture.note("all", binary, binary, None)
        capture.write()
