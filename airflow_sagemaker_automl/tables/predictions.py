"""Join the keys of rows with a container's predictions to one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from airflow_sagemaker_automl.tables.text import as_text, content, header, lines

OutputFormat = Literal["csv", "parquet"]
# The keys of a container's answers that are numbers; others are text.
_NUMBERS = ("probability", "predicted_value")
_BLOCK = 1 << 20


class Unequal(Exception):
    """Predictions do not match their rows; the message says how."""


def read_predictions(path: Path, names: Sequence[str]) -> Iterator[Any]:
    """Read a container's answers batch by batch, as text.

    :param path: CSV without a header line.
    :param names: names of the columns.
    :raises Unequal: it is not a table with so many columns.
    """
    try:
        yield from pyarrow.csv.open_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(column_names=list(names), block_size=_BLOCK, use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(names) > 1),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowException as error:
        raise Unequal(f"it is not CSV with the columns {', '.join(names)} ({str(error).splitlines()[0]})") from error


def joined(keys: Path, predictions: Path, names: Sequence[str]) -> Iterator[Any]:
    """Join the keys of a part with its predictions, in order.

    :param keys: Parquet with a row for each line of the predictions.
    :param names: names of the columns of the predictions.
    :return: record batches.
    :raises Unequal: the numbers of rows differ.
    """
    read = read_predictions(predictions, names)
    rest: Any = None
    for batch in pyarrow.parquet.ParquetFile(keys).iter_batches():
        taken: list[Any] = []
        while (count := sum(map(len, taken))) < len(batch):
            found = rest if rest is not None else next(read, None)
            rest = None
            if found is None:
                raise Unequal("it has fewer predictions than rows")
            wanted = len(batch) - count
            taken.append(found.slice(0, wanted))
            rest = found.slice(wanted) if len(found) > wanted else None
        predicted = pa.Table.from_batches(taken).combine_chunks()
        columns = [*zip(batch.schema.names, batch.columns, strict=True)]
        columns += [(name, _whole(predicted.column(name))) for name in names]
        yield pa.RecordBatch.from_arrays([column for _, column in columns], [name for name, _ in columns])
    if rest is not None or any(len(more) for more in read):
        raise Unequal("it has more predictions than rows")


class TableWriter:
    """Writes one table with a header to a file.

    :param path: the file.
    :param output_format: ``csv`` or ``parquet``.
    :ivar rows: how many rows it has.
    :ivar columns: names of its columns.
    """

    def __init__(self, path: Path, output_format: OutputFormat) -> None:
        self._path, self._is_parquet = path, output_format == "parquet"
        self._file: Any = None
        self.rows = 0
        self.columns: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, batch: Any) -> None:
        """Add a record batch; all have the same columns."""
        self.rows += len(batch)
        self.columns = list(batch.schema.names)
        if self._is_parquet:
            columns = [_typed(name, column) for name, column in zip(batch.schema.names, batch.columns, strict=True)]
            table = pa.Table.from_arrays(columns, batch.schema.names)
            if self._file is None:
                self._file = pyarrow.parquet.ParquetWriter(self._path, table.schema)
            self._file.write_table(table)
            return
        if self._file is None:
            self._file = self._path.open("wb")
            self._file.write(header(batch.schema.names))
        self._file.write(content(lines([as_text(column) for column in batch.columns])))


def _typed(name: str, column: Any) -> Any:
    """Convert the text of a number; other columns are kept."""
    if name not in _NUMBERS or not pa.types.is_string(column.type):
        return column
    try:
        return pc.cast(column, pa.float64())
    except pa.ArrowException as error:
        raise Unequal(f"{name} has values that are not numbers ({str(error).splitlines()[0]})") from error


def _whole(column: Any) -> Any:
    chunks = column.chunks
    return chunks[0] if len(chunks) == 1 else column.combine_chunks()
