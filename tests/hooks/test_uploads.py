"""Large objects are written in parts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_sagemaker_automl import SageMakerAutoMLHook
from airflow_sagemaker_automl.hooks import s3_objects
from demo.sandbox import BUCKET
from tests.support.jobs import unique

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def _break(**_: Any) -> None:
    raise OSError("the network is gone")


def test_an_upload_that_fails_leaves_no_parts(tmp_path: Path, s3: S3Client, breast_cancer: str) -> None:
    """Parts cost storage until they are removed; the object itself does not appear."""
    path, key = tmp_path / "rows", unique("upload")
    path.write_bytes(b"1" * (9 << 20))
    client = SageMakerAutoMLHook(aws_conn_id="aws_default").s3
    client.meta.events.register("before-send.s3.UploadPart", _break)
    with pytest.raises(Exception, match="the network is gone"):
        s3_objects.upload(client, path, f"s3://{BUCKET}/{key}", {})
    assert not s3.list_multipart_uploads(Bucket=BUCKET, Prefix=key).get("Uploads")
    assert s3_objects.find_object(client, f"s3://{BUCKET}/{key}") is None
