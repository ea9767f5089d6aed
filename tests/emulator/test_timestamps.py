"""The timestamps of a series are read in one way, or refused in plain words."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.timestamps import read_timestamps


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (["2024-01-31", "2024-02-01T06:00:00Z"], "2024-01-31"),
        (["2024-01-31T01:00:00+02:00", "2024-02-01T06:00:00+01:00"], "2024-01-30 23:00"),
        (["2024/01/31", "2024/02/01"], "2024-01-31"),
        (["03/01/2024", "31/01/2024"], "2024-01-03"),
        (["03.01.2024 18:30", "31.01.2024 6:00"], "2024-01-03 18:30"),
        (["01/03/2024", "01/31/2024 6:30 PM"], "2024-01-03"),
        (["1-3-24", "1-31-24"], "2024-01-03"),
        (["3 Jan 2024", "January 31, 2024"], "2024-01-03"),
        ([2023, 2024], "2023-01-01"),
        ([202401, 202402], "2024-01-01"),
        ([20240103, 20240131], "2024-01-03"),
        (["20240103", "20240131"], "2024-01-03"),
        ([1704240000, 1706659200], "2024-01-03"),
        ([1704240000.0, 1706659200.5], "2024-01-03"),
        (["1704240000", "1706659200"], "2024-01-03"),
        ([1704240000000, 1706659200000], "2024-01-03"),
        ([1704240000000000, 1706659200000000], "2024-01-03"),
        ([1704240000000000000, 1706659200000000000], "2024-01-03"),
        (pd.to_datetime(["2024-01-03", "2024-01-31"]), "2024-01-03"),
        (pd.to_datetime(["2024-01-03", "2024-01-31"]).tz_localize("Europe/Berlin"), "2024-01-02 23:00"),
    ],
)
def test_a_column_is_read_in_one_way(values: Any, first: str) -> None:
    """ISO 8601, day or month first, years, and epochs of one unit; moments are in UTC."""
    moments, notes = read_timestamps(pd.Series(values, name="day"))
    assert moments[0] == pd.Timestamp(first)
    assert moments.dt.tz is None
    assert moments.is_monotonic_increasing
    assert notes == []


def test_an_order_that_no_value_shows_is_noted() -> None:
    """The month is first then, as the note says."""
    moments, notes = read_timestamps(pd.Series(["01/02/2024", "02/02/2024"], name="day"))
    assert moments.tolist() == [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-02-02")]
    assert notes == ["The dates in 'day' were read as month/day/year, since no value shows their order."]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["13/01/2024", "01/13/2024"], "'13/01/2024' begins with the day, '01/13/2024' with the month"),
        (["2024-01-31", "soon"], "1 rows have no readable timestamp in 'day', the first is 'soon'"),
        (["2024-01-31", None], "1 rows have no readable timestamp in 'day', the first is empty"),
        (["31/31/2024", "01/02/2024"], "the first is '31/31/2024'"),
        (["may", "2024-01-31"], "the first is 'may'"),
        ([1, 2, 3], "The numbers in 'day', from 1 to 3, cannot be read as timestamps"),
        ([1704240000, 1706659200000], "cannot be read as timestamps"),
        ([2024.5, 2025.0], "cannot be read as timestamps"),
        ([20240103, 20241301], "1 rows have no readable timestamp"),
        ([True, False], "2 rows have no readable timestamp"),
    ],
)  # fmt: skip
def test_what_is_no_timestamp_is_refused_in_plain_words(values: Any, reason: str) -> None:
    """Two orders or two units in a column are an error, and so is each value that cannot be read."""
    with pytest.raises(UnusableData, match=reason):
        read_timestamps(pd.Series(values, name="day"))
