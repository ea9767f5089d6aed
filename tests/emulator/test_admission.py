"""Rules across members: what AWS's documentation forbids is refused, with one sentence per violation."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from airflow_sagemaker_automl.emulator.admission import require_admissible
from airflow_sagemaker_automl.emulator.contract import check_request
from airflow_sagemaker_automl.emulator.errors import ServiceError
from tests.support.jobs import tabular_request

_PROBLEMS: dict[str, dict[str, Any]] = {
    "Tabular": {"TargetAttributeName": "y"},
    "TextClassification": {"ContentColumn": "text", "TargetLabelColumn": "label"},
    "ImageClassification": {},
    "TextGeneration": {},
    "TimeSeriesForecasting": {
        "ForecastFrequency": "1D",
        "ForecastHorizon": 7,
        "TimeSeriesConfig": {
            "TargetAttributeName": "sales",
            "TimestampAttributeName": "day",
            "ItemIdentifierAttributeName": "shop",
        },
    },
}


def _request(problem_type: str, config: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    request = {"AutoMLJobName": "job", **tabular_request("s3://bucket/data/"), **members}
    problem = {**_PROBLEMS[problem_type], **(config or {})}
    return copy.deepcopy(request | {"AutoMLProblemTypeConfig": {f"{problem_type}JobConfig": problem}})


def _channel(kind: str = "training", source: str = "S3Prefix", **members: Any) -> dict[str, Any]:
    return {
        "ChannelType": kind,
        "DataSource": {"S3DataSource": {"S3DataType": source, "S3Uri": "s3://bucket/data/"}},
        **members,
    }


def _admit(request: dict[str, Any]) -> None:
    require_admissible(check_request("CreateAutoMLJobV2", request))


def _algorithms(*names: str) -> dict[str, Any]:
    return {"CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": list(names)}]}}


def _filling(column: str = "sales", **methods: str) -> dict[str, Any]:
    return {"Transformations": {"Filling": {column: methods}}}


@pytest.mark.parametrize("problem_type", _PROBLEMS)
def test_the_smallest_request_of_each_type_is_admitted(problem_type: str) -> None:
    """No member is required that the service does not require."""
    _admit(_request(problem_type))


@pytest.mark.parametrize(
    ("problem_type", "config", "members"),
    [
        ("Tabular", {}, {"AutoMLJobInputDataConfig": [_channel(CompressionType="Gzip"), _channel("validation")]}),
        ("Tabular", {"Mode": "ENSEMBLING", "SampleWeightAttributeName": "w", **_algorithms("catboost")}, {}),
        ("Tabular", {"Mode": "HYPERPARAMETER_TUNING", **_algorithms("mlp")}, {}),
        ("Tabular", {"CompletionCriteria": {"MaxCandidates": 750}}, {"DataSplitConfig": {"ValidationFraction": 0.9}}),
        ("Tabular", {}, {"ModelDeployConfig": {"AutoGenerateEndpointName": True}}),
        ("Tabular", {}, {"ModelDeployConfig": {"EndpointName": "endpoint"}}),
        (
            "ImageClassification",
            {"CompletionCriteria": {"MaxCandidates": 1}},
            {"AutoMLJobInputDataConfig": [_channel(source="AugmentedManifestFile", ContentType="image/png")]},
        ),
        ("TextClassification", {}, {"AutoMLJobObjective": {"MetricName": "Accuracy"}}),
        ("TimeSeriesForecasting", _algorithms("ets"), {"AutoMLJobObjective": {"MetricName": "WAPE"}}),
        ("TimeSeriesForecasting", _filling(frontfill="none", backfill="value", backfill_value="2"), {}),
        ("TimeSeriesForecasting", {"Transformations": {"Aggregation": {"sales": "avg"}}}, {}),
        (
            "TextGeneration",
            {
                "ModelAccessConfig": {"AcceptEula": True},
                "TextGenerationHyperParameters": {
                    "epochCount": "5",
                    "learningRate": "0.5",
                    "batchSize": "32",
                    "learningRateWarmupSteps": "10",
                },
            },
            {},
        ),
    ],
)
def test_what_the_documentation_allows_is_admitted(
    problem_type: str, config: dict[str, Any], members: dict[str, Any]
) -> None:
    """Each rule accepts what the documentation allows."""
    _admit(_request(problem_type, config, **members))


_BROKEN: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("Tabular", {}, {"AutoMLJobInputDataConfig": [_channel("validation")]}, "exactly one training channel"),
    ("Tabular", {}, {"AutoMLJobInputDataConfig": [_channel(), _channel()]}, "exactly one training channel"),
    (
        "Tabular",
        {},
        {"AutoMLJobInputDataConfig": [_channel("validation"), _channel("validation")]},
        "at most one validation channel",
    ),
    (
        "TimeSeriesForecasting",
        {},
        {"AutoMLJobInputDataConfig": [_channel(), _channel("validation")]},
        "has no validation channel",
    ),
    (
        "Tabular",
        {},
        {"AutoMLJobInputDataConfig": [_channel(ContentType="image/png")]},
        "ContentType image/png is not valid",
    ),
    (
        "ImageClassification",
        {},
        {"AutoMLJobInputDataConfig": [_channel(ContentType="text/csv")]},
        "is not valid for Image",
    ),
    (
        "Tabular",
        {},
        {
            "AutoMLJobInputDataConfig": [
                _channel(),
                _channel("validation", ContentType="x-application/vnd.amazon+parquet"),
            ]
        },
        "must share one ContentType",
    ),
    ("Tabular", {}, {"AutoMLJobInputDataConfig": [{"ChannelType": "training"}]}, "must have a DataSource"),
    (
        "Tabular",
        {},
        {"AutoMLJobInputDataConfig": [_channel(source="AugmentedManifestFile")]},
        "valid for Tabular are: ManifestFile, S3Prefix",
    ),
    (
        "TextClassification",
        {},
        {"AutoMLJobInputDataConfig": [_channel(source="ManifestFile")]},
        "valid for TextClassification are: S3Prefix",
    ),
    (
        "Tabular",
        {},
        {"AutoMLJobInputDataConfig": [_channel(source="ManifestFile", CompressionType="Gzip")]},
        "CompressionType Gzip is for S3Prefix input of tabular jobs only",
    ),
    ("TextGeneration", {}, {"AutoMLJobInputDataConfig": [_channel(CompressionType="Gzip")]}, "CompressionType Gzip"),
    ("TextGeneration", {"CompletionCriteria": {"MaxCandidates": 2}}, {}, "MaxCandidates must be 1"),
    ("Tabular", {"CompletionCriteria": {"MaxCandidates": 751}}, {}, "less than or equal to 750"),
    (
        "Tabular",
        {"CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 10, "MaxRuntimePerTrainingJobInSeconds": 20}},
        {},
        "must not be below",
    ),
    ("TextClassification", {}, {"AutoMLJobObjective": {"MetricName": "F1"}}, "valid are: Accuracy."),
    ("TimeSeriesForecasting", {}, {"AutoMLJobObjective": {"MetricName": "MAE"}}, "MAE is not an objective"),
    ("TextGeneration", {}, {"AutoMLJobObjective": {"MetricName": "Accuracy"}}, "AutoMLJobObjective must not be set"),
    ("Tabular", {"ProblemType": "Regression"}, {}, "both ProblemType and AutoMLJobObjective"),
    ("Tabular", {}, {"OutputDataConfig": {"S3OutputPath": f"s3://bucket/{'x' * 512}"}}, "512 characters or less"),
    ("Tabular", {}, {"ModelDeployConfig": {}}, "if and only if AutoGenerateEndpointName is False"),
    (
        "Tabular",
        {},
        {"ModelDeployConfig": {"AutoGenerateEndpointName": True, "EndpointName": "endpoint"}},
        "if and only if AutoGenerateEndpointName is False",
    ),
    ("TimeSeriesForecasting", {}, {"DataSplitConfig": {"ValidationFraction": 0.2}}, "must not be set for time-series"),
    ("Tabular", {}, {"DataSplitConfig": {"ValidationFraction": 0}}, "greater than 0 and less than 1"),
    ("Tabular", {}, {"DataSplitConfig": {"ValidationFraction": 1}}, "greater than 0 and less than 1"),
    (
        "TextGeneration",
        {},
        {
            "AutoMLComputeConfig": {
                "EmrServerlessComputeConfig": {"ExecutionRoleARN": "arn:aws:iam::123456789012:role/r"}
            }
        },
        "AutoMLComputeConfig is for",
    ),
    ("Tabular", {"Mode": "HYPERPARAMETER_TUNING", "SampleWeightAttributeName": "w"}, {}, "in ENSEMBLING mode only"),
    ("Tabular", {"Mode": "AUTO", "SampleWeightAttributeName": "w"}, {}, "in ENSEMBLING mode only"),
    ("Tabular", {"SampleWeightAttributeName": "y"}, {}, "must not be the target column"),
    ("Tabular", {"Mode": "AUTO", **_algorithms("xgboost")}, {}, "must not be set when Mode is AUTO"),
    ("Tabular", {"Mode": "ENSEMBLING", **_algorithms("mlp")}, {}, "mlp cannot be chosen"),
    ("Tabular", {"Mode": "HYPERPARAMETER_TUNING", **_algorithms("fastai", "mlp")}, {}, "fastai cannot be chosen"),
    ("Tabular", _algorithms("prophet"), {}, "prophet cannot be chosen"),
    ("TimeSeriesForecasting", _algorithms("xgboost"), {}, "xgboost cannot be chosen"),
    ("TextClassification", {"TargetLabelColumn": "text"}, {}, "must be different columns"),
    ("TimeSeriesForecasting", {"ForecastHorizon": 501}, {}, "500 or less"),
    ("TimeSeriesForecasting", {"ForecastFrequency": "60min"}, {}, "regular expression pattern"),
    ("TimeSeriesForecasting", {"ForecastQuantiles": ["p0"]}, {}, "regular expression pattern"),
    (
        "TimeSeriesForecasting",
        {
            "TimeSeriesConfig": {
                "TargetAttributeName": "sales",
                "TimestampAttributeName": "day",
                "ItemIdentifierAttributeName": "shop",
                "GroupingAttributeNames": ["shop"],
            }
        },
        {},
        "must all be different",
    ),
    ("TimeSeriesForecasting", _filling(frontfill="zero"), {}, "frontfill is supported for the target column only"),
    ("TimeSeriesForecasting", _filling("price", frontfill="none"), {}, "frontfill is supported for the target"),
    ("TimeSeriesForecasting", _filling(backfill="guess"), {}, "backfill must be one of"),
    ("TimeSeriesForecasting", _filling(backfill="value"), {}, "backfill_value must be given"),
    ("TimeSeriesForecasting", _filling(middlefill="mean", middlefill_value="1"), {}, "middlefill_value needs"),
    ("TimeSeriesForecasting", {"Transformations": {"Aggregation": {"price": "sum"}}}, {}, "not for price"),
    ("TextGeneration", {"ModelAccessConfig": {"AcceptEula": False}}, {}, "AcceptEula must be True"),
    ("TextGeneration", {"TextGenerationHyperParameters": {"epochs": "1"}}, {}, "epochs is not a hyperparameter"),
    ("TextGeneration", {"TextGenerationHyperParameters": {"epochCount": "11"}}, {}, "an integer from 1 to 10, not 11"),
    ("TextGeneration", {"TextGenerationHyperParameters": {"batchSize": "1.5"}}, {}, "an integer from 1 to 64"),
    ("TextGeneration", {"TextGenerationHyperParameters": {"learningRate": "nan"}}, {}, "a number from 0 to 1"),
]


@pytest.mark.parametrize(("problem_type", "config", "members", "message"), _BROKEN)
def test_what_the_documentation_forbids_is_refused(
    problem_type: str, config: dict[str, Any], members: dict[str, Any], message: str
) -> None:
    """Each violated rule is reported in a sentence that names the invalid value."""
    with pytest.raises(ServiceError) as refused:
        _admit(_request(problem_type, config, **members))
    assert refused.value.code == "ValidationException"
    assert message in str(refused.value)


def test_a_job_has_exactly_one_problem_type() -> None:
    """A request without a problem type and one with two are both refused."""
    for problems in ({}, {"TabularJobConfig": {"TargetAttributeName": "y"}, "ImageClassificationJobConfig": {}}):
        with pytest.raises(ServiceError, match="exactly one of"):
            _admit({**_request("Tabular"), "AutoMLProblemTypeConfig": problems})


def test_every_breach_is_told_at_once() -> None:
    """Three violations are reported as three sentences in one error."""
    config = {"Mode": "AUTO", "SampleWeightAttributeName": "y"}
    with pytest.raises(ServiceError) as refused:
        _admit(_request("Tabular", config, DataSplitConfig={"ValidationFraction": 0}))
    for message in ("ENSEMBLING mode only", "must not be the target", "less than 1"):
        assert message in str(refused.value)
