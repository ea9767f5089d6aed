"""The V1 API of AutoML jobs, ``CreateAutoMLJob``: tabular jobs only, with other names for the same members."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.listing import Members

_SAME_IN_BOTH = ("AutoMLJobName", "OutputDataConfig", "RoleArn", "AutoMLJobObjective", "Tags", "ModelDeployConfig")
_OF_THE_COLUMNS = ("TargetAttributeName", "SampleWeightAttributeName")


def create(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``CreateAutoMLJob``."""
    return {"AutoMLJobArn": account.start_job(_translated(request), first_request=request).arn}


def describe(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DescribeAutoMLJob``."""
    job = account.find_job(request["AutoMLJobName"])
    if job.first_request is None:
        message = (
            "was created by CreateAutoMLJobV2 and cannot be described by DescribeAutoMLJob; use DescribeAutoMLJobV2"
        )
        raise ValidationException(f"AutoML job {job.name} {message}.")
    described = job.describe()
    learnt = set(described) - {"AutoMLJobInputDataConfig", "AutoMLProblemTypeConfig", "AutoMLProblemTypeConfigName"}
    answer = {
        **{key: value for key, value in job.first_request.items() if key != "Tags"},
        **{key: described[key] for key in learnt - {"DataSplitConfig", "SecurityConfig"}},
    }
    if "ResolvedAttributes" in described:
        answer["ResolvedAttributes"] = _resolved(described["ResolvedAttributes"])
    answer.setdefault("GenerateCandidateDefinitionsOnly", False)
    return answer


def _translated(request: Mapping[str, Any]) -> Members:
    """Translate the request to ``CreateAutoMLJobV2``.

    https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-create-experiment-migrate-v1-v2.html
    """
    config = request.get("AutoMLJobConfig", {})
    candidates = dict(config.get("CandidateGenerationConfig", {}))
    problem = {
        **_columns(request["InputDataConfig"]),
        "ProblemType": request.get("ProblemType"),
        "GenerateCandidateDefinitionsOnly": request.get("GenerateCandidateDefinitionsOnly"),
        "CompletionCriteria": config.get("CompletionCriteria"),
        "Mode": config.get("Mode"),
        "FeatureSpecificationS3Uri": candidates.pop("FeatureSpecificationS3Uri", None),
        "CandidateGenerationConfig": candidates or None,
    }
    channels = [
        {key: value for key, value in channel.items() if key not in _OF_THE_COLUMNS}
        for channel in request["InputDataConfig"]
    ]
    translated = {
        **{key: request[key] for key in _SAME_IN_BOTH if key in request},
        "AutoMLJobInputDataConfig": channels,
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {k: v for k, v in problem.items() if v is not None}},
        **{key: config[key] for key in ("SecurityConfig", "DataSplitConfig") if key in config},
    }
    return copy.deepcopy(translated)


def _columns(channels: list[dict[str, Any]]) -> Members:
    """Read the columns, which V1 sets on each channel and V2 once for the job."""
    columns = {}
    for name in _OF_THE_COLUMNS:
        given = {channel[name] for channel in channels if name in channel}
        if len(given) > 1:
            raise ValidationException(f"All channels must have the same {name}, not {', '.join(sorted(given))}.")
        columns.update(dict.fromkeys([name], *given) if given else {})
    return columns


def _resolved(attributes: Mapping[str, Any]) -> Members:
    by_type = attributes.get("AutoMLProblemTypeResolvedAttributes", {}).get("TabularResolvedAttributes", {})
    same = {key: attributes[key] for key in ("AutoMLJobObjective", "CompletionCriteria") if key in attributes}
    return {**same, **by_type}


OPERATIONS = {"CreateAutoMLJob": create, "DescribeAutoMLJob": describe}
