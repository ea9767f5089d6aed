"""Models of single series: ARIMA and ETS by statsforecast, NPTS in numpy, Prophet if it is installed.

Forecasts are dictionaries with ``mean`` and quantiles such as ``p10`` (the value is below it with a probability of
10 %).
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
# Seasonal ARIMA with longer cycles takes minutes per series, and ETS does not support them.
_LONGEST_MODEL_SEASON = 24
# Amazon Forecast's default for NPTS: the exponential decay of a value's weight per step back.
_NPTS_DECAY = 0.01


@dataclass(frozen=True)
class Past:
    """The past of a series, which a model learns from.

    :param values: one for each step.
    :param moments: start times of the steps.
    :param country: country whose holidays apply, for models that support holidays.
    """

    values: np.ndarray
    moments: pd.DatetimeIndex
    frequency: Frequency
    country: str | None = None


class Forecaster(Protocol):
    """A fitted model of one series."""

    def forecast(self, moments: pd.DatetimeIndex, percentiles: list[int]) -> Forecast:
        """Forecast the steps after the past that the model was fitted to."""


class StatisticalForecaster:
    """A statsforecast model with normal prediction intervals, so that its median is its mean.

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
    """NPTS: the forecast is one of the past values at the same position in the cycle, recent ones being more likely.

    The service draws samples; this class computes the quantiles of the distribution that it draws from.

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
        # Due to rounding the last sum may be just below one.
        places = np.minimum(np.searchsorted(reached, np.array(percentiles) / 100), len(values) - 1)
        return [float(values @ weights[order]), *values[places].tolist()]


class ProphetForecaster:
    """Prophet, with the holidays of a country if the request names one.

    :param model: fitted to the series.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def forecast(self, moments: pd.DatetimeIndex, percentiles: list[int]) -> Forecast:
        np.random.seed(0)  # Prophet's samples cannot be seeded otherwise.
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
        # A fit that stops before it converges is still a model; the backtest scores it.
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
