"""Slices of the rows: the categories of a column, or ranges of a column of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airflow_sagemaker_automl.core.evaluation.rows import Codes, Floats

# A column of numbers with more different values than this is divided into ranges.
_MOST_CATEGORIES_OF_NUMBERS = 10
_RANGES = 5
_MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class SliceColumn:
    """A column by which rows are sliced.

    :param name: of the column.
    :param codes: the slice of each row, as its place in ``values``.
    :param values: what is common to the rows of each slice.
    """

    name: str
    codes: Codes
    values: Sequence[str]

    def slices(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Yield each slice that has rows: its value, and which rows are in it."""
        for code in np.unique(self.codes):
            yield self.values[code], self.codes == code


def of_categories(name: str, values: Sequence[Any], codes: Codes) -> SliceColumn:
    """Slice by the categories of a column.

    :param values: the categories; None is a missing value.
    :param codes: the category of each row, as its place in ``values``.
    """
    return SliceColumn(name=name, codes=codes, values=[_MISSING if value is None else str(value) for value in values])


def of_numbers(name: str, numbers: Floats) -> SliceColumn:
    """Slice by the values of a column of numbers, or by ranges with about as many rows if it has more than ten values.

    :param numbers: one for each row; NaN is a missing value.
    """
    is_missing = ~np.isfinite(numbers)
    known = numbers[~is_missing]
    distinct = np.unique(known)
    codes = np.empty(len(numbers), dtype=np.int32)
    if len(distinct) <= _MOST_CATEGORIES_OF_NUMBERS:
        names = [f"{value:.12g}" for value in distinct]
        codes[~is_missing] = np.searchsorted(distinct, known)
    else:
        inner = np.unique(np.quantile(known, np.linspace(0, 1, _RANGES + 1)[1:-1]))
        edges = [float(distinct[0]), *map(float, inner), float(distinct[-1])]
        names = [f"{low:.12g} to {high:.12g}" for low, high in pairwise(edges)]
        codes[~is_missing] = np.searchsorted(inner, known, side="left")
    codes[is_missing] = len(names)
    return SliceColumn(name=name, codes=codes, values=[*names, _MISSING])
