"""Objects of S3 as a scoring task uses them: listed, downloaded, uploaded and deleted."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from airflow_sagemaker_automl.hooks.errors import code_of, is_denied

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
_NO_BUCKET = frozenset({"NoSuchBucket", "InvalidBucketName"})
_EXISTS = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_LARGEST_KEPT = 1 << 20
_MOST_DELETED_AT_ONCE = 1000
_LARGEST_MANIFEST = 10 * 1024**2


class StoredObject(NamedTuple):
    """An object.

    :param uri: ``s3://bucket/key``.
    :param size: in bytes.
    :param etag: changes with the content.
    :param modified: when it was written.
    """

    uri: str
    size: int
    etag: str
    modified: datetime


def split(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/key`` into bucket and key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def objects_below(s3: S3Client, prefix: str) -> list[StoredObject]:
    """List the objects whose URIs begin with a prefix, in the order of their keys."""
    bucket, key = split(prefix)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    return [
        StoredObject(f"s3://{bucket}/{entry['Key']}", entry["Size"], entry["ETag"].strip('"'), entry["LastModified"])
        for page in pages
        for entry in page.get("Contents", [])
    ]


def find_object(s3: S3Client, uri: str) -> tuple[StoredObject, Mapping[str, str]] | None:
    """Find an object and its metadata; None if there is none."""
    bucket, key = split(uri)
    if not key:
        return None
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) in _ABSENT:
            return None
        raise
    found = StoredObject(uri, head["ContentLength"], head["ETag"].strip('"'), head["LastModified"])
    return found, head["Metadata"]


def is_no_bucket(error: BaseException) -> bool:
    """Tell whether an error means that a bucket does not exist."""
    return code_of(error) in _NO_BUCKET


def is_forbidden(error: BaseException) -> bool:
    """Tell whether access to S3 was denied; ``HeadObject`` has no body and so no other code than the status."""
    return code_of(error) == "403" or is_denied(error)


def manifest_entries(s3: S3Client, uri: str) -> list[str] | None:
    """Read a manifest of SageMaker: a JSON list of a prefix and the names below it.

    :return: the URIs of its objects; None if the object is not a manifest.
    """
    bucket, key = split(uri)
    with s3.get_object(Bucket=bucket, Key=key)["Body"] as body:
        content = body.read(1)
        if content != b"[":
            return None
        content += body.read(_LARGEST_MANIFEST)
    try:
        first, *names = json.loads(content)
        prefix = first["prefix"].rstrip("/")
        return [f"{prefix}/{name.lstrip('/')}" for name in names]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def table_objects(s3: S3Client, uri: str) -> tuple[list[StoredObject], list[str]]:
    """List the files of a table: one object, those of a manifest, or those below a prefix that are not hidden.

    :return: the files, and the URIs that a manifest names and that do not exist.
    """
    if uri.endswith("/") or (one := find_object(s3, uri)) is None:
        return [each for each in objects_below(s3, uri) if not _is_hidden(each.uri, uri)], []
    named = manifest_entries(s3, uri) if one[0].size < _LARGEST_MANIFEST else None
    if named is None:
        return [one[0]], []
    found = {name: find_object(s3, name) for name in named}
    return [each[0] for each in found.values() if each], [name for name, each in found.items() if each is None]


def _is_hidden(uri: str, prefix: str) -> bool:
    """Tell whether readers of tables skip an object: a part of its name begins with an underscore or a dot."""
    start = prefix.rpartition("/")[0] + "/"
    return any(part.startswith(("_", ".")) for part in uri.removeprefix(start).split("/"))


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise the errors that boto3's transfers wrap: they tell whether access is denied, or a retry can help."""
    from boto3.exceptions import RetriesExceededError, S3UploadFailedError

    try:
        yield
    except S3UploadFailedError as error:
        raise error.__context__ or error from None
    except RetriesExceededError as error:
        raise error.last_exception from None  # type: ignore[attr-defined]


def download(s3: S3Client, uri: str, path: Path) -> bool:
    """Download an object.

    :return: False if it does not exist.
    """
    bucket, key = split(uri)
    try:
        with _plain_errors():
            s3.download_file(bucket, key, str(path))
    except ClientError as error:
        if code_of(error) in _ABSENT:
            return False
        raise
    return True


def upload(s3: S3Client, path: Path, uri: str, extra: Mapping[str, Any]) -> None:
    """Upload a file in parts; the object appears when it is whole.

    :param extra: arguments of boto3's ``ExtraArgs``, for example ``Metadata`` and ``SSEKMSKeyId``.
    """
    bucket, key = split(uri)
    with _plain_errors():
        s3.upload_file(str(path), bucket, key, ExtraArgs=dict(extra))


def put_text(s3: S3Client, uri: str, text: str, extra: Mapping[str, Any]) -> None:
    """Write a small object."""
    bucket, key = split(uri)
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), **extra)


def put_new_text(s3: S3Client, uri: str, text: str, extra: Mapping[str, Any]) -> bool:
    """Write a small object, unless it exists.

    :return: False if it exists.
    """
    bucket, key = split(uri)
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), IfNoneMatch="*", **extra)
    except ClientError as error:
        # Another write at the same time, or an object that exists.
        if code_of(error) in _EXISTS:
            return False
        raise
    return True


def read_text(s3: S3Client, uri: str) -> str | None:
    """Read a small object; None if there is none."""
    bucket, key = split(uri)
    try:
        with s3.get_object(Bucket=bucket, Key=key)["Body"] as body:
            return body.read().decode()
    except ClientError as error:
        if code_of(error) in _ABSENT:
            return None
        raise


def delete(s3: S3Client, uris: Iterable[str]) -> None:
    """Delete objects; those that do not exist are ignored.

    :raises ClientError: some could not be deleted.
    """
    by_bucket: dict[str, list[str]] = {}
    for uri in uris:
        bucket, key = split(uri)
        by_bucket.setdefault(bucket, []).append(key)
    for bucket, keys in by_bucket.items():
        for first in range(0, len(keys), _MOST_DELETED_AT_ONCE):
            some = keys[first : first + _MOST_DELETED_AT_ONCE]
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in some], "Quiet": True})
            for failed in answer.get("Errors", []):
                reason = f"s3://{bucket}/{failed.get('Key')}: {failed.get('Message')}"
                raise ClientError({"Error": {"Code": failed.get("Code", ""), "Message": reason}}, "DeleteObjects")


class RangeReader(io.RawIOBase):
    """An object as a file that loads only what is read, for the footer of Parquet.

    :param found: the object.
    :param kept: the ranges that were read, by first byte; readers of the same object share them.
    """

    def __init__(self, s3: S3Client, found: StoredObject, kept: dict[int, bytes] | None = None) -> None:
        super().__init__()
        self._s3, self._found, self._position = s3, found, 0
        self._kept = {} if kept is None else kept

    def readable(self) -> bool:
        """Files can be read."""
        return True

    def seekable(self) -> bool:
        """Files can be sought."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._found.size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read from the position on."""
        wanted = min(len(buffer), self._found.size - self._position)
        if wanted <= 0:
            return 0
        content = self._read(wanted)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def _read(self, wanted: int) -> bytes:
        known = self._kept.get(self._position, b"")
        if len(known) >= wanted:
            return known[:wanted]
        bucket, key = split(self._found.uri)
        last = self._position + wanted - 1
        with self._s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={self._position}-{last}")["Body"] as body:
            content: bytes = body.read()
        if len(content) <= _LARGEST_KEPT:
            self._kept[self._position] = content
        return content
