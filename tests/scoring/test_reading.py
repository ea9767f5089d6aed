"""Tables are read as their files say, and a file that is none says why."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from airflow_sagemaker_automl import DataNotScorable
from airflow_sagemaker_automl.tables import reading
from airflow_sagemaker_automl.tables.reading import TableFile, unreadable_columns


def _file(body: bytes) -> TableFile:
    return TableFile(lambda: io.BytesIO(body), "s3://bucket/rows")


def _read(table: TableFile, *names: str) -> tuple[list[int], dict[str, list[Any]]]:
    numbers: list[int] = []
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for rows in table.rows(names):
        assert len(rows) == len(rows.numbers)
        numbers += rows.numbers.to_pylist()
        for name in names:
            columns[name] += rows.columns[name].to_pylist()
    return numbers, columns


def _parquet(**columns: Any) -> bytes:
    body = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), body)
    return body.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"a,b\n1,x\n2,\n",
        b"a,b\r\n1,x\r\n2,\r\n",
        b"a,b\n1,x\n2,",
        b"\xef\xbb\xbfa,b\n1,x\n2,\n",
        b"a,b\n\n1,x\n\n\n2,\n\n",
        b'"a","b"\n"1","x"\n2,""\n',
        gzip.compress(b"a,b\n1,x\n2,\n", mtime=0),
        gzip.compress(b"a,b\n1,x\n", mtime=0) + gzip.compress(b"2,\n"),
    ],
    ids=["plain", "windows", "no line break at the end", "bom", "empty lines", "quotes", "gzip", "gzip in two"],
)
def test_a_csv_is_text_whatever_its_form(body: bytes) -> None:
    """No value is guessed to be a number or to be missing."""
    assert list(_file(body).schema()) == ["a", "b"]
    assert _read(_file(body), "b", "a") == ([1, 2], {"b": ["x", ""], "a": ["1", "2"]})


class _ConnectionLost(OSError):
    """As those of botocore and urllib3, without a number."""


@pytest.mark.parametrize("start", [b"PAR1", b"a,b\n"])
def test_a_connection_that_breaks_is_no_damage(start: bytes) -> None:
    """The caller tells whether a retry can help."""

    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise _ConnectionLost("Read timeout on endpoint URL")

        read1 = read

    files = iter([io.BytesIO(start), Breaking(start + b"1,2\n" * 100)])
    table = TableFile(lambda: next(files), "s3://bucket/rows")
    with pytest.raises(_ConnectionLost):
        table.schema()


def test_rows_that_are_wide_come_in_smaller_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """An Arrow array of text holds two gigabytes; numbers and order stay."""
    monkeypatch.setattr(reading, "_BYTES_OF_A_BATCH", 1000)
    table = _file(_parquet(a=[str(number) * 50 for number in range(100)]))
    sizes = [len(rows) for rows in table.rows(["a"])]
    assert max(sizes) < 20
    assert _read(table, "a") == (list(range(1, 101)), {"a": [str(number) * 50 for number in range(100)]})


def test_values_keep_their_words() -> None:
    """``NA`` is text, leading zeros stay, quotes and line breaks are of the value."""
    body = b'a,b\n007,NA\n"x ""y"", z","one\ntwo"\n'
    assert _read(_file(body), "a", "b") == ([1, 2], {"a": ["007", 'x "y", z'], "b": ["NA", "one\ntwo"]})


def test_rows_of_another_length_are_noted_and_left_out() -> None:
    """Their numbers count all rows, not lines."""
    table = _file(b'a,b\n1,x\n2\n"3\n",y\n4,z,too many\n\n5,w\n')
    assert _read(table, "a") == ([1, 3, 5], {"a": ["1", "3\n", "5"]})
    assert table.unusable == [(2, "it has 1 values instead of 2"), (4, "it has 3 values instead of 2")]


def test_rows_are_numbered_over_all_blocks() -> None:
    """Rows that are left out in an early block do not shift the numbers of later ones."""
    lines = [f"{number},{'x' * 200}" for number in range(1, 120_001)]
    lines[9] = "10"
    lines[99_999] = "100000,x,y"
    table = _file("\n".join(["a,b", *lines]).encode())
    numbers, columns = _read(table, "a")
    assert [number for number, _ in table.unusable] == [10, 100_000]
    assert numbers == [int(value) for value in columns["a"]]
    assert len(numbers) == 119_998


def test_a_header_alone_has_no_rows() -> None:
    """With and without a line break behind it."""
    for body in (b"a,b\n", b"a,b"):
        assert list(_file(body).schema()) == ["a", "b"]
        assert _read(_file(body), "a") == ([], {"a": []})


def test_parquet_keeps_its_types() -> None:
    """Keys are to be in the result as they were; rows are numbered."""
    body = _parquet(n=pa.array([1, None], pa.int64()), c=pa.array(["a", "b"]).dictionary_encode())
    assert _file(body).is_parquet
    assert {name: str(kind) for name, kind in _file(body).schema().items()} == {
        "n": "int64",
        "c": "dictionary<values=string, indices=int32, ordered=0>",
    }
    assert _read(_file(body), "c", "n") == ([1, 2], {"c": ["a", "b"], "n": [1, None]})


def test_columns_without_text_are_told() -> None:
    """Only of those that are needed."""
    schema = _file(_parquet(l=[[1]], b=[b"x"], t=["y"])).schema()
    assert unreadable_columns(schema, ["t", "b"]) == ["b"]
    assert unreadable_columns(schema, ["l", "t"]) == ["l"]


_WHOLE = _parquet(a=list(range(10_000)))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "it is empty; it needs a header line"),
        (b"\xef\xbb\xbf", "it is empty; it needs a header line"),
        (b"\n1,2\n", "it is empty; it needs a header line"),
        (gzip.compress(b"", mtime=0), "it is empty; it needs a header line"),
        (b"a,b,a\n1,2,3\n", "it has two columns with the name 'a'"),
        ("a,ü\n1,2\n".encode("latin-1"), "it is neither CSV in UTF-8 nor Parquet"),
        ("a,b\n1,2\n".encode("utf-16"), "it is neither CSV in UTF-8 nor Parquet"),
        (b"a,b\n1,\xff\n", "it is neither CSV in UTF-8 nor Parquet"),
        (b"PAR1", "it is neither CSV in UTF-8 nor Parquet"),
        (_WHOLE[:2000], "it is neither CSV in UTF-8 nor Parquet"),
        (_WHOLE[:-50] + b"\xff" * 42 + _WHOLE[-8:], "it is neither CSV in UTF-8 nor Parquet"),
    ],
)
def test_a_file_that_is_no_table_is_refused(body: bytes, reason: str) -> None:
    """One line that names the file."""
    with pytest.raises(DataNotScorable, match=reason) as raised:
        _file(body).schema()
    assert str(raised.value).startswith("s3://bucket/rows cannot be scored: ")
    assert "\n" not in str(raised.value)


_TEXT = b"a,b\n" + b"1,2\n" * 20_000
_PACKED = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(50_000)))


@pytest.mark.parametrize(
    "body",
    [
        _TEXT + b"\xff,1\n",
        _PACKED[:-100],
        _PACKED[:60_000] + b"\0" * 40 + _PACKED[60_040:],
        _WHOLE[:300] + b"\0" * 200 + _WHOLE[500:],
    ],
    ids=["no UTF-8", "cut off", "damaged gzip", "damaged Parquet"],
)
def test_damage_behind_the_beginning_is_found(body: bytes) -> None:
    """Rather than to score the half that can be read."""
    with pytest.raises(DataNotScorable, match="it cannot be read to its end"):
        _read(_file(body), "a")


def test_errors_of_the_system_are_no_damage(tmp_path: Path) -> None:
    """A file that is gone, or a full disk, is not the data's fault."""
    path = tmp_path / "rows"
    path.write_bytes(b"a\n1\n")
    table = TableFile(lambda: path.open("rb"), "s3://bucket/rows")
    path.unlink()
    with pytest.raises(FileNotFoundError):
        table.schema()
    with pytest.raises(FileNotFoundError):
        list(table.rows(["a"]))


def test_of_many_unusable_rows_the_first_are_kept(tmp_path: Path) -> None:
    """All are counted, and the numbers of the rows between them are right."""
    path = tmp_path / "table.csv"
    path.write_text("a,b\n" + "1\n1,2\n" * 50_000)
    table = TableFile(lambda: path.open("rb"), "s3://bucket/table.csv")
    numbers = [number for rows in table.rows(["a"]) for number in rows.numbers.to_pylist()]
    assert numbers == list(range(2, 100_001, 2))
    assert (len(table.unusable), table.unusable_count) == (100, 50_000)
    assert table.unusable[-1] == (199, "it has 1 values instead of 2")
