"""Read JSON documents from S3, up to a size limit."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from airflow_sagemaker_automl.exceptions import escaped
from airflow_sagemaker_automl.hooks.errors import is_transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

# Reports have some hundred kilobytes; as Python objects they take up to thirty times as much memory.
_LARGEST_BYTES = 10 * 1024**2


class Log(Protocol):
    """The logger of a hook."""

    def info(self, event: str, *args: Any) -> Any:
        """Log an expected case."""

    def warning(self, event: str, *args: Any) -> Any:
        """Log a possible problem."""


def read_json(s3: S3Client, uri: str, log: Log) -> tuple[bytes, Any] | None:
    """Read a JSON document.

    :param uri: ``s3://bucket/key``.
    :param log: logs why there is no document.
    :return: its bytes and its content; None if the document does not exist, access to it is denied, it is larger than
        10 MiB, or is not JSON.
    :raises ClientError: transient errors, so that a busy S3 does not hide an existing document.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        body = _read_within(s3.get_object(Bucket=bucket, Key=key))
        if body is None:
            limit = f"{_LARGEST_BYTES / 1024**2:.0f} MiB"
            log.warning("No report from %s: it is larger than %s", escaped(uri), limit)
            return None
        return body, json.loads(body)
    except (ClientError, BotoCoreError) as error:
        if is_transient(error):
            raise
        log.info("No report from %s: %s", escaped(uri), escaped(error))
    except (ValueError, RecursionError) as error:
        log.warning("No report from %s: it is not valid JSON: %s", escaped(uri), escaped(error))
    return None


def _read_within(answer: GetObjectOutputTypeDef) -> bytes | None:
    """Read an object up to the size limit; None if it is larger."""
    with closing(answer["Body"]) as body:
        if answer.get("ContentLength", 0) > _LARGEST_BYTES:
            return None
        content = body.read(_LARGEST_BYTES + 1)
    return content if len(content) <= _LARGEST_BYTES else None
