"""Transform jobs as tests create and await them; plain boto3, nothing of the package under test."""

from __future__ import annotations

import csv
import io
import time
from typing import TYPE_CHECKING, Any

from demo.sandbox import BUCKET
from tests.support.jobs import ROLE, unique

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_RESOURCES: Any = {"InstanceType": "ml.m5.large", "InstanceCount": 1}
FINISHED = ("Completed", "Failed", "Stopped")


def transform_model(sagemaker: SageMakerClient, containers: list[Any]) -> str:
    """Make a model of containers.

    :return: its name.
    """
    name = unique("scoring")
    sagemaker.create_model(ModelName=name, Containers=containers, ExecutionRoleArn=ROLE)
    return name


def put_rows(s3: S3Client, rows: pd.DataFrame, key: str = "rows.csv") -> str:
    """Upload rows as CSV without a header line, alone under a new prefix.

    :return: the prefix.
    """
    return put_body(s3, rows.to_csv(index=False, header=False).encode(), key)


def put_body(s3: S3Client, body: bytes, key: str = "rows.csv") -> str:
    """Upload an object alone under a new prefix.

    :return: the prefix.
    """
    prefix = unique("input")
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/{key}", Body=body)
    return f"s3://{BUCKET}/{prefix}/"


def transform_request(model: str, data: str, **members: Any) -> dict[str, Any]:
    """Write a request for CSV by lines.

    :param members: members of the request; those of ``TransformInput`` and ``TransformOutput`` are added to the usual.
    """
    name = members.pop("TransformJobName", None) or unique("transform")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}}
    given = {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line", **members.pop("TransformInput", {})}
    output = {"S3OutputPath": f"s3://{BUCKET}/scored/{name}", **members.pop("TransformOutput", {})}
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {key: value for key, value in given.items() if value is not None},
        "TransformOutput": {"Accept": "text/csv", "AssembleWith": "Line", **output},
        "TransformResources": _RESOURCES,
        **members,
    }


def start_transform(sagemaker: SageMakerClient, model: str, data: str, **members: Any) -> str:
    """Start a transform job.

    :return: its name.
    """
    request = transform_request(model, data, **members)
    sagemaker.create_transform_job(**request)
    return str(request["TransformJobName"])


def wait_for_transform(
    sagemaker: SageMakerClient, name: str, until: tuple[str, ...] = FINISHED, seconds: float = 300
) -> dict[str, Any]:
    """Wait until a transform job has one of some statuses.

    :return: its last description.
    """
    deadline = time.monotonic() + seconds
    while True:
        job = dict(sagemaker.describe_transform_job(TransformJobName=name))
        if job["TransformJobStatus"] in until:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.1)


def transformed(sagemaker: SageMakerClient, model: str, data: str, **members: Any) -> dict[str, Any]:
    """Run a transform job to its end.

    :return: its description.
    """
    return wait_for_transform(sagemaker, start_transform(sagemaker, model, data, **members))


def output_keys(s3: S3Client, job: dict[str, Any]) -> list[str]:
    """List the keys of a job's output, relative to its output path."""
    bucket, _, prefix = job["TransformOutput"]["S3OutputPath"].removeprefix("s3://").partition("/")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("Contents", [])
    return [entry["Key"].removeprefix(f"{prefix}/") for entry in listed]


def output_of(s3: S3Client, job: dict[str, Any], key: str = "rows.csv.out") -> str:
    """Read an output object of a completed job."""
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    bucket, _, prefix = job["TransformOutput"]["S3OutputPath"].removeprefix("s3://").partition("/")
    return s3.get_object(Bucket=bucket, Key=f"{prefix}/{key}")["Body"].read().decode()


def output_rows(s3: S3Client, job: dict[str, Any], key: str = "rows.csv.out") -> list[list[str]]:
    """Read an output object of a completed job as CSV."""
    return list(csv.reader(io.StringIO(output_of(s3, job, key))))
