"""Weights, feature specifications, tuning and candidate definitions: all metrics are recomputed from data in S3."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from airflow_sagemaker_automl.core.values.metric_names import read_metric
from airflow_sagemaker_automl.emulator.trainer.algorithms import LARGEST_ENSEMBLING_BYTES, TUNING, choose_mode
from airflow_sagemaker_automl.emulator.trainer.metrics import PROBLEM_TYPES, STANDARD_NAME_ONLY
from airflow_sagemaker_automl.emulator.trainer.scoring import tuned_objective
from demo.sandbox import BUCKET, sagemaker_client, upload_breast_cancer
from tests.emulator.downloads import reported, split_part, unpack
from tests.emulator.notebooks import code_of, output_of
from tests.support.datasets import load_diabetes
from tests.support.jobs import put_table, start, tabular_request, wait
from tests.support.plain_http import send

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


def _loaded(path: Path) -> Any:
    return pickle.loads(path.read_bytes())  # noqa: S301 - the archive of a job of ours.


_PREDICT = """
import json, sys, warnings
warnings.simplefilter("ignore")
import pandas
from autogluon.tabular import TabularPredictor
folder, table = sys.argv[1:]
predictor = TabularPredictor.load(folder, verbosity=0)
features = predictor.features()
types = predictor.feature_metadata_in.get_type_map_special()
print(json.dumps([features, types, [float(value) for value in predictor.predict(pandas.read_csv(table))]]))
"""


def _candidates(sagemaker: SageMakerClient, job: dict[str, Any]) -> list[dict[str, Any]]:
    answer = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=job["AutoMLJobName"], MaxResults=50)
    return [dict(candidate) for candidate in answer["Candidates"]]


def test_weights_and_feature_types_count_in_training_and_figures(
    sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str, tmp_path: Path
) -> None:
    """The reported RMSE is weighted; the weight is not a feature; a column declared as text is text."""
    table = load_diabetes(as_frame=True).frame.sample(n=600, replace=True, random_state=1, ignore_index=True)
    heavy = table["bmi"] > 0.02
    table["importance"] = np.where(heavy, 50.0, 1.0)
    table["code"] = table["sex"].map(lambda value: 1 if value > 0 else 2)
    table["note"] = [f"patient of group {'high' if value else 'low'} number {row}" for row, value in enumerate(heavy)]
    table["unused"] = range(600)
    names = ["age", "bmi", "bp", "code", "note"]
    document = {"FeatureAttributeNames": names, "FeatureDataTypes": {"code": "categorical", "note": "text"}}
    s3.put_object(Bucket=BUCKET, Key="weighted-specification.json", Body=json.dumps(document).encode())
    request = tabular_request(
        put_table(s3, "weighted-diabetes", table),
        "target",
        ProblemType="Regression",
        SampleWeightAttributeName="importance",
        FeatureSpecificationS3Uri=f"s3://{BUCKET}/weighted-specification.json",
        CompletionCriteria={"MaxCandidates": 2},
        CandidateGenerationConfig={"AlgorithmsConfig": [{"AutoMLAlgorithms": ["extra-trees", "catboost"]}]},
    )
    request["AutoMLJobObjective"] = {"MetricName": "RMSE"}
    job = wait(sagemaker, start(sagemaker, request))
    assert job["PartialFailureReasons"] == [
        {"PartialFailureMessage": "catboost is not installed with the emulator, so there are no candidates for it."}
    ]
    best = job["BestCandidate"]
    folder = unpack(s3, best["InferenceContainers"][0], tmp_path / "model")
    for part, stored in (("Validation", "validation"), ("Test", "test")):
        rows = split_part(s3, job, stored)
        rows.to_csv(tmp_path / "rows.csv", index=False)
        command = [sys.executable, "-I", "-c", _PREDICT, str(folder), str(tmp_path / "rows.csv")]
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        features, types, predicted = json.loads(result.stdout)
        assert sorted(features) == names
        assert types["note"] == ["text"]
        errors = (rows["target"] - predicted) ** 2
        weighted = np.average(errors, weights=rows["importance"]) ** 0.5
        assert reported(best, "RMSE", part) == pytest.approx(weighted, abs=1e-6)
        assert weighted != pytest.approx(errors.mean() ** 0.5, rel=1e-3)


def test_tuning_varies_settings_and_chains_containers(
    sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str, tmp_path: Path
) -> None:
    """Three containers chained by hand predict labels that give the reported F1; two jobs have equal results."""
    document = {"FeatureAttributeNames": ["mean radius", "mean texture", "worst area", "mean smoothness"]}
    s3.put_object(Bucket=BUCKET, Key="four-columns.json", Body=json.dumps(document).encode())
    request = tabular_request(
        breast_cancer,
        Mode="HYPERPARAMETER_TUNING",
        CompletionCriteria={"MaxCandidates": 5},
        FeatureSpecificationS3Uri=f"s3://{BUCKET}/four-columns.json",
    )
    names = [start(sagemaker, request) for _ in range(2)]
    stages = wait(sagemaker, names[0], until="ModelTuning")["AutoMLJobSecondaryStatus"]
    jobs = [wait(sagemaker, name) for name in names]
    assert stages == "ModelTuning"
    assert {job["AutoMLJobSecondaryStatus"] for job in jobs} == {"MaxCandidatesReached"}
    figures = [
        {
            candidate["CandidateName"].removeprefix(job["AutoMLJobName"]): candidate["FinalAutoMLJobObjectiveMetric"]
            for candidate in _candidates(sagemaker, job)
        }
        for job in jobs
    ]
    assert figures[0] == figures[1]
    assert sorted(figures[0]) == [
        "-linear-learner-002", "-linear-learner-004", "-xgboost-001", "-xgboost-003", "-xgboost-005",
    ]  # fmt: skip
    settings = [
        _loaded(unpack(s3, candidate["InferenceContainers"][1], tmp_path / f"m{number}") / "model.pkl")
        for number, candidate in enumerate(_candidates(sagemaker, jobs[0]))
        if "xgboost" in candidate["CandidateName"]
    ]
    assert len({model.get_params()["learning_rate"] for model in settings}) == 3
    best = jobs[0]["BestCandidate"]
    folders = [unpack(s3, step, tmp_path / str(place)) for place, step in enumerate(best["InferenceContainers"])]
    transformer, model = (
        _loaded(folder / file) for folder, file in zip(folders, ("transformer.pkl", "model.pkl"), strict=False)
    )
    labels = json.loads((folders[2] / "labels.json").read_text())
    rows = split_part(s3, jobs[0], "validation")
    predicted = np.array(labels)[model.predict(transformer.transform(rows.drop(columns="diagnosis")))]
    actual, positive = rows["diagnosis"].to_numpy(), labels[1]
    hits = ((predicted == positive) & (actual == positive)).sum()
    f1 = 2 * hits / ((predicted == positive).sum() + (actual == positive).sum())
    assert (
        best["FinalAutoMLJobObjectiveMetric"]["Value"]
        == pytest.approx(f1)
        == pytest.approx(reported(best, "F1", "Validation"))
    )
    names_of_f1 = {"xgboost": "validation:f1_binary", "linear-learner": "validation:binary_f_beta"}
    for candidate in _candidates(sagemaker, jobs[0]):
        algorithm = candidate["CandidateName"].removeprefix(f"{jobs[0]['AutoMLJobName']}-").rpartition("-")[0]
        value = reported(candidate, "F1", "Validation")
        assert candidate["FinalAutoMLJobObjectiveMetric"] == {"MetricName": names_of_f1[algorithm], "Value": value}
    assert jobs[0]["ResolvedAttributes"]["AutoMLJobObjective"] == {"MetricName": "F1"}
    last = best["InferenceContainers"][2]["Environment"]
    assert last["AUTOML_TRANSFORM_MODE"] == "inverse-label-transform"
    assert "labels" in last["SAGEMAKER_INFERENCE_SUPPORTED"].split(",")


def test_a_tuned_regression_has_two_containers(
    sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str, tmp_path: Path
) -> None:
    """Text and missing values go through the transformer; the second container's output is the value."""
    table = load_diabetes(as_frame=True).frame.sample(n=600, replace=True, random_state=1, ignore_index=True)
    table["group"] = table["sex"].map(lambda value: "a" if value > 0 else "b")
    table.loc[::7, "bmi"] = None
    request = tabular_request(
        put_table(s3, "tuned-diabetes", table),
        "target",
        Mode="HYPERPARAMETER_TUNING",
        CompletionCriteria={"MaxCandidates": 2},
        CandidateGenerationConfig={"AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]},
    )
    job = wait(sagemaker, start(sagemaker, request))
    best = job["BestCandidate"]
    first, second = (unpack(s3, step, tmp_path / str(place)) for place, step in enumerate(best["InferenceContainers"]))
    rows = split_part(s3, job, "test")
    transformed = _loaded(first / "transformer.pkl").transform(rows.drop(columns="target"))
    predicted = _loaded(second / "model.pkl").predict(transformed)
    objective = {"MetricName": "validation:mse", "Value": reported(best, "MSE", "Validation")}
    assert best["FinalAutoMLJobObjectiveMetric"] == objective
    assert reported(best, "MSE", "Test") == pytest.approx(((rows["target"] - predicted) ** 2).mean())


def test_a_switch_completes_the_objective_of_tuning_mode(private_url: str) -> None:
    """With the standard name and the direction, as in ensembling mode."""
    data = upload_breast_cancer(private_url)
    assert send(f"{private_url}/automl-emulator/faults", "PUT", {"CompleteObjectives": True})[0] == 200
    sagemaker = sagemaker_client(private_url)
    request = tabular_request(
        data,
        Mode="HYPERPARAMETER_TUNING",
        CompletionCriteria={"MaxCandidates": 1},
        CandidateGenerationConfig={"AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]},
    )
    best = wait(sagemaker, start(sagemaker, request))["BestCandidate"]
    value = reported(best, "F1", "Validation")
    assert best["FinalAutoMLJobObjectiveMetric"] == {
        "Type": "Maximize",
        "MetricName": "F1",
        "StandardMetricName": "F1",
        "Value": value,
    }


@pytest.mark.parametrize("algorithm", [algorithm.name for algorithm in TUNING if algorithm.library])
@pytest.mark.parametrize("problem_type", PROBLEM_TYPES)
def test_every_objective_has_a_name_in_the_tuning_job(problem_type: str, algorithm: str) -> None:
    """The product's table reads each as the metric that it is."""
    for metric in PROBLEM_TYPES[problem_type].metrics:
        if metric not in STANDARD_NAME_ONLY:
            name = tuned_objective(algorithm, problem_type, metric, 0.5)["MetricName"]
            assert name.startswith("validation:")
            assert read_metric(name).metric == metric


@pytest.mark.parametrize("mode", ["ENSEMBLING", "HYPERPARAMETER_TUNING"])
def test_candidate_definitions_alone_are_notebooks_that_run(
    mode: str, sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str, tmp_path: Path
) -> None:
    """No candidate is trained; the notebooks can be run, read the data and define the possible candidates."""
    request = tabular_request(
        breast_cancer, Mode=mode, GenerateCandidateDefinitionsOnly=True, CompletionCriteria={"MaxCandidates": 4}
    )
    job = wait(sagemaker, start(sagemaker, request))
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Completed", "CandidateDefinitionsGenerated")
    assert "BestCandidate" not in job
    assert _candidates(sagemaker, job) == []
    artifacts = job["AutoMLJobArtifacts"]
    exploration = code_of(s3, artifacts["DataExplorationNotebookLocation"])
    definitions = code_of(s3, artifacts["CandidateDefinitionNotebookLocation"])
    counts = "print(len(columns), sum(map(len, candidates.values())))"
    assert output_of(s3, *exploration, *definitions[:2], counts).split() == ["31", "4"]
    assert "predictor.fit(train, tuning_data=validation, hyperparameters=candidates" in definitions[2]


def test_the_mode_follows_the_size_where_the_request_leaves_it_open() -> None:
    """Below 100 MB ensembling, otherwise tuning; a mode in the request is used."""
    for config in ({}, {"Mode": "AUTO"}):
        assert choose_mode(config, LARGEST_ENSEMBLING_BYTES - 1) == "ENSEMBLING"
        assert choose_mode(config, LARGEST_ENSEMBLING_BYTES) == "HYPERPARAMETER_TUNING"
    assert choose_mode({"Mode": "ENSEMBLING"}, LARGEST_ENSEMBLING_BYTES) == "ENSEMBLING"
    assert choose_mode({"Mode": "HYPERPARAMETER_TUNING"}, 1) == "HYPERPARAMETER_TUNING"


def test_tuning_at_its_time_limit_keeps_what_it_has(sagemaker: SageMakerClient, breast_cancer: str) -> None:
    """Candidates are published one by one, so that at the time limit all of them are usable."""
    criteria = {"MaxCandidates": 750, "MaxAutoMLJobRuntimeInSeconds": 10}
    request = tabular_request(breast_cancer, Mode="HYPERPARAMETER_TUNING", CompletionCriteria=criteria)
    job = wait(sagemaker, start(sagemaker, request))
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Completed", "MaxAutoMLJobRuntimeReached")
    candidates = _candidates(sagemaker, job)
    assert len(candidates) < 750
    assert all(len(candidate["InferenceContainers"]) == 3 for candidate in candidates)
    assert ("BestCandidate" in job) == bool(candidates)
