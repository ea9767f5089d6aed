"""Labels of any type go through training, reports and endpoints; labels that nobody can learn are refused."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from airflow_sagemaker_automl.emulator.trainer.process import run
from tests.emulator.downloads import body, reported, split_part
from tests.emulator.trainers import PARQUET, as_csv, as_parquet, put, trainers_job
from tests.support.endpoints import predicted, put_up
from tests.support.jobs import start, tabular_request, wait

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

# Enough if some rows have no label.
_ROWS = 520
_ONE_MODEL: dict[str, Any] = {
    "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]},
    "CompletionCriteria": {"MaxCandidates": 1},
}
_TUNING = "HYPERPARAMETER_TUNING"


def _table() -> pd.DataFrame:
    """Two columns to learn from; whether ``x`` is positive can be learned."""
    generator = np.random.default_rng(1)
    return pd.DataFrame({"x": generator.normal(size=_ROWS).round(3), "noise": generator.normal(size=_ROWS).round(3)})


@pytest.mark.parametrize(
    ("negative", "positive", "form", "mode"),
    [
        (False, True, "csv", "ENSEMBLING"),
        (False, True, "parquet", "ENSEMBLING"),
        (0, 1, "csv", "ENSEMBLING"),
        (0.5, 1.5, "csv", _TUNING),
        (datetime.date(2024, 1, 1), datetime.date(2024, 1, 2), "parquet", _TUNING),
    ],
)
def test_labels_of_any_type_are_learned_reported_and_predicted(
    negative: Any, positive: Any, form: str, mode: str, sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str
) -> None:
    """An endpoint's labels give the reported F1, and the report's matrix has the same labels; some rows have none."""
    table = _table()
    labels = pd.Series([positive if value > 0 else negative for value in table["x"]], dtype=object)
    table["y"] = labels.where(table.index % 40 != 0, None)
    data = put(s3, as_csv(table) if form == "csv" else as_parquet(table))
    request = tabular_request(data, "y", Mode=mode, **_ONE_MODEL)
    if form == "parquet":
        request["AutoMLJobInputDataConfig"][0]["ContentType"] = PARQUET
    job = wait(sagemaker, start(sagemaker, request))
    assert (job["AutoMLJobStatus"], job.get("PartialFailureReasons")) == ("Completed", None)
    best, rows = job["BestCandidate"], split_part(s3, job, "test", dtype={"y": str})
    answers = predicted(sagemaker, put_up(sagemaker, best["InferenceContainers"]), rows.drop(columns="y"))
    said = pd.Series([label for (label,) in answers])
    assert set(said) <= set(rows["y"]) == {str(negative), str(positive)}
    hits = ((said == str(positive)) & (rows["y"] == str(positive))).sum()
    f1 = 2 * hits / ((said == str(positive)).sum() + (rows["y"] == str(positive)).sum())
    assert f1 == pytest.approx(reported(best, "F1", "Test"))
    assert f1 > 0.8
    locations = best["CandidateProperties"]["CandidateArtifactLocations"]
    report = json.loads(body(s3, f"{locations['ModelInsights']}/statistics.json"))
    assert set(report["binary_classification_metrics"]["confusion_matrix"]) == {str(negative), str(positive)}
    explained = json.loads(body(s3, f"{locations['Explainability']}/analysis.json"))["explanations"]["kernel_shap"]
    assert explained["label0"]["global_shap_values"]["x"] > explained["label0"]["global_shap_values"]["noise"]


def test_an_endpoint_reads_dates_and_infinite_numbers_as_the_training_did(
    sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str
) -> None:
    """The day of 03/04/2024 is the third if it was so in training; the answers give the reported MSE."""
    table = _table()
    days = pd.Series(pd.date_range("2024-01-01", periods=_ROWS))
    table["d"] = days.dt.strftime("%d/%m/%Y")
    table["y"] = days.dt.day + table["x"] / 10
    table.loc[::9, "noise"] = np.inf
    job = wait(sagemaker, start(sagemaker, tabular_request(put(s3, as_csv(table)), "y", **_ONE_MODEL)))
    assert job["PartialFailureReasons"] == [
        {"PartialFailureMessage": "Infinite or too large numbers in 'noise' count as missing."}
    ]
    best, rows = job["BestCandidate"], split_part(s3, job, "test")
    written = rows.assign(d=pd.to_datetime(rows["d"]).dt.strftime("%d/%m/%Y"), noise=rows["noise"].fillna(np.inf))
    endpoint = put_up(sagemaker, best["InferenceContainers"])
    numbers = [float(value) for (value,) in predicted(sagemaker, endpoint, written.drop(columns="y"))]
    assert ((rows["y"] - numbers) ** 2).mean() == pytest.approx(reported(best, "MSE", "Test"))
    assert ((rows["y"] - numbers) ** 2).mean() < 1


@pytest.mark.parametrize(
    ("change", "config", "reason"),
    [
        (
            {"y": [f"label {row}" for row in range(_ROWS)]},
            {},
            "'y' has 520 different values in 520 rows, of which none occurs 5 times or more",
        ),
        (
            {"y": ["rare"] + ["frequent"] * (_ROWS - 1)},
            {},
            "'y' has 2 different values in 520 rows, of which one occurs 5 times or more",
        ),
        ({"y": [np.inf, *range(_ROWS - 1)]}, {}, "'y' has 1 values that are infinite or too large"),
        ({"y": [1e200, *range(_ROWS - 1)]}, {}, "'y' has 1 values that are infinite or too large"),
        ({"y": [True, False] * (_ROWS // 2)}, {"ProblemType": "Regression"}, "Regression needs a numeric target"),
        ({"x": None, "noise": None, "y": range(_ROWS)}, {}, "each column besides 'y' is empty or has the same value"),
        ({"x": 1, "noise": "same", "y": range(_ROWS)}, {}, "is empty or has the same value in all rows ('x', 'noise')"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["ENSEMBLING", _TUNING])
def test_data_that_cannot_be_learned_from_fail_with_a_sentence(
    change: dict[str, Any],
    config: dict[str, Any],
    reason: str,
    mode: str,
    s3: S3Client,
    emulator_url: str,
    breast_cancer: str,
    tmp_path: Path,
) -> None:
    """The reason says what is wrong with which column, in both modes; no library's error is one."""
    table = _table().assign(**change)
    request = tabular_request(put(s3, as_csv(table)), "y", Mode=mode, **config)
    assert reason in _reason_of_failure(emulator_url, request, tmp_path)


def test_columns_without_use_fail_an_ensemble(
    s3: S3Client, emulator_url: str, breast_cancer: str, tmp_path: Path
) -> None:
    """Mode tuning has a model all the same: a linear one without features predicts the mean, and its metrics say so."""
    table = _table().assign(x=[f"id{row}" for row in range(_ROWS)], noise=None, y=range(_ROWS))
    request = tabular_request(put(s3, as_csv(table)), "y", Mode="ENSEMBLING", **_ONE_MODEL)
    reason = _reason_of_failure(emulator_url, request, tmp_path)
    assert "None of the columns is of use to a model ('x', 'noise')" in reason


def _reason_of_failure(emulator_url: str, request: dict[str, Any], folder: Path) -> str:
    job, events = trainers_job(emulator_url, request, folder)
    run(job)
    assert events[-1]["event"] == "failed"
    return str(events[-1]["reason"])


def test_rare_labels_are_noted_and_not_learned(
    s3: S3Client, emulator_url: str, breast_cancer: str, tmp_path: Path
) -> None:
    """They stay among the rows that judge a model, where they are errors; a note says how many there are."""
    from airflow_sagemaker_automl.emulator.trainer.tabular import prepare

    names = [f"rare {row}" if row < 100 else ("a", "b")[row % 2] for row in range(_ROWS)]
    request = tabular_request(put(s3, as_csv(_table().assign(y=names))), "y")
    task = prepare(trainers_job(emulator_url, request, tmp_path)[0])
    assert set(task.split.train["y"]) == {"a", "b"}
    assert task.split.validation["y"].str.startswith("rare").any()
    assert task.failures == ("100 values of 'y' occur in fewer than 5 rows each; no model learns them.",)


def test_an_error_of_a_library_is_kept_and_not_a_reason(
    s3: S3Client, emulator_url: str, breast_cancer: str, tmp_path: Path
) -> None:
    """The reason names an object in S3 with the traceback."""
    request = tabular_request(put(s3, as_csv(_table())), "x")
    del request["AutoMLJobInputDataConfig"]
    job, events = trainers_job(emulator_url, request, tmp_path)
    run(job)
    reason = events[-1]["reason"]
    assert reason.startswith("The training failed for a reason that the emulator does not recognize. The traceback is ")
    assert "KeyError" not in reason
    assert b"KeyError: 'AutoMLJobInputDataConfig'" in body(s3, reason.split()[-1].rstrip("."))


def test_a_report_leaves_out_what_its_rows_do_not_define() -> None:
    """With one class among the validation rows there is no AUC and no curve; the rest of the report stands."""
    from airflow_sagemaker_automl.emulator.trainer.reports import model_statistics
    from airflow_sagemaker_automl.emulator.trainer.scoring import Predictions

    actual, predicted = np.array(["no"] * 100), np.array(["no"] * 75 + ["yes"] * 25)
    probabilities = np.tile([0.6, 0.4], (100, 1))
    report = json.loads(
        model_statistics(Predictions("BinaryClassification", ["no", "yes"], actual, predicted, probabilities))
    )["binary_classification_metrics"]
    assert report["accuracy"] == {"value": 0.75, "standard_deviation": "NaN"}
    assert not {"auc", "au_prc", "receiver_operating_characteristic_curve", "precision_recall_curve"} & set(report)
