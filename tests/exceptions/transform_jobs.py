"""A transform job for errors to tell of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow_sagemaker_automl.core.scoring.transform_job import TransformJob

NAME = "churn-score-w3kq7d2mzn5a"


def transform_job(status: str, **members: Any) -> TransformJob:
    """Make a job with a status.

    :param members: other members of the service's description.
    """
    return TransformJob.from_api(
        {
            "TransformJobName": NAME,
            "TransformJobArn": f"arn:aws:sagemaker:eu-central-1:123456789012:transform-job/{NAME}",
            "TransformJobStatus": status,
            "ModelName": NAME,
            "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://my-bucket/"}}},
            "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
            "CreationTime": datetime(2026, 1, 4, tzinfo=UTC),
            **members,
        }
    )
