"""Training tables, and jobs that are trained once for all tests that use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.datasets import load_diabetes, load_wine
from tests.support.jobs import put_table, start, tabular_request, wait

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.fixture(scope="session")
def binary_job(sagemaker: SageMakerClient, breast_cancer: str) -> dict[str, Any]:
    """A completed binary classification whose problem type was not given."""
    return wait(sagemaker, start(sagemaker, tabular_request(breast_cancer)))


@pytest.fixture(scope="session")
def multiclass_job(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> dict[str, Any]:
    """A completed multiclass classification with text features and missing values, limited to three candidates."""
    wine = load_wine(as_frame=True)
    table = wine.frame.assign(cultivar=wine.frame["target"].map({0: "Barolo", 1: "Grignolino", 2: "Barbera"}))
    table["colour"] = table["color_intensity"].map(lambda value: "dark" if value > 5 else "light")
    table = table.drop(columns="target").sample(n=600, replace=True, random_state=1)
    table.loc[table.sample(frac=0.1, random_state=2).index, "ash"] = None
    request = tabular_request(put_table(s3, "wine", table), "cultivar", CompletionCriteria={"MaxCandidates": 3})
    return wait(sagemaker, start(sagemaker, request))


@pytest.fixture(scope="session")
def regression_job(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> dict[str, Any]:
    """A completed regression that minimizes RMSE, with its own validation fraction and a deployment in its request."""
    frame = load_diabetes(as_frame=True).frame
    table = frame.sample(n=600, replace=True, random_state=1)
    request = tabular_request(
        put_table(s3, "diabetes", table),
        "target",
        ProblemType="Regression",
        CandidateGenerationConfig={"AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "linear-learner"]}]},
    )
    request["AutoMLJobObjective"] = {"MetricName": "RMSE"}
    request["DataSplitConfig"] = {"ValidationFraction": 0.25}
    request["ModelDeployConfig"] = {"AutoGenerateEndpointName": True}
    return wait(sagemaker, start(sagemaker, request))
