"""Large objects of S3 are read without loading them, and one that would not fit is refused."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeKey
from werkzeug.test import Client

from airflow_sagemaker_automl.emulator.large_objects import LargeObjects
from tests.support.jobs import unique

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

_SIZE = (16 << 20) + 1234
_LAST = _SIZE - 1
_SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/s3/aws4_request, Signature=x"}


@pytest.fixture(scope="module")
def content() -> bytes:
    """More bytes than moto is left to copy."""
    return random.Random(1).randbytes(_SIZE)


@pytest.fixture(scope="module")
def bucket(s3: S3Client, content: bytes) -> str:
    """Name of a bucket with a large object, ``large``."""
    name = unique("large")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="large", Body=content, Metadata={"of": "me"}, ContentType="text/csv")
    return name


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        (None, 0, _LAST),
        ("bytes=0-0", 0, 0),
        ("bytes=5-2000004", 5, 2_000_004),
        ("bytes=-7", _SIZE - 7, _LAST),
        (f"bytes={_SIZE - 3}-", _SIZE - 3, _LAST),
        (f"bytes=10-{2 * _SIZE}", 10, _LAST),
    ],
)
def test_a_large_object_is_read_in_whole_or_in_part(
    given: str | None, first: int, last: int, s3: S3Client, bucket: str, content: bytes
) -> None:
    """With the headers that a small one has."""
    asked: Any = {"Range": given} if given else {}
    answer = s3.get_object(Bucket=bucket, Key="large", **asked)
    assert answer["Body"].read() == content[first : last + 1]
    assert (answer["ContentLength"], answer["Metadata"]) == (last - first + 1, {"of": "me"})
    assert (answer["ContentType"], answer["ETag"]) == ("text/csv", s3.head_object(Bucket=bucket, Key="large")["ETag"])
    assert answer.get("ContentRange") == (f"bytes {first}-{last}/{_SIZE}" if given else None)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"Range": f"bytes={_SIZE}-"}, 416),
        ({"IfMatch": '"other"'}, 412),
        ({"VersionId": "other"}, 404),
    ],
)
def test_what_cannot_be_read_is_an_error_of_s3(asked: dict[str, Any], status: int, s3: S3Client, bucket: str) -> None:
    """As for a small object."""
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=bucket, Key="large", **asked)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_parts_versions_and_copies_have_the_content(s3: S3Client, bucket: str, content: bytes, tmp_path: Path) -> None:
    """An upload in parts, the former version of an object, and a copy are read back byte for byte."""
    file = tmp_path / "file"
    file.write_bytes(content)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.upload_file(str(file), bucket, "parts")
    first = s3.head_object(Bucket=bucket, Key="parts")["VersionId"]
    s3.put_object(Bucket=bucket, Key="parts", Body=content[::-1])
    s3.copy({"Bucket": bucket, "Key": "parts"}, bucket, "copy")
    for key, version, expected in (
        ("parts", first, content),
        ("parts", None, content[::-1]),
        ("copy", None, content[::-1]),
    ):
        extra = {"VersionId": version} if version else {}
        s3.download_file(bucket, key, str(file), ExtraArgs=extra)
        assert file.read_bytes() == expected, (key, version)
    s3.delete_object(Bucket=bucket, Key="parts")
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="parts")


def test_a_large_object_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto loads the whole object for each range."""
    client = Client(LargeObjects(DomainDispatcherApplication(create_backend_app)))
    assert client.put("/unloaded").status_code == 200
    assert client.put("/unloaded/large", data=bytes(_SIZE)).status_code == 200
    loaded = property(lambda key: pytest.fail(f"{key.name} was loaded"), FakeKey.value.fset)  # type: ignore[attr-defined]
    monkeypatch.setattr(FakeKey, "value", loaded)
    answer = client.get("/unloaded/large", headers={**_SIGNED, "Range": "bytes=3-5"})
    assert (answer.status_code, answer.data) == (206, b"\0\0\0")
    assert len(client.get("/unloaded/large", headers=_SIGNED).data) == _SIZE


def test_an_object_beyond_the_limit_is_refused() -> None:
    """In one piece, or as the part that makes an upload too large; the message has the limit."""
    client = Client(LargeObjects(DomainDispatcherApplication(create_backend_app), 6 << 20))
    assert client.put("/limited").status_code == 200
    assert client.put("/limited/fits", data=bytes(6 << 20)).status_code == 200
    refused = client.put("/limited/large", data=bytes((6 << 20) + 1))
    assert (refused.status_code, "EntityTooLarge" in refused.text) == (400, True)
    assert "The emulator stores objects of up to 6 MiB." in refused.text
    started = client.post("/limited/parts?uploads").text
    upload = started.partition("<UploadId>")[2].partition("</UploadId>")[0]
    path = f"/limited/parts?uploadId={upload}&partNumber="
    assert client.put(f"{path}1", data=bytes(5 << 20)).status_code == 200
    assert client.put(f"{path}2", data=bytes(2 << 20)).status_code == 400
    assert client.put(f"{path}2", data=bytes(1 << 20)).status_code == 200
    assert client.get("/limited/large").status_code == 404
