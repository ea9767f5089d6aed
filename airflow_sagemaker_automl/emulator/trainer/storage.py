"""S3 as the trainer uses it."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Storage:
    """One account's buckets, addressed by ``s3://`` URIs.

    Every method raises :class:`UnusableData` on an S3 error, with the URI and S3's message.

    :param endpoint_url: the emulator's address.
    :param region: the job's region.
    :param on_archive: called with URI and SHA-256 digest of each archive that was written.
    """

    def __init__(
        self, endpoint_url: str, region: str, on_archive: Callable[[str, str], object] = lambda uri, digest: None
    ) -> None:
        self._on_archive = on_archive
        # moto accepts any credentials; these never leave loopback.
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id="emulator",
            aws_secret_access_key="emulator",
        )

    def files_under(self, uri: str) -> list[str]:
        """URIs of the non-empty objects under a prefix, in key order."""
        bucket, prefix = split_uri(uri)
        with _refusals_named("The data at", uri, "listed"):
            pages = list(self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
        return [
            f"s3://{bucket}/{entry['Key']}" for page in pages for entry in page.get("Contents", []) if entry["Size"]
        ]

    def read(self, uri: str) -> IO[bytes]:
        """Open an object's content; the caller closes it."""
        bucket, key = split_uri(uri)
        spool = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it.
        try:
            with _refusals_named("The object", uri, "read"):
                self._client.download_fileobj(bucket, key, spool)
        except UnusableData:
            spool.close()
            raise
        spool.seek(0)
        return spool

    def write(self, uri: str, body: bytes) -> None:
        bucket, key = split_uri(uri)
        with _refusals_named("The output", uri, "written"):
            self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def write_file(self, uri: str, path: Path) -> None:
        """Upload a file."""
        bucket, key = split_uri(uri)
        with path.open("rb") as body, _refusals_named("The output", uri, "written"):
            self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def region_of(self, uri: str) -> str:
        """Find the region of an address's bucket."""
        bucket, _ = split_uri(uri)
        with _refusals_named("The data at", uri, "read"):
            found = self._client.get_bucket_location(Bucket=bucket).get("LocationConstraint")
        return found or "us-east-1"  # S3 names no region for the buckets of this one.

    def write_archive(self, uri: str, folder: Path) -> None:
        """Upload a folder's content as ``tar.gz``."""
        bucket, key = split_uri(uri)
        with tempfile.TemporaryFile() as spool:
            with tarfile.open(fileobj=spool, mode="w:gz", compresslevel=1) as archive:
                archive.add(folder, arcname=".")
            spool.seek(0)
            digest = hashlib.file_digest(spool, "sha256").hexdigest()
            spool.seek(0)
            with _refusals_named("The output", uri, "written"):
                self._client.upload_fileobj(spool, bucket, key)
        self._on_archive(uri, digest)


@contextmanager
def _refusals_named(what: str, uri: str, verb: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        message = error.response["Error"].get("Message") or error.response["Error"].get("Code")
        raise UnusableData(f"{what} {uri} cannot be {verb}: {message}") from error
    except S3UploadFailedError as error:
        raise UnusableData(f"{what} {uri} cannot be {verb}: {error}") from error


def split_uri(uri: str) -> tuple[str, str]:
    """Split an ``s3://`` URI into bucket and key."""
    scheme, _, path = uri.partition("://")
    if scheme != "s3":
        raise UnusableData(f"The emulator reads and writes s3:// addresses only, not {uri}.")
    bucket, _, key = path.partition("/")
    return bucket, key
