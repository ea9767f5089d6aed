"""Text classification: metrics and word scores are recomputed from the model in S3."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from botocore.session import get_session

from tests.emulator.downloads import body, reported, split_part, unpack
from tests.emulator.notebooks import code_of, output_of
from tests.support.jobs import put_table, start, tabular_request, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_PREDICT = """
import json, sys, warnings
warnings.simplefilter("ignore")
import pandas
from autogluon.tabular import TabularPredictor
folder, table = sys.argv[1:]
predictor = TabularPredictor.load(folder, verbosity=0)
probabilities = predictor.predict_proba(pandas.read_csv(table, converters={"text": str}))
print(json.dumps([predictor.features(), probabilities.to_dict("list")]))
"""


def _sentences(service: str) -> Iterator[str]:
    """Real sentences: AWS's descriptions of a service's operations."""
    model = get_session().get_service_model(service)
    for name in model.operation_names:
        text = re.sub(r"<[^>]+>|\s+", " ", model.operation_model(name).documentation or "")
        yield from (sentence for sentence in re.split(r"(?<=\.)\s+", text) if 40 < len(sentence) < 160)


def _request(data: str, **config: Any) -> dict[str, Any]:
    request = tabular_request(data)
    request["AutoMLProblemTypeConfig"] = {
        "TextClassificationJobConfig": {"ContentColumn": "text", "TargetLabelColumn": "service", **config}
    }
    return request


@pytest.fixture(scope="module")
def text_job(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> dict[str, Any]:
    """A completed classification of sentences by the service that they describe."""
    table = pd.concat(
        [
            pd.DataFrame({"text": list(islice(_sentences(service), 150)), "service": service, "row": range(150)})
            for service in ("iam", "s3", "sagemaker")
        ]
    )
    return wait(sagemaker, start(sagemaker, _request(put_table(s3, "sentences", table))))


def _probabilities(folder: Path, table: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    """Run the model in another process without the emulator's code."""
    table.to_csv(folder / "rows.csv", index=False)
    command = [sys.executable, "-I", "-c", _PREDICT, str(folder), str(folder / "rows.csv")]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    features, probabilities = json.loads(result.stdout)
    return features, pd.DataFrame(probabilities)


def test_a_text_classifier_is_as_good_as_it_says(text_job: dict[str, Any], s3: S3Client, tmp_path: Path) -> None:
    """Accuracy, confusion matrix and word scores follow from the one candidate's model; other columns are ignored."""
    assert (text_job["AutoMLJobStatus"], text_job["AutoMLJobSecondaryStatus"]) == ("Completed", "Completed")
    best = text_job["BestCandidate"]
    assert best["InferenceContainerDefinitions"] == {"CPU": best["InferenceContainers"]}
    locations = best["CandidateProperties"]["CandidateArtifactLocations"]
    samples = json.loads(body(s3, f"{locations['Explainability']}/analysis.json"))
    sample = samples[0]
    words = [score["description"]["partial_text"] for score in sample["token_scores"]]
    assert words == sample["text"].split()
    without_first = sample["text"].replace(words[0], "", 1)
    folder = unpack(s3, best["InferenceContainers"][0], tmp_path)
    rows = split_part(s3, text_job, "validation")
    assert list(rows.columns) == ["text", "service"]
    asked = pd.concat([rows, pd.DataFrame({"text": [sample["text"], without_first]})], ignore_index=True)
    features, probabilities = _probabilities(folder, asked)
    assert features == ["text"]
    predicted = probabilities[: len(rows)].idxmax(axis=1)
    accuracy = (predicted == rows["service"]).mean()
    assert accuracy > 0.7
    assert best["FinalAutoMLJobObjectiveMetric"]["Value"] == pytest.approx(accuracy)
    assert reported(best, "Accuracy", "Validation") == pytest.approx(accuracy)
    statistics = json.loads(body(s3, f"{locations['ModelInsights']}/statistics.json"))
    matrix = statistics["multiclass_classification_metrics"]["confusion_matrix"]
    assert {(a, p): count for a, row in matrix.items() for p, count in row.items() if count} == (
        pd.crosstab(rows["service"], predicted).stack().loc[lambda counts: counts > 0].to_dict()
    )
    whole, rest = probabilities[sample["predicted_label"]].iloc[-2:]
    assert sample["probability"] == pytest.approx(whole, abs=1e-5)
    assert sample["token_scores"][0]["attribution"] == pytest.approx(whole - rest, abs=1e-5)


def test_a_text_job_has_a_notebook_of_its_data(text_job: dict[str, Any], s3: S3Client) -> None:
    """The data exploration notebook can be run and reads the texts; there are no candidate definitions."""
    assert set(text_job["AutoMLJobArtifacts"]) == {"DataExplorationNotebookLocation"}
    code = code_of(s3, text_job["AutoMLJobArtifacts"]["DataExplorationNotebookLocation"])
    assert output_of(s3, *code, "print(*columns.index, len(train))").split() == ["text", "service", "315"]


def test_two_labels_are_judged_like_many(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> None:
    """The report for two labels is the multiclass one, also if the labels are numbers."""
    table = pd.concat(
        [
            pd.DataFrame({"text": list(islice(_sentences(service), 60)), "service": label})
            for label, service in enumerate(("iam", "s3"))
        ]
    )
    job = wait(sagemaker, start(sagemaker, _request(put_table(s3, "two-labels", table))))
    metrics = job["BestCandidate"]["CandidateProperties"]
    report = json.loads(body(s3, f"{metrics['CandidateArtifactLocations']['ModelInsights']}/statistics.json"))
    assert sorted(report["multiclass_classification_metrics"]["confusion_matrix"]) == ["0", "1"]
    assert 0.7 < reported(job["BestCandidate"], "F1macro", "Validation") <= 1


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (pd.DataFrame({"text": ["one text"] * 60, "service": "s3"}), "the same label in every row"),
        (pd.DataFrame({"text": ["one text"] * 49, "service": "s3"}), "49 rows with a value in 'service'"),
        (pd.DataFrame({"body": ["one text"] * 60, "service": "s3"}), "not in the data: text; it has body, service"),
        (
            pd.DataFrame(
                {"text": [f"text of {row}" for row in range(60)], "service": [f"s{row}" for row in range(60)]}
            ),
            "'service' has 60 different values in 60 rows, of which none occurs 5 times or more",
        ),
        (
            pd.DataFrame({"text": ["a b c"[: row % 5] for row in range(60)], "service": ["s3", "iam"] * 30}),
            "The texts in 'text' have no word of two or more letters or digits that occurs in two of them",
        ),
        (
            pd.DataFrame({"text": ["one text"] * 60, "service": ["s3", "iam"] * 30}),
            "each column besides 'service' is empty or has the same value in all rows ('text')",
        ),
    ],
)
def test_texts_that_cannot_be_classified_say_why(
    table: pd.DataFrame,
    reason: str,
    sagemaker: SageMakerClient,
    s3: S3Client,
    breast_cancer: str,
) -> None:
    """Each problem has its own message."""
    request = _request(put_table(s3, "no-texts", table))
    job = wait(sagemaker, start(sagemaker, request))
    assert job["AutoMLJobStatus"] == "Failed"
    assert reason in job["FailureReason"]
