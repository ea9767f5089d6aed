"""Rules 3 to 6: which data each problem type takes.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLJobChannel.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.jobs.problem_types import PROBLEM_TYPES, ProblemType
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, at, mapping, sequence
from airflow_sagemaker_automl.core.values.wording import one_of
from airflow_sagemaker_automl.exceptions import Violation

KINDS = {kind.api_key: kind for kind in PROBLEM_TYPES.values()}


def problem_type_key(request: Mapping[str, Any]) -> str | None:
    """Return the member of ``AutoMLProblemTypeConfig``, if it is a known one and the only one."""
    keys = list(mapping(request.get("AutoMLProblemTypeConfig")))
    return keys[0] if len(keys) == 1 and keys[0] in KINDS else None


def violations(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Validate the channels one by one, and together."""
    channels = sequence(request.get("AutoMLJobInputDataConfig"))
    key = problem_type_key(request)
    kind = KINDS[key] if key else None
    for position, channel in enumerate(channels):
        if kind and isinstance(channel, Mapping):
            yield from _of_one(channel, kind, f"AutoMLJobInputDataConfig[{position}]")
    yield from _together(channels, kind)


def _of_one(channel: Mapping[str, Any], kind: type[ProblemType], path: str) -> Iterator[Violation]:
    if channel.get("DataSource") is None:  # The service model does not require it; its documentation does.
        yield Violation(f"{path}.DataSource", None, "is required: the location of the data")
    data_type = at(channel, "DataSource", "S3DataSource", "S3DataType")
    where = f"for {kind.name}"
    yield from one_of(f"{path}.DataSource.S3DataSource.S3DataType", data_type, kind.s3_data_types, where=where)
    yield from one_of(f"{path}.ContentType", channel.get("ContentType"), kind.content_types, where=where)
    if channel.get("CompressionType") == "Gzip":
        if kind.name != "Tabular":
            yield Violation(f"{path}.CompressionType", "Gzip", f"must be None {where}; Gzip is for tabular data only")
        elif data_type not in ("S3Prefix", None, UNRESOLVED):
            yield Violation(f"{path}.CompressionType", "Gzip", "must be None unless S3DataType is S3Prefix")
    if channel.get("ChannelType") == "validation" and kind.name == "TimeSeriesForecasting":
        rule = "must be training: the service splits time series itself"
        yield Violation(f"{path}.ChannelType", "validation", rule)


def _together(channels: list[Any], kind: type[ProblemType] | None) -> Iterator[Violation]:
    kinds = [at(channel, "ChannelType") for channel in channels]
    if channels and UNRESOLVED not in kinds and all(value == "validation" for value in kinds):
        yield Violation("AutoMLJobInputDataConfig", None, "must have a channel with ChannelType training")
    default = kind.content_types[0] if kind else None
    content_types = [at(channel, "ContentType") or default for channel in channels]
    known = {value for value in content_types if isinstance(value, str)}
    if len(known) > 1:
        rule = "must be the same for the training and validation channels"
        yield Violation("AutoMLJobInputDataConfig[1].ContentType", content_types[1], rule)
