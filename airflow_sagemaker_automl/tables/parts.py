"""Write rows as the parts of a container's input: headerless CSV, and beside each part the keys of its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from airflow_sagemaker_automl.tables.reading import MOST_KEPT, Rows
from airflow_sagemaker_automl.tables.text import as_text, content, lines, without_line_breaks

ROW_NUMBER = "row"
# Instances work on parts at the same time; a part is small enough for the disk of any worker.
_BYTES_OF_A_PART = 64 << 20


@dataclass(frozen=True)
class Part:
    """One part of the input.

    :param number: from 0.
    :param rows: how many rows it has.
    """

    number: int
    rows: int

    @property
    def input_name(self) -> str:
        """Name of its rows, as the container gets them."""
        return f"part-{self.number:05}.csv"

    @property
    def keys_name(self) -> str:
        """Name of the keys of its rows."""
        return f"keys-{self.number:05}.parquet"

    def to_json(self) -> dict[str, int]:
        """Return it in JSON."""
        return asdict(self)


class PartsWriter:
    """Cuts rows into parts, and hands each part on when it is full.

    :param folder: for the files of the current part.
    :param columns: the columns that the container gets, in order.
    :param keys: the key columns; without any, the row number is the key.
    :param longest_line: bytes that a line may have.
    :param hand_on: receives a part, the file of its rows and the file of its keys.
    :param header: the first line of each part. Default: none.
    :ivar line_breaks: how many values had line breaks, which are spaces now.
    :ivar too_long: numbers of the first 100 rows that are longer than a line may be; they are left out.
    :ivar too_long_count: number of all such rows.
    """

    def __init__(
        self,
        folder: Path,
        columns: Sequence[str],
        keys: Sequence[str],
        *,
        longest_line: int,
        hand_on: Callable[[Part, Path, Path], object],
        header: bytes = b"",
        part_bytes: int = _BYTES_OF_A_PART,
    ) -> None:
        self._rows_file, self._keys_file = folder / "rows.csv", folder / "keys.parquet"
        self._columns, self._keys, self._longest_line = columns, keys, longest_line
        self._hand_on, self._header, self._part_bytes = hand_on, header, part_bytes
        self._rows: Any = None
        self._key_writer: Any = None
        self._count = 0
        self.parts: list[Part] = []
        self.line_breaks = 0
        self.too_long: list[int] = []
        self.too_long_count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if kind is None and self._count:
            self._end_part()

    def write(self, rows: Rows, first_row: int) -> None:
        """Add rows.

        :param first_row: number of rows in earlier files.
        """
        columns = []
        for name in self._columns:
            column, count = without_line_breaks(as_text(rows.columns[name]))
            self.line_breaks += count
            columns.append(column)
        numbers = pc.add(rows.numbers, first_row)
        keys = {name: rows.columns[name] for name in self._keys} or {ROW_NUMBER: numbers}
        joined, numbers, keys = self._without_long_lines(lines(columns), numbers, keys)
        if not len(joined):
            return
        if self._rows is None:
            self._begin_part(keys)
        self._rows.write(content(joined))
        self._key_writer.write_table(pa.table(keys))
        self._count += len(joined)
        if self._rows.tell() >= self._part_bytes:
            self._close()
            self._end_part()

    def _without_long_lines(
        self, joined: Any, numbers: Any, keys: Mapping[str, Any]
    ) -> tuple[Any, Any, dict[str, Any]]:
        fits = pc.less_equal(pc.binary_length(joined), self._longest_line)
        if pc.all(fits).as_py() in (True, None):
            return joined, numbers, dict(keys)
        found = pc.filter(numbers, pc.invert(fits))
        self.too_long += found[: MOST_KEPT - len(self.too_long)].to_pylist()
        self.too_long_count += len(found)
        kept = {name: pc.filter(column, fits) for name, column in keys.items()}
        return pc.filter(joined, fits), pc.filter(numbers, fits), kept

    def _begin_part(self, keys: Mapping[str, Any]) -> None:
        schema = pa.schema([(name, column.type) for name, column in keys.items()])
        self._rows = self._rows_file.open("wb")
        self._rows.write(self._header)
        self._key_writer = pyarrow.parquet.ParquetWriter(self._keys_file, schema)

    def _close(self) -> None:
        for file in (self._rows, self._key_writer):
            if file is not None:
                file.close()
        self._rows = self._key_writer = None

    def _end_part(self) -> None:
        part = Part(len(self.parts), self._count)
        self._hand_on(part, self._rows_file, self._keys_file)
        self.parts.append(part)
        self._count = 0
