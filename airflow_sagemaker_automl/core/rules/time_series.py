"""Rules of time-series forecasting: frequency, horizon, quantiles, columns, filling, aggregation, holidays.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TimeSeriesForecastingJobConfig.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.rules.tabular import listed_algorithms, one_attribute
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, at, mapping, number, sequence, text
from airflow_sagemaker_automl.core.values.wording import one_of
from airflow_sagemaker_automl.exceptions import Violation

ALGORITHMS = ("cnn-qr", "deepar", "prophet", "npts", "arima", "ets")
_FREQUENCY = re.compile(r"1?Y|([1-9]|1[01])?M|[1-4]?W|[1-6]?D|([1-9]|1\d|2[0-3])?H|([1-9]|[1-5]\d)min")
_FREQUENCIES = "1Y, 1 to 11 M, 1 to 4 W, 1 to 6 D, 1 to 23 H, or 1 to 59 min, for example 1D or 15min"
_QUANTILE = re.compile(r"p[1-9]\d?")
_LONGEST_HORIZON = 500
_MOST_QUANTILES = 5
_FILLINGS = ("zero", "value", "median", "mean", "min", "max")
_METHODS = {"frontfill": ("none",), "middlefill": _FILLINGS, "backfill": _FILLINGS, "futurefill": _FILLINGS}
_AGGREGATIONS = ("sum", "avg", "first", "min", "max")


def violations(config: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """Validate a ``TimeSeriesForecastingJobConfig``."""
    yield from _forecast(config, path)
    yield from _columns(config.get("TimeSeriesConfig"), f"{path}.TimeSeriesConfig")
    target = at(config, "TimeSeriesConfig", "TargetAttributeName")
    yield from _filling(at(config, "Transformations", "Filling"), target, f"{path}.Transformations.Filling")
    yield from _aggregation(at(config, "Transformations", "Aggregation"), target, f"{path}.Transformations.Aggregation")
    yield from _holidays(config, path)
    yield from one_attribute(config, path)
    for place, algorithm in listed_algorithms(config, path):
        yield from one_of(place, algorithm, ALGORITHMS, where="for TimeSeriesForecasting")


def _forecast(config: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """Rule 10: frequency, horizon and quantiles."""
    frequency, horizon = config.get("ForecastFrequency"), config.get("ForecastHorizon")
    if frequency is None:
        yield Violation(f"{path}.ForecastFrequency", None, f"is required: {_FREQUENCIES}")
    elif isinstance(frequency, str) and not _FREQUENCY.fullmatch(frequency):
        yield Violation(f"{path}.ForecastFrequency", frequency, f"must be {_FREQUENCIES}")
    if horizon is None:
        yield Violation(f"{path}.ForecastHorizon", None, "is required: the number of steps to forecast")
    elif (steps := number(horizon)) is not None and not 1 <= steps <= _LONGEST_HORIZON:
        yield Violation(f"{path}.ForecastHorizon", horizon, f"must be from 1 to {_LONGEST_HORIZON} steps")
    quantiles = sequence(config.get("ForecastQuantiles"))
    if len(quantiles) > _MOST_QUANTILES:
        rule = f"must have at most {_MOST_QUANTILES} entries; it has {len(quantiles)}"
        yield Violation(f"{path}.ForecastQuantiles", quantiles, rule)
    for position, quantile in enumerate(quantiles):
        if isinstance(quantile, str) and not _QUANTILE.fullmatch(quantile):
            yield Violation(f"{path}.ForecastQuantiles[{position}]", quantile, "must be from p1 to p99")


def _columns(columns: Any, path: str) -> Iterator[Violation]:
    """Rule 12: the columns."""
    if columns is None:
        yield Violation(path, None, "is required: the target, timestamp and item identifier columns")
    if not isinstance(columns, Mapping):
        return
    roles = {
        "TargetAttributeName": "the column to forecast",
        "TimestampAttributeName": "the column with the timestamps",
        "ItemIdentifierAttributeName": "the column that identifies the series",
    }
    taken: dict[str, str] = {}
    for role, meaning in roles.items():
        if columns.get(role) is None:
            yield Violation(f"{path}.{role}", None, f"is required: {meaning}")
        yield from _differs(columns.get(role), taken, f"{path}.{role}", role)
    for position, column in enumerate(sequence(columns.get("GroupingAttributeNames"))):
        yield from _differs(column, taken, f"{path}.GroupingAttributeNames[{position}]", "GroupingAttributeNames")


def _differs(column: Any, taken: dict[str, str], path: str, role: str) -> Iterator[Violation]:
    if text(column) is None:
        return
    if column in taken:
        yield Violation(path, column, f"must be a different column than {taken[column]}")
    taken.setdefault(column, role)


def _filling(filling: Any, target: Any, path: str) -> Iterator[Violation]:
    """Rule 11, for missing values."""
    for column, methods in mapping(filling).items():
        for kind, allowed in _METHODS.items():
            method, value = at(methods, kind), at(methods, f"{kind}_value")
            place = f"{path}.{column}.{kind}"
            if kind == "frontfill" and method is not None and UNRESOLVED not in (method, target) and column != target:
                yield Violation(place, method, f"must be left out: it is for the target column ({target}) only")
            yield from one_of(place, method, allowed)
            if method == "value" and value is None:
                yield Violation(f"{place}_value", None, f"is required if {kind} is 'value'")
            if value is not None and method not in ("value", UNRESOLVED):
                yield Violation(f"{place}_value", value, f"must be left out unless {kind} is 'value'; it is {method!r}")


def _aggregation(aggregation: Any, target: Any, path: str) -> Iterator[Violation]:
    """Rule 11, for data finer than the frequency."""
    for column, method in mapping(aggregation).items():
        if text(target) and column != target:
            rule = f"must be left out: it is for the target column ({target}) only"
            yield Violation(f"{path}.{column}", method, rule)
        yield from one_of(f"{path}.{column}", method, _AGGREGATIONS)


def _holidays(config: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """Rule 12, for holidays."""
    for position, entry in enumerate(sequence(config.get("HolidayConfig"))):
        code = at(entry, "CountryCode")
        if isinstance(code, str) and not re.fullmatch("[A-Z]{2}", code):
            place = f"{path}.HolidayConfig[{position}].CountryCode"
            yield Violation(place, code, "must be a country code of two uppercase letters, for example DE")
