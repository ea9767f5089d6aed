"""Rules of every job: its name, problem type, output, limits, objective, split, deployment, tags, network and roles.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.rules import tabular
from airflow_sagemaker_automl.core.rules.channels import KINDS, problem_type_key
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, at, number, sequence, text
from airflow_sagemaker_automl.core.values.wording import one_of
from airflow_sagemaker_automl.exceptions import Violation

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")
_ROLE = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
_MOST_CANDIDATES = 750
_LONGEST_OUTPUT = 512
_MOST_TAGS = 50
_OBJECTIVES = {
    "TimeSeriesForecastingJobConfig": ("RMSE", "AverageWeightedQuantileLoss", "MASE", "MAPE", "WAPE"),
    "ImageClassificationJobConfig": ("Accuracy",),
    "TextClassificationJobConfig": ("Accuracy",),
}


def required_members(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Require data, output and role."""
    if request.get("AutoMLJobInputDataConfig") is None:
        yield Violation("AutoMLJobInputDataConfig", None, "is required: the location of the training data")
    output = request.get("OutputDataConfig")
    if output is None:
        yield Violation("OutputDataConfig", None, "is required: the location for models and reports")
    elif isinstance(output, Mapping) and output.get("S3OutputPath") is None:
        yield Violation("OutputDataConfig.S3OutputPath", None, "is required: the location for models and reports")
    if request.get("RoleArn") is None:
        yield Violation("RoleArn", None, "is required: the role that SageMaker assumes to read the data and train")


def name(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 1."""
    value = request.get("AutoMLJobName")
    if isinstance(value, str) and not _NAME.fullmatch(value):
        yield Violation(
            "AutoMLJobName", value, "must have 1 to 32 letters, digits and hyphens, with no hyphen at either end"
        )


def problem_type(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 2: exactly one problem type."""
    config = request.get("AutoMLProblemTypeConfig")
    if config is None:
        yield Violation("AutoMLProblemTypeConfig", None, f"is required: one of {', '.join(KINDS)}")
    elif isinstance(config, Mapping) and len(config) != 1:
        yield Violation(
            "AutoMLProblemTypeConfig", sorted(map(str, config)), f"must have exactly one of {', '.join(KINDS)}"
        )


def output(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 7: an S3 URI of at most 512 characters; older documents say 128."""
    value = text(at(request, "OutputDataConfig", "S3OutputPath"))
    path = "OutputDataConfig.S3OutputPath"
    if value and not re.match(r"s3://[^/]+", value):
        yield Violation(path, value, "must be an S3 URI: s3://bucket/prefix")
    if value and len(value) > _LONGEST_OUTPUT:
        yield Violation(path, value, f"must have at most {_LONGEST_OUTPUT} characters; it has {len(value)}")


def completion(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 8: the number of candidates and the run-time limits."""
    kind = problem_type_key(request)
    criteria = at(request, "AutoMLProblemTypeConfig", kind, "CompletionCriteria") if kind else None
    path = f"AutoMLProblemTypeConfig.{kind}.CompletionCriteria"
    most = _MOST_CANDIDATES if kind == "TabularJobConfig" else 1
    candidates = number(at(criteria, "MaxCandidates"))
    if candidates is not None and not 1 <= candidates <= most:
        rule = f"must be from 1 to {most}" if most > 1 else "must be 1: this problem type trains one candidate"
        yield Violation(f"{path}.MaxCandidates", at(criteria, "MaxCandidates"), rule)
    limits = ("MaxAutoMLJobRuntimeInSeconds", "MaxRuntimePerTrainingJobInSeconds")
    whole, single = (number(at(criteria, member)) for member in limits)
    for member, seconds in zip(limits, (whole, single), strict=True):
        if seconds is not None and not seconds >= 1:
            yield Violation(f"{path}.{member}", at(criteria, member), "must be at least 1 second")
    if whole is not None and single is not None and whole < single:
        rule = f"must be at least MaxRuntimePerTrainingJobInSeconds ({single:.0f} s)"
        yield Violation(f"{path}.{limits[0]}", at(criteria, limits[0]), rule)


def objective(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 14: a metric of the problem type; tabular jobs need both problem type and metric, or neither."""
    metric = at(request, "AutoMLJobObjective", "MetricName")
    path = "AutoMLJobObjective.MetricName"
    kind = problem_type_key(request)
    if kind == "TabularJobConfig":
        yield from tabular.objective(at(request, "AutoMLProblemTypeConfig", kind), metric, path)
    elif kind == "TextGenerationJobConfig":
        if metric is not None:
            yield Violation(path, metric, "must be left out: text generation has a fixed objective")
    elif kind:
        yield from one_of(path, metric, _OBJECTIVES[kind], where=f"for {KINDS[kind].name}")


def data_split(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 18."""
    value = at(request, "DataSplitConfig", "ValidationFraction")
    fraction = number(value)
    path = "DataSplitConfig.ValidationFraction"
    if value is not None and problem_type_key(request) == "TimeSeriesForecastingJobConfig":
        yield Violation(path, value, "must be left out: the service splits time series itself")
    elif fraction is not None and not 0 < fraction < 1:
        yield Violation(path, value, "must be above 0 and below 1")


def deployment(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 17: either an endpoint name is given, or the service generates one."""
    config = request.get("ModelDeployConfig")
    if not isinstance(config, Mapping):
        return
    path = "ModelDeployConfig.EndpointName"
    generate, endpoint = config.get("AutoGenerateEndpointName"), config.get("EndpointName")
    generated = str(generate).strip().lower() == "true"
    if endpoint is not None and generated:
        yield Violation(path, endpoint, "must be left out if AutoGenerateEndpointName is true")
    elif endpoint is None and not generated and generate is not UNRESOLVED:
        yield Violation(path, None, "is required for a deployment, unless AutoGenerateEndpointName is true")


def tags(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 19, for tags."""
    entries = sequence(request.get("Tags"))
    keys = [text(at(entry, "Key")) for entry in entries]
    if len(entries) > _MOST_TAGS:
        rule = f"must be at most {_MOST_TAGS}, including those that the operator adds; there are {len(entries)}"
        yield Violation("Tags", None, rule)
    counted = Counter(key for key in keys if key)
    for position, key in enumerate(keys):
        if key and key.lower().startswith("aws:"):
            yield Violation(f"Tags[{position}].Key", key, "must not start with 'aws:', which is reserved for AWS")
        if key and counted[key] > 1 and key not in keys[:position]:
            yield Violation(f"Tags[{position}].Key", key, f"must be unique; it appears {counted[key]} times")


def network(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 19, for networks: subnets and security groups are given together."""
    vpc = at(request, "SecurityConfig", "VpcConfig")
    if not isinstance(vpc, Mapping):
        return
    for member, other in (("Subnets", "SecurityGroupIds"), ("SecurityGroupIds", "Subnets")):
        if vpc.get(member) in (None, []) and vpc.get(other) not in (None, []):
            yield Violation(f"SecurityConfig.VpcConfig.{member}", vpc.get(member), f"is required with {other}")


def compute(request: Mapping[str, Any]) -> Iterator[Violation]:
    """EMR Serverless is for tabular and time-series data only.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLComputeConfig.html
    """
    kind, config = problem_type_key(request), request.get("AutoMLComputeConfig")
    if config is not None and kind not in (None, "TabularJobConfig", "TimeSeriesForecastingJobConfig"):
        yield Violation("AutoMLComputeConfig", config, "must be left out: it is for tabular and time-series data only")


def roles(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 19, for roles."""
    roles = {
        "RoleArn": request.get("RoleArn"),
        "AutoMLComputeConfig.EmrServerlessComputeConfig.ExecutionRoleARN": at(
            request, "AutoMLComputeConfig", "EmrServerlessComputeConfig", "ExecutionRoleARN"
        ),
    }
    for path, value in roles.items():
        if isinstance(value, str) and not _ROLE.fullmatch(value):
            yield Violation(path, value, "must be the ARN of a role: arn:aws:iam::123456789012:role/name")


def remarks(request: Mapping[str, Any]) -> Iterator[str]:
    """Rules 13 and 18: what the service may accept but is probably a mistake."""
    kind = "TabularJobConfig"
    path = f"AutoMLProblemTypeConfig.{kind}"
    yield from tabular.remarks(at(request, "AutoMLProblemTypeConfig", kind), path)
    yield from _remarks_on_split(request)


def _remarks_on_split(request: Mapping[str, Any]) -> Iterator[str]:
    fraction = number(at(request, "DataSplitConfig", "ValidationFraction"))
    if fraction is None:
        return
    channels = sequence(request.get("AutoMLJobInputDataConfig"))
    if any(at(channel, "ChannelType") == "validation" for channel in channels):
        yield "DataSplitConfig.ValidationFraction has no effect because the request has a validation channel."
    elif fraction >= 0.5:
        yield f"DataSplitConfig.ValidationFraction = {fraction}: AWS recommends less than 0.5."
