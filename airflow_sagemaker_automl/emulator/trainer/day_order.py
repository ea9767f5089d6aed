"""Dates such as 03/04/2024: day and month have one order in a whole column, which its other values show."""

from __future__ import annotations

import re

import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData

DAY_FIRST, MONTH_FIRST = "day/month", "month/day"
_DATE = re.compile(r"^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?:$|[ T,]+(.*)$)", re.DOTALL)
_MOST_OF_YEAR = 12
# Years of two digits, as in POSIX.
_FIRST_OF_LAST_CENTURY = 69
# AutoGluon takes a column for dates if so many of its first values can be read as dates.
_LEAST_SHARE = 0.2
_SAMPLE = 500


class MixedOrders(UnusableData):
    """Some dates of a column begin with the day and some with the month."""


def has_dates(column: pd.Series) -> bool:
    """Whether a column holds such dates, as its first values show."""
    if column.dtype != object:
        return False
    sample = column.dropna().head(_SAMPLE).astype(str)
    return bool(len(sample)) and bool(sample.str.match(_DATE).mean() >= _LEAST_SHARE)


def order_of(column: pd.Series) -> tuple[str, bool]:
    """Find the order of day and month in a column.

    :return: the order, and whether a value shows it; otherwise it is month first, as in the United States.
    :raises MixedOrders: two values contradict each other.
    """
    parts = _parts(column)
    first, second = parts[0] > _MOST_OF_YEAR, parts[1] > _MOST_OF_YEAR
    days_first, months_first = column[first & ~second], column[second & ~first]
    if len(days_first) and len(months_first):
        raise MixedOrders(
            f"The dates in {column.name!r} have no common order: {days_first.iloc[0]!r} begins with the day, "
            f"{months_first.iloc[0]!r} with the month; write dates like 2024-01-31."
        )
    return DAY_FIRST if len(days_first) else MONTH_FIRST, bool(len(days_first) or len(months_first))


def in_order(column: pd.Series, order: str) -> pd.Series:
    """Rewrite such dates as year-month-day; dates that are none in this order become missing, other values stay."""
    parts = _parts(column)
    is_date = parts[0].notna()
    day, month = (parts[0], parts[1]) if order == DAY_FIRST else (parts[1], parts[0])
    dates = pd.Series(
        [
            f"{_year(year)}-{int(month):02}-{int(day):02} {rest or ''}".strip() if month <= _MOST_OF_YEAR else None
            for year, month, day, rest in zip(
                parts.loc[is_date, 2], month[is_date], day[is_date], parts.loc[is_date, 3].fillna(""), strict=True
            )
        ],
        index=column.index[is_date],
        dtype=object,
    )
    rewritten = column.astype(object).copy()
    rewritten[is_date] = dates
    return rewritten


def _parts(column: pd.Series) -> pd.DataFrame:
    parts = column.astype(str).str.extract(_DATE)
    return parts.astype({0: float, 1: float})


def _year(written: str) -> str:
    if len(written) > 2:
        return written
    return f"{'19' if int(written) >= _FIRST_OF_LAST_CENTURY else '20'}{written}"
