"""JSON documents from S3, read within a limit of memory."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from airflow_sagemaker_automl.exceptions import escaped
from airflow_sagemaker_automl.service_errors import passes_by_itself

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

# Reports have some hundred kilobytes, and as values of Python take up to thirty times as much memory.
_LARGEST_BYTES = 10 * 1024**2


class Log(Protocol):
    """What a hook logs with."""

    def info(self, event: str, *args: Any) -> Any:
        """Log what is no trouble."""

    def warning(self, event: str, *args: Any) -> Any:
        """Log what may be trouble."""


def read_json(s3: S3Client, uri: str, log: Log) -> tuple[bytes, Any] | None:
    """Read a JSON document.

    :param uri: ``s3://bucket/key``.
    :param log: is told why there is none.
    :return: its bytes and what they say; None where there is no such document, S3 does not give it, it has more than
        10 MiB, or is no JSON.
    :raises ClientError: transient errors; a document that is there must not be left out because S3 was busy.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        body = _read_within(s3.get_object(Bucket=bucket, Key=key))
        if body is None:
            limit = f"{_LARGEST_BYTES / 1024**2:.0f} MiB"
            log.warning("No report from %s: it is too large, with more than %s", escaped(uri), limit)
            return None
        return body, json.loads(body)
    except (ClientError, BotoCoreError) as error:
        if passes_by_itself(error):
            raise
        log.info("No report from %s: %s", escaped(uri), escaped(error))
    except (ValueError, RecursionError) as error:
        log.warning("The report %s is no JSON that can be read: %s", escaped(uri), escaped(error))
    return None


def _read_within(answer: GetObjectOutputTypeDef) -> bytes | None:
    """Read an object; None for one that is too large, of which no more than the limit is read."""
    with closing(answer["Body"]) as body:
        if answer.get("ContentLength", 0) > _LARGEST_BYTES:
            return None
        content = body.read(_LARGEST_BYTES + 1)
    return content if len(content) <= _LARGEST_BYTES else None
