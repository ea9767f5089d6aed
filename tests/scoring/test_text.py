"""Values as the text of CSV: what a reader of CSV gets back is what was written."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl.tables.text import as_text, content, has_text, header, lines, without_line_breaks

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def _rows(columns: list[Any]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content(lines(columns)).decode(), newline="")))


@given(st.integers(1, 3).flatmap(lambda wide: st.lists(st.tuples(*[_TEXT] * wide), min_size=1, max_size=5)))
def test_any_text_survives(rows: list[tuple[str, ...]]) -> None:
    """Quotes, commas, blanks and line breaks; also an only value that is empty, whose line readers would skip."""
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    assert _rows(columns) == [list(row) for row in rows]


def test_only_what_needs_quotes_has_them() -> None:
    """The container gets what was trained on."""
    written = content(lines([pa.array(["a", 'b"', "c,d", " e", ""]), pa.array(["1", "2", "3", "4", ""])]))
    assert written == b'a,1\n"b""",2\n"c,d",3\n" e",4\n,\n'
    assert content(lines([pa.array(["", "x"])])) == b'""\nx\n'
    assert header(["id", "a,b"]) == b'id,"a,b"\n'


def test_slices_and_chunks_have_their_own_values() -> None:
    """A part of an array shares its buffers with the rest."""
    whole = pa.array(["one", "two", "three", "four"])
    assert content(lines([whole.slice(1, 2)])) == b"two\nthree\n"
    assert content(lines([pa.chunked_array([whole.slice(3), whole.slice(0, 1)])])) == b"four\none\n"
    assert content(lines([pa.array([], pa.string())])) == b""


def test_line_breaks_become_spaces() -> None:
    """All three kinds, each counted once for each value."""
    column, count = without_line_breaks(pa.array(["a\r\nb\nc\rd", "e", "f\n"]))
    assert column.to_pylist() == ["a b c d", "e", "f "]
    assert count == 2
    untouched = pa.array(["a"])
    assert without_line_breaks(untouched) == (untouched, 0)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([1, None], pa.int8()), ["1", ""]),
        (pa.array([0.1, float("nan"), None, 1e300], pa.float64()), ["0.1", "", "", "1e+300"]),
        (pa.array([1.5, None], pa.float16()), ["1.5", ""]),
        (pa.array([True, False, None]), ["True", "False", ""]),
        (pa.array([Decimal("1.50")]), ["1.50"]),
        (pa.array([date(2026, 1, 4)]), ["2026-01-04"]),
        (pa.array([datetime(2026, 1, 4, 12, 30)], pa.timestamp("s")), ["2026-01-04 12:30:00"]),
        (pa.array([time(12, 30)], pa.time32("s")), ["12:30:00"]),
        (pa.array([timedelta(seconds=2)], pa.duration("s")), ["2"]),
        (pa.array(["a", None], pa.large_string()), ["a", ""]),
        (pa.array(["a", None], pa.string_view()), ["a", ""]),
        (pa.array(["a", "b", None]).dictionary_encode(), ["a", "b", ""]),
        (pa.array([1.5, None]).dictionary_encode(), ["1.5", ""]),
        (pa.nulls(2), ["", ""]),
        (pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}'])), ['{"a": 1}']),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_each_type_has_its_text(column: Any, expected: list[str]) -> None:
    """What is missing is empty, as in CSV."""
    assert has_text(column.type)
    assert as_text(column).to_pylist() == expected


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.int8()),
        pa.struct([("a", pa.int8())]),
        pa.map_(pa.string(), pa.int8()),
        pa.binary(),
        pa.large_binary(),
        pa.binary(16),
        pa.binary_view(),
        pa.uuid(),
        pa.month_day_nano_interval(),
        pa.dictionary(pa.int8(), pa.binary()),
    ],
    ids=str,
)
def test_what_has_no_text_is_known(kind: Any) -> None:
    """Such columns are refused by name before anything is written."""
    assert not has_text(kind)
