"""Endpoints predict as the candidates' metrics say, for all trainers, and their errors are the runtime's."""

from __future__ import annotations

import ast
import io
import json
import pickle
import tarfile
import threading
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from tests.emulator.downloads import reported, split_part
from tests.support.datasets import load_diabetes
from tests.support.endpoints import configure, predicted, put_up, runtime_client, settled
from tests.support.jobs import put_table, start, tabular_request, unique, wait
from tests.support.transforms import output_rows, put_rows, transform_model, transformed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_ALL_KEYS = "predicted_label,probability,probabilities,labels"


def _answering(containers: list[dict[str, Any]], keys: str) -> list[dict[str, Any]]:
    """Set the output keys of each container that has selectable output."""
    return [
        {**one, "Environment": {**one["Environment"], "SAGEMAKER_INFERENCE_OUTPUT": keys}}
        if "SAGEMAKER_INFERENCE_SUPPORTED" in one["Environment"]
        else one
        for one in containers
    ]


def _transformed(
    sagemaker: SageMakerClient, s3: S3Client, containers: list[Any], rows: pd.DataFrame, keys: str
) -> list[list[str]]:
    """Predict rows with a transform job that sets the output keys."""
    model, environment = transform_model(sagemaker, containers), {"SAGEMAKER_INFERENCE_OUTPUT": keys}
    return output_rows(s3, transformed(sagemaker, model, put_rows(s3, rows), Environment=environment))


def _rows(s3: S3Client, job: dict[str, Any], target: str, **reading: Any) -> tuple[pd.DataFrame, pd.Series]:
    """Read the held-out rows of a job: the input for an endpoint, and the true labels."""
    table = split_part(s3, job, "test", **reading)
    return table.drop(columns=target), table[target]


@pytest.fixture(scope="module")
def tuned_job(sagemaker: SageMakerClient, breast_cancer: str) -> dict[str, Any]:
    """A completed binary classification whose candidates are chains of three containers."""
    request = tabular_request(breast_cancer, Mode="HYPERPARAMETER_TUNING", CompletionCriteria={"MaxCandidates": 2})
    return wait(sagemaker, start(sagemaker, request))


@pytest.mark.parametrize("mode", ["binary_job", "tuned_job"])
def test_an_endpoint_predicts_what_the_figures_say(
    mode: str, request: pytest.FixtureRequest, sagemaker: SageMakerClient, s3: S3Client
) -> None:
    """The predictions for the held-out rows give the candidate's F1 and AUC, with one container or three.

    A transform job predicts the same.
    """
    from sklearn.metrics import f1_score, roc_auc_score

    job = request.getfixturevalue(mode)
    best, (rows, actual) = job["BestCandidate"], _rows(s3, job, "diagnosis")
    endpoint = put_up(sagemaker, _answering(best["InferenceContainers"], _ALL_KEYS))
    answers = predicted(sagemaker, endpoint, rows)
    labels = [answer[0] for answer in answers]
    assert ast.literal_eval(answers[0][3]) == ["benign", "malignant"]
    assert f1_score(actual, labels, pos_label="malignant") == pytest.approx(reported(best, "F1", "Test"))
    probabilities = [float(answer[1]) for answer in answers]
    assert roc_auc_score(actual == "malignant", probabilities) == pytest.approx(reported(best, "AUC", "Test"))
    pair = ast.literal_eval(answers[0][2])
    assert (pair[1], sum(pair)) == (pytest.approx(probabilities[0]), pytest.approx(1))
    assert _transformed(sagemaker, s3, best["InferenceContainers"], rows, _ALL_KEYS) == answers


def test_the_default_answer_is_the_label_alone(
    sagemaker: SageMakerClient, s3: S3Client, multiclass_job: dict[str, Any]
) -> None:
    """By default a candidate answers labels, also for rows with texts and missing values; JSON has the same content."""
    best, (rows, actual) = multiclass_job["BestCandidate"], _rows(s3, multiclass_job, "cultivar")
    endpoint = put_up(sagemaker, best["InferenceContainers"])
    labels = [label for (label,) in predicted(sagemaker, endpoint, rows)]
    assert np.mean(actual == labels) == pytest.approx(reported(best, "Accuracy", "Test"))
    answer = runtime_client(sagemaker).invoke_endpoint(
        EndpointName=endpoint,
        ContentType="text/csv",
        Accept="application/json",
        Body=rows[:2].to_csv(index=False, header=False),
    )
    assert json.load(answer["Body"]) == {"predictions": [{"predicted_label": label} for label in labels[:2]]}
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("application/json", "all")


def test_a_regression_answers_numbers(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> None:
    """One number per row, which reproduces the reported RMSE; the weight is not part of a row."""
    from sklearn.metrics import root_mean_squared_error

    table = load_diabetes(as_frame=True).frame.sample(n=600, replace=True, random_state=1, ignore_index=True)
    table.insert(2, "importance", np.where(table["bmi"] > 0.02, 5.0, 1.0))
    job_request = tabular_request(
        put_table(s3, "served-diabetes", table),
        "target",
        ProblemType="Regression",
        SampleWeightAttributeName="importance",
        CandidateGenerationConfig={"AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]},
        CompletionCriteria={"MaxCandidates": 1},
    )
    job_request["AutoMLJobObjective"] = {"MetricName": "RMSE"}
    job = wait(sagemaker, start(sagemaker, job_request))
    best, (rows, actual) = job["BestCandidate"], _rows(s3, job, "target")
    endpoint = put_up(sagemaker, best["InferenceContainers"])
    numbers = [float(value) for (value,) in predicted(sagemaker, endpoint, rows.drop(columns="importance"))]
    error = root_mean_squared_error(actual, numbers, sample_weight=rows["importance"])
    assert error == pytest.approx(reported(best, "RMSE", "Test"))


def test_a_text_stays_a_text(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> None:
    """A classifier of texts, some of which look like numbers, has the same accuracy behind an endpoint."""
    rows = [f"{opinion} {number:03}" for opinion, number in product(("very good", "quite bad"), range(40))]
    table = pd.DataFrame({"text": [*rows, *["007"] * 10], "stars": ["five"] * 40 + ["one"] * 40 + ["five"] * 10})
    job_request = tabular_request(put_table(s3, "served-texts", table))
    job_request["AutoMLProblemTypeConfig"] = {
        "TextClassificationJobConfig": {"ContentColumn": "text", "TargetLabelColumn": "stars"}
    }
    job = wait(sagemaker, start(sagemaker, job_request))
    best, (texts, actual) = job["BestCandidate"], _rows(s3, job, "stars", converters={"text": str})
    endpoint = put_up(sagemaker, _answering(best["InferenceContainers"], "predicted_label,probability"))
    answers = predicted(sagemaker, endpoint, texts[["text"]])
    assert np.mean(actual == [label for label, _ in answers]) == pytest.approx(reported(best, "Accuracy", "Test"))
    assert all(0.5 <= float(probability) <= 1 for _, probability in answers)
    keys = "predicted_label,probability"
    assert _transformed(sagemaker, s3, best["InferenceContainers"], texts[["text"]], keys) == answers


@pytest.mark.parametrize(
    ("call", "status", "words"),
    [
        ({"Body": b"1,2,3"}, 400, r"Row 1 has 3 values; 30 are needed \(mean radius, mean texture, mean perimeter, "),
        ({"Body": b""}, 400, "cannot be read as CSV"),
        ({"Body": b'1,"2'}, 400, "Row 1 has 2 values; 30 are needed"),
        ({"Body": b"{}", "ContentType": "application/json"}, 415, "content type 'application/json' is not text/csv"),
        ({"Accept": "image/png"}, 406, "The answer cannot be 'image/png'"),
    ],
)
def test_what_a_container_does_not_take_is_a_model_error(
    call: dict[str, Any],
    status: int,
    words: str,
    sagemaker: SageMakerClient,
    s3: S3Client,
    binary_job: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    """The runtime passes on the container's status and message, and the endpoint keeps working."""
    endpoint = request.getfixturevalue("served")
    row = _rows(s3, binary_job, "diagnosis")[0][:1]
    usual = {"ContentType": "text/csv", "Body": row.to_csv(index=False, header=False)}
    with pytest.raises(ClientError, match=words) as refused:
        runtime_client(sagemaker).invoke_endpoint(EndpointName=endpoint, **{**usual, **call})
    answer: Any = refused.value.response
    assert (answer["Error"]["Code"], answer["OriginalStatusCode"]) == ("ModelError", status)
    assert answer["OriginalMessage"] in answer["Error"]["Message"]
    assert len(predicted(sagemaker, endpoint, row)) == 1


@pytest.fixture(scope="module")
def served(sagemaker: SageMakerClient, binary_job: dict[str, Any]) -> str:
    """An endpoint with the best candidate of a binary classification."""
    return put_up(sagemaker, binary_job["BestCandidate"]["InferenceContainers"])


def test_a_model_that_is_not_there_fails_the_endpoint(sagemaker: SageMakerClient, binary_job: dict[str, Any]) -> None:
    """The reason names the missing object; a failed endpoint can only be deleted."""
    (container,) = binary_job["BestCandidate"]["InferenceContainers"]
    broken = [{**container, "ModelDataUrl": "s3://automl-demo/no/model.tar.gz"}]
    endpoint = put_up(sagemaker, broken)
    described = settled(sagemaker, endpoint)
    assert described["EndpointStatus"] == "Failed"
    assert "Failed to download model data" in described["FailureReason"]
    assert "s3://automl-demo/no/model.tar.gz" in described["FailureReason"]
    with pytest.raises(ClientError, match="not found"):
        runtime_client(sagemaker).invoke_endpoint(EndpointName=endpoint, Body=b"1")
    with pytest.raises(ClientError, match="can only be deleted"):
        sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=configure(sagemaker, broken))
    sagemaker.delete_endpoint(EndpointName=endpoint)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=endpoint, WaiterConfig={"Delay": 1})


def _archive_that_runs_code(marker: Path) -> bytes:
    """Make an archive with the files of a tuned model, whose pickles create a file when they are loaded."""
    served = {"columns": ["a"], "verbatim": [], "problem_type": "Regression"}
    files = {"serving.json": json.dumps(served).encode(), "transformer.pkl": pickle.dumps(_Touches(marker))}
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for name, content in {**files, "model.pkl": files["transformer.pkl"]}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


class _Touches:
    """Creates a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self._marker,)


def test_only_what_its_trainers_wrote_is_loaded(
    sagemaker: SageMakerClient, s3: S3Client, tuned_job: dict[str, Any], tmp_path: Path
) -> None:
    """An uploaded archive, a copy and a replaced one run no code; the endpoint fails and says why."""
    containers, marker = tuned_job["BestCandidate"]["InferenceContainers"], tmp_path / "ran"
    first, *others = containers
    bucket, _, key = first["ModelDataUrl"].removeprefix("s3://").partition("/")
    trained = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    foreign = unique("foreign")
    for body in (_archive_that_runs_code(marker), trained):
        s3.put_object(Bucket=bucket, Key=foreign, Body=body)
        moved = [{**first, "ModelDataUrl": f"s3://{bucket}/{foreign}"}, *others]
        failed = settled(sagemaker, put_up(sagemaker, moved))
        assert failed["EndpointStatus"] == "Failed"
        assert (
            f'"s3://{bucket}/{foreign}", because no training job of this emulator wrote it' in failed["FailureReason"]
        )
    s3.put_object(Bucket=bucket, Key=key, Body=_archive_that_runs_code(marker))
    failed = settled(sagemaker, put_up(sagemaker, containers))
    assert "because it has changed since a training job wrote it" in failed["FailureReason"]
    assert "Loading model data runs code" in failed["FailureReason"]
    assert not marker.exists()
    s3.put_object(Bucket=bucket, Key=key, Body=trained)
    assert settled(sagemaker, put_up(sagemaker, containers))["EndpointStatus"] == "InService"


def test_a_container_without_an_archive_fails_the_endpoint(
    sagemaker: SageMakerClient, binary_job: dict[str, Any]
) -> None:
    """Model data that is not an archive is not loaded either, and the reason says so."""
    (container,) = binary_job["BestCandidate"]["InferenceContainers"]
    without = {key: value for key, value in container.items() if key != "ModelDataUrl"}
    failed = settled(sagemaker, put_up(sagemaker, [without]))
    assert (failed["EndpointStatus"], "has no ModelDataUrl" in failed["FailureReason"]) == ("Failed", True)


def test_the_former_model_predicts_until_the_next_is_ready(
    sagemaker: SageMakerClient, s3: S3Client, binary_job: dict[str, Any]
) -> None:
    """An update does not interrupt predictions; a failed one keeps the former configuration and gives the reason."""
    (container,) = binary_job["BestCandidate"]["InferenceContainers"]
    endpoint = put_up(sagemaker, [container])
    first = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    row = _rows(s3, binary_job, "diagnosis")[0][:1]
    asked, over = 0, threading.Event()

    def ask() -> None:
        nonlocal asked
        while not over.is_set():
            assert predicted(sagemaker, endpoint, row)[0][0] in ("benign", "malignant")
            asked += 1

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        second = configure(sagemaker, _answering([container], "predicted_label,probability"))
        sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=second)
        during = sagemaker.describe_endpoint(EndpointName=endpoint)
        assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", first)
        assert during["PendingDeploymentSummary"]["EndpointConfigName"] == second
        after = settled(sagemaker, endpoint)
    finally:
        over.set()
        asking.join()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", second)
    assert asked
    assert len(predicted(sagemaker, endpoint, row)[0]) == 2
    third = configure(sagemaker, [{**container, "ModelDataUrl": "s3://automl-demo/no/model.tar.gz"}])
    sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=third)
    failed = settled(sagemaker, endpoint)
    assert (failed["EndpointStatus"], failed["EndpointConfigName"]) == ("InService", second)
    assert "Failed to download model data" in failed["FailureReason"]
    assert len(predicted(sagemaker, endpoint, row)[0]) == 2


def test_an_invocation_may_choose_its_variant(sagemaker: SageMakerClient, served: str, s3: S3Client) -> None:
    """A variant that does not exist is refused by name."""
    with pytest.raises(ClientError, match=r"Variant none of endpoint \S+ not found"):
        runtime_client(sagemaker).invoke_endpoint(EndpointName=served, Body=b"1", TargetVariant="none")


def test_a_model_of_a_version_is_served_as_the_version_says(
    sagemaker: SageMakerClient, s3: S3Client, binary_job: dict[str, Any]
) -> None:
    """The version's inference specification determines the output, also one that the model names."""
    group, containers = unique("group"), binary_job["BestCandidate"]["InferenceContainers"]
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    specifications: dict[str, Any] = {
        "InferenceSpecification": {"Containers": _answering(containers, "probability")},
        "AdditionalInferenceSpecifications": [
            {"Name": "both", "Containers": _answering(containers, "labels,probability")}
        ],
    }
    version = sagemaker.create_model_package(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", **specifications
    )["ModelPackageArn"]
    row = _rows(s3, binary_job, "diagnosis")[0][:1]
    for named, width in (({}, 1), ({"InferenceSpecificationName": "both"}, 2)):
        endpoint = put_up(sagemaker, [{"ModelPackageName": version, **named}])
        assert len(predicted(sagemaker, endpoint, row)[0]) == width
