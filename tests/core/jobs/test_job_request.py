"""A typed request is equivalent to the dictionary for boto3, for all five problem types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.session import get_session
from botocore.validate import ParamValidator

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    CompletionCriteria,
    Deployment,
    ImageClassification,
    InputChannel,
    NetworkSecurity,
    Tabular,
    TextClassification,
    TextGeneration,
    TimeSeriesForecasting,
)
from airflow_sagemaker_automl.core.jobs.problem_types import PROBLEM_TYPES, ProblemType
from airflow_sagemaker_automl.emulator.contract import check_request
from tests.support.breaches import members

ROLE = "arn:aws:iam::123456789012:role/sagemaker-automl"
SMALLEST = AutoMLJobRequest(
    problem_type=Tabular(target="y"), training_data="s3://bucket/train/", output="s3://bucket/out", role_arn=ROLE
)
LARGEST = AutoMLJobRequest(
    problem_type=Tabular(
        target="y",
        problem_type="Regression",
        mode="ENSEMBLING",
        algorithms=["lightgbm", "xgboost"],
        completion=CompletionCriteria(max_candidates=5, max_job_seconds=3600, max_training_job_seconds=600),
        sample_weight="weight",
        feature_specification="s3://bucket/features.json",
        candidate_definitions_only=False,
    ),
    training_data="s3://bucket/train/",
    validation_data="s3://bucket/validation/",
    validation_fraction=0.3,
    objective="RMSE",
    output="s3://bucket/out",
    output_kms_key="key",
    role_arn=ROLE,
    security=NetworkSecurity(
        subnets=["subnet-1"],
        security_group_ids=["sg-1"],
        volume_kms_key="key",
        encrypt_inter_container_traffic=True,
    ),
    deployment=Deployment(endpoint_name="churn", auto_generate_endpoint_name=False),
    emr_serverless_role_arn=ROLE,
    tags={"team": "risk"},
)
COMPLETION = CompletionCriteria(max_candidates=1, max_job_seconds=7200, max_training_job_seconds=3600)
EVERY_TYPE: list[ProblemType] = [
    LARGEST.problem_type,
    TimeSeriesForecasting(
        target="demand",
        timestamp="day",
        item_identifier="item",
        frequency="1D",
        horizon=14,
        quantiles=["p10", "p50", "p90"],
        grouping=["store"],
        filling={"demand": {"middlefill": "value", "middlefill_value": "1", "backfill": "zero"}},
        aggregation={"demand": "sum"},
        holidays="DE",
        algorithms=["arima", "ets"],
        feature_specification="s3://bucket/features.json",
        completion=COMPLETION,
    ),
    ImageClassification(completion=COMPLETION),
    TextClassification(content="text", target="label", completion=COMPLETION),
    TextGeneration(
        base_model="Falcon7BInstruct",
        accept_eula=True,
        hyperparameters={"epochCount": "5", "learningRate": "0.0001"},
        completion=COMPLETION,
    ),
]


def of_type(problem_type: ProblemType, **members: Any) -> AutoMLJobRequest:
    """Write a small request of a problem type."""
    return AutoMLJobRequest(
        problem_type=problem_type,
        training_data="s3://bucket/train/",
        output="s3://bucket/out",
        role_arn=ROLE,
        **members,
    )


def test_the_smallest_request_leaves_everything_to_the_service() -> None:
    """Only the content type is sent in addition to what was given."""
    assert SMALLEST.to_api() == {
        "AutoMLJobInputDataConfig": [
            {
                "ChannelType": "training",
                "ContentType": "text/csv;header=present",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "RoleArn": ROLE,
    }


def test_every_argument_arrives_where_it_belongs() -> None:
    """All arguments of the largest request are in their places."""
    api = LARGEST.to_api()
    config = api["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert config == {
        "TargetAttributeName": "y",
        "ProblemType": "Regression",
        "Mode": "ENSEMBLING",
        "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "xgboost"]}]},
        "CompletionCriteria": {
            "MaxCandidates": 5,
            "MaxAutoMLJobRuntimeInSeconds": 3600,
            "MaxRuntimePerTrainingJobInSeconds": 600,
        },
        "SampleWeightAttributeName": "weight",
        "FeatureSpecificationS3Uri": "s3://bucket/features.json",
        "GenerateCandidateDefinitionsOnly": False,
    }
    assert [channel["ChannelType"] for channel in api["AutoMLJobInputDataConfig"]] == ["training", "validation"]
    assert api["OutputDataConfig"] == {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "key"}
    assert api["DataSplitConfig"] == {"ValidationFraction": 0.3}
    assert api["AutoMLJobObjective"] == {"MetricName": "RMSE"}
    assert api["Tags"] == [{"Key": "team", "Value": "risk"}]


def test_the_service_model_accepts_them_all() -> None:
    """botocore's validator and all constraints of its service model accept the requests."""
    shape = get_session().get_service_model("sagemaker").operation_model("CreateAutoMLJobV2").input_shape
    assert shape
    for request in (SMALLEST, LARGEST, *map(of_type, EVERY_TYPE)):
        api = {"AutoMLJobName": "job", **request.to_api()}
        assert not ParamValidator().validate(api, shape).has_errors()
        check_request("CreateAutoMLJobV2", api)


def test_each_call_gives_a_value_of_its_own() -> None:
    """Changing a returned value changes neither the request nor the next returned value."""
    first = LARGEST.to_api()
    first["AutoMLProblemTypeConfig"]["TabularJobConfig"].clear()
    first["Tags"].clear()
    assert LARGEST.to_api()["AutoMLProblemTypeConfig"]["TabularJobConfig"]["TargetAttributeName"] == "y"
    assert LARGEST.to_api()["Tags"]


def test_the_five_types_are_those_of_the_service() -> None:
    """The names cover all types in botocore, and each type knows its member of the request."""
    model = get_session().get_service_model("sagemaker")
    assert set(PROBLEM_TYPES) == set(model.shape_for("AutoMLProblemTypeConfigName").metadata["enum"])
    union: Any = model.shape_for("AutoMLProblemTypeConfig")
    assert {kind.api_key for kind in PROBLEM_TYPES.values()} == set(union.members)


def test_every_type_fills_in_its_own_content_type() -> None:
    """CSV with a header for tables, any image for images; a content type of the channel is kept."""
    for problem_type in EVERY_TYPE:
        (channel,) = of_type(problem_type).to_api()["AutoMLJobInputDataConfig"]
        assert channel["ContentType"] == problem_type.content_types[0]
    parquet = InputChannel(
        uri="s3://bucket/x", data_type="ManifestFile", content_type="x-application/vnd.amazon+parquet"
    )
    request = AutoMLJobRequest(**{**vars(SMALLEST), "training_data": parquet})
    (channel,) = request.to_api()["AutoMLJobInputDataConfig"]
    assert channel["ContentType"] == "x-application/vnd.amazon+parquet"
    assert channel["DataSource"]["S3DataSource"]["S3DataType"] == "ManifestFile"


def test_numbers_become_the_texts_that_the_service_takes() -> None:
    """Quantiles, filling values and hyperparameters may be given as numbers."""
    series = TimeSeriesForecasting(
        target="y",
        timestamp="t",
        item_identifier="i",
        frequency="1D",
        horizon=7,
        quantiles=[0.1, "p50", 0.29, 0.995],
        filling={"y": {"middlefill": "value", "middlefill_value": 2}},
    ).to_api()
    assert series["ForecastQuantiles"] == ["p10", "p50", "p29", 0.995]
    assert series["Transformations"]["Filling"]["y"]["middlefill_value"] == "2"
    tuned = TextGeneration(accept_eula=False, hyperparameters={"epochCount": 3, "learningRate": 0.5}).to_api()
    assert tuned["TextGenerationHyperParameters"] == {"epochCount": "3", "learningRate": "0.5"}
    assert tuned["ModelAccessConfig"] == {"AcceptEula": False}


def _paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield f"{path}.{key}".lstrip(".")
            yield from _paths(member, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for member in value:
            yield from _paths(member, f"{path}[0]")


def test_every_member_of_the_request_is_modelled() -> None:
    """A member of a newer botocore without an argument fails here with its name."""
    shape: Any = get_session().get_service_model("sagemaker").operation_model("CreateAutoMLJobV2").input_shape
    compressed = InputChannel(uri="s3://bucket/train/", compression="Gzip")
    requests = [LARGEST, AutoMLJobRequest(**{**vars(SMALLEST), "training_data": compressed})]
    reached = {path for request in [*requests, *map(of_type, EVERY_TYPE)] for path in _paths({**request.to_api()})}
    given_by_the_operator = {"AutoMLJobName"}
    assert set(members(shape)) - reached == given_by_the_operator
