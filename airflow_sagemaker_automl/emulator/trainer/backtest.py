"""Backtests: windows at the end of all series are held out, forecast from the values before them, and scored.

The metrics are those of https://docs.aws.amazon.com/sagemaker/latest/dg/timeseries-objective-metric.html
over all series and windows together: RMSE scores the mean; WAPE, MAPE and MASE score the median.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.forecasters import Past, fit
from airflow_sagemaker_automl.emulator.trainer.history import History, Series

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.clock import Deadline

# ETS needs this many to choose between its variants.
FEWEST_STEPS = 8
_MOST_WINDOWS = 3


def count_windows(steps: int, horizon: int) -> int:
    """Find how many windows a series of this many steps has room for; each leaves two horizons to learn from."""
    kept = max(FEWEST_STEPS, 2 * horizon)
    return min(_MOST_WINDOWS, max(int(steps - horizon >= FEWEST_STEPS), (steps - kept) // horizon))


def backtest(
    algorithm: str, history: History, horizon: int, percentiles: list[int], country: str | None, deadline: Deadline
) -> pd.DataFrame:
    """Forecast every window of every series that leaves enough steps to learn from.

    :param percentiles: quantiles to forecast, including 50.
    :return: one row for each forecast value. ``seasonal_error`` is the error that MASE divides by: the mean of
        ``|value - value one cycle earlier|`` of the training steps.
    """
    tables = []
    for series in history.series:
        for window in range(count_windows(len(series.values), horizon), 0, -1):
            deadline.check()
            cut = len(series.values) - window * horizon
            past = past_of(series, history, cut, country)
            first = series.start + cut
            moments = history.moments[first : first + horizon]
            tables.append(
                pd.DataFrame(
                    {
                        **dict(zip(history.key_columns, series.key, strict=True)),
                        history.timestamp: moments,
                        "window": window,
                        "algorithm": algorithm,
                        "actual": series.values[cut : cut + horizon],
                        "seasonal_error": _seasonal_error(past),
                        **fit(algorithm, past).forecast(moments, percentiles),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def past_of(series: Series, history: History, steps: int, country: str | None) -> Past:
    """Take the first steps of a series."""
    moments = history.moments[series.start : series.start + steps]
    return Past(series.values[:steps], moments, history.frequency, country)


def accuracy(forecasts: pd.DataFrame, percentiles: list[int]) -> dict[str, float]:
    """Score backtest forecasts.

    :param percentiles: the quantiles of the average quantile loss.
    :return: metric → value, without metrics that are not defined for these data (for example if all held-out values
        are zero).
    """
    actual = forecasts["actual"].to_numpy()
    error = np.abs(actual - forecasts["p50"].to_numpy())
    whole = np.abs(actual).sum()
    scale = forecasts["seasonal_error"].to_numpy()
    found = dict(_of_whole(forecasts, actual, error, whole, percentiles) if whole else ())
    found["RMSE"] = math.sqrt(np.mean((actual - forecasts["mean"].to_numpy()) ** 2))
    if (scale > 0).any():
        found["MASE"] = float(np.mean(error[scale > 0] / scale[scale > 0]))
    return {name: value for name, value in found.items() if math.isfinite(value)}


def accuracy_report(forecasts: pd.DataFrame, percentiles: list[int]) -> dict[str, Any]:
    """Report the metrics over all windows and for each window; window 1 is the last one."""
    return {
        "metrics": accuracy(forecasts, percentiles),
        "windows": {
            str(window): accuracy(rows, percentiles) for window, rows in forecasts.groupby("window", sort=True)
        },
        "quantiles": [f"p{percentile}" for percentile in percentiles],
        "item_count": len(forecasts),
    }


def _of_whole(
    forecasts: pd.DataFrame, actual: np.ndarray, error: np.ndarray, whole: float, percentiles: list[int]
) -> Iterator[tuple[str, float]]:
    losses = []
    for percentile in percentiles:
        share, over = percentile / 100, actual - forecasts[f"p{percentile}"].to_numpy()
        losses.append(2 * np.maximum(share * over, (share - 1) * over).sum() / whole)
    yield "AverageWeightedQuantileLoss", float(np.mean(losses))
    yield "WAPE", float(error.sum() / whole)
    yield "MAPE", float(np.mean(error[actual != 0] / np.abs(actual[actual != 0])))


def _seasonal_error(past: Past) -> float:
    season = past.frequency.season(len(past.values))
    return float(np.abs(past.values[season:] - past.values[:-season]).mean())
