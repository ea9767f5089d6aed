"""Objects of S3 as a scoring uses them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.hooks import s3_objects
from demo.sandbox import BUCKET
from tests.support.jobs import unique

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def prefix(s3: S3Client, breast_cancer: str) -> str:
    """A prefix that nobody else uses."""
    return f"s3://{BUCKET}/{unique('objects')}/"


def _put(s3: S3Client, uri: str, body: bytes = b"x") -> str:
    bucket, key = s3_objects.split(uri)
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return uri


def test_a_uri_has_two_parts() -> None:
    """A bucket alone has an empty key."""
    assert s3_objects.split("s3://bucket/a/b c") == ("bucket", "a/b c")
    assert s3_objects.split("s3://bucket") == ("bucket", "")


def test_the_files_of_a_table(s3: S3Client, prefix: str) -> None:
    """A prefix without what readers skip, one object, a manifest, and names that a manifest should not have."""
    for name in ("a.csv", "b/c.csv", "_SUCCESS", ".x/d.csv", "b/_e.csv"):
        _put(s3, f"{prefix}{name}")
    files, missing = s3_objects.table_objects(s3, prefix)
    assert ([each.uri for each in files], missing) == ([f"{prefix}a.csv", f"{prefix}b/c.csv"], [])
    assert [each.uri for each in s3_objects.table_objects(s3, prefix[:-1])[0]] == [each.uri for each in files]
    one, _ = s3_objects.table_objects(s3, f"{prefix}_SUCCESS")
    assert [each.uri for each in one] == [f"{prefix}_SUCCESS"]
    named = _put(s3, f"{prefix}m.manifest", json.dumps([{"prefix": prefix}, "a.csv", "gone.csv"]).encode())
    files, missing = s3_objects.table_objects(s3, named)
    assert ([each.uri for each in files], missing) == ([f"{prefix}a.csv"], [f"{prefix}gone.csv"])


@pytest.mark.parametrize("body", [b"a,b\n", b"[1, 2]", b"[", b"", b'["a"]', b'[{"x": 1}]', b"{}"])
def test_what_is_no_manifest(s3: S3Client, prefix: str, body: bytes) -> None:
    """A table is read as one."""
    uri = _put(s3, f"{prefix}rows", body)
    assert s3_objects.manifest_entries(s3, uri) is None
    assert [each.uri for each in s3_objects.table_objects(s3, uri)[0]] == [uri]


def test_an_object_is_written_once(s3: S3Client, prefix: str) -> None:
    """The first of several executions decides."""
    uri = f"{prefix}one"
    assert s3_objects.put_new_text(s3, uri, "first", {"Metadata": {"a": "b"}})
    assert not s3_objects.put_new_text(s3, uri, "second", {})
    assert s3_objects.read_text(s3, uri) == "first"
    found = s3_objects.find_object(s3, uri)
    assert found is not None
    assert (found[0].size, found[1]) == (5, {"a": "b"})


def test_what_is_not_there(s3: S3Client, prefix: str, tmp_path: Path) -> None:
    """No object is no error; no bucket is one that can be told apart."""
    assert s3_objects.find_object(s3, f"{prefix}none") is None
    assert s3_objects.read_text(s3, f"{prefix}none") is None
    assert not s3_objects.download(s3, f"{prefix}none", tmp_path / "none")
    assert s3_objects.objects_below(s3, prefix) == []
    with pytest.raises(ClientError) as raised:
        s3_objects.objects_below(s3, "s3://no-such-bucket-at-all/")
    assert s3_objects.is_no_bucket(raised.value)
    assert not s3_objects.is_forbidden(raised.value)


def test_many_objects_are_deleted(s3: S3Client, prefix: str) -> None:
    """Those that do not exist are ignored; a refusal is an error, though S3 answers with success."""
    uris = [_put(s3, f"{prefix}{number}") for number in range(3)]
    s3_objects.delete(s3, [*uris, *(f"{prefix}none-{number}" for number in range(1500))])
    assert s3_objects.objects_below(s3, prefix) == []

    class Refusing:
        def delete_objects(self, **_: object) -> dict[str, object]:
            return {"Errors": [{"Key": "k", "Code": "AccessDenied", "Message": "Access Denied"}]}

    with pytest.raises(ClientError, match="s3://bucket/k: Access Denied") as raised:
        s3_objects.delete(Refusing(), ["s3://bucket/k"])  # type: ignore[arg-type]
    assert s3_objects.is_forbidden(raised.value)


def test_a_range_reader_reads_like_a_file(s3: S3Client, prefix: str) -> None:
    """From any position, and not beyond the end; what was read is shared."""
    body = bytes(range(256)) * 10
    uri = _put(s3, f"{prefix}bytes", body)
    found = s3_objects.find_object(s3, uri)
    assert found is not None
    kept: dict[int, bytes] = {}
    reader = s3_objects.RangeReader(s3, found[0], kept)
    whole = io.BytesIO(body)
    for position, whence, count in ((0, 0, 4), (-8, 2, 8), (100, 0, 500), (5, 1, 10), (0, 2, 5), (0, 0, -1)):
        assert reader.seek(position, whence) == whole.seek(position, whence)
        assert reader.read(count) == whole.read(count)
        assert reader.tell() == whole.tell()
    assert kept[0][:4] == body[:4]
    assert reader.readable()
    assert reader.seekable()
    again = s3_objects.RangeReader(None, found[0], kept)  # type: ignore[arg-type]
    assert again.read(4) == body[:4]
