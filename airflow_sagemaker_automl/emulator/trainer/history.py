"""The past of all series, in steps of the forecast frequency without gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.channels import channels_of, read_channel, uri_of
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.features import load_specification
from airflow_sagemaker_automl.emulator.trainer.frequency import Frequency
from airflow_sagemaker_automl.emulator.trainer.timestamps import read_timestamps
from airflow_sagemaker_automl.emulator.trainer.values import text_of, too_large

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job

_AGGREGATIONS = {"sum": "sum", "avg": "mean", "first": "first", "min": "min", "max": "max"}
# The service's defaults are those of Amazon Forecast:
# https://docs.aws.amazon.com/forecast/latest/dg/API_FeaturizationMethod.html
_DEFAULT_FILLING = {"frontfill": "none", "middlefill": "zero", "backfill": "zero"}
LONGEST_HORIZON = 500
# All steps of all series are kept in memory, also those that are filled.
_MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class Series:
    """One series.

    :param key: item identifier and grouping values.
    :param start: number of its first step.
    :param values: one for each step up to the end of the data.
    """

    key: tuple[str, ...]
    start: int
    values: np.ndarray


@dataclass(frozen=True)
class History:
    """All series.

    :param key_columns: names of the key columns.
    :param moments: start time of each step, from the first one to a horizon after the last.
    :param unused: columns that no model here uses.
    :param notes: what of the data is incomplete, or was assumed: one sentence each.
    """

    key_columns: list[str]
    timestamp: str
    target: str
    frequency: Frequency
    series: list[Series]
    moments: pd.DatetimeIndex
    unused: list[str]
    notes: list[str]

    def table(self) -> pd.DataFrame:
        """The series as the models see them: aggregated and filled."""
        return pd.concat(
            [
                pd.DataFrame(
                    {
                        **dict(zip(self.key_columns, series.key, strict=True)),
                        self.timestamp: self.moments[series.start : series.start + len(series.values)],
                        self.target: series.values,
                    }
                )
                for series in self.series
            ],
            ignore_index=True,
        )


def load_history(job: Job) -> History:
    """Read a job's data.

    :raises UnusableData: the data do not match the request, or are too short for its horizon.
    """
    named = named_columns(job.config)
    table, notes = _read(job, key_columns(job.config), named)
    history = history_of(table, job.config)
    _require_history(history.series, job.config["ForecastHorizon"])
    unused = [str(name) for name in table.columns if name not in named]
    return replace(history, unused=unused, notes=[*notes, *history.notes])


def key_columns(config: dict[str, Any]) -> list[str]:
    """Name the columns that identify a series.

    :param config: ``TimeSeriesForecastingJobConfig``.
    """
    columns = config["TimeSeriesConfig"]
    return [columns["ItemIdentifierAttributeName"], *columns.get("GroupingAttributeNames", [])]


def named_columns(config: dict[str, Any]) -> list[str]:
    """Name target, timestamp and the columns that identify a series.

    :param config: ``TimeSeriesForecastingJobConfig``.
    """
    columns = config["TimeSeriesConfig"]
    return [columns["TargetAttributeName"], columns["TimestampAttributeName"], *key_columns(config)]


def history_of(table: pd.DataFrame, config: dict[str, Any]) -> History:
    """Aggregate and fill the series in a table.

    :param table: with the named columns; those that identify a series are texts.
    :param config: ``TimeSeriesForecastingJobConfig``.
    :raises UnusableData: values cannot be read.
    """
    target, timestamp, *keys = named_columns(config)
    frequency = Frequency.parse(config["ForecastFrequency"])
    moments, assumed = read_timestamps(table[timestamp])
    values = _numbers(table[target])
    steps = frequency.steps(moments)
    _require_size(config["ForecastFrequency"], steps, len(table[keys].drop_duplicates()))
    aggregation = config.get("Transformations", {}).get("Aggregation", {}).get(target, "sum")
    # Generated names: a column of the data may be called "step".
    levels = [f"key {number}" for number in range(len(keys))]
    rows = pd.DataFrame({"step": steps, "moment": moments, "value": values})
    rows[levels] = table[keys].to_numpy()
    regular = (
        rows.dropna(subset="value")
        .sort_values("moment", kind="stable")
        .groupby([*levels, "step"])["value"]
        .agg(_AGGREGATIONS[aggregation])
    )
    last, horizon = int(regular.index.get_level_values("step").max()), config["ForecastHorizon"]
    filling = _filling(config, target)
    series = [
        _filled_series(key if isinstance(key, tuple) else (key,), found.droplevel(levels), last, filling)
        for key, found in regular.groupby(level=levels if len(levels) > 1 else levels[0])
    ]
    begins = frequency.moments(moments, np.arange(last + 1 + horizon))
    return History(keys, timestamp, target, frequency, series, begins, [], list(assumed))


def require_keys(table: pd.DataFrame, keys: list[str]) -> None:
    """Make the columns that identify a series texts, in place.

    :raises UnusableData: a row has no value in one of them.
    """
    for key in keys:
        empty = table[key].isna() | (table[key].astype(str) == "")
        if empty.any():
            raise UnusableData(f"{int(empty.sum())} rows have no value in {key!r}, which identifies the series.")
        table[key] = table[key].map(text_of)


def _read(job: Job, keys: list[str], named: list[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    channel = channels_of(job.request)["training"]
    read = read_channel(job.storage, channel, verbatim=keys)
    read.require(named)
    table = read.table
    missing = [name for name in named if name not in table.columns]
    if missing:
        raise UnusableData(
            f"TimeSeriesConfig names columns that are not in the data: {', '.join(missing)}; "
            f"its columns are {', '.join(map(str, table.columns))}."
        )
    if table.empty:
        raise UnusableData(f"The data at {uri_of(channel)} have no rows.")
    require_keys(table, keys)
    specification = load_specification(job.storage, job.config.get("FeatureSpecificationS3Uri"))
    return specification.apply(table, named), read.notes


def _numbers(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    wrong = column[column.notna() & numbers.isna()]
    if len(wrong):
        raise UnusableData(
            f"The target column {column.name!r} must be numeric; {len(wrong)} rows are not, "
            f"the first is {wrong.iloc[0]!r}."
        )
    large = column[too_large(numbers)]
    if len(large):
        raise UnusableData(
            f"The target column {column.name!r} has {len(large)} values that are infinite or too large to compute "
            f"with; the first is {large.iloc[0]}."
        )
    if numbers.notna().sum() == 0:
        raise UnusableData(f"The target column {column.name!r} has no value in any row.")
    return numbers


def _filling(config: dict[str, Any], target: str) -> dict[str, str]:
    chosen = config.get("Transformations", {}).get("Filling", {}).get(target, {})
    for fill in ("middlefill", "backfill"):
        method = chosen.get(fill, "zero")
        if method not in _FILLERS and method != "value":
            raise UnusableData(f"{fill} of {target!r} cannot be {method!r}; it can be value, {', '.join(_FILLERS)}.")
        if method == "value":
            _fill_value(chosen, fill)
    return {**_DEFAULT_FILLING, **chosen}


def _fill_value(filling: dict[str, str], fill: str) -> float:
    written = filling.get(f"{fill}_value", "")
    try:
        return float(written)
    except ValueError as error:
        raise UnusableData(f"{fill} 'value' needs a number in {fill}_value, not {written!r}.") from error


def _filled_series(key: tuple[Any, ...], found: pd.Series, last: int, filling: dict[str, str]) -> Series:
    """Fill the gaps of a series, from its first value (nothing is filled before it) to the end of the data."""
    start, end = int(found.index.min()), int(found.index.max())
    observed = found.to_numpy(dtype=float)
    middle = found.reindex(range(start, end + 1)).fillna(_fill(filling, "middlefill", observed))
    tail = np.full(last - end, _fill(filling, "backfill", observed))
    return Series(tuple(map(str, key)), start, np.concatenate([middle.to_numpy(dtype=float), tail]))


def _fill(filling: dict[str, str], fill: str, observed: np.ndarray) -> float:
    method = filling[fill]
    return _fill_value(filling, fill) if method == "value" else float(_FILLERS[method](observed))


_FILLERS: dict[str, Callable[[np.ndarray], Any]] = {
    "zero": lambda _: 0.0,
    "median": np.median,
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
}


def _require_size(frequency: str, steps: np.ndarray, series: int) -> None:
    """Refuse a period that is far too long for its time-step, as one wrong timestamp makes it."""
    whole = (int(steps.max()) + 1) * series
    if whole > _MOST_STEPS:
        raise UnusableData(
            f"From the first to the last timestamp there are {int(steps.max()) + 1} steps of {frequency}, in {series} "
            f"series; the emulator forecasts at most {_MOST_STEPS} steps in all."
        )


def _require_history(series: list[Series], horizon: int) -> None:
    steps = max(len(one.values) for one in series)
    longest = min(LONGEST_HORIZON, steps // 4)
    if horizon > longest:
        raise UnusableData(
            f"A ForecastHorizon of {horizon} is too long for the data, whose longest series has {steps} time-steps: "
            f"it can be {longest} at most, the lesser of {LONGEST_HORIZON} and a quarter of the time-steps."
        )
