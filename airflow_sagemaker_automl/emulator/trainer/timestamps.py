"""Reads the timestamps of a time series; all values of a column are read in the same way."""

from __future__ import annotations

import warnings

import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.day_order import in_order, order_of
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.values import is_numeric

_NUMBER = r"\d+(?:\.\d+)?"
# Form of a whole number → its smallest and largest value.
_CALENDAR: dict[str, tuple[float, float]] = {
    "%Y": (1000, 9999),
    "%Y%m": (100001, 999912),
    "%Y%m%d": (10000101, 99991231),
}
# Unit of an epoch → the smallest number, of 1973. Ranges end where the next one begins, so a number has one unit.
_EPOCHS = {"s": 1e8, "ms": 1e11, "us": 1e14, "ns": 1e17}
_LAST_NANOSECOND = 9.2e18
_MONTH_NAME = r"(?=.*[A-Za-z]{3})(?=.*\d{4})"


def read_timestamps(column: pd.Series) -> tuple[pd.Series, list[str]]:
    """Read timestamps.

    :return: moments without time zone, in UTC where the values have one, and notes about what was assumed.
    :raises UnusableData: a value is no timestamp, or the values contradict each other.
    """
    notes: list[str] = []
    if pd.api.types.is_datetime64_any_dtype(column):
        moments = pd.to_datetime(column, utc=True)
    elif (numbers := _numbers(column)) is not None:
        moments = _of_numbers(column, numbers)
    else:
        moments, notes = _of_texts(column)
    unread = column[moments.isna()]
    if len(unread):
        first = "empty" if pd.isna(unread.iloc[0]) else repr(unread.iloc[0])
        raise UnusableData(
            f"{len(unread)} rows have no readable timestamp in {column.name!r}, the first is {first}; "
            "write timestamps like 2024-01-31 or 2024-01-31 23:59:59."
        )
    return moments.dt.tz_localize(None), notes


def _numbers(column: pd.Series) -> pd.Series | None:
    """The column as numbers, if all of its values are."""
    if is_numeric(column):
        return column
    known = column.dropna()
    if column.dtype == object and len(known) and known.astype(str).str.fullmatch(_NUMBER).all():
        return pd.to_numeric(column)
    return None


def _of_numbers(column: pd.Series, numbers: pd.Series) -> pd.Series:
    known = numbers.dropna()
    low, high = known.min(), known.max()
    if (known % 1 == 0).all():
        for form, (least, most) in _CALENDAR.items():
            if least <= low and high <= most:
                written = numbers.astype("Int64").astype("string").astype(object)
                return pd.to_datetime(written, format=form, errors="coerce", utc=True)
    ends = [*list(_EPOCHS.values())[1:], _LAST_NANOSECOND]
    for (unit, least), end in zip(_EPOCHS.items(), ends, strict=True):
        if least <= low and high < end:
            return pd.to_datetime(numbers, unit=unit, errors="coerce", utc=True)
    raise UnusableData(
        f"The numbers in {column.name!r}, from {low} to {high}, cannot be read as timestamps: they must all be years, "
        "dates like 20240131, or epochs of one unit, such as seconds (10 digits) or milliseconds (13 digits)."
    )


def _of_texts(column: pd.Series) -> tuple[pd.Series, list[str]]:
    written = column.astype(str)
    moments = pd.to_datetime(written, errors="coerce", format="ISO8601", utc=True)
    rest = column[moments.isna() & column.notna()]
    if rest.empty:
        return moments, []
    order, is_shown = order_of(rest)
    ordered = in_order(rest, order)
    was_ordered = ordered.notna() & (ordered != rest)
    readable = ordered.where(was_ordered | rest.astype(str).str.match(_MONTH_NAME))
    with warnings.catch_warnings():
        # Of unknown names of time zones.
        warnings.simplefilter("ignore")
        moments = moments.fillna(pd.to_datetime(readable, errors="coerce", format="mixed", utc=True))
    if is_shown or not was_ordered.any():
        return moments, []
    return moments, [f"The dates in {column.name!r} were read as {order}/year, since no value shows their order."]
