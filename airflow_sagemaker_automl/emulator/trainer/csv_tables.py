"""Reads CSV with a header line; a row that does not fit the header is found here, since pandas shifts or cuts it."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from typing import IO, Any, NamedTuple

import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData

# The module's own limit, 128 KiB for a value, is less than a long text has.
_LONGEST_VALUE = 2**31 - 1


class CsvTable(NamedTuple):
    """The content of a file.

    :param notes: what of it is not used, or incomplete: one sentence each.
    """

    table: pd.DataFrame
    notes: list[str]


class _Shape(NamedTuple):
    """What a file has besides values.

    :param header: names of the columns.
    :param short: number of rows with fewer values than the header.
    :param has_surplus: whether every row ends with empty values that have no column.
    """

    header: list[str]
    short: int
    has_surplus: bool


def read_csv(content: Any, uri: str, verbatim: Collection[str] = ()) -> CsvTable:
    """Read a table.

    :param content: the file, which can be read twice.
    :param uri: its name in messages.
    :param verbatim: columns to read as text, so that ``007`` and ``NA`` stay unchanged.
    :raises UnusableData: a row has more values than the header.
    :raises ValueError: the content is not CSV; the message continues a sentence.
    """
    shape = _shape_of(content, uri)
    content.seek(0)
    positions = range(len(shape.header))
    try:
        table = pd.read_csv(
            content,
            header=0,
            names=list(positions),
            usecols=list(positions),
            index_col=False,
            low_memory=False,
            converters={position: str for position in positions if shape.header[position] in verbatim},
        )
    except pd.errors.ParserError as error:
        is_open = "EOF inside string" in str(error)
        raise ValueError("a quotation mark is not closed" if is_open else "it is not CSV") from error
    notes = []
    if shape.short:
        notes.append(
            f"Rows of {uri} with fewer values than its header: {shape.short}. What they lack counts as missing."
        )
    empty = [position for position in positions if not shape.header[position] and table[position].isna().all()]
    if shape.has_surplus or empty:
        notes.append(f"Not used: empty values without a column name in {uri}, as a comma at the end of a line makes.")
    table = table.set_axis([name or f"Unnamed: {position}" for position, name in enumerate(shape.header)], axis=1)
    return CsvTable(table.drop(columns=[f"Unnamed: {position}" for position in empty]), notes)


def row_lengths(lines: IO[str]) -> Iterator[tuple[int, int, list[str]]]:
    """Read the rows of CSV, without blank lines: number of the row, of its last line, and its values.

    :raises ValueError: it is not CSV.
    """
    csv.field_size_limit(_LONGEST_VALUE)
    rows = csv.reader(lines)
    number = 0
    try:
        for row in rows:
            if len(row) > 1 or "".join(row).strip():
                number += 1
                yield number, rows.line_num, row
    except csv.Error as error:
        raise ValueError("it is not CSV") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is not text in UTF-8") from error


def _shape_of(content: Any, uri: str) -> _Shape:
    lines = io.TextIOWrapper(content, encoding="utf-8-sig", newline="")
    try:
        rows = row_lengths(lines)
        header = next(rows, (0, 0, []))[2]
        if not header:
            raise ValueError("it has no header line")
        return _compared(rows, header, uri)
    finally:
        lines.detach()


def _compared(rows: Iterator[tuple[int, int, list[str]]], header: list[str], uri: str) -> _Shape:
    width, count, short, surplus, first = len(header), 0, 0, 0, ""
    for number, line, row in rows:
        count += 1
        if len(row) < width:
            short += 1
        elif len(row) > width:
            message = (
                f"{uri}: row {number - 1} (line {line}) has {len(row)} values, but the header has {width} columns."
            )
            if any(row[width:]):
                raise UnusableData(message)
            surplus, first = surplus + 1, first or message
    if 0 < surplus < count:
        raise UnusableData(first)
    return _Shape(header, short, surplus > 0)
