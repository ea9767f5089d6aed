"""Trains a time-series job: one candidate for each algorithm; the best is chosen by backtests.

``CandidateArtifactLocations`` must name a location for explanations. The service explains only neural networks, and
ARIMA, ETS and NPTS use only the past of the target, so there is nothing to explain: the prefix stays empty.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from airflow_sagemaker_automl.emulator.images import FORECAST_IMAGE
from airflow_sagemaker_automl.emulator.trainer.algorithms import TIME_SERIES, choose_algorithms
from airflow_sagemaker_automl.emulator.trainer.clock import Deadline, OutOfTime
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.history import History, load_history
from airflow_sagemaker_automl.emulator.trainer.notebooks import publish_forecast_notebook
from airflow_sagemaker_automl.emulator.trainer.tracebacks import publish_traceback

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.forecasters import Forecaster
    from airflow_sagemaker_automl.emulator.trainer.job import Job

_DEFAULT_QUANTILES = ("p10", "p50", "p90")


class CannotFit(Exception):
    """An algorithm fails on a series.

    :param key: of the series.
    """

    def __init__(self, key: tuple[str, ...]) -> None:
        super().__init__(f"The algorithm fails on the series {', '.join(key)}.")
        self.key = key


@dataclass(frozen=True)
class ForecastModel:
    """The content of ``model.pkl``: a fitted forecaster for each series.

    :param key_columns: names of the columns that form the keys of ``forecasters``.
    :param percentiles: the requested quantiles.
    :param moments: start times of the steps to forecast.
    :param config: ``TimeSeriesForecastingJobConfig`` of the job, for :meth:`forecast_after`.
    """

    algorithm: str
    key_columns: list[str]
    timestamp: str
    percentiles: list[int]
    moments: pd.DatetimeIndex
    forecasters: dict[tuple[str, ...], Forecaster]
    config: dict[str, Any]

    def forecast(self) -> pd.DataFrame:
        """Forecast all series over the horizon."""
        return pd.concat(
            [self._table(key, forecaster, self.moments) for key, forecaster in self.forecasters.items()],
            ignore_index=True,
        )

    def forecast_after(self, history: History) -> pd.DataFrame:
        """Fit the algorithm to the given past, and forecast the horizon after it.

        :raises CannotFit: the algorithm fails on a series.
        """
        from airflow_sagemaker_automl.emulator.trainer.backtest import past_of
        from airflow_sagemaker_automl.emulator.trainer.forecasters import fit

        country, moments = country_of(self.config), history.moments[-self.config["ForecastHorizon"] :]
        tables = []
        for series in history.series:
            try:
                forecaster = fit(self.algorithm, past_of(series, history, len(series.values), country))
                tables.append(self._table(series.key, forecaster, moments))
            except Exception as error:
                raise CannotFit(series.key) from error
        return pd.concat(tables, ignore_index=True)

    def _table(self, key: tuple[str, ...], forecaster: Forecaster, moments: pd.DatetimeIndex) -> pd.DataFrame:
        return pd.DataFrame(
            {
                **dict(zip(self.key_columns, key, strict=True)),
                self.timestamp: moments,
                **forecaster.forecast(moments, self.percentiles),
            }
        )


@dataclass(frozen=True)
class _Task:
    job: Job
    history: History
    metric: str
    percentiles: list[int]

    @property
    def horizon(self) -> int:
        return int(self.job.config["ForecastHorizon"])

    @property
    def country(self) -> str | None:
        return country_of(self.job.config)


def train(job: Job) -> None:
    """Train a job and send its events.

    :raises UnusableData: the data cannot be trained on, or not as requested.
    """
    job.events.stage("AnalyzingData")
    algorithms, failures = choose_algorithms(job.config, TIME_SERIES)
    metric = job.request.get("AutoMLJobObjective", {}).get("MetricName", "AverageWeightedQuantileLoss")
    history = load_history(job)
    job.events.resolved(metric)
    job.events.stage("PreTraining")
    job.storage.write(f"{job.output}/preprocessed-data/history.csv", history.table().to_csv(index=False).encode())
    publish_forecast_notebook(job, history)
    task = _Task(job, _forecastable(history, job.config["ForecastHorizon"], failures), metric, _percentiles(job.config))
    failures += [*history.notes, *_unused(task, algorithms)]
    job.events.stage("TrainingModels")
    candidates = [found for name in algorithms if (found := _train_candidate(task, name, failures))]
    if not candidates and not job.out_of_time:
        raise UnusableData(" ".join(failures))
    # Among equals the simplest, which is the last in the order of the algorithms.
    best = min(reversed(candidates), key=lambda found: found["FinalAutoMLJobObjectiveMetric"]["Value"], default=None)
    job.events.completed(
        best["CandidateName"] if best else None,
        "MaxAutoMLJobRuntimeReached" if job.out_of_time else "Completed",
        failures,
    )


def country_of(config: dict[str, Any]) -> str | None:
    """Find the country whose holidays apply.

    :param config: ``TimeSeriesForecastingJobConfig``.
    """
    holidays = config.get("HolidayConfig") or [{}]
    country: str | None = holidays[0].get("CountryCode")
    return country


def _percentiles(config: dict[str, Any]) -> list[int]:
    return [int(quantile[1:]) for quantile in config.get("ForecastQuantiles", _DEFAULT_QUANTILES)]


def _forecastable(history: History, horizon: int, failures: list[str]) -> History:
    """Drop series that are too short for any model; at least one must be long enough for a backtest window."""
    from airflow_sagemaker_automl.emulator.trainer.backtest import FEWEST_STEPS, count_windows

    steps = [len(series.values) for series in history.series]
    if not any(count_windows(length, horizon) for length in steps):
        raise UnusableData(
            f"The longest series has {max(steps)} time-steps; {FEWEST_STEPS} and the ForecastHorizon of {horizon} "
            "are needed to train and to backtest a model."
        )
    long = [series for series in history.series if len(series.values) >= FEWEST_STEPS]
    if len(long) < len(steps):
        failures.append(
            f"{len(steps) - len(long)} of {len(steps)} series have fewer than {FEWEST_STEPS} time-steps "
            "and are not forecast."
        )
    return replace(history, series=long)


def _unused(task: _Task, algorithms: list[str]) -> list[str]:
    """Report the parts of the request that no model here can use."""
    unused = []
    if task.history.unused:
        unused.append(f"the columns {', '.join(task.history.unused)}")
    if task.country and "prophet" not in algorithms:
        unused.append(f"the holidays of {task.country}")
    if not unused:
        return []
    return [f"Not used: {' and '.join(unused)}. {', '.join(algorithms)} use only the past of the target."]


def _train_candidate(task: _Task, algorithm: str, failures: list[str]) -> dict[str, Any] | None:
    """Backtest, fit to all data, publish; a failed algorithm does not affect the others."""
    if task.job.out_of_time:
        return None
    try:
        return _publish(task, algorithm)
    except OutOfTime:
        if not task.job.out_of_time:
            failures.append(f"{algorithm} took longer than MaxRuntimePerTrainingJobInSeconds allows.")
    except UnusableData:
        raise
    except Exception:
        failures.append(f"{algorithm} could not be trained on these data. {publish_traceback(task.job, algorithm)}")
    return None


def _publish(task: _Task, algorithm: str) -> dict[str, Any]:
    from airflow_sagemaker_automl.emulator.trainer.backtest import accuracy_report, backtest
    from airflow_sagemaker_automl.emulator.trainer.reports import as_json
    from airflow_sagemaker_automl.emulator.trainer.scoring import metric_data, objective

    job, deadline = task.job, Deadline(task.job)
    name = job.candidate_name(algorithm)
    with_median = sorted({50, *task.percentiles})
    forecasts = backtest(algorithm, task.history, task.horizon, with_median, task.country, deadline)
    report = accuracy_report(forecasts, task.percentiles)
    if task.metric not in report["metrics"]:
        raise UnusableData(
            f"{task.metric} is not defined for these data, whose held-out values are all zero or never change; "
            "choose RMSE as the objective."
        )
    model = _fit_all(task, algorithm, deadline)
    prefix = f"{job.output}/backtest-results/{name}"
    job.storage.write(f"{prefix}/backtest-forecasts.csv", forecasts.to_csv(index=False).encode())
    job.storage.write(f"{prefix}/accuracy-metrics.json", as_json({"algorithm": algorithm, **report}))
    candidate = {
        "CandidateName": name,
        "FinalAutoMLJobObjectiveMetric": objective(task.metric, report["metrics"][task.metric]),
        "ObjectiveStatus": "Succeeded",
        "CandidateStatus": "Completed",
        "CandidateProperties": {
            "CandidateMetrics": metric_data(report["metrics"], "Validation"),
            "CandidateArtifactLocations": {
                "Explainability": f"{job.output}/documentation/explainability/output/{name}",
                "BacktestResults": prefix,
            },
        },
        "InferenceContainers": [_upload(job, name, model)],
    }
    job.events.candidate(candidate)
    return candidate


def _fit_all(task: _Task, algorithm: str, deadline: Deadline) -> ForecastModel:
    from airflow_sagemaker_automl.emulator.trainer.backtest import past_of
    from airflow_sagemaker_automl.emulator.trainer.forecasters import fit

    history, forecasters = task.history, {}
    for series in history.series:
        deadline.check()
        forecasters[series.key] = fit(algorithm, past_of(series, history, len(series.values), task.country))
    return ForecastModel(
        algorithm,
        history.key_columns,
        history.timestamp,
        task.percentiles,
        history.moments[-task.horizon :],
        forecasters,
        task.job.config,
    )


def _upload(job: Job, candidate: str, model: ForecastModel) -> dict[str, Any]:
    folder = job.folder / "deployment" / candidate
    folder.mkdir(parents=True)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    uri = f"{job.output}/sagemaker-automl-candidates/model/{candidate}/model.tar.gz"
    job.storage.write_archive(uri, folder)
    return {
        "Image": f"{job.image_prefix}{FORECAST_IMAGE}",
        "ModelDataUrl": uri,
        "Environment": {"MODEL_NAME": candidate, "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"},
    }
