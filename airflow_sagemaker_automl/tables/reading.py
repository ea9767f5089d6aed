"""Read a file of CSV or Parquet as record batches."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from airflow_sagemaker_automl.exceptions import DataNotScorable
from airflow_sagemaker_automl.tables.text import has_text

# pyarrow raises OSError for damaged Parquet; gzip does for a wrong checksum.
_DAMAGED = (pa.ArrowException, OSError, EOFError, zlib.error)
# A header without a line break, and nothing after it.
_NO_ROWS = "CSV parse error: Empty CSV file"
_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
# Larger blocks read no faster and take several times their size in memory; a row must fit into one.
_BLOCK = 1 << 20
_ROW_TOO_LONG = "straddling object"
_ROWS_OF_A_BATCH = 1 << 16
_BYTES_OF_A_BATCH = 1 << 25
_LONGEST_SHOWN = 80
# Of the rows that cannot be used, so that the memory does not grow with their number.
MOST_KEPT = 100


@dataclass(frozen=True)
class Rows:
    """A batch of rows of a file.

    :param numbers: the number of each row in its file, from 1, without the header.
    :param columns: name → Arrow array.
    """

    numbers: Any
    columns: dict[str, Any]

    def __len__(self) -> int:
        return len(self.numbers)

    def batch(self, names: Sequence[str]) -> Any:
        """Return some of the columns as a record batch."""
        return pa.RecordBatch.from_arrays([self.columns[name] for name in names], list(names))


@dataclass
class TableFile:
    """A file with a table.

    :param open_file: opens it, to be read from its beginning; Parquet is sought in.
    :param uri: where it is from, for errors.
    :ivar unusable: number and fault of the first 100 rows that have too few or too many values, so far as the file has
        been read.
    :ivar unusable_count: number of all such rows.
    """

    open_file: Callable[[], IO[bytes]]
    uri: str
    unusable: list[tuple[int, str]] = field(default_factory=list)
    unusable_count: int = 0
    # Numbers of unusable rows that pyarrow has read ahead of the rows that it has returned.
    _ahead: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.open_file() as file:
            start = file.read(4)
        self.is_parquet = start == _PARQUET
        self._is_gzip = start.startswith(_GZIP)

    def schema(self) -> dict[str, Any]:
        """Read the names of the columns, and their Arrow types: text for each column of CSV.

        :raises DataNotScorable: the file is empty, is not a table, or has a name twice.
        """
        try:
            names = self._parquet_schema() if self.is_parquet else dict.fromkeys(self._csv_header(), pa.string())
        except (*_DAMAGED, UnicodeDecodeError, csv.Error) as error:
            _require_damage(error)
            raise DataNotScorable(
                self.uri, f"it is neither CSV in UTF-8 nor Parquet ({_first_line(error)})."
            ) from error
        return names

    def rows(self, names: Sequence[str]) -> Iterator[Rows]:
        """Read some of the columns, batch by batch.

        :raises DataNotScorable: the file cannot be read to its end.
        """
        try:
            yield from self._parquet_rows(names) if self.is_parquet else self._csv_rows(names)
        except _DAMAGED as error:
            if str(error).startswith(_NO_ROWS):
                return
            _require_damage(error)
            reason = f"it cannot be read to its end ({_first_line(error)})."
            if _ROW_TOO_LONG in str(error):
                reason = f"it has a row of more than {_BLOCK >> 20} MiB, or a quote that is never closed."
            raise DataNotScorable(self.uri, reason) from error

    def _parquet_schema(self) -> dict[str, Any]:
        with self.open_file() as file:
            schema = pyarrow.parquet.read_schema(file)
        _require_different(schema.names, self.uri)
        return dict(zip(schema.names, schema.types, strict=True))

    def _csv_header(self) -> list[str]:
        with self._opened() as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            names = next(csv.reader(text), [])
        if not names:
            raise DataNotScorable(self.uri, "it is empty; it needs a header line with the names of the columns.")
        _require_different(names, self.uri)
        return names

    def _parquet_rows(self, names: Sequence[str]) -> Iterator[Rows]:
        first = 1
        with self.open_file() as file:
            table = pyarrow.parquet.ParquetFile(file)
            for whole in table.iter_batches(batch_size=_ROWS_OF_A_BATCH, columns=list(names)):
                # Of wide tables and long texts, many rows are more than an Arrow array of text can hold.
                rows = max(1, len(whole) * _BYTES_OF_A_BATCH // max(whole.nbytes, _BYTES_OF_A_BATCH))
                for batch in (whole.slice(start, rows) for start in range(0, len(whole), rows)):
                    numbers = pa.array(range(first, first + len(batch)), pa.int64())
                    yield Rows(numbers, {name: batch.column(name) for name in names})
                    first += len(batch)

    def _csv_rows(self, names: Sequence[str]) -> Iterator[Rows]:
        first = 1
        with self._opened() as file:
            for batch in pyarrow.csv.open_csv(
                file,
                read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._note),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=list(names),
                    strings_can_be_null=False,
                ),
            ):
                numbers, first = self._numbers(first, len(batch))
                yield Rows(numbers, {name: batch.column(name) for name in names})

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        with self.open_file() as file:
            if not self._is_gzip:
                yield file
                return
            with gzip.open(file) as unpacked:
                yield cast("IO[bytes]", unpacked)

    def _note(self, row: Any) -> str:
        number = row.number - 1  # pyarrow counts the header.
        self._ahead.append(number)
        self.unusable_count += 1
        if len(self.unusable) < MOST_KEPT:
            self.unusable.append((number, f"it has {row.actual_columns} values instead of {row.expected_columns}"))
        return "skip"

    def _numbers(self, first: int, count: int) -> tuple[Any, int]:
        """Number the rows of a batch, leaving out the unusable ones."""
        left_out = set(self._ahead)
        numbers: list[int] = []
        while len(numbers) < count:
            last = first + count - len(numbers)
            numbers += [number for number in range(first, last) if number not in left_out]
            first = last
        self._ahead = [number for number in self._ahead if number >= first]
        return pa.array(numbers, pa.int64()), first


def unreadable_columns(schema: dict[str, Any], names: Sequence[str]) -> list[str]:
    """List the columns whose values cannot be written as text, such as lists."""
    return [name for name in names if not has_text(schema[name])]


def _require_different(names: Sequence[str], uri: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataNotScorable(uri, f"it has two columns with the name {', '.join(map(repr, twice))}.")


def _require_damage(error: Exception) -> None:
    """Raise errors of the system again, such as a full disk, which have a number, and those of a connection.

    For damaged files pyarrow raises a plain ``OSError``, and gzip its own.
    """
    if isinstance(error, OSError) and (error.errno is not None or type(error) not in (OSError, gzip.BadGzipFile)):
        raise error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:_LONGEST_SHOWN]
