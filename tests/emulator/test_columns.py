"""Columns are read as what they are, whatever wrote the file; what does not fit is named, never shifted."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow
import pytest

from airflow_sagemaker_automl.emulator.inference.messages import CSV, Input, Refusal, rows_of
from airflow_sagemaker_automl.emulator.trainer.channels import Channel, read_channel
from airflow_sagemaker_automl.emulator.trainer.columns import Columns, settle
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.features import FeatureSpecification
from airflow_sagemaker_automl.emulator.trainer.storage import Storage
from airflow_sagemaker_automl.emulator.trainer.table import load_split
from demo.sandbox import REGION
from tests.emulator.trainers import PARQUET, as_csv, as_parquet, put

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

_ROWS = 20
_NOON = datetime.datetime(2024, 1, 31, 12)


def _channel(uri: str, **members: str) -> dict[str, Any]:
    return {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}, **members}


@pytest.fixture
def read(s3: S3Client, emulator_url: str, breast_cancer: str) -> Callable[..., Channel]:
    """Read files as a channel."""

    def channel(*files: bytes, **members: str) -> Channel:
        return read_channel(Storage(emulator_url, REGION), _channel(put(s3, *files), **members))

    return channel


@pytest.fixture
def split(s3: S3Client, emulator_url: str, breast_cancer: str) -> Callable[..., Any]:
    """Split a table whose target is ``y``, from one file or more."""

    def loaded(*files: bytes, columns: Columns | None = None, validation: bytes | None = None, **members: str) -> Any:
        channels = [_channel(put(s3, *files), **members)]
        if validation is not None:
            channels.append({**_channel(put(s3, validation), **members), "ChannelType": "validation"})
        request = {"AutoMLJobInputDataConfig": channels}
        return load_split(Storage(emulator_url, REGION), request, columns or Columns("y", fewest=1))

    return loaded


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"a,b\n1,2\n3,4,5\n6,7\n", r"/0: row 2 \(line 3\) has 3 values, but the header has 2 columns"),
        (b"a,b\n1,2,3\n4,5,6\n", r"row 1 \(line 2\) has 3 values"),
        (b'a,b\n"1\n2",2\n\n3,4,5,6\n', r"row 2 \(line 5\) has 4 values"),
        (b"a,b\n1,2,\n3,4\n", r"row 1 \(line 2\) has 3 values"),
        (b'a,b\n1,"2\n', "cannot be read as CSV with a header line: a quotation mark is not closed"),
        (b"a,b\n1,\xff\n", "it is not text in UTF-8"),
        (b"\n \n", "it has no header line"),
    ],
)
def test_rows_that_do_not_fit_the_header_are_named(body: bytes, reason: str, read: Callable[..., Channel]) -> None:
    """A value more than the header has columns would shift the others: the error names file and row."""
    with pytest.raises(UnusableData, match=reason):
        read(body)


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (b"a,b\n1,2,\n3,4,\n", "Not used: empty values without a column name in s3://"),
        (b"a,b,\n1,2,\n3,4,\n", "Not used: empty values without a column name in s3://"),
        (b"\xef\xbb\xbfa,b\r\n\r\n1,2\r\n3,4\r\n", None),
    ],
)
def test_a_comma_at_the_end_of_every_row_is_no_column(
    body: bytes, note: str | None, read: Callable[..., Channel]
) -> None:
    """An empty surplus in all rows is dropped, and a note says so."""
    channel = read(body)
    assert channel.table.to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    assert [found.startswith(note or "") for found in channel.notes] == ([True] if note else [])


def test_missing_values_at_the_end_of_a_row_are_counted(read: Callable[..., Channel]) -> None:
    """Rows shorter than the header are read, and a note says how many."""
    channel = read(b"a,b,c\n1,2\n3,4,5\n6\n")
    assert channel.table["a"].tolist() == [1, 3, 6]
    assert channel.table["c"].notna().tolist() == [False, True, False]
    assert "with fewer values than its header: 2." in channel.notes[0]


def _typed() -> pyarrow.Table:
    """A table as Spark and PyArrow write it."""
    moment = _NOON
    return pyarrow.table(
        {
            "price": pyarrow.array([Decimal("1.50"), None], pyarrow.decimal128(10, 2)),
            "count": pyarrow.array([Decimal(7), Decimal(8)], pyarrow.decimal128(10, 0)),
            "day": pyarrow.array([moment.date(), None], pyarrow.date32()),
            "far": pyarrow.array([datetime.datetime(9999, 12, 31), moment], pyarrow.timestamp("us")),
            "zoned": pyarrow.array([moment, moment], pyarrow.timestamp("ms", tz="Europe/Berlin")),
            "clock": pyarrow.array([datetime.time(1, 2), None], pyarrow.time64("us")),
            "pause": pyarrow.array([datetime.timedelta(minutes=1), None], pyarrow.duration("s")),
            "kind": pyarrow.array(["x", "y"]).dictionary_encode(),
            "flag": pyarrow.array([True, None]),
            "tags": pyarrow.array([["a"], []]),
            "place": pyarrow.array([{"x": 1}, None]),
            "by key": pyarrow.array([[("k", 1)], []], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
            "picture": pyarrow.array([b"x", b"y"]),
        }
    )


def test_parquet_types_are_numbers_texts_truth_values_and_moments(read: Callable[..., Channel]) -> None:
    """Decimals are numbers, moments have no time zone; columns of other content are left out by name."""
    channel = read(as_parquet(_typed()), ContentType=PARQUET)
    table = channel.table
    assert table.dtypes[["price", "count", "pause"]].astype(str).tolist() == ["float64", "int64", "float64"]
    assert table["price"].tolist()[0] == 1.5
    assert {str(table[name].dtype) for name in ("day", "far", "zoned")} == {"datetime64[ns]"}
    assert table["far"].isna().tolist() == [True, False]
    assert table["zoned"][0] == pd.Timestamp("2024-01-31 12:00")
    assert (table["clock"][0], table["kind"].tolist(), table["flag"][0]) == ("01:02:00.000000", ["x", "y"], True)
    assert channel.left_out == {
        "tags": "lists", "place": "structs", "by key": "maps", "picture": "binary values",
    }  # fmt: skip


def test_an_index_with_a_name_is_a_column(read: Callable[..., Channel]) -> None:
    """It is a column of the file, as for every other reader; pandas' row numbers are none."""
    table = pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 6], name="id"))
    assert read(as_parquet(table), ContentType=PARQUET).table.to_dict("list") == {"a": [1, 2], "id": [5, 6]}
    unnamed = read(as_parquet(table.rename_axis(None)), ContentType=PARQUET)
    assert unnamed.table.to_dict("list") == {"a": [1, 2]}
    assert list(unnamed.left_out.values()) == ["row numbers of pandas"]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (Columns("tags", fewest=1), "The column 'tags' holds lists"),
        (Columns("price", "picture", fewest=1), "The column 'picture' holds binary values"),
        (Columns("price", features=FeatureSpecification(["place"]), fewest=1), "The column 'place' holds structs"),
    ],
)
def test_a_column_that_the_request_names_is_refused_by_name(
    columns: Columns, reason: str, split: Callable[..., Any]
) -> None:
    """Only columns that nobody asked for are left out."""
    with pytest.raises(UnusableData, match=reason):
        split(as_parquet(_typed()), columns=columns, ContentType=PARQUET)


def test_features_that_are_left_out_are_noted(split: Callable[..., Any]) -> None:
    """The note names the columns and what they hold, but for those that the specification does not choose."""
    table = pyarrow.concat_tables([_typed()] * _ROWS)
    found = split(as_parquet(table), columns=Columns("count", fewest=1), ContentType=PARQUET)
    assert "Not used: the columns 'tags' (lists), 'place' (structs), 'by key' (maps), 'picture' (binary values)." in (
        found.notes
    )
    chosen = Columns("count", features=FeatureSpecification(["price"]), fewest=1)
    assert split(as_parquet(table), columns=chosen, ContentType=PARQUET).notes == ()


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([True, False, None], ["True", "False"]),
        ([1, 0, None], [1, 0]),
        ([1.5, 0.5, None], [1.5, 0.5]),
        (["yes", "no", None], ["yes", "no"]),
        (["yes", "no", ""], ["yes", "no"]),
        ([Decimal("1.50"), Decimal("2.25"), None], [1.5, 2.25]),
        ([datetime.date(2024, 1, 31), datetime.date(2024, 2, 1), None], ["2024-01-31", "2024-02-01"]),
        ([_NOON, datetime.datetime(2024, 2, 1), None], ["2024-01-31 12:00:00", "2024-02-01"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_labels_are_numbers_or_text(values: list[Any], labels: list[Any], form: str, split: Callable[..., Any]) -> None:
    """Rows without a label are dropped, and do not change the type of the others."""
    table = pd.DataFrame({"x": range(3 * _ROWS), "y": pd.Series(values * _ROWS, dtype=object)})
    if form == "parquet":
        found = split(as_parquet(pyarrow.Table.from_pandas(table)), ContentType=PARQUET)
    else:
        found = split(as_csv(table))
    counts = found.labels("y").value_counts().to_dict()
    if form == "csv" and isinstance(values[0], datetime.datetime):
        assert sorted(counts) == ["2024-01-31 12:00:00", "2024-02-01 00:00:00"]  # As the file has them.
    else:
        assert counts == dict.fromkeys(labels, _ROWS)
        assert {type(label) for label in counts} == {type(labels[0])}


def test_files_of_different_types_have_one_type(split: Callable[..., Any]) -> None:
    """A column that is numeric in one file only is text, as label and as feature, also in the validation data."""
    numbers = pd.DataFrame({"x": [1, 2, 3] * _ROWS, "y": [0, 1, 1] * _ROWS})
    found = split(as_csv(numbers), as_csv(numbers.assign(x="a", y=True)))
    assert set(found.labels("y")) == {"0", "1", "True"}
    assert {type(value) for rows in found.parts.values() for value in rows["x"]} == {str}
    judged = split(as_csv(numbers), validation=as_csv(pd.DataFrame({"x": [1, 2], "y": ["1", "other"]})))
    assert judged.validation["y"].tolist() == ["1", "other"]
    assert set(judged.train["y"]) == {"0", "1"}


def test_dates_of_a_column_have_one_order() -> None:
    """A value above 12 decides on all others of its column; without one the order is noted as an assumption."""
    table = pd.DataFrame(
        {
            "y": [1, 2],
            "european": ["13/01/2024", "02/03/24 6:00"],
            "american": ["1.31.2024", None],
            "open": ["01/02/2024", "unknown"],
            "mixed": ["13/01/2024", "01/13/2024"],
        }
    )
    found = settle([table], Columns("y"))
    assert found.tables[0]["european"].tolist() == ["2024-01-13", "2024-03-02 6:00"]
    assert found.tables[0]["american"][0] == "2024-01-31"
    assert found.tables[0]["open"].tolist() == ["2024-01-02", "unknown"]
    assert "mixed" not in found.tables[0]
    assert found.day_orders == {"european": "day/month", "american": "month/day", "open": "month/day"}
    assert [note.split(".")[0] for note in found.notes] == [
        "Not used: the column 'mixed'",
        "The dates in 'open' were read as month/day/year; no value shows their order",
    ]


def test_infinite_features_are_missing_and_an_infinite_target_is_refused() -> None:
    """Some models would take them and others would not."""
    table = pd.DataFrame({"y": [1.0, 2.0], "a": [float("inf"), 1.0], "b": [1e300, 2.0], "c": [1.0, 2.0]})
    found = settle([table], Columns("y"))
    assert found.tables[0].isna().sum().to_dict() == {"y": 0, "a": 1, "b": 1, "c": 0}
    assert found.notes == ["Infinite or too large numbers in 'a', 'b' count as missing."]
    with pytest.raises(UnusableData, match="target column 'a' has 1 values that are infinite or too large"):
        settle([table], Columns("a"))


def test_an_endpoint_reads_rows_as_the_training_did() -> None:
    """Text stays text, dates have the order of the training data, and infinite numbers are missing."""
    types = {"code": "text", "d": "day/month", "at": "moment", "x": "number"}
    form = Input(["code", "d", "at", "x", "flag"], [], types)
    rows = rows_of("007,03/04/2024,2024-01-31,inf,True\n,31/01/2024,,1,False\n", CSV, form)
    assert rows["code"].tolist()[0] == "007"
    assert rows["d"].tolist() == ["2024-04-03", "2024-01-31"]
    assert rows["at"].tolist()[0] == pd.Timestamp("2024-01-31")
    assert rows["x"].isna().tolist() == [True, False]
    assert rows["flag"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("a,1\nb,many\n", "The value 'many' of 'x' in row 2 is not a number"),
        ("a,1\nb,2,3\n", "Row 2 has 3 values; 2 are needed"),
        ('a,"1\n', "cannot be read as CSV"),
    ],
)
def test_rows_that_are_no_such_rows_are_refused(body: str, reason: str) -> None:
    """The refusal names the row and the column, and no library's words."""
    with pytest.raises(Refusal, match=reason):
        rows_of(body, CSV, Input(["code", "x"], [], {"code": "text", "x": "number"}))
