"""Downloads the results of a finished job from S3 without using the package's code."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pandas as pd

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def body(s3: S3Client, uri: str) -> bytes:
    """Read an object by its URI."""
    parts = urlsplit(uri)
    return s3.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"].read()


def unpack(s3: S3Client, container: dict[str, Any], folder: Path) -> Path:
    """Unpack the archive of an inference container into a folder."""
    with tarfile.open(fileobj=io.BytesIO(body(s3, container["ModelDataUrl"]))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def split_part(s3: S3Client, job: dict[str, Any], part: str, **reading: Any) -> pd.DataFrame:
    """Read one part of the data of a job: ``train``, ``validation`` or ``test``."""
    prefix = f"{job['OutputDataConfig']['S3OutputPath']}/{job['AutoMLJobName']}/preprocessed-data"
    return pd.read_csv(io.BytesIO(body(s3, f"{prefix}/{part}.csv")), **reading)


def reported(candidate: dict[str, Any], metric: str, part: str) -> float:
    """Find a metric value of a candidate."""
    (value,) = (
        datum["Value"]
        for datum in candidate["CandidateProperties"]["CandidateMetrics"]
        if datum["StandardMetricName"] == metric and datum.get("Set") == part
    )
    return float(value)
