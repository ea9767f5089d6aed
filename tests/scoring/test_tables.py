"""A table is scored with the version, row by row as the model itself predicts, and keeps its order and keys."""

from __future__ import annotations

import ast
import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from airflow_sagemaker_automl import SageMakerBatchScoringOperator
from demo.sandbox import BUCKET
from tests.support.datasets import load_diabetes, load_wine
from tests.support.jobs import unique

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


def _put(s3: S3Client, *tables: pd.DataFrame) -> str:
    prefix = unique("rows")
    for number, table in enumerate(tables):
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}/{number}.csv", Body=table.to_csv(index=False).encode())
    return f"s3://{BUCKET}/{prefix}/"


def _read(s3: S3Client, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _table(s3: S3Client, uri: str) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(_read(s3, uri)), dtype=str, keep_default_na=False)


def _predictor(sagemaker: SageMakerClient, s3: S3Client, arn: str, folder: Path) -> Any:
    """Load AutoGluon's own predictor out of the version's archive."""
    from autogluon.tabular import TabularPredictor

    described = sagemaker.describe_model_package(ModelPackageName=arn)
    uri = described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    with tarfile.open(fileobj=io.BytesIO(_read(s3, uri))) as archive:
        archive.extractall(folder, filter="data")
    return TabularPredictor.load(str(folder), verbosity=0)


def _score(context: Any, arn: str, **arguments: Any) -> dict[str, Any]:
    task = SageMakerBatchScoringOperator(
        task_id="score", model_package_arn=arn, poll_interval=0.2, deferrable=False, **arguments
    )
    return task.execute(context)


def _breast_cancer() -> pd.DataFrame:
    from demo.sandbox import breast_cancer_files

    tables = [pd.read_csv(io.BytesIO(body)) for _, body in breast_cancer_files()]
    return pd.concat(tables, ignore_index=True)


def test_two_classes(
    binary: str, context: Any, place: str, scoring_role: str, sagemaker: SageMakerClient, s3: S3Client, tmp_path: Path
) -> None:
    """Columns in another order, superfluous ones, two files, keys with commas: each row has its own prediction."""
    rows = _breast_cancer()
    shuffled = rows[list(reversed(rows.columns))].drop(columns="diagnosis")
    shuffled.insert(3, "patient", [f"no. {number}, ward {number % 3}" for number in range(len(rows))])
    data = _put(s3, shuffled[:200], shuffled[200:])
    result = _score(context, binary, data=data, output_uri=place, role_arn=scoring_role, key_columns=["patient"])
    assert (result["rows"], result["scored_rows"], result["unusable_rows"]) == (len(rows), len(rows), 0)
    scores = _table(s3, result["output_uri"])
    assert list(scores.columns) == result["columns"] == ["patient", "predicted_label", "probability"]
    assert list(scores["patient"]) == list(shuffled["patient"])
    predictor = _predictor(sagemaker, s3, binary, tmp_path)
    expected = predictor.predict_proba(rows)
    positive = expected.columns[1]
    np.testing.assert_allclose(scores["probability"].astype(float), expected[positive], atol=1e-6)
    assert list(scores["predicted_label"]) == list(predictor.predict(rows).astype(str))
    marker = json.loads(_read(s3, f"{place}_SUCCESS"))
    assert (marker["table"], marker["scored_rows"], marker["model_package_arn"]) == (
        result["output_uri"],
        len(rows),
        binary,
    )
    kept = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=place.split("/", 3)[3])["Contents"]]
    assert sorted(key.rsplit("/", 1)[1] for key in kept) == ["_SUCCESS", "scores.csv"]
    assert result["transform_job_name"] not in {model["ModelName"] for model in sagemaker.list_models()["Models"]}


def test_three_classes_and_text(
    multiclass: str,
    context: Any,
    place: str,
    scoring_role: str,
    sagemaker: SageMakerClient,
    s3: S3Client,
    tmp_path: Path,
) -> None:
    """Text with commas and line breaks; without keys the row number is the key; Parquet keeps numbers."""
    wine = load_wine(as_frame=True).frame.drop(columns="target")
    wine["colour"] = ["dark, very" if value > 5 else "light" for value in wine["color_intensity"]]
    data = _put(
        s3, wine.assign(colour=[f"{text}\nline" if at == 3 else text for at, text in enumerate(wine["colour"])])
    )
    result = _score(context, multiclass, data=data, output_uri=place, role_arn=scoring_role, output_format="parquet")
    scores = pd.read_parquet(io.BytesIO(_read(s3, result["output_uri"])))
    assert list(scores["row"]) == list(range(1, len(wine) + 1))
    assert result["line_breaks_replaced"] == 1
    expected = _predictor(sagemaker, s3, multiclass, tmp_path).predict_proba(
        wine.assign(colour=[f"{text} line" if at == 3 else text for at, text in enumerate(wine["colour"])])
    )
    for number, answer in enumerate(scores["probabilities"]):
        found = dict(zip(ast.literal_eval(scores["labels"][number]), json.loads(answer), strict=True))
        np.testing.assert_allclose([found[label] for label in expected.columns], expected.iloc[number], atol=1e-6)


def test_numbers(
    regression: str,
    context: Any,
    place: str,
    scoring_role: str,
    sagemaker: SageMakerClient,
    s3: S3Client,
    tmp_path: Path,
) -> None:
    """A regression answers a bare number, whose column has a name of its own."""
    rows = load_diabetes(as_frame=True).frame.drop(columns="target")
    prefix, body = unique("rows"), io.BytesIO()
    rows.assign(person=range(len(rows))).to_parquet(body)
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/rows.parquet", Body=body.getvalue())
    result = _score(
        context,
        regression,
        data=f"s3://{BUCKET}/{prefix}/rows.parquet",
        output_uri=place,
        role_arn=scoring_role,
        key_columns="person",
        output_format="parquet",
    )
    scores = pd.read_parquet(io.BytesIO(_read(s3, result["output_uri"])))
    assert list(scores.columns) == ["person", "predicted_value"]
    assert scores.dtypes.astype(str).to_dict() == {"person": "int64", "predicted_value": "float64"}
    # The model has learned from CSV, whose reader differs from these numbers in the last bit.
    as_learned = pd.read_csv(io.StringIO(rows.to_csv(index=False)))
    expected = _predictor(sagemaker, s3, regression, tmp_path).predict(as_learned)
    np.testing.assert_allclose(scores["predicted_value"], expected, rtol=1e-6)


def test_texts(
    texts: str, context: Any, place: str, scoring_role: str, sagemaker: SageMakerClient, s3: S3Client, tmp_path: Path
) -> None:
    """Only the text is sent, also an empty one; the other columns are keys or left out."""
    rows = pd.DataFrame({"id": range(4), "review": ['a "lovely" thing', "awful, broken", "", "poor thing"], "by": "me"})
    result = _score(context, texts, data=_put(s3, rows), output_uri=place, role_arn=scoring_role, key_columns=["id"])
    scores = _table(s3, result["output_uri"])
    predictor = _predictor(sagemaker, s3, texts, tmp_path)
    assert list(scores["predicted_label"]) == list(predictor.predict(rows))
    expected = predictor.predict_proba(rows)
    np.testing.assert_allclose(scores["probability"].astype(float), expected.max(axis=1), atol=1e-6)
