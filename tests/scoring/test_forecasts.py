"""A forecast is scored like a table: the history goes in with its header, the horizon after its end comes out."""

from __future__ import annotations

import io
import pickle
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import SageMakerBatchScoringOperator
from demo.sandbox import BUCKET
from tests.support.jobs import ROLE, put_table, start, tabular_request, unique, wait
from tests.support.trained import version_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_HORIZON = 4


def _sales() -> pd.DataFrame:
    """Monthly sales of two shops over five years, with a yearly cycle."""
    months = pd.date_range("2020-01-01", periods=60, freq="MS").astype(str)
    cycle = 100 + 30 * np.sin(np.arange(60) * np.pi / 6)
    return pd.concat(
        pd.DataFrame({"shop": shop, "month": months, "sold": size * cycle, "note": "a, b"})
        for shop, size in (("01", 1), ("02", 2))
    )


@pytest.fixture(scope="module")
def forecasts(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> str:
    """A version that forecasts four months."""
    request = tabular_request(put_table(s3, unique("sales"), _sales()))
    request["AutoMLProblemTypeConfig"] = {
        "TimeSeriesForecastingJobConfig": {
            "ForecastFrequency": "M",
            "ForecastHorizon": _HORIZON,
            "ForecastQuantiles": ["p10", "p90"],
            "TimeSeriesConfig": {
                "TargetAttributeName": "sold",
                "TimestampAttributeName": "month",
                "ItemIdentifierAttributeName": "shop",
            },
            "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["ets"]}]},
        }
    }
    return version_of(sagemaker, wait(sagemaker, start(sagemaker, request)))


def _task(version: str, data: str, place: str, **arguments: Any) -> SageMakerBatchScoringOperator:
    return SageMakerBatchScoringOperator(
        task_id="score",
        model_package_arn=version,
        data=data,
        output_uri=place,
        role_arn=ROLE,
        poll_interval=0.2,
        deferrable=False,
        **arguments,
    )


def test_the_months_after_the_history_are_forecast(
    forecasts: str, context: Any, place: str, sagemaker: SageMakerClient, s3: S3Client, tmp_path: Path
) -> None:
    """From the history of the training come the numbers of the model in S3; the columns may be in another order."""
    table = _sales()
    data = put_table(s3, unique("history"), table[list(reversed(table.columns))].assign(more="left out"))
    result = _task(forecasts, data, place).execute(context)
    key = result["output_uri"].split("/", 3)[3]
    scores = pd.read_csv(s3.get_object(Bucket=BUCKET, Key=key)["Body"], dtype={"shop": str})
    assert list(scores.columns) == result["columns"] == ["shop", "month", "p10", "p90", "mean"]
    assert (result["rows"], result["scored_rows"]) == (len(table), 2 * _HORIZON)
    described = sagemaker.describe_model_package(ModelPackageName=forecasts)
    uri = described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    body = s3.get_object(Bucket=BUCKET, Key=uri.split("/", 3)[3])["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        archive.extractall(tmp_path, filter="data")
    expected = pickle.loads((tmp_path / "model.pkl").read_bytes()).forecast()  # noqa: S301 - of a job of ours.
    assert pd.to_datetime(scores["month"]).tolist() == expected["month"].tolist()
    for name in ("p10", "p90", "mean"):
        assert scores[name].to_numpy() == pytest.approx(expected[name].to_numpy())


def test_a_forecast_has_its_own_keys(forecasts: str, context: Any, place: str, s3: S3Client) -> None:
    """Item and time identify a row of the result, so key columns are refused, before anything is created."""
    data = put_table(s3, unique("history"), _sales())
    with pytest.raises(
        AirflowFailException, match=r"key_columns = \['note'\] must be left out: a forecast has its own"
    ):
        _task(forecasts, data, place, key_columns=["note"]).execute(context)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix=place.split("/", 3)[3])
