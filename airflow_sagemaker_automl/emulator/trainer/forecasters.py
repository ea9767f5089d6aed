"""Models of one series each: ARIMA and ETS by statsforecast, NPTS in numpy, Prophet where it is installed.

Forecasts are dictionaries: ``mean``, and ``p10`` for the value that is not exceeded with a probability of 10 %.
"""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.frequency import Frequency

Forecast = dict[str, np.ndarray]
# Seasonal ARIMA of longer cycles takes minutes a series, and ETS does not know them.
_LONGEST_MODEL_SEASON = 24
# Amazon Forecast's default of NPTS: how much less a value counts for each step that it lies back.
_NPTS_DECAY = 0.01


@dataclass(frozen=True)
class Past:
    """What a model of a series learns from.

    :param values: one for each step.
    :param moments: when the steps begin.
    :param country: whose holidays count, where a model knows any.
    """

    values: np.ndarray
    moments: pd.DatetimeIndex
    frequency: Frequency
    country: str | None = None


class Forecaster(Protocol):
    """A fitted model of one series."""

    def forecast(self, moments: pd.DatetimeIndex, percentiles: list[int]) -> Forecast:
        """Forecast the steps after the past that it was fitted to."""


class StatisticalForecaster:
    """A model of statsforecast's with normal prediction intervals, so that its median is its mean.

    :param model: fitted to the series.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def forecast(self, moments: pd.DatetimeIndex, percentiles: list[int]) -> Forecast:
        levels = sorted({abs(2 * percentile - 100) for percentile in percentiles if percentile != 50})
        found = self._model.predict(h=len(moments), level=levels or None)
        mean = np.asarray(found["mean"], dtype=float)
        forecast = {"mean": mean}
        for percentile in percentiles:
            side = "lo" if percentile < 50 else "hi"
            key = f"{side}-{abs(2 * percentile - 100)}"
            forecast[f"p{percentile}"] = mean if percentile == 50 else np.asarray(found[key], dtype=float)
        return forecast


class NonParametricForecaster:
    """NPTS: the future is one of the past values at the same place in the cycle, recent ones being likelier.

    The service draws samples; these are the quantiles of the distribution that it draws from.

    :param values: the past.
    :param season: steps of a cycle.
    """

    def __init__(self, values: np.ndarray, season: int) -> None:
        self._values = values
        self._season = season

    def forecast(self, moments: pd.DatetimeIndex, percentiles: list[int]) -> Forecast:
        steps = [self._step(ahead, percentiles) for ahead in range(1, len(moments) + 1)]
        names = ["mean", *(f"p{percentile}" for percentile in percentiles)]
        return {name: np.array(column) for name, column in zip(names, zip(*steps, strict=True), strict=True)}

    def _step(self, ahead: int, percentiles: list[int]) -> list[float]:
        length = len(self._values)
        past = np.arange((length - 1 + ahead) % self._season, length, self._season)
        weights = np.exp(-_NPTS_DECAY * (length - 1 + ahead - past))
        weights /= weights.sum()
        order = np.argsort(self._values[past], kind="stable")
        values, reached = self._values[past][order], np.cumsum(weights[order])
        # Rounding may leave the last sum just below one.
        places = np.minimum(np.searchsorted(reached, np.array(percentiles) / 100), len(values) - 1)
        return [float(values @ weights[order]), *values[places].tolist()]


class ProphetForecaster:
    """Prophet, with the holidays of a country where the request names one.

    :param model: fitted to the series.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def forecast(self, moments: pd.DatetimeIndex, percentiles: list[int]) -> Forecast:
        np.random.seed(0)  # Its samples have no other handle.
        future = pd.DataFrame({"ds": moments})
        samples = self._model.predictive_samples(future)["yhat"]
        mean = self._model.predict(future)["yhat"].to_numpy()
        quantiles = np.percentile(samples, percentiles, axis=1)
        return {"mean": mean} | {f"p{p}": quantile for p, quantile in zip(percentiles, quantiles, strict=True)}


def fit(algorithm: str, past: Past) -> Forecaster:
    """Fit a model to a series.

    :param algorithm: ``arima``, ``ets``, ``npts`` or ``prophet``.
    """
    with warnings.catch_warnings():
        # A likelihood that ends its search early is still a model; what it is worth, the backtest tells.
        warnings.simplefilter("ignore")
        return _FITTERS[algorithm](past)


def _fit_arima(past: Past) -> Forecaster:
    from statsforecast.models import AutoARIMA

    model = AutoARIMA(
        season_length=past.frequency.season(len(past.values), _LONGEST_MODEL_SEASON),
        max_p=2,
        max_q=2,
        max_P=1,
        max_Q=1,
        max_order=4,
        max_D=1,
        approximation=True,
    )
    return StatisticalForecaster(model.fit(past.values))


def _fit_ets(past: Past) -> Forecaster:
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=past.frequency.season(len(past.values), _LONGEST_MODEL_SEASON))
    return StatisticalForecaster(model.fit(past.values))


def _fit_npts(past: Past) -> Forecaster:
    return NonParametricForecaster(past.values, past.frequency.season(len(past.values)))


def _fit_prophet(past: Past) -> Forecaster:
    model = importlib.import_module("prophet").Prophet()
    if past.country:
        model.add_country_holidays(past.country)
    return ProphetForecaster(model.fit(pd.DataFrame({"ds": past.moments, "y": past.values}), seed=0))


_FITTERS = {"arima": _fit_arima, "ets": _fit_ets, "npts": _fit_npts, "prophet": _fit_prophet}
