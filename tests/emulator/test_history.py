"""The past of a forecast is divided into steps, aggregated and filled as requested, or refused with a reason."""

from __future__ import annotations

import io
import time
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from airflow_sagemaker_automl.emulator.child import Link
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.events import EventStream
from airflow_sagemaker_automl.emulator.trainer.frequency import Frequency
from airflow_sagemaker_automl.emulator.trainer.history import History, load_history
from airflow_sagemaker_automl.emulator.trainer.job import Job
from airflow_sagemaker_automl.emulator.trainer.storage import Storage
from demo.sandbox import BUCKET, REGION
from tests.support.jobs import tabular_request, unique

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.mark.parametrize(
    ("frequency", "moments", "steps", "begins"),
    [
        ("Y", ["2001-05-01", "2003-01-01"], [0, 2], "2001-01-01"),
        ("1Y", ["2001-05-01", "2003-01-01"], [0, 2], "2001-01-01"),
        ("M", ["2023-12-31", "2024-02-01"], [0, 2], "2023-12-01"),
        ("3M", ["2024-02-10", "2024-04-30", "2024-05-01"], [0, 0, 1], "2024-02-01"),
        ("W", ["2024-01-07", "2024-01-08", "2024-01-21"], [0, 1, 2], "2024-01-01"),
        ("2W", ["2024-01-03", "2024-01-14", "2024-01-15"], [0, 0, 1], "2024-01-01"),
        ("D", ["2024-02-28 23:00", "2024-03-01"], [0, 2], "2024-02-28"),
        ("H", ["2024-01-01 00:59", "2024-01-01 02:00"], [0, 2], "2024-01-01 00:00"),
        ("15min", ["2024-01-01 00:14", "2024-01-01 00:31"], [0, 2], "2024-01-01 00:00"),
        ("6H", ["2024-01-01 05:00", "2024-01-01 06:00"], [0, 1], "2024-01-01 00:00"),
    ],
)
def test_moments_fall_into_steps(frequency: str, moments: list[str], steps: list[int], begins: str) -> None:
    """Weeks begin on Monday; hours and minutes are aligned to the clock, longer steps to the start of the data."""
    cut, column = Frequency.parse(frequency), pd.Series(pd.to_datetime(moments, format="ISO8601"))
    assert cut.steps(column).tolist() == steps
    assert str(cut.moments(column, np.array([0]))[0]) == str(pd.Timestamp(begins))
    again = cut.moments(column, cut.steps(column))
    assert cut.steps(pd.Series(again)).tolist() == steps


@pytest.mark.parametrize(
    ("frequency", "length", "longest", "season"),
    [("M", 24, None, 12), ("M", 23, None, 1), ("3M", 50, None, 4), ("D", 50, None, 7), ("2D", 50, None, 1),
     ("H", 48, 24, 24), ("15min", 400, None, 96), ("15min", 400, 24, 4), ("W", 104, 24, 1), ("Y", 99, None, 1)],
)  # fmt: skip
def test_the_season_is_a_cycle_seen_twice(frequency: str, length: int, longest: int | None, season: int) -> None:
    """With less than two cycles of history, or a cycle that is too long for the model, there is no season."""
    assert Frequency.parse(frequency).season(length, longest) == season


@pytest.fixture
def load(s3: S3Client, emulator_url: str, breast_cancer: str, tmp_path: Path) -> Any:
    """Load a table's history as a trainer does."""

    def loaded(
        table: pd.DataFrame, parquet: bool = False, channel: dict[str, Any] | None = None, **config: Any
    ) -> History:
        key = unique("series")
        content = io.BytesIO()
        if parquet:
            table.to_parquet(content)
        else:
            table.to_csv(content, index=False)
        half = "table"
        s3.put_object(Bucket=BUCKET, Key=f"{key}/{half}", Body=content.getvalue())
        request = tabular_request(f"s3://{BUCKET}/{key}/")
        request["AutoMLJobInputDataConfig"][0] |= channel or {}
        if parquet:
            request["AutoMLJobInputDataConfig"][0]["ContentType"] = "x-application/vnd.amazon+parquet"
        columns = {
            "TargetAttributeName": "sales",
            "TimestampAttributeName": "day",
            "ItemIdentifierAttributeName": "item",
        }
        columns |= config.pop("columns", {})
        request["AutoMLProblemTypeConfig"] = {
            "TimeSeriesForecastingJobConfig": {
                "ForecastFrequency": "D", "ForecastHorizon": 1, "TimeSeriesConfig": columns, **config,
            }
        }  # fmt: skip
        storage, (_, trainers_end) = Storage(emulator_url, REGION), Pipe()
        events = EventStream(Link(trainers_end))
        return load_history(Job("job", request, storage, "", time.time(), tmp_path, events))

    return loaded


def _days(item: str, values: list[float | None], start: str = "2024-01-01") -> pd.DataFrame:
    return pd.DataFrame({"item": item, "day": pd.date_range(start, periods=len(values)), "sales": values})


_STEADY = _days("a", [1.0] * 8)


def test_gaps_are_filled_as_the_service_fills_them(load: Any) -> None:
    """By default gaps in the middle and up to the end of the data become zero; nothing is filled before a series."""
    table = pd.concat([_days("007", [4, None, 2, 6, None]), _days("NA", [1, 1, 1, 1, 1, 1, 1], "2024-01-02")])
    by_item = {series.key[0]: series for series in load(table).series}
    assert by_item["007"].values.tolist() == [4, 0, 2, 6, 0, 0, 0, 0]
    assert (by_item["NA"].start, by_item["NA"].values.tolist()) == (1, [1.0] * 7)


@pytest.mark.parametrize(
    ("filling", "middle", "tail"),
    [
        ({"middlefill": "mean", "backfill": "median"}, 4.0, 4.0),
        ({"middlefill": "min", "backfill": "max"}, 2.0, 6.0),
        ({"middlefill": "value", "middlefill_value": "2.5", "backfill": "zero"}, 2.5, 0.0),
    ],
)
def test_filling_follows_the_request(filling: dict[str, str], middle: float, tail: float, load: Any) -> None:
    """Statistics are computed from the series' own observed values."""
    table = pd.concat([_days("a", [4, None, 2, 6]), _days("b", [1] * 6)])
    first = load(table, Transformations={"Filling": {"sales": filling}}).series[0]
    assert first.values.tolist() == [4, middle, 2, 6, tail, tail]


@pytest.mark.parametrize(("method", "expected"), [("sum", 6), ("avg", 3), ("first", 5), ("min", 1), ("max", 5)])
def test_finer_data_are_aggregated(method: str, expected: float, load: Any) -> None:
    """Values of one step are aggregated, by default to their sum; ``first`` is the earliest, in any row order."""
    table = _days("a", [2, 2, 2, 2, 2]).assign(day=lambda t: t["day"].astype(str))
    table.loc[2, ["day", "sales"]] = ["2024-01-03T18:00:00Z", 1]
    table.loc[5] = ["a", "2024-01-03 06:00:00", 5]
    history = load(table, Transformations={"Aggregation": {"sales": method}})
    assert history.series[0].values.tolist() == [2, 2, expected, 2, 2]
    assert str(history.moments[-1]) == "2024-01-06 00:00:00"
    assert len(load(table).series[0].values) == 5
    assert load(table).series[0].values[2] == 6


def test_grouping_columns_tell_series_apart_and_other_columns_are_listed(load: Any) -> None:
    """Item and groups together are the key; Parquet's types are read."""
    table = pd.concat(
        [_days("a", [value] * 5).assign(step=shop, price=1.0) for shop, value in (("x", 1.0), ("y", 2.0))]
    )
    history = load(table, parquet=True, columns={"GroupingAttributeNames": ["step"]})
    assert {series.key: series.values.tolist() for series in history.series} == {
        ("a", "x"): [1.0] * 5,
        ("a", "y"): [2.0] * 5,
    }
    assert history.unused == ["price"]
    assert list(history.table().columns) == ["item", "step", "day", "sales"]


@pytest.mark.parametrize(
    ("table", "config", "reason"),
    [
        (_STEADY.rename(columns={"item": "shop"}), {}, "not in the data: item; its columns are shop, day, sales"),
        (_STEADY.assign(day="soon"), {}, "8 rows have no readable timestamp in 'day', the first is 'soon'"),
        (_STEADY.assign(sales="many"), {}, "must be numeric; 8 rows are not, the first is 'many'"),
        (_STEADY.assign(sales=float("inf")), {}, "'sales' has 8 values that are infinite or too large"),
        (_STEADY.assign(day=["13/01/2024", "01/13/2024"] * 4), {}, "The dates in 'day' have no common order"),
        (_STEADY.assign(day=range(8)), {}, "The numbers in 'day', from 0 to 7, cannot be read as timestamps"),
        (
            pd.concat([_STEADY, _days("a", [1], "1700-01-01")]),
            {"ForecastFrequency": "1min"},
            "there are 170416801 steps of 1min, in 1 series; the emulator forecasts at most 1000000 steps",
        ),
        (_days("a", [None] * 8), {}, "'sales' has no value in any row"),
        (_days("", [1] * 8), {}, "8 rows have no value in 'item'"),
        (_STEADY, {"ForecastHorizon": 3}, "Horizon of 3 is too long .* 8 time-steps: it can be 2 at most"),
        (_STEADY[:0], {}, "have no rows"),
        (
            _STEADY,
            {"Transformations": {"Filling": {"sales": {"middlefill": "value"}}}},
            "middlefill 'value' needs a number in middlefill_value, not ''",
        ),
        (
            _STEADY,
            {"Transformations": {"Filling": {"sales": {"backfill": "nan"}}}},
            "backfill of 'sales' cannot be 'nan'",
        ),
    ],
)
def test_data_that_are_no_history_are_refused(
    table: pd.DataFrame, config: dict[str, Any], reason: str, load: Any
) -> None:
    """Each problem has its own message."""
    with pytest.raises(UnusableData, match=f"{reason}"):
        load(table, **config)
