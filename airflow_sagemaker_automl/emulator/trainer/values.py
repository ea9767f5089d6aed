"""The values of a column, whatever file they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

# Several libraries compute in this precision and refuse what is infinite there.
LARGEST = float(np.finfo(np.float32).max)
# Beyond this, not every whole number has a float of its own.
_LARGEST_EXACT = 2**53
_MOST_NAMED = 5


def text_of(value: Any) -> str:
    """Write a value as text; a number without decimals has none, also if its column is of floats."""
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < _LARGEST_EXACT else str(number)
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    return str(value)


def is_numeric(column: pd.Series) -> bool:
    """Whether a column has numbers only; truth values are none."""
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def too_large(column: pd.Series) -> pd.Series:
    """Find the rows of a numeric column whose value is infinite, or in single precision."""
    return column.notna() & ~(column.astype(float).abs() <= LARGEST)


def stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the rows of tables below each other; truth values do not become the numbers of another table."""
    if len(tables) == 1:
        return tables[0].reset_index(drop=True)
    kinds = [{name for name in table if pd.api.types.is_bool_dtype(table[name])} for table in tables]
    mixed = set.union(*kinds) - set.intersection(*kinds)
    texts = [
        table.assign(**{str(name): table[name].map(str) for name in mixed & kind})
        for table, kind in zip(tables, kinds, strict=True)
    ]
    return pd.concat(texts, ignore_index=True)


def plain(column: pd.Series) -> pd.Series:
    """Make a column of Python objects one of text: mixed types of several files, or truth values some of which miss."""
    if column.dtype != object or pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty"):
        return column
    return column.map(text_of, na_action="ignore")


def listed(names: Any) -> str:
    """Write names in a row; many are cut off."""
    shown = [repr(str(name)) for name in names]
    rest = len(shown) - _MOST_NAMED
    return ", ".join(shown) if rest <= 0 else f"{', '.join(shown[:_MOST_NAMED])} and {rest} more"
