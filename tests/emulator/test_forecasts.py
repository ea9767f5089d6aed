"""Time-series jobs: all metrics are recomputed from the backtest file, and the model in S3 forecasts."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from airflow_sagemaker_automl.emulator.trainer.backtest import count_windows
from airflow_sagemaker_automl.emulator.trainer.forecasters import NonParametricForecaster
from tests.emulator.downloads import body, reported, split_part, unpack
from tests.emulator.notebooks import code_of, output_of
from tests.support.jobs import put_table, start, tabular_request, wait

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_HORIZON = 6


def _request(data: str, objective: str | None = None, **config: Any) -> dict[str, Any]:
    request = tabular_request(data)
    columns = {
        "TargetAttributeName": "degrees",
        "TimestampAttributeName": "month",
        "ItemIdentifierAttributeName": "sea",
        "GroupingAttributeNames": ["source"],
    }
    request["AutoMLProblemTypeConfig"] = {
        "TimeSeriesForecastingJobConfig": {
            "ForecastFrequency": "M",
            "ForecastHorizon": _HORIZON,
            "TimeSeriesConfig": columns,
            **config,
        }
    }
    if objective:
        request["AutoMLJobObjective"] = {"MetricName": objective}
    return request


def _sea_temperatures() -> pd.DataFrame:
    """Monthly temperatures of two regions over six years: the real ones, and the same one year later and warmer."""
    from statsmodels.datasets import elnino

    wide = elnino.load_pandas().data.set_index("YEAR")
    wide.columns = range(1, 13)
    long = wide.loc[2000:2005].stack()
    months = [f"{int(year)}-{month:02}-01" for year, month in long.index]
    real = pd.DataFrame({"sea": "07", "source": "buoy", "month": months, "degrees": long.to_numpy()})
    return pd.concat([real, real[24:].assign(sea="08", degrees=lambda table: table["degrees"] + 1)])


@pytest.fixture(scope="module")
def forecast_job(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> dict[str, Any]:
    """A completed forecast of two series with its own quantiles; its request includes unsupported parts."""
    config: dict[str, Any] = {
        "ForecastQuantiles": ["p20", "p75"],
        "HolidayConfig": [{"CountryCode": "PE"}],
        "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["deepar", "npts", "arima", "ets"]}]},
        "CompletionCriteria": {"MaxCandidates": 1},
    }
    table = _sea_temperatures().assign(depth=1)
    return wait(sagemaker, start(sagemaker, _request(put_table(s3, "seas", table), **config)))


def _candidates(sagemaker: SageMakerClient, job: dict[str, Any]) -> list[dict[str, Any]]:
    answer = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=job["AutoMLJobName"])
    return [dict(candidate) for candidate in answer["Candidates"]]


def test_a_forecast_has_a_candidate_for_each_algorithm(
    forecast_job: dict[str, Any], sagemaker: SageMakerClient
) -> None:
    """The best candidate has the lowest average quantile loss; unsupported parts of the request are reported."""
    assert (forecast_job["AutoMLJobStatus"], forecast_job["AutoMLJobSecondaryStatus"]) == ("Completed", "Completed")
    name = forecast_job["AutoMLJobName"]
    values = {
        candidate["CandidateName"].removeprefix(f"{name}-"): candidate["FinalAutoMLJobObjectiveMetric"]["Value"]
        for candidate in _candidates(sagemaker, forecast_job)
    }
    assert sorted(values) == ["arima", "ets", "npts"]
    best = forecast_job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]
    assert (best["Type"], best["MetricName"]) == ("Minimize", "AverageWeightedQuantileLoss")
    assert best["Value"] == min(values.values()) > 0
    assert forecast_job["ResolvedAttributes"]["AutoMLJobObjective"] == {"MetricName": "AverageWeightedQuantileLoss"}
    messages = [reason["PartialFailureMessage"] for reason in forecast_job["PartialFailureReasons"]]
    assert messages == [
        "deepar is not installed with the emulator, so there are no candidates for it.",
        "Not used: the columns depth and the holidays of PE. arima, ets, npts use only the past of the target.",
    ]


def test_a_forecast_has_a_notebook_of_its_data(forecast_job: dict[str, Any], s3: S3Client) -> None:
    """The data exploration notebook can be run and reads the series; there are no candidate definitions."""
    assert set(forecast_job["AutoMLJobArtifacts"]) == {"DataExplorationNotebookLocation"}
    code = code_of(s3, forecast_job["AutoMLJobArtifacts"]["DataExplorationNotebookLocation"])
    assert output_of(s3, *code, "print(*columns.index)").split() == ["sea", "source", "month", "degrees"]


def test_backtest_figures_are_those_of_the_backtest_file(
    forecast_job: dict[str, Any], sagemaker: SageMakerClient, s3: S3Client
) -> None:
    """Three windows of each series were held out, and all five metrics follow from the file."""
    history = split_part(s3, forecast_job, "history", dtype={"sea": str})
    for candidate in _candidates(sagemaker, forecast_job):
        locations = candidate["CandidateProperties"]["CandidateArtifactLocations"]
        prefix = locations["BacktestResults"]
        rows = pd.read_csv(io.BytesIO(body(s3, f"{prefix}/backtest-forecasts.csv")), dtype={"sea": str})
        assert rows.groupby(["sea", "window"]).size().to_dict() == {
            (sea, window): _HORIZON for sea in ("07", "08") for window in (1, 2, 3)
        }
        joined = rows.merge(history, on=["sea", "source", "month"], validate="one_to_one")
        assert (joined["actual"] == joined["degrees"]).all()
        expected = _metrics(rows, history)
        report = json.loads(body(s3, f"{prefix}/accuracy-metrics.json"))
        for metric, value in expected.items():
            assert reported(candidate, metric, "Validation") == pytest.approx(value)
            assert report["metrics"][metric] == pytest.approx(value)
        assert (rows["p20"] <= rows["p50"]).all()
        assert (rows["p50"] <= rows["p75"]).all()
        listed = s3.list_objects_v2(Bucket="automl-demo", Prefix=locations["Explainability"].split("/", 3)[3])
        assert listed["KeyCount"] == 0


def _metrics(rows: pd.DataFrame, history: pd.DataFrame) -> dict[str, float]:
    """Recompute the five metrics from their definitions."""
    actual, median = rows["actual"], rows["p50"]
    losses = []
    for quantile in (0.2, 0.75):
        forecast = rows[f"p{quantile * 100:.0f}"]
        below = (actual - forecast).clip(lower=0).sum()
        above = (forecast - actual).clip(lower=0).sum()
        losses.append(2 * (quantile * below + (1 - quantile) * above) / actual.abs().sum())
    scaled = []
    for row in rows.itertuples():
        past = history[history["sea"] == row.sea]["degrees"].to_numpy()[: -row.window * _HORIZON]
        season = 12 if len(past) >= 24 else 1
        scaled.append(
            abs(row.actual - row.p50) / np.abs(np.diff(past) if season == 1 else past[12:] - past[:-12]).mean()
        )
    return {
        "AverageWeightedQuantileLoss": float(np.mean(losses)),
        "WAPE": (actual - median).abs().sum() / actual.abs().sum(),
        "MAPE": ((actual - median) / actual).abs().mean(),
        "RMSE": ((actual - rows["mean"]) ** 2).mean() ** 0.5,
        "MASE": float(np.mean(scaled)),
    }


def test_every_model_forecasts_the_horizon(
    forecast_job: dict[str, Any], sagemaker: SageMakerClient, s3: S3Client, tmp_path: Path
) -> None:
    """model.tar.gz of each candidate forecasts both series for the six months after the data, at both quantiles."""
    for candidate in _candidates(sagemaker, forecast_job):
        folder = unpack(s3, candidate["InferenceContainers"][0], tmp_path / candidate["CandidateName"])
        model = pickle.loads((folder / "model.pkl").read_bytes())  # noqa: S301 - the archive of a job of ours.
        forecast = model.forecast()
        assert list(forecast.columns) == ["sea", "source", "month", "mean", "p20", "p75"]
        assert forecast.groupby("sea")["month"].agg(["min", "max", "size"]).to_numpy().tolist() == [
            [pd.Timestamp("2006-01-01"), pd.Timestamp("2006-06-01"), 6]
        ] * 2  # fmt: skip
        assert forecast["mean"].between(15, 35).all()
        assert (forecast["p20"] <= forecast["p75"]).all()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            {"CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["cnn-qr", "deepar"]}]}},
            "cnn-qr, deepar are not installed with the emulator, which trains no substitute; "
            "installed for this kind of job are: arima, ets, npts",
        ),
        ({"ForecastHorizon": 40}, "A ForecastHorizon of 40 is too long"),
    ],
)
def test_a_forecast_that_cannot_be_made_says_why(
    config: dict[str, Any],
    reason: str,
    sagemaker: SageMakerClient,
    s3: S3Client,
    breast_cancer: str,
) -> None:
    """No other model is trained instead of the requested one."""
    data = put_table(s3, "seas-again", _sea_temperatures())
    job = wait(sagemaker, start(sagemaker, _request(data, **config)))
    assert job["AutoMLJobStatus"] == "Failed"
    assert reason in job["FailureReason"]


def test_held_out_zeros_have_no_relative_error_and_short_series_no_forecast(
    sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str
) -> None:
    """If the objective is not defined, the job says which one is; a series that is too short for any model is named."""
    months = [str(month.date()) for month in pd.date_range("2000-01-01", periods=40, freq="MS")]
    zeros = pd.DataFrame({"sea": "dead", "source": "a", "month": months, "degrees": [1.0] * 10 + [0.0] * 30})
    data = put_table(s3, "zeros", pd.concat([zeros, zeros[-3:].assign(sea="new")]))
    algorithms = {"CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["npts"]}]}}
    relative, absolute = (
        wait(sagemaker, start(sagemaker, _request(data, objective, **algorithms))) for objective in ("WAPE", "RMSE")
    )
    assert "choose RMSE as the objective" in relative["FailureReason"]
    assert absolute["AutoMLJobStatus"] == "Completed"
    (message,) = absolute["PartialFailureReasons"]
    assert message["PartialFailureMessage"].startswith("1 of 2 series have fewer than 8 time-steps")


def test_npts_takes_past_values_of_the_same_season() -> None:
    """Values of different seasons are never mixed; recent values have more weight."""
    forecaster = NonParametricForecaster(np.array([1.0, 100.0, 2.0, 200.0, 3.0, 300.0]), season=2)
    forecast = forecaster.forecast(pd.date_range("2024", periods=3), [1, 50, 99])
    assert forecast["p1"].tolist() == [1, 100, 1]
    assert forecast["p50"].tolist() == [2, 200, 2]
    assert forecast["p99"].tolist() == [3, 300, 3]
    assert 2 < forecast["mean"][0] < 2.02


@pytest.mark.parametrize(("steps", "horizon", "windows"), [(8, 1, 0), (9, 1, 1), (11, 1, 3), (24, 6, 2), (60, 6, 3)])
def test_windows_leave_enough_to_learn_from(steps: int, horizon: int, windows: int) -> None:
    """Eight steps and two horizons are left for training, and there is at least one window if eight steps are left."""
    assert count_windows(steps, horizon) == windows
