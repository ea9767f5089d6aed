"""Tables as people have them: columns of all types, with all kinds of defects."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from tests.emulator.trainers import as_csv, as_parquet

TARGET = "target"
_DAY = datetime.date(2024, 1, 1)
# Type → its value for a number from 0 on.
TYPES: dict[str, Callable[[int], Any]] = {
    "integer": lambda n: n,
    "whole float": float,
    "float": lambda n: n + 0.5,
    "large": lambda n: 10.0**300 * (n + 1),
    "infinite": lambda n: float("inf") if n % 3 == 0 else float(n),
    "decimal": lambda n: Decimal(n) / 4,
    "truth": lambda n: n % 2 == 0,
    "text": lambda n: f"value {n}",
    "letter": lambda n: "abc"[n % 3],
    "number in text": lambda n: f"{n:03}",
    "sentence": lambda n: f"the {n} times repeated words of a sentence are here",
    "odd text": lambda n: ['say "hi"', "a,b", "two\nlines", "ümlaut", " "][n % 5],
    "date": lambda n: _DAY + datetime.timedelta(days=n),
    "moment": lambda n: datetime.datetime(2024, 1, 1, 12) + datetime.timedelta(hours=n),
    "day first": lambda n: (_DAY + datetime.timedelta(days=n)).strftime("%d/%m/%Y"),
    "mixed orders": lambda n: (_DAY + datetime.timedelta(days=n)).strftime("%d/%m/%Y" if n % 2 else "%m/%d/%Y"),
    "epoch": lambda n: 1704067200 + 86400 * n,
    "empty": lambda n: None,
    "constant": lambda n: "same",
    "mixed": lambda n: [n, f"text {n}", 1.5][n % 3],
    "list": lambda n: [n],
    "struct": lambda n: {"n": n},
    "binary": lambda n: bytes([n % 256]),
}
DEFECTS = ("long row", "trailing commas", "short row", "open quote", "two headers", "no rows", "other encoding", "cut")


@dataclass(frozen=True)
class Column:
    """A column to make.

    :param kind: one of :data:`TYPES`.
    :param distinct: number of different values.
    :param missing: each so many rows has no value; 0 for none.
    """

    kind: str
    distinct: int
    missing: int

    def values(self, rows: int) -> list[Any]:
        """Make the column's values."""
        numbers = np.random.default_rng(0).integers(0, self.distinct, rows)
        make = TYPES[self.kind]
        return [
            None if self.missing and row % self.missing == 0 else make(int(number))
            for row, number in enumerate(numbers)
        ]


@dataclass(frozen=True)
class Sample:
    """A file with a table.

    :param columns: name → column.
    :param form: ``csv`` or ``parquet``.
    :param defect: one of :data:`DEFECTS`; None for a file without one.
    """

    columns: dict[str, Column]
    rows: int
    form: str
    defect: str | None

    @property
    def is_unreadable(self) -> bool:
        """Whether no table can be trained on after this defect."""
        of_text = ["long row", "other encoding"]
        # A quote in a later value may close one that was left open.
        if not any(column.kind == "odd text" for column in self.columns.values()):
            of_text.append("open quote")
        return self.defect == "no rows" or (self.form == "csv" and self.defect in of_text)

    def table(self) -> pd.DataFrame:
        """Make the table, without the file's defect."""
        return pd.DataFrame(
            {name: pd.Series(column.values(self.rows), dtype=object) for name, column in self.columns.items()}
        ).infer_objects()

    def body(self) -> bytes:
        """Write the file."""
        table = self.table()[: 0 if self.defect == "no rows" else self.rows]
        if self.form == "parquet":
            mixed = [name for name, column in self.columns.items() if column.kind == "mixed"]
            body = as_parquet(table.assign(**{name: table[name].map(str, na_action="ignore") for name in mixed}))
        else:
            body = as_csv(table)
        return _with_defect(body, self.defect, self.form)


def _with_defect(body: bytes, defect: str | None, form: str) -> bytes:
    if defect == "cut":
        return body[: len(body) * 2 // 3]
    if form == "parquet" or defect is None:
        return body
    lines = body.split(b"\n")
    middle = len(lines) // 2
    changed = {
        "long row": [*lines[:middle], b"1" + b",2" * 30, *lines[middle:]],
        "short row": [*lines[:middle], b"1", *lines[middle:]],
        "open quote": [*lines[:middle], b'"1', *lines[middle:]],
        "trailing commas": [line + b"," if line else line for line in lines],
        "two headers": [lines[0], *lines],
        "other encoding": [*lines[:middle], b"\xff\xfe", *lines[middle:]],
    }
    return b"\n".join(changed.get(defect, lines))


def columns(*kinds: str) -> st.SearchStrategy[Column]:
    """Columns of any type, or of the given ones."""
    return st.builds(
        Column,
        kind=st.sampled_from(kinds or sorted(TYPES)),
        distinct=st.sampled_from([1, 2, 3, 12, 40, 700]),
        missing=st.sampled_from([0, 0, 0, 2, 30]),
    )


def samples(rows: int, **fixed: st.SearchStrategy[Column]) -> st.SearchStrategy[Sample]:
    """Tables with three columns of any type besides those that are given.

    :param rows: number of rows.
    :param fixed: further columns by name.
    """
    given = {f"feature {number}": columns() for number in range(3)} | fixed
    return st.builds(
        Sample,
        columns=st.fixed_dictionaries(given),
        rows=st.just(rows),
        form=st.sampled_from(["csv", "csv", "parquet"]),
        defect=st.sampled_from([None, None, None, *DEFECTS]),
    )
