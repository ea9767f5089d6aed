"""The emulator records the calls that it receives, which shows the permissions that a DAG needs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from airflow_sagemaker_automl.emulator.__main__ import RECORD_CALLS_VARIABLE
from demo.sandbox import REGION, airflow_environment, emulator, s3_client, sagemaker_client
from tests.support.endpoints import runtime_client
from tests.support.jobs import ROLE
from tests.support.plain_http import send

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "of-recorded-calls"
CONFIG = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def _recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("calls") / "of" / "a session"
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(RECORD_CALLS_VARIABLE, str(folder))
            url = stack.enter_context(emulator())
        yield url, folder


@pytest.fixture
def url(_recording: tuple[str, Path]) -> str:
    """URL of an emulator that records its calls."""
    return _recording[0]


@pytest.fixture
def recorded(_recording: tuple[str, Path]) -> Callable[[], list[tuple[str, str, str | None]]]:
    """Reads the calls recorded since the test began: service, operation, and Airflow's class."""
    folder = _recording[1]

    def read() -> list[tuple[str, str, str | None]]:
        lines = [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()]
        return [(line["service"], line["operation"], line["airflow"]) for line in lines]

    before = read()
    return lambda: read()[len(before) :]


def _upload_in_parts(s3: S3Client) -> None:
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=1, Body=b"1")
    s3.abort_multipart_upload(Bucket=BUCKET, Key="parts", UploadId=upload)


def test_operations_of_s3_have_their_names(url: str, recorded: Callable[[], Any]) -> None:
    """The operation of an S3 request is found by method, path, query and headers."""
    s3 = s3_client(url)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="a/key with=signs?.csv", Body=b"1,2")
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "a/key with=signs?.csv"})
    s3.head_object(Bucket=BUCKET, Key="copy")
    s3.get_object(Bucket=BUCKET, Key="a/key with=signs?.csv")
    s3.list_objects(Bucket=BUCKET)
    s3.list_objects_v2(Bucket=BUCKET, Prefix="a/")
    s3.head_bucket(Bucket=BUCKET)
    s3.get_bucket_location(Bucket=BUCKET)
    s3.get_bucket_acl(Bucket=BUCKET)
    _upload_in_parts(s3)
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "copy"}]})
    s3.delete_object(Bucket=BUCKET, Key="copy")
    s3.list_buckets()
    assert recorded() == [
        ("s3", operation, None)
        for operation in (
            "CreateBucket",
            "PutObject",
            "CopyObject",
            "HeadObject",
            "GetObject",
            "ListObjects",
            "ListObjectsV2",
            "HeadBucket",
            "GetBucketLocation",
            "GetBucketAcl",
            "CreateMultipartUpload",
            "UploadPart",
            "AbortMultipartUpload",
            "DeleteObjects",
            "DeleteObject",
            "ListBuckets",
        )
    ]


def test_each_call_is_written_once_for_each_caller(url: str, recorded: Callable[[], Any]) -> None:
    """Airflow's calls can be distinguished from others, including the calls for credentials."""
    extra = {"role_arn": "arn:aws:iam::123456789012:role/airflow", "region_name": REGION}
    connection = json.loads(airflow_environment(Path("/nowhere"), url)["AIRFLOW_CONN_AWS_DEFAULT"])
    connection["extra"] |= extra
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_RECORDED", json.dumps(connection))
        for _ in range(2):
            client: Any = AwsBaseHook(aws_conn_id="recorded", client_type="sagemaker").conn
            client.list_auto_ml_jobs()
            sagemaker_client(url).list_auto_ml_jobs()
    sts = boto3.Session("emulator", "emulator", region_name=REGION).client("sts", endpoint_url=url)
    sts.assume_role(RoleArn=ROLE, RoleSessionName="somebody")
    with pytest.raises(ClientError, match="not found"):
        runtime_client(sagemaker_client(url)).invoke_endpoint(EndpointName="nobody", Body=b"")
    assert recorded() == [
        ("sts", "AssumeRole", "Unknown"),
        ("sagemaker", "ListAutoMLJobs", "Unknown"),
        ("sagemaker", "ListAutoMLJobs", None),
        ("sts", "AssumeRole", None),
        ("sagemaker", "InvokeEndpoint", None),
    ]


def test_what_is_dropped_or_refused_is_written_down(url: str, recorded: Callable[[], Any]) -> None:
    """A refused or dropped call is recorded because it needs its permission; control requests are not recorded."""
    session = boto3.Session("emulator", "emulator", region_name=REGION)
    sagemaker = session.client("sagemaker", endpoint_url=url, config=CONFIG)
    faults = f"{url}/automl-emulator/faults"
    send(faults, "PUT", {"DroppedRequestRate": 1})
    with pytest.raises(BotoCoreError):
        sagemaker.list_model_packages()
    send(faults, "PUT", {"DeniedOperations": ["ListTags"]})
    with pytest.raises(ClientError, match="not authorized"):
        sagemaker.list_tags(ResourceArn="arn:aws:sagemaker:us-east-1:123456789012:automl-job/x")
    send(faults, "DELETE")
    assert recorded() == [("sagemaker", "ListModelPackages", None), ("sagemaker", "ListTags", None)]


def test_a_folder_that_cannot_be_made_is_said_before_the_start(tmp_path: Path) -> None:
    """A folder that cannot be created is an error at the start, not after an hour of recording nothing."""
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "calls"
    command = [sys.executable, "-m", "airflow_sagemaker_automl.emulator", "--port", "0", "--record-calls", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert f"{str(folder)!r} cannot be created as a folder: Not a directory" in done.stderr
