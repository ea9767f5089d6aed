"""Answers of ``DescribeTransformJob`` as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

_CREATED = datetime(2026, 1, 4, 12, 0, tzinfo=UTC)


def transform_answer(**members: Any) -> dict[str, Any]:
    """Describe a job that works.

    :param members: in place of the usual ones.
    """
    return {
        "TransformJobName": "scores",
        "TransformJobArn": "arn:aws:sagemaker:eu-central-1:123456789012:transform-job/scores",
        "TransformJobStatus": "InProgress",
        "ModelName": "model",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/rows/"}}},
        "TransformOutput": {"S3OutputPath": "s3://bucket/scores/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
        "CreationTime": _CREATED,
        **members,
    }
