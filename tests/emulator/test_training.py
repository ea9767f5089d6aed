"""Jobs really train, and every reported metric can be recomputed from their output in S3."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pandas as pd
import pytest

from tests.emulator.notebooks import code_of, output_of
from tests.support.jobs import start, tabular_request, wait

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_RECOMPUTE = """
import json, sys, warnings
warnings.simplefilter("ignore")
assert not any("site-packages" not in path and "airflow" in path for path in sys.path)
import pandas
from autogluon.tabular import TabularPredictor
folder, table, metric = sys.argv[1:]
rows = pandas.read_csv(table)
predictor = TabularPredictor.load(folder, verbosity=0)
actual, predicted = rows[predictor.label], predictor.predict(rows)
if metric == "F1":
    from sklearn.metrics import f1_score
    value = f1_score(actual, predicted, pos_label=predictor.positive_class)
elif metric == "Accuracy":
    value = (actual == predicted).mean()
else:
    value = ((actual - predicted) ** 2).mean() ** 0.5
print(json.dumps(float(value)))
"""


def _body(s3: S3Client, uri: str) -> bytes:
    parts = urlsplit(uri)
    return s3.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"].read()


def _recomputed(s3: S3Client, job: dict[str, Any], part: str, folder: Path) -> float:
    """Load the best model in another process without the emulator's code, and score it again."""
    best = job["BestCandidate"]
    archive = _body(s3, best["InferenceContainers"][0]["ModelDataUrl"])
    with tarfile.open(fileobj=io.BytesIO(archive)) as model:
        model.extractall(folder / "model", filter="data")
    table = folder / f"{part}.csv"
    output = job["OutputDataConfig"]["S3OutputPath"]
    table.write_bytes(_body(s3, f"{output}/{job['AutoMLJobName']}/preprocessed-data/{part}.csv"))
    metric = best["FinalAutoMLJobObjectiveMetric"]["MetricName"]
    result = subprocess.run(
        [sys.executable, "-I", "-c", _RECOMPUTE, folder / "model", table, metric],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert result.returncode == 0, result.stderr
    return float(json.loads(result.stdout))


def _reported(candidate: dict[str, Any], metric: str, part: str) -> float:
    (value,) = (
        datum["Value"]
        for datum in candidate["CandidateProperties"]["CandidateMetrics"]
        if datum["StandardMetricName"] == metric and datum["Set"] == part
    )
    return float(value)


@pytest.mark.parametrize(
    ("job_fixture", "problem_type", "metric"),
    [
        ("binary_job", "BinaryClassification", "F1"),
        ("multiclass_job", "MulticlassClassification", "Accuracy"),
        ("regression_job", "Regression", "RMSE"),
    ],
)
def test_the_reported_metric_is_recomputed_from_the_downloaded_model(
    job_fixture: str, problem_type: str, metric: str, request: pytest.FixtureRequest, s3: S3Client, tmp_path: Path
) -> None:
    """The validation and test metrics of the best candidate are reproduced with its model.tar.gz."""
    job = request.getfixturevalue(job_fixture)
    resolved = job["ResolvedAttributes"]["AutoMLProblemTypeResolvedAttributes"]["TabularResolvedAttributes"]
    assert resolved["ProblemType"] == problem_type
    best = job["BestCandidate"]
    assert best["FinalAutoMLJobObjectiveMetric"]["MetricName"] == metric
    selection = _recomputed(s3, job, "validation", tmp_path / "selection")
    held_out = _recomputed(s3, job, "test", tmp_path / "held-out")
    assert selection == pytest.approx(best["FinalAutoMLJobObjectiveMetric"]["Value"], abs=1e-9)
    assert selection == pytest.approx(_reported(best, metric, "Validation"), abs=1e-9)
    assert held_out == pytest.approx(_reported(best, metric, "Test"), abs=1e-9)


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A folder with the subfolders for recomputing."""
    for name in ("selection", "held-out"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_the_best_candidate_has_the_best_objective(
    binary_job: dict[str, Any], regression_job: dict[str, Any], sagemaker: SageMakerClient
) -> None:
    """F1 is maximized and RMSE is minimized, and both are positive."""
    for job, choose, direction in ((binary_job, max, "Maximize"), (regression_job, min, "Minimize")):
        candidates = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=job["AutoMLJobName"])["Candidates"]
        values = [candidate["FinalAutoMLJobObjectiveMetric"]["Value"] for candidate in candidates]
        best = job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]
        assert best["Type"] == direction
        assert best["Value"] == choose(values) > 0


def test_every_candidate_has_a_model_and_metrics_on_three_parts(
    binary_job: dict[str, Any], sagemaker: SageMakerClient, s3: S3Client
) -> None:
    """Each candidate can be registered: its model is in S3, and it has metrics for all parts of the data."""
    name = binary_job["AutoMLJobName"]
    candidates = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"]
    assert len(candidates) == 7
    for candidate in candidates:
        (container,) = candidate["InferenceContainers"]
        assert len(_body(s3, container["ModelDataUrl"])) > 1000
        assert container["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label"
        parts = {datum["Set"] for datum in candidate["CandidateProperties"]["CandidateMetrics"]}
        assert parts == {"Train", "Validation", "Test"}


def test_statistics_count_the_validation_rows(binary_job: dict[str, Any], s3: S3Client) -> None:
    """statistics.json agrees with the candidate's metrics, and its confusion matrix counts every validation row."""
    best = binary_job["BestCandidate"]
    prefix = best["CandidateProperties"]["CandidateArtifactLocations"]["ModelInsights"]
    report = json.loads(_body(s3, f"{prefix}/statistics.json"))
    metrics = report["binary_classification_metrics"]
    matrix = metrics["confusion_matrix"]
    assert sum(sum(row.values()) for row in matrix.values()) == report["dataset"]["item_count"] == 114
    correct = matrix["benign"]["benign"] + matrix["malignant"]["malignant"]
    assert metrics["accuracy"]["value"] == pytest.approx(correct / 114)
    for ours, theirs in (("f1", "F1"), ("auc", "AUC"), ("precision", "Precision"), ("recall", "Recall")):
        assert metrics[ours]["value"] == pytest.approx(_reported(best, theirs, "Validation"))
    curve = metrics["receiver_operating_characteristic_curve"]
    assert curve["false_positive_rates"][0] == curve["true_positive_rates"][0] == 0
    assert curve["false_positive_rates"][-1] == curve["true_positive_rates"][-1] == 1


def test_explanations_name_every_feature_of_every_class(
    multiclass_job: dict[str, Any], regression_job: dict[str, Any], s3: S3Client
) -> None:
    """analysis.json has Kernel SHAP values of all features, also texts, for each class; one output for a regression."""
    for job, outputs, feature in ((multiclass_job, 3, "colour"), (regression_job, 1, "bmi")):
        prefix = job["BestCandidate"]["CandidateProperties"]["CandidateArtifactLocations"]["Explainability"]
        explained = json.loads(_body(s3, f"{prefix}/analysis.json"))["explanations"]["kernel_shap"]
        assert sorted(explained) == [f"label{number}" for number in range(outputs)]
        for output in explained.values():
            assert feature in output["global_shap_values"]
            assert max(output["global_shap_values"].values()) > 0


def test_limits_and_choices_of_the_request_are_kept(
    multiclass_job: dict[str, Any], regression_job: dict[str, Any], sagemaker: SageMakerClient, s3: S3Client
) -> None:
    """MaxCandidates, the requested algorithms and the validation fraction are applied."""
    assert multiclass_job["AutoMLJobSecondaryStatus"] == "MaxCandidatesReached"
    name = multiclass_job["AutoMLJobName"]
    assert len(sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"]) == 3
    name = regression_job["AutoMLJobName"]
    candidates = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"]
    kinds = {candidate["CandidateName"].removeprefix(f"{name}-") for candidate in candidates}
    assert kinds == {"lightgbm", "lightgbmxt", "linearmodel", "weightedensemble-l2"}
    output = regression_job["OutputDataConfig"]["S3OutputPath"]
    parts = {
        part: len(pd.read_csv(io.BytesIO(_body(s3, f"{output}/{name}/preprocessed-data/{part}.csv"))))
        for part in ("train", "validation", "test")
    }
    assert parts == {"train": 390, "validation": 150, "test": 60}


def test_a_job_that_was_to_be_deployed_says_that_it_was_not(regression_job: dict[str, Any]) -> None:
    """A requested deployment, which the emulator does not do, is a partial failure."""
    (failure,) = regression_job["PartialFailureReasons"]
    assert failure["PartialFailureMessage"].startswith("ModelDeployConfig: the emulator does not deploy automatically")
    assert "ModelDeployResult" not in regression_job


def test_a_validation_channel_is_what_candidates_are_chosen_by(
    sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str
) -> None:
    """With a validation channel no validation rows are split off the training data."""
    request = tabular_request(breast_cancer, CompletionCriteria={"MaxCandidates": 1})
    channel = {**request["AutoMLJobInputDataConfig"][0], "ChannelType": "validation"}
    channel["DataSource"] = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{breast_cancer}part-1.csv"}}
    request["AutoMLJobInputDataConfig"].append(channel)
    job = wait(sagemaker, start(sagemaker, request))
    prefix = job["BestCandidate"]["CandidateProperties"]["CandidateArtifactLocations"]["ModelInsights"]
    assert json.loads(_body(s3, f"{prefix}/statistics.json"))["dataset"]["item_count"] == 269


def test_a_trained_job_has_both_notebooks(
    binary_job: dict[str, Any], multiclass_job: dict[str, Any], s3: S3Client
) -> None:
    """One explores the data, the other defines the candidates that were trained; an ensemble is one more of them."""
    for job, columns, candidates in ((binary_job, 31, None), (multiclass_job, 15, 2)):
        artifacts = job["AutoMLJobArtifacts"]
        exploration = code_of(s3, artifacts["DataExplorationNotebookLocation"])
        definitions = code_of(s3, artifacts["CandidateDefinitionNotebookLocation"])
        counts = "print(len(columns), sum(map(len, candidates.values())))"
        shown, defined = output_of(s3, *exploration, *definitions[:2], counts).split()
        assert int(shown) == columns
        assert candidates in (None, int(defined))
        assert "fit_weighted_ensemble=True" in definitions[2]
