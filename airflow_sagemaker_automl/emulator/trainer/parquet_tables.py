"""Reads Parquet: each column as what CSV could hold as well, that is numbers, truth values, texts and moments.

Spark, Glue and Athena write decimals, dates and binary columns, which pandas reads as Python objects.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

if TYPE_CHECKING:
    import pyarrow

# So many digits fit into an int64.
_MOST_INTEGER_DIGITS = 18
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")


class ParquetTable(NamedTuple):
    """The content of a file.

    :param left_out: columns that are not in the table → what they hold.
    """

    table: pd.DataFrame
    left_out: dict[str, str]


def read_parquet(content: Any) -> ParquetTable:
    """Read a table; pandas' own description of it does not count, so that an index with a name is a column.

    :raises ValueError: the content is not Parquet; the message continues a sentence.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        # Spark's old timestamps are of nanoseconds, which end in 2262.
        open_file: Any = parquet.ParquetFile
        read = open_file(io.BytesIO(content.read()), coerce_int96_timestamp_unit="us").read()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError("it is not Parquet, or damaged") from error
    left_out, columns, names = {}, [], []
    for name, column in zip(read.column_names, read.columns, strict=True):
        kind = "row numbers of pandas" if _UNNAMED_INDEX.fullmatch(name) else _unusable_kind(column.type)
        if kind:
            left_out[name] = kind
        else:
            names.append(name)
            columns.append(_of_csv(_simple(column)))
    table = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(read.num_rows))
    return ParquetTable(table.set_axis(names, axis=1), left_out)


def _unusable_kind(kind: pyarrow.DataType) -> str | None:
    """Say what a column holds that cannot be learned from; None for usable columns."""
    from pyarrow import types

    if isinstance(kind, _extension_type()):
        return _unusable_kind(kind.storage_type)
    if types.is_dictionary(kind):
        return _unusable_kind(kind.value_type)
    if types.is_map(kind):
        return "maps"
    if types.is_struct(kind):
        return "structs"
    if types.is_nested(kind):
        return "lists"
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return "binary values"
    return None


def _simple(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    """Convert what pandas would read as Python objects or categories."""
    import pyarrow
    from pyarrow import types

    kind = column.type
    if isinstance(kind, _extension_type()):
        return _simple(column.cast(kind.storage_type))
    if types.is_dictionary(kind):
        return _simple(column.cast(kind.value_type))
    if types.is_decimal(kind):
        is_integer = kind.scale == 0 and kind.precision <= _MOST_INTEGER_DIGITS
        return column.cast(pyarrow.int64() if is_integer else pyarrow.float64())
    if types.is_float16(kind):
        return column.cast(pyarrow.float64())
    if types.is_time(kind):
        return column.cast(pyarrow.string())
    if types.is_date(kind):
        return column.cast(pyarrow.timestamp("ms"))
    if types.is_timestamp(kind) and kind.tz:
        return column.cast(pyarrow.timestamp(kind.unit))  # In UTC.
    return column


def _of_csv(column: pyarrow.ChunkedArray) -> pd.Series:
    values = column.to_pandas()
    if pd.api.types.is_timedelta64_dtype(values):
        return values.dt.total_seconds()
    if pd.api.types.is_datetime64_any_dtype(values):
        # AutoGluon counts nanoseconds, also where it reads text; other moments, such as a year 9999, are missing.
        fits = values.between(pd.Timestamp.min, pd.Timestamp.max)
        return values.where(fits).astype("datetime64[ns]")
    return values


def _extension_type() -> Any:
    import pyarrow

    return pyarrow.BaseExtensionType
