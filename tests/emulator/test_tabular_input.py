"""Tables are read in every format that the service accepts, and problems are reported in one sentence."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.emulator.trainer.channels import CSV, PARQUET, read_channel
from airflow_sagemaker_automl.emulator.trainer.columns import Columns
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.features import load_specification
from airflow_sagemaker_automl.emulator.trainer.storage import Storage
from airflow_sagemaker_automl.emulator.trainer.table import load_split
from demo.sandbox import BUCKET, REGION
from tests.support.datasets import load_wine

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_COLUMNS = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "target"]
# Made here, since a table of scikit-learn's would have every process of the session import scikit-learn.
TABLE = pd.DataFrame(np.random.default_rng(1).normal(size=(600, len(_COLUMNS))).round(6), columns=_COLUMNS)


@pytest.fixture(scope="module")
def storage(emulator_url: str, breast_cancer: str) -> Storage:
    """S3 as the trainer uses it."""
    return Storage(emulator_url, REGION)


def _put(s3: S3Client, key: str, body: bytes) -> str:
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"s3://{BUCKET}/{key}"


def _channel(uri: str, kind: str = "S3Prefix", **members: str) -> dict[str, Any]:
    return {"DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}, **members}


def _csv(table: pd.DataFrame) -> bytes:
    return str(table.to_csv(index=False)).encode()


def _gzipped(content: bytes) -> bytes:
    """Compress without the time, which pytest 9.1 has in the names of tests: each process would have others."""
    return gzip.compress(content, mtime=0)


def _parquet(table: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    table.to_parquet(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "first", "second", "members"),
    [
        ("csv", _csv(TABLE[:200]), _csv(TABLE[200:]), {}),
        ("csv-named", _csv(TABLE[:200]), _csv(TABLE[200:]), {"ContentType": CSV, "CompressionType": "None"}),
        ("gzip", _gzipped(_csv(TABLE[:200])), _gzipped(_csv(TABLE[200:])), {"CompressionType": "Gzip"}),
        ("parquet", _parquet(TABLE[:200]), _parquet(TABLE[200:]), {"ContentType": PARQUET}),
    ],
)
def test_every_form_of_a_table_is_the_same_table(
    name: str, first: bytes, second: bytes, members: dict[str, str], s3: S3Client, storage: Storage
) -> None:
    """CSV, gzipped CSV and Parquet under a prefix, in several objects; empty objects are skipped."""
    for file, body in (("a", first), ("b", second), ("_SUCCESS", b"")):
        _put(s3, f"forms/{name}/{file}", body)
    channel = read_channel(storage, _channel(f"s3://{BUCKET}/forms/{name}/", **members))
    pd.testing.assert_frame_equal(channel.table, TABLE)
    assert channel.size == len(first) + len(second)


def test_a_manifest_names_the_objects_and_no_others(s3: S3Client, storage: Storage) -> None:
    """Keys of a manifest are relative to its prefix and read in its order."""
    for name, rows in (("one", TABLE[:100]), ("two", TABLE[100:300]), ("three", TABLE[300:])):
        _put(s3, f"listed/{name}.csv", _csv(rows))
    manifest = [{"prefix": f"s3://{BUCKET}/listed/"}, "three.csv", "one.csv"]
    uri = _put(s3, "manifests/good.json", json.dumps(manifest).encode())
    table = read_channel(storage, _channel(uri, "ManifestFile")).table
    pd.testing.assert_frame_equal(table, pd.concat([TABLE[300:], TABLE[:100]], ignore_index=True))


@pytest.mark.parametrize(
    ("key", "body", "kind", "members", "reason"),
    [
        ("m/text", b"not json", "ManifestFile", {}, "is not JSON"),
        ("m/form", b'["a.csv"]', "ManifestFile", {}, "must be a JSON list: first"),
        (
            "m/lost",
            b'[{"prefix": "s3://automl-demo/m/"}, "lost.csv"]',
            "ManifestFile",
            {},
            "s3://automl-demo/m/lost.csv",
        ),
        ("m/empty", b'[{"prefix": "s3://automl-demo/m/"}]', "ManifestFile", {}, "There is no data"),
        ("m/gz", b"[]", "ManifestFile", {"CompressionType": "Gzip"}, "Gzip is for S3Prefix input only"),
        ("m/aug", b"{}", "AugmentedManifestFile", {}, "AugmentedManifestFile is for images"),
        ("w/plain", _csv(TABLE), "S3Prefix", {"CompressionType": "Gzip"}, "is not gzipped"),
        ("w/cut", _gzipped(_csv(TABLE))[:900], "S3Prefix", {"CompressionType": "Gzip"}, "cannot be read as CSV"),
        ("w/gz", _gzipped(_csv(TABLE)), "S3Prefix", {}, "set CompressionType to Gzip"),
        ("w/csv", _csv(TABLE), "S3Prefix", {"ContentType": PARQUET}, "cannot be read as Parquet"),
        ("w/type", _csv(TABLE), "S3Prefix", {"ContentType": "image/png"}, "is not supported for tables"),
        ("w/twice", b"a,b,a\n1,2,3\n", "S3Prefix", {}, "columns of the same name: a"),
        ("w/blank", b"\n", "S3Prefix", {}, "cannot be read as CSV"),
    ],
)
def test_what_is_wrong_with_an_object_is_said(
    key: str, body: bytes, kind: str, members: dict[str, str], reason: str, s3: S3Client, storage: Storage
) -> None:
    """The error names the object and the problem."""
    with pytest.raises(UnusableData, match=reason):
        read_channel(storage, _channel(_put(s3, key, body), kind, **members))


@pytest.mark.parametrize("uri", ["s3://no-such-bucket/x", "https://automl-demo/x"])
def test_an_address_that_leads_nowhere_is_named(uri: str, storage: Storage) -> None:
    """A missing bucket and an unsupported scheme are errors that name the URI."""
    with pytest.raises(UnusableData, match=uri):
        storage.files_under(uri)
    with pytest.raises(UnusableData, match=uri) as caught:
        storage.write(uri, b"")
    assert not isinstance(caught.value, ClientError)


def test_verbatim_columns_stay_as_written(s3: S3Client, storage: Storage) -> None:
    """An identifier such as 007 is not read as a number, and the country NA not as a missing value."""
    uri = _put(s3, "verbatim/t.csv", b"item,country,value\n007,NA,1\n010,,2\n")
    table = read_channel(storage, _channel(uri), verbatim=("item", "country")).table
    assert table.to_dict("list") == {"item": ["007", "010"], "country": ["NA", ""], "value": [1, 2]}


def _request(uri: str) -> dict[str, Any]:
    return {"AutoMLJobInputDataConfig": [_channel(uri)]}


def test_rows_without_a_valid_weight_are_left_out(s3: S3Client, storage: Storage) -> None:
    """A weight is a number that is not negative; the split contains all other rows."""
    weights = pd.Series(["1.5", "0", "-1", "heavy", None, "inf"] * 100, name="w")
    uri = _put(s3, "weights/t.csv", _csv(TABLE.assign(w=weights)))
    split = load_split(storage, _request(uri), Columns("target", "w", fewest=100))
    kept = pd.concat([split.train, split.validation, split.test])
    assert kept["w"].value_counts().to_dict() == {1.5: 100, 0.0: 100}
    with pytest.raises(UnusableData, match="200 rows have a weight in 'w'"):
        load_split(storage, _request(uri), Columns("target", "w"))
    with pytest.raises(UnusableData, match="The weight column 'v' is not in the data"):
        load_split(storage, _request(uri), Columns("target", "v"))


def test_a_feature_specification_chooses_and_types_columns(s3: S3Client, storage: Storage) -> None:
    """The specified columns and the target are kept; values that are not numbers are missing in a numeric column."""
    table = TABLE.assign(bmi=["?" if row % 10 == 0 else str(row) for row in range(600)])
    data = _put(s3, "spec/t.csv", _csv(table))
    document = {"FeatureAttributeNames": ["bmi", "age"], "FeatureDataTypes": {"bmi": "numeric"}}
    specification = load_specification(storage, _put(s3, "spec/good.json", json.dumps(document).encode()))
    split = load_split(storage, _request(data), Columns("target", features=specification))
    assert sorted(split.train.columns) == ["age", "bmi", "target"]
    kept = pd.concat([split.train, split.validation, split.test])
    assert kept["bmi"].isna().sum() == 60
    assert kept["bmi"].dtype == float


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("nonsense", "is not JSON"),
        ("[]", "must be a JSON object"),
        ('{"FeatureNames": ["age"]}', "must be a JSON object with FeatureAttributeNames"),
        ('{"FeatureAttributeNames": "age"}', "as a list of column names"),
        ('{"FeatureAttributeNames": ["age", "age"]}', "names a column twice"),
        ('{"FeatureDataTypes": ["age"]}', "as an object"),
        ('{"FeatureDataTypes": {"age": "sequence"}}', "does not know \\(sequence\\)"),
        ('{"FeatureAttributeNames": ["age"], "FeatureDataTypes": {"bmi": "numeric"}}', "leaves out: bmi"),
        ('{"FeatureAttributeNames": ["age", "weight"]}', "not in the data: weight;"),
        ('{"FeatureDataTypes": {"weight": "numeric"}}', "not in the data: weight;"),
        ('{"FeatureAttributeNames": ["age", "target"]}', "names the target or weight column: target"),
        ('{"FeatureDataTypes": {"kind": "numeric"}}', "none of its values is"),
    ],
)
def test_a_wrong_feature_specification_says_what_is_wrong(
    document: str, reason: str, s3: S3Client, storage: Storage
) -> None:
    """Each violated rule of the document has its own message."""
    data = _put(s3, "spec-wrong/t.csv", _csv(TABLE.assign(kind="word")))
    uri = _put(s3, "spec-wrong.json", document.encode())
    with pytest.raises(UnusableData, match=reason):
        load_split(storage, _request(data), Columns("target", features=load_specification(storage, uri)))


def test_nothing_to_learn_from_is_said(s3: S3Client, storage: Storage) -> None:
    """A table with only the target, or with all rows held back, is refused."""
    uri = _put(s3, "alone/t.csv", _csv(TABLE[["target"]]))
    with pytest.raises(UnusableData, match="no column to learn from besides 'target'"):
        load_split(storage, _request(uri), Columns("target"))
    wine = load_wine(as_frame=True).frame[:3]
    uri = _put(s3, "few/t.csv", _csv(wine))
    with pytest.raises(UnusableData, match="no rows would be left"):
        load_split(
            storage,
            {**_request(uri), "DataSplitConfig": {"ValidationFraction": 0.99}},
            Columns("target", fewest=1),
        )
