"""Columns as the text of CSV, whole batches at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_NEEDS_QUOTES = r'[",\r\n]|^\s|\s$'
# Readers skip an empty line, so the only value of a row is quoted if it is empty.
_ALONE_NEEDS_QUOTES = rf"{_NEEDS_QUOTES}|^$"
_LINE_BREAK = r"\r\n|\r|\n"
_WITHOUT_TEXT: Sequence[Callable[[Any], bool]] = (
    pa.types.is_nested,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
    pa.types.is_binary_view,
    pa.types.is_interval,
)


def as_text(column: Any) -> Any:
    """Convert a column to text that readers of CSV take for the same values; what is missing is empty.

    :param column: an Arrow array of numbers, truth values, dates, decimals or text.
    :raises pa.ArrowException: its values have no text, for example lists.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    if pa.types.is_boolean(column.type):
        column = pc.if_else(column, "True", "False")
    elif pa.types.is_floating(column.type):
        column = pc.cast(pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column), pa.string())
    elif not pa.types.is_string(column.type):
        column = pc.cast(column, pa.string())
    return pc.fill_null(column, "")


def has_text(kind: Any) -> bool:
    """Tell whether values of an Arrow type can be written as text."""
    if pa.types.is_dictionary(kind):
        return has_text(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return has_text(kind.storage_type)
    return not any(is_without(kind) for is_without in _WITHOUT_TEXT)


def without_line_breaks(column: Any) -> tuple[Any, int]:
    """Replace the line breaks in a column of text with spaces: batch transform cuts its input at line breaks.

    :return: the column, and in how many values there were any.
    """
    count = pc.sum(pc.match_substring_regex(column, _LINE_BREAK)).as_py() or 0
    return (pc.replace_substring_regex(column, _LINE_BREAK, " ") if count else column), count


def lines(columns: Sequence[Any]) -> Any:
    """Join columns of text to the lines of CSV, each with its line break; only what needs quotes has them."""
    pattern = _NEEDS_QUOTES if len(columns) > 1 else _ALONE_NEEDS_QUOTES
    quoted = [_quoted(column, pattern) for column in columns]
    return pc.binary_join_element_wise(pc.binary_join_element_wise(*quoted, ","), "", "\n")


def content(joined: Any) -> bytes:
    """Return the bytes of lines, without copying each of them."""
    return b"".join(memoryview(_values(chunk)) for chunk in _chunks(joined))


def header(names: Sequence[str]) -> bytes:
    """Write the header line."""
    return content(lines([pa.array([name]) for name in names]))


def _quoted(column: Any, pattern: str) -> Any:
    needs = pc.match_substring_regex(column, pattern)
    if not pc.any(needs).as_py():
        return column
    inner = pc.replace_substring(column, '"', '""')
    return pc.if_else(needs, pc.binary_join_element_wise('"', inner, '"', ""), column)


def _chunks(joined: Any) -> list[Any]:
    return joined.chunks if isinstance(joined, pa.ChunkedArray) else [joined]


def _values(array: Any) -> Any:
    """Return the part of an array's buffer that its values occupy."""
    _, offsets, values = array.buffers()
    if values is None:
        return b""
    wide = 8 if pa.types.is_large_string(array.type) else 4
    view = memoryview(offsets).cast("q" if wide == 8 else "i")
    return memoryview(values)[view[array.offset] : view[array.offset + len(array)]]
