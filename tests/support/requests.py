"""Valid requests for tests of rules and constraints, and a way to change them."""

from __future__ import annotations

import copy
import re
from typing import Any

ROLE = "arn:aws:iam::123456789012:role/sagemaker-automl"
# A change that removes a member.
GONE = object()

SMALLEST_CONFIGS: dict[str, dict[str, Any]] = {
    "TabularJobConfig": {"TargetAttributeName": "y"},
    "TimeSeriesForecastingJobConfig": {
        "ForecastFrequency": "1D",
        "ForecastHorizon": 14,
        "TimeSeriesConfig": {
            "TargetAttributeName": "demand",
            "TimestampAttributeName": "day",
            "ItemIdentifierAttributeName": "item",
        },
    },
    "ImageClassificationJobConfig": {},
    "TextClassificationJobConfig": {"ContentColumn": "text", "TargetLabelColumn": "label"},
    "TextGenerationJobConfig": {"ModelAccessConfig": {"AcceptEula": True}},
}
_EVERY_CRITERION = {"MaxCandidates": 1, "MaxAutoMLJobRuntimeInSeconds": 7200, "MaxRuntimePerTrainingJobInSeconds": 3600}
LARGEST_CONFIGS: dict[str, dict[str, Any]] = {
    "TabularJobConfig": {
        "TargetAttributeName": "y",
        "ProblemType": "BinaryClassification",
        "Mode": "ENSEMBLING",
        "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "xgboost"]}]},
        "CompletionCriteria": _EVERY_CRITERION,
        "SampleWeightAttributeName": "weight",
        "FeatureSpecificationS3Uri": "s3://bucket/features.json",
        "GenerateCandidateDefinitionsOnly": False,
    },
    "TimeSeriesForecastingJobConfig": {
        **SMALLEST_CONFIGS["TimeSeriesForecastingJobConfig"],
        "ForecastQuantiles": ["p10", "p50", "p90"],
        "TimeSeriesConfig": {
            **SMALLEST_CONFIGS["TimeSeriesForecastingJobConfig"]["TimeSeriesConfig"],
            "GroupingAttributeNames": ["store"],
        },
        "Transformations": {
            "Filling": {
                "demand": {
                    "frontfill": "none",
                    "middlefill": "value",
                    "middlefill_value": "1",
                    "backfill": "value",
                    "backfill_value": "2",
                },
                "price": {"middlefill": "median", "futurefill": "value", "futurefill_value": "3"},
            },
            "Aggregation": {"demand": "sum"},
        },
        "HolidayConfig": [{"CountryCode": "DE"}],
        "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["arima", "ets"]}]},
        "FeatureSpecificationS3Uri": "s3://bucket/features.json",
        "CompletionCriteria": _EVERY_CRITERION,
    },
    "ImageClassificationJobConfig": {"CompletionCriteria": _EVERY_CRITERION},
    "TextClassificationJobConfig": {
        **SMALLEST_CONFIGS["TextClassificationJobConfig"],
        "CompletionCriteria": _EVERY_CRITERION,
    },
    "TextGenerationJobConfig": {
        **SMALLEST_CONFIGS["TextGenerationJobConfig"],
        "BaseModelName": "Falcon7BInstruct",
        "TextGenerationHyperParameters": {"epochCount": "5", "learningRate": "0.0001"},
        "CompletionCriteria": _EVERY_CRITERION,
    },
}
_METRICS = {"TabularJobConfig": "F1", "TimeSeriesForecastingJobConfig": "WAPE"}


def smallest(kind: str = "TabularJobConfig") -> dict[str, Any]:
    """Write a request with only the required members."""
    return {
        "AutoMLJobInputDataConfig": [
            {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}}}
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "AutoMLProblemTypeConfig": {kind: copy.deepcopy(SMALLEST_CONFIGS[kind])},
        "RoleArn": ROLE,
    }


def largest(kind: str = "TabularJobConfig") -> dict[str, Any]:
    """Write a request with all members of a problem type."""
    request = smallest(kind)
    image = kind == "ImageClassificationJobConfig"
    request["AutoMLJobInputDataConfig"][0] |= {
        "ChannelType": "training",
        "ContentType": "image/png" if image else "text/csv;header=present",
        "CompressionType": "Gzip" if kind == "TabularJobConfig" else "None",
    }
    request["OutputDataConfig"]["KmsKeyId"] = "key"
    request["AutoMLProblemTypeConfig"] = {kind: copy.deepcopy(LARGEST_CONFIGS[kind])}
    if kind != "TextGenerationJobConfig":
        request["AutoMLJobObjective"] = {"MetricName": _METRICS.get(kind, "Accuracy")}
    if kind != "TimeSeriesForecastingJobConfig":
        request["AutoMLJobInputDataConfig"].append(
            {**copy.deepcopy(request["AutoMLJobInputDataConfig"][0]), "ChannelType": "validation"}
        )
        request["DataSplitConfig"] = {"ValidationFraction": 0.2}
    if kind in ("TabularJobConfig", "TimeSeriesForecastingJobConfig"):
        request["AutoMLComputeConfig"] = {"EmrServerlessComputeConfig": {"ExecutionRoleARN": ROLE}}
    return request | {
        "AutoMLJobName": "job",
        "Tags": [{"Key": "team", "Value": "risk"}],
        "SecurityConfig": {
            "VolumeKmsKeyId": "key",
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        },
        "ModelDeployConfig": {"AutoGenerateEndpointName": False, "EndpointName": "endpoint"},
    }


def steps(path: str) -> tuple[str | int, ...]:
    """Split ``A[0].B`` into ``("A", 0, "B")``."""
    return tuple(int(step[1:-1]) if step.startswith("[") else step for step in re.findall(r"\[\d+\]|[^.\[\]]+", path))


def spoiled(request: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Copy a request with one member changed, added, or removed with :data:`GONE`; missing parents are created."""
    request = copy.deepcopy(request)
    *way, last = path
    place: Any = request
    for step in way:
        place = place[step] if isinstance(step, int) else place.setdefault(step, {})
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return request
