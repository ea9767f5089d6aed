"""A forecast is made of the whole history in one request, and its table is the one that the model answers."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.support.scoring import COLUMNS, TARGET, Account, operator, started
from tests.support.tasks import changed, deferral, resume
from tests.support.transforms import wait_for_transform

_SERIES = {
    "TimeSeriesForecastingJobConfig": {
        "ForecastFrequency": "1D",
        "ForecastHorizon": 2,
        "TimeSeriesConfig": {
            "TargetAttributeName": TARGET,
            "TimestampAttributeName": "age",
            "ItemIdentifierAttributeName": "note",
        },
    }
}
_HEADER = ",".join([*COLUMNS, TARGET])
_HISTORY = f"{_HEADER},more\n2026-01-01,1,a,5,x\n2026-01-02,1,a,6,x\n"


@pytest.fixture
def forecasting(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """What the operator is given."""
    del given["key_columns"]
    version = account.version(problem=_SERIES)
    return {**given, "model_package_arn": version, "data": account.put("history", _HISTORY)}


def _forecast(account: Account, context: Any, given: dict[str, Any], body: str | None) -> dict[str, Any]:
    deferred = deferral(operator(**given), context)
    name = str(deferred.trigger.job_name)
    output = account.sagemaker.describe_transform_job(TransformJobName=name)["TransformOutput"]["S3OutputPath"]
    if body is not None:
        account.write(f"{output}part-00000.csv.out", body)
    account.end()
    wait_for_transform(account.sagemaker, name)
    result: dict[str, Any] = resume(operator(**given), context, deferred, "finished")
    return result


def test_the_request_has_the_whole_history(account: Account, context: Any, forecasting: dict[str, Any]) -> None:
    """With a header, the target, and as much as a request may have, whatever ``max_payload_mb`` says of rows."""
    name = started(operator(**forecasting), context)
    job = account.sagemaker.describe_transform_job(TransformJobName=name)
    (uri,) = account.objects(job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    assert account.read(uri) == f"{_HEADER}\n2026-01-01,1,a,5\n2026-01-02,1,a,6\n"
    assert (job["MaxPayloadInMB"], job["MaxConcurrentTransforms"]) == (100, 1)
    assert (job["BatchStrategy"], job["TransformInput"]["SplitType"]) == ("SingleRecord", "None")


def test_the_table_is_the_models(account: Account, context: Any, forecasting: dict[str, Any]) -> None:
    """Its columns and all its rows."""
    body = "note,age,p50\na,2026-01-03,5.5\na,2026-01-04,6.5\n"
    result = _forecast(account, context, forecasting, body)
    assert account.read(result["output_uri"]) == body
    assert (result["rows"], result["scored_rows"], result["columns"]) == (2, 2, ["note", "age", "p50"])


@pytest.mark.parametrize("body", [None, "", "note,p50\n", "note,p50\na\n"], ids=["none", "empty", "no rows", "broken"])
def test_no_forecasts_are_no_table(
    account: Account, context: Any, forecasting: dict[str, Any], body: str | None
) -> None:
    """The error names the job and the file."""
    with pytest.raises(AirflowFailException, match=r"The output of transform job .*part-00000\.csv\.out"):
        _forecast(account, context, forecasting, body)
    assert "_SUCCESS" not in account.names(forecasting["output_uri"])


def test_a_history_that_is_too_large(account: Account, context: Any, forecasting: dict[str, Any]) -> None:
    """Told before a job exists; nothing is left."""
    row = f"2026-01-01,1,{'x' * 5000},5,\n"
    forecasting["data"] = account.put("history", f"{_HEADER},more\n{row * 21_500}")
    with pytest.raises(AirflowFailException, match="its rows are one request of a forecast, which has at most 100 MiB"):
        operator(**forecasting).execute(context)
    assert (account.models(), account.jobs(), account.objects(forecasting["output_uri"])) == ([], {}, [])


def test_a_forecast_has_its_own_keys(account: Account, context: Any, forecasting: dict[str, Any]) -> None:
    """Which ones they are is told."""
    with pytest.raises(AirflowFailException, match=r"must be left out: a forecast has its own keys \(note, age\)"):
        operator(**forecasting, key_columns=["note"]).execute(changed(context, run_id="other"))
