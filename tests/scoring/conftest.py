"""Versions to score with, each of a model that was trained once for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from demo.sandbox import BUCKET
from tests.support.datasets import load_diabetes, load_wine
from tests.support.jobs import ROLE, put_table, start, tabular_request, unique, wait
from tests.support.tasks import new_context
from tests.support.trained import QUICK, quick_job, version_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.fixture
def context() -> Any:
    """The context of a task in a run of its own."""
    return new_context(unique("dag"), "score", unique("run"))


@pytest.fixture
def place() -> str:
    """An output prefix that nobody else uses."""
    return f"s3://{BUCKET}/{unique('scores')}/"


@pytest.fixture(scope="session")
def binary_job(sagemaker: SageMakerClient, breast_cancer: str) -> dict[str, Any]:
    """A classification of two classes."""
    return quick_job(sagemaker, breast_cancer)


@pytest.fixture(scope="session")
def binary(sagemaker: SageMakerClient, binary_job: dict[str, Any]) -> str:
    """A version that answers label and probability."""
    return version_of(sagemaker, binary_job, keys="predicted_label,probability")


@pytest.fixture(scope="session")
def multiclass(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> str:
    """A version of a model of three classes, with a text column, that answers all probabilities."""
    wine = load_wine(as_frame=True)
    table = wine.frame.assign(cultivar=wine.frame["target"].map({0: "Barolo", 1: "Grignolino", 2: "Barbera"}))
    table["colour"] = table["color_intensity"].map(lambda value: "dark, very" if value > 5 else "light")
    table = table.drop(columns="target").sample(n=600, replace=True, random_state=1)
    request = tabular_request(put_table(s3, "scored-wine", table), "cultivar", **QUICK)
    return version_of(
        sagemaker, wait(sagemaker, start(sagemaker, request)), keys="predicted_label,probabilities,labels"
    )


@pytest.fixture(scope="session")
def regression(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> str:
    """A version of a model of numbers."""
    table = load_diabetes(as_frame=True).frame.sample(n=600, replace=True, random_state=1)
    request = tabular_request(put_table(s3, "scored-diabetes", table), "target", ProblemType="Regression", **QUICK)
    request["AutoMLJobObjective"] = {"MetricName": "RMSE"}
    return version_of(sagemaker, wait(sagemaker, start(sagemaker, request)))


@pytest.fixture(scope="session")
def texts(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> str:
    """A version of a model of texts."""
    words = {"good": "lovely great fine nice", "bad": "awful poor broken wrong"}
    rows = [
        {"id": number, "review": f"a {word} thing, number {number % 7}", "mood": mood}
        for number in range(75)
        for mood, known in words.items()
        for word in known.split()
    ]
    request = tabular_request(put_table(s3, "scored-reviews", pd.DataFrame(rows)))
    request["AutoMLProblemTypeConfig"] = {
        "TextClassificationJobConfig": {"ContentColumn": "review", "TargetLabelColumn": "mood"}
    }
    return version_of(sagemaker, wait(sagemaker, start(sagemaker, request)), keys="predicted_label,probability")


@pytest.fixture(scope="session")
def scoring_role() -> str:
    """ARN of the role with which SageMaker reads and writes."""
    return ROLE
