"""Rows become parts, each with the keys of its rows, and none is lost or doubled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from airflow_sagemaker_automl.tables.parts import Part, PartsWriter
from airflow_sagemaker_automl.tables.reading import Rows


def _rows(first: int, *values: str, **more: Any) -> Rows:
    numbers = pa.array(range(first, first + len(values)), pa.int64())
    return Rows(numbers, {"a": pa.array(values), **more})


class _Handed:
    """What was handed on: rows as bytes, keys as columns."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.rows: list[bytes] = []
        self.keys: list[dict[str, list[Any]]] = []

    def __call__(self, part: Part, rows: Path, keys: Path) -> None:
        self.parts.append(part)
        self.rows.append(rows.read_bytes())
        self.keys.append(pyarrow.parquet.read_table(keys).to_pydict())


def _write(
    folder: Path, batches: Sequence[tuple[Rows, int]], keys: Sequence[str] = (), **arguments: Any
) -> tuple[_Handed, PartsWriter]:
    handed = _Handed()
    given = {"longest_line": 100, "hand_on": handed, **arguments}
    with PartsWriter(folder, ["a"], keys, **given) as writer:
        for rows, first in batches:
            writer.write(rows, first)
    assert handed.parts == writer.parts
    return handed, writer


def test_a_full_part_is_handed_on_and_another_begins(tmp_path: Path) -> None:
    """Row numbers go on over batches and files."""
    batches = [(_rows(1, "one", "two"), 0), (_rows(3, "three"), 0), (_rows(1, "four"), 3)]
    handed, writer = _write(tmp_path, batches, part_bytes=8)
    assert handed.rows == [b"one\ntwo\n", b"three\nfour\n"]
    assert handed.keys == [{"row": [1, 2]}, {"row": [3, 4]}]
    assert [part.to_json() for part in writer.parts] == [{"number": 0, "rows": 2}, {"number": 1, "rows": 2}]
    assert [part.input_name for part in writer.parts] == ["part-00000.csv", "part-00001.csv"]


def test_a_part_that_is_just_full_leaves_no_empty_one(tmp_path: Path) -> None:
    """Nothing is written after the last row."""
    handed, _ = _write(tmp_path, [(_rows(1, "one"), 0)], part_bytes=4)
    assert handed.rows == [b"one\n"]


def test_keys_keep_their_types_and_may_be_sent_too(tmp_path: Path) -> None:
    """Also a key that the model reads."""
    ids = pa.array([7, None], pa.int32())
    handed, _ = _write(tmp_path, [(_rows(1, "x", "y", id=ids), 0)], ["id", "a"])
    assert handed.keys == [{"id": [7, None], "a": ["x", "y"]}]


def test_rows_that_are_too_long_are_left_out_with_their_keys(tmp_path: Path) -> None:
    """Alone or all; their numbers are those of the whole data, and a part that has none is not written."""
    handed, writer = _write(
        tmp_path,
        [(_rows(1, "x" * 8, "ok", "x" * 9), 10), (_rows(4, "y" * 50), 10), (_rows(5, "end"), 10)],
        longest_line=8,
    )
    assert handed.rows == [b"ok\nend\n"]
    assert handed.keys == [{"row": [12, 15]}]
    assert writer.too_long == [11, 13, 14]
    handed, writer = _write(tmp_path, [(_rows(1, "x" * 50), 0)], longest_line=8)
    assert (handed.parts, writer.too_long) == ([], [1])


def test_line_breaks_are_replaced_and_counted(tmp_path: Path) -> None:
    """In what is sent; a key keeps its own."""
    handed, writer = _write(tmp_path, [(_rows(1, "one\ntwo", "three"), 0)], ["a"])
    assert handed.rows == [b"one two\nthree\n"]
    assert handed.keys == [{"a": ["one\ntwo", "three"]}]
    assert writer.line_breaks == 1


def test_each_part_has_the_header(tmp_path: Path) -> None:
    """As forecasts need it."""
    handed, _ = _write(tmp_path, [(_rows(1, "1"), 0)], header=b"a\n")
    assert handed.rows == [b"a\n1\n"]


def test_nothing_is_handed_on_after_an_error(tmp_path: Path) -> None:
    """A half part is no part."""
    handed = _Handed()
    with pytest.raises(KeyError):
        _break(tmp_path, handed)
    assert handed.parts == []


def _break(folder: Path, handed: _Handed) -> None:
    with PartsWriter(folder, ["a"], [], longest_line=9, hand_on=handed) as writer:
        writer.write(_rows(1, "x"), 0)
        writer.write(Rows(pa.array([2]), {}), 0)
