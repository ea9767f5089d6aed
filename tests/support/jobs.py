"""Requests and waits that several tests need; plain boto3, nothing of the package under test."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from demo.sandbox import BUCKET

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

ROLE = "arn:aws:iam::123456789012:role/sagemaker-automl"


def unique(prefix: str = "job") -> str:
    """Make a name that no other test has."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def tabular_request(training_data: str, target: str = "diagnosis", **config: Any) -> dict[str, Any]:
    """Write the smallest request for a tabular job.

    :param config: more members of ``TabularJobConfig``.
    """
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": training_data}}
    return {
        "AutoMLJobInputDataConfig": [{"ChannelType": "training", "DataSource": source}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": target, **config}},
        "RoleArn": ROLE,
    }


def slow_data() -> pd.DataFrame:
    """Make a table that takes far longer to train on than any test waits; its target is ``target``."""
    from sklearn.datasets import load_digits

    return load_digits(as_frame=True).frame.sample(n=40_000, replace=True, random_state=1)


def put_table(s3: S3Client, name: str, table: pd.DataFrame) -> str:
    """Upload a table as one CSV file.

    :return: its prefix.
    """
    s3.put_object(Bucket=BUCKET, Key=f"{name}/table.csv", Body=table.to_csv(index=False).encode())
    return f"s3://{BUCKET}/{name}/"


def start(sagemaker: SageMakerClient, request: dict[str, Any], name: str | None = None) -> str:
    """Start a job.

    :return: its name.
    """
    job_name = name or unique()
    sagemaker.create_auto_ml_job_v2(AutoMLJobName=job_name, **request)
    return job_name


def start_first(sagemaker: SageMakerClient, name: str) -> None:
    """Start a job with ``CreateAutoMLJob``, the first API; its data is nowhere."""
    sagemaker.create_auto_ml_job(
        AutoMLJobName=name,
        InputDataConfig=[
            {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://no-such-bucket/at-all/"}},
                "TargetAttributeName": "target",
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
        RoleArn=ROLE,
    )


def wait(sagemaker: SageMakerClient, job_name: str, until: str = "", seconds: float = 300) -> dict[str, Any]:
    """Wait until a job has ended, or has reached a secondary status.

    :return: the last description.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job = dict(sagemaker.describe_auto_ml_job_v2(AutoMLJobName=job_name))
        if job["AutoMLJobStatus"] in ("Completed", "Failed", "Stopped") or job["AutoMLJobSecondaryStatus"] == until:
            return job
        time.sleep(0.1)
    raise AssertionError(f"{job_name} is still {job['AutoMLJobSecondaryStatus']} after {seconds} s")
