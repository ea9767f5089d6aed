"""Measure the validation of a large request, compared with boto3's own validation."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.session import get_session
from botocore.validate import ParamValidator

from airflow_sagemaker_automl.core.rules.request_check import require_literals
from airflow_sagemaker_automl.hooks.service_model import checked_request

_ROUNDS = 200
_COLUMNS = 50
_ROLE = "arn:aws:iam::123456789012:role/sagemaker-automl"


def large_request() -> dict[str, Any]:
    """Build a request with hundreds of values: as many columns, tags and subnets as the service allows."""
    filling = {"middlefill": "value", "middlefill_value": "1", "backfill": "value", "backfill_value": "2"}
    filling |= {"futurefill": "value", "futurefill_value": "3"}
    return {
        "AutoMLJobName": "benchmark",
        "AutoMLJobInputDataConfig": [
            {
                "ChannelType": "training",
                "ContentType": "text/csv;header=present",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://bucket/{'x' * 400}"},
        "AutoMLProblemTypeConfig": {
            "TimeSeriesForecastingJobConfig": {
                "ForecastFrequency": "15min",
                "ForecastHorizon": 96,
                "ForecastQuantiles": ["p1", "p10", "p50", "p90", "p99"],
                "TimeSeriesConfig": {
                    "TargetAttributeName": "demand",
                    "TimestampAttributeName": "time",
                    "ItemIdentifierAttributeName": "item",
                    "GroupingAttributeNames": ["a", "b", "c", "d", "e"],
                },
                "Transformations": {"Filling": {f"column{number}": dict(filling) for number in range(_COLUMNS)}},
            }
        },
        "RoleArn": _ROLE,
        "SecurityConfig": {
            "VpcConfig": {
                "Subnets": [f"subnet-{number}" for number in range(16)],
                "SecurityGroupIds": [f"sg-{number}" for number in range(5)],
            }
        },
        "Tags": [{"Key": f"key-{number}", "Value": "value " * 20} for number in range(50)],
    }


def main() -> None:
    """Print the time of the first call, which loads the service model, and the median of the other calls."""
    request = large_request()
    first = _seconds(lambda: checked_request(request))
    boto3 = ParamValidator()
    shape = get_session().get_service_model("sagemaker").operation_model("CreateAutoMLJobV2").input_shape
    assert shape is not None
    work: Mapping[str, Callable[[], Any]] = {
        "boto3's own validation": lambda: boto3.validate(request, shape),
        "the rules, at DAG parse": lambda: require_literals(request),
        "the whole validation, when a task runs": lambda: checked_request(request),
    }
    medians = {name: statistics.median(_seconds(call) for _ in range(_ROUNDS)) for name, call in work.items()}
    yardstick = medians["boto3's own validation"]
    print(f"A request with {_leaves(request)} values, median of {_ROUNDS} rounds; first call {first * 1e3:.0f} ms")
    for name, seconds in medians.items():
        print(f"  {name:<42} {seconds * 1e3:7.2f} ms   {seconds / yardstick:5.1f} x boto3's")


def _seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _leaves(tree: Any) -> int:
    if isinstance(tree, dict):
        return sum(map(_leaves, tree.values()))
    return sum(map(_leaves, tree)) if isinstance(tree, list) else 1


if __name__ == "__main__":
    main()
