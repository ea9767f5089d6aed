"""Forecast models in transform jobs: they forecast the horizon after the past that the job gives them."""

from __future__ import annotations

import io
import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tests.emulator.downloads import unpack
from tests.support.endpoints import put_up, runtime_client
from tests.support.jobs import put_table, start, tabular_request, unique, wait
from tests.support.transforms import output_keys, output_of, put_body, transform_model, transformed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_HORIZON = 4
_WHOLE: dict[str, Any] = {"TransformInput": {"SplitType": "None"}, "TransformOutput": {"AssembleWith": "None"}}


def _sales() -> pd.DataFrame:
    """Monthly sales of two shops over five years, with a yearly cycle; some months have two rows, some none."""
    months = pd.date_range("2020-01-01", periods=60, freq="MS")
    cycle = 100 + 30 * np.sin(np.arange(60) * np.pi / 6) + np.arange(60) / 10
    north = pd.DataFrame({"shop": "01", "kind": "north", "month": months.astype(str), "sold": cycle})
    south = north.assign(shop="02", kind="south", sold=2 * cycle)
    split = pd.concat([south[20:21].assign(sold=1), south])
    return pd.concat([north.drop(index=[30]), split]).assign(weather="fine")


@pytest.fixture(scope="module")
def forecast_job(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> dict[str, Any]:
    """A completed forecast with ETS, with quantiles and fillings of its own."""
    request = tabular_request(put_table(s3, unique("sales"), _sales()))
    request["AutoMLProblemTypeConfig"] = {
        "TimeSeriesForecastingJobConfig": {
            "ForecastFrequency": "M",
            "ForecastHorizon": _HORIZON,
            "ForecastQuantiles": ["p20", "p90"],
            "TimeSeriesConfig": {
                "TargetAttributeName": "sold",
                "TimestampAttributeName": "month",
                "ItemIdentifierAttributeName": "shop",
                "GroupingAttributeNames": ["kind"],
            },
            "Transformations": {"Filling": {"sold": {"middlefill": "mean"}}, "Aggregation": {"sold": "sum"}},
            "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["ets"]}]},
        }
    }
    return wait(sagemaker, start(sagemaker, request))


@pytest.fixture(scope="module")
def model(sagemaker: SageMakerClient, forecast_job: dict[str, Any]) -> str:
    """The model of that forecast."""
    return transform_model(sagemaker, forecast_job["BestCandidate"]["InferenceContainers"])


def _body(table: pd.DataFrame) -> bytes:
    return str(table.to_csv(index=False)).encode()


def _forecast(sagemaker: SageMakerClient, s3: S3Client, model: str, table: pd.DataFrame) -> pd.DataFrame:
    job = transformed(sagemaker, model, put_body(s3, _body(table)), **_WHOLE)
    return pd.read_csv(io.StringIO(output_of(s3, job)), dtype={"shop": str})


def test_the_past_of_the_training_gives_the_forecast_of_the_training(
    sagemaker: SageMakerClient, s3: S3Client, forecast_job: dict[str, Any], model: str, tmp_path: Path
) -> None:
    """The same numbers as the model in S3, with a column for each quantile and one for the mean."""
    found = _forecast(sagemaker, s3, model, _sales())
    assert list(found.columns) == ["shop", "kind", "month", "p20", "p90", "mean"]
    folder = unpack(s3, forecast_job["BestCandidate"]["InferenceContainers"][0], tmp_path)
    expected = pickle.loads((folder / "model.pkl").read_bytes()).forecast()  # noqa: S301 - the archive of a job of ours.
    assert found["shop"].tolist() == expected["shop"].tolist() == ["01"] * _HORIZON + ["02"] * _HORIZON
    assert pd.to_datetime(found["month"]).tolist() == expected["month"].tolist()
    for name in ("p20", "p90", "mean"):
        assert found[name].to_numpy() == pytest.approx(expected[name].to_numpy())


def test_a_forecast_begins_after_the_last_timestamp_given(sagemaker: SageMakerClient, s3: S3Client, model: str) -> None:
    """With less past, with more past, and of a series that the training has not seen."""
    table = _sales()
    early = table[table["month"] < "2023-07-01"]
    found = _forecast(sagemaker, s3, model, early.assign(shop="new"))
    assert found["month"].unique().tolist() == ["2023-07-01", "2023-08-01", "2023-09-01", "2023-10-01"]
    assert set(found["shop"]) == {"new"}
    later = table[table["month"] >= "2023-07-01"]
    actual = later.groupby(["kind", "month"])["sold"].sum()
    for row in found.itertuples():
        assert row.mean == pytest.approx(actual[row.kind, row.month], rel=0.1)
        assert row.p20 <= row.mean <= row.p90


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda table: pd.concat([table, table[-3:].assign(shop="03")]),
            "1 of 3 series have fewer than the 8 time-steps that a forecast needs: shop=03, kind=south has 3",
        ),
        (lambda table: table.drop(columns=["sold", "kind"]), "The body has no columns sold, kind; it must have"),
        (lambda table: table.assign(month="soon"), "rows have no readable timestamp in 'month'"),
        (lambda table: table.assign(shop=""), "have no value in 'shop', which identifies the series"),
        (lambda table: table.assign(sold="many"), "The target column 'sold' must be numeric"),
        (lambda table: table[:0], "The body has no rows"),
    ],
)
def test_a_past_that_cannot_be_forecast_fails_the_job(
    change: Any, reason: str, sagemaker: SageMakerClient, s3: S3Client, model: str
) -> None:
    """The reason names the series, the column or the value; there is no output."""
    job = transformed(sagemaker, model, put_body(s3, _body(change(_sales()))), **_WHOLE)
    assert job["TransformJobStatus"] == "Failed"
    assert re.search(rf"rows\.csv: the container answered 400: .*{reason}", job["FailureReason"])
    assert output_keys(s3, job) == []


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"BatchStrategy": "SingleRecord"}, "line 1: the container answered 400: The body has no rows"),
        ({"TransformInput": {"ContentType": "application/json"}}, "answered 415"),
        ({"TransformOutput": {"Accept": "application/json"}}, "answered 406"),
    ],
)
def test_a_past_must_come_whole_and_as_csv(
    members: dict[str, Any], reason: str, sagemaker: SageMakerClient, s3: S3Client, model: str
) -> None:
    """A line alone has no header and no past."""
    job = transformed(sagemaker, model, put_body(s3, _body(_sales())), **members)
    assert reason in job["FailureReason"]


def test_an_endpoint_does_not_forecast(sagemaker: SageMakerClient, s3: S3Client, forecast_job: dict[str, Any]) -> None:
    """Only transform jobs do."""
    endpoint = put_up(sagemaker, forecast_job["BestCandidate"]["InferenceContainers"])
    runtime = runtime_client(sagemaker)
    with pytest.raises(runtime.exceptions.ModelError, match="runs no containers of this image"):
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=_body(_sales()))
