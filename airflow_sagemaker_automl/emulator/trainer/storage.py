"""S3 as the trainer uses it."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Storage:
    """One account's buckets, with ``s3://`` URIs for addresses.

    :param endpoint_url: the emulator's address.
    :param region: the job's region.
    """

    def __init__(self, endpoint_url: str, region: str) -> None:
        # moto takes any credentials; these never leave loopback.
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id="emulator",
            aws_secret_access_key="emulator",
        )

    def files_under(self, uri: str) -> list[str]:
        """URIs of the objects under a prefix that hold anything, in key order."""
        bucket, prefix = _split(uri)
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [
            f"s3://{bucket}/{entry['Key']}" for page in pages for entry in page.get("Contents", []) if entry["Size"]
        ]

    def read(self, uri: str) -> IO[bytes]:
        """Open an object's content; the caller closes it."""
        bucket, key = _split(uri)
        spool = tempfile.TemporaryFile()  # noqa: SIM115
        self._client.download_fileobj(bucket, key, spool)
        spool.seek(0)
        return spool

    def write(self, uri: str, body: bytes) -> None:
        bucket, key = _split(uri)
        self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def write_archive(self, uri: str, folder: Path) -> None:
        """Upload a folder's content as ``tar.gz``."""
        bucket, key = _split(uri)
        with tempfile.TemporaryFile() as spool:
            with tarfile.open(fileobj=spool, mode="w:gz") as archive:
                archive.add(folder, arcname=".")
            spool.seek(0)
            self._client.upload_fileobj(spool, bucket, key)


def _split(uri: str) -> tuple[str, str]:
    scheme, _, path = uri.partition("://")
    if scheme != "s3":
        raise ValueError(f"{uri} is not an s3:// address")
    bucket, _, key = path.partition("/")
    return bucket, key
