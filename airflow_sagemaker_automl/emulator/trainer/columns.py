"""The columns of a training table: types that training, reports and endpoints all can work with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.day_order import MixedOrders, has_dates, in_order, order_of
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.features import ALL_FEATURES, FeatureSpecification
from airflow_sagemaker_automl.emulator.trainer.labels import plain_labels
from airflow_sagemaker_automl.emulator.trainer.values import is_numeric, listed, plain, stacked, text_of, too_large

FEWEST_ROWS = 500
# Stored beside a model: how its columns were read, which a few rows of an invocation do not show.
COLUMN_TYPES_FILE = "column_types.json"
TEXT, NUMBER, MOMENT = "text", "number", "moment"


@dataclass(frozen=True)
class Columns:
    """The roles of the columns.

    :param target: the column to predict.
    :param weight: column of row weights; None without weights.
    :param features: which of the other columns to learn from.
    :param verbatim: columns to read as text.
    :param fewest: minimum number of training rows.
    """

    target: str
    weight: str | None = None
    features: FeatureSpecification = ALL_FEATURES
    verbatim: tuple[str, ...] = ()
    fewest: int = FEWEST_ROWS

    @property
    def roles(self) -> dict[str, str]:
        """The columns that are no features → their roles."""
        return {self.target: "target"} | ({} if self.weight is None else {self.weight: "weight"})

    @property
    def named(self) -> list[str]:
        """The columns that the request names."""
        return [*self.roles, *(self.features.names or [])]

    def are_used(self, name: str) -> bool:
        """Whether a column is a feature."""
        return name not in self.roles and (self.features.names is None or name in self.features.names)


@dataclass
class Settled:
    """Tables whose columns have been converted.

    :param day_orders: column → order of day and month in its dates.
    :param notes: what of the columns is not used, or was assumed: one sentence each.
    """

    tables: list[pd.DataFrame]
    day_orders: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def settle(tables: Sequence[pd.DataFrame], columns: Columns) -> Settled:
    """Convert the columns of tables with the same columns; a column gets the same type in all of them.

    :raises UnusableData: the target has numbers that cannot be computed with.
    """
    whole = stacked(tables)
    found = Settled([])
    for name in columns.verbatim:
        if name in whole:
            whole[name] = whole[name].map(text_of, na_action="ignore").fillna("")
    if columns.target in whole:
        whole[columns.target] = plain_labels(whole[columns.target])
    features = [name for name in whole if columns.are_used(str(name)) and name not in columns.verbatim]
    whole = _in_one_order(whole.assign(**{str(name): plain(whole[name]) for name in features}), features, found)
    whole = _finite(whole, [name for name in features if name in whole], found)
    ends = np.cumsum([len(table) for table in tables])
    found.tables = [whole[end - len(table) : end] for table, end in zip(tables, ends, strict=True)]
    return found


def types_of(table: pd.DataFrame, day_orders: Mapping[str, str]) -> dict[str, str]:
    """Say how columns have to be read again.

    :param day_orders: column → order of day and month in its dates.
    :return: column → :data:`TEXT`, :data:`NUMBER`, :data:`MOMENT` or the order of its dates.
    """
    texts = {str(name): TEXT for name in table if table[name].dtype == object}
    numbers = {str(name): NUMBER for name in table if is_numeric(table[name])}
    moments = {str(name): MOMENT for name in table if pd.api.types.is_datetime64_any_dtype(table[name])}
    return {**texts, **numbers, **moments, **day_orders}


def require_variety(table: pd.DataFrame, roles: Sequence[str]) -> None:
    """Refuse a table whose features have nothing to learn from.

    :param roles: the columns that are no features.
    :raises UnusableData: each feature is empty, or has the same value in all rows.
    """
    features = [str(name) for name in table.columns if name not in roles]
    if not any(table[name].nunique(dropna=False) > 1 for name in features):
        raise UnusableData(
            f"There is nothing to learn from: each column besides {listed(roles)} is empty or has the same value in "
            f"all rows ({listed(features)})."
        )


def _in_one_order(table: pd.DataFrame, features: Sequence[str], found: Settled) -> pd.DataFrame:
    """Rewrite dates such as 03/04/2024, which AutoGluon would read one by one; leave out what has no common order."""
    assumed = []
    for name in features:
        if not has_dates(table[name]):
            continue
        try:
            order, is_shown = order_of(table[name])
        except MixedOrders as error:
            found.notes.append(f"Not used: the column {name!r}. {error}")
            table = table.drop(columns=name)
            continue
        table = table.assign(**{name: in_order(table[name], order)})
        found.day_orders[name] = order
        if not is_shown:
            assumed.append(name)
    if assumed:
        found.notes.append(f"The dates in {listed(assumed)} were read as month/day/year; no value shows their order.")
    return table


def _finite(table: pd.DataFrame, features: Sequence[str], found: Settled) -> pd.DataFrame:
    """Make infinite numbers missing: some of the models refuse them, others do not."""
    wrong = {name: too_large(table[name]) for name in features if is_numeric(table[name])}
    names = [name for name, rows in wrong.items() if rows.any()]
    if not names:
        return table
    found.notes.append(f"Infinite or too large numbers in {listed(names)} count as missing.")
    return table.assign(**{name: table[name].astype(float).mask(wrong[name]) for name in names})
