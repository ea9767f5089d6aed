"""Rules between the members of ``CreateAutoMLJobV2``, which no single member's constraint tells.

The service answers to a breach with ``ValidationException``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.trainer.metrics import PROBLEM_TYPES, STANDARD_NAME_ONLY


def require_admissible(request: Mapping[str, Any]) -> None:
    """Refuse a job that the service would refuse.

    :raises ValidationError: with the first rule that is broken.
    """
    for breach in _breaches(request):
        raise ValidationException(breach)


def _breaches(request: Mapping[str, Any]) -> Iterator[str]:
    if len(request["AutoMLProblemTypeConfig"]) != 1:
        yield "AutoMLProblemTypeConfig must have exactly one problem type."
    channels = [channel.get("ChannelType", "training") for channel in request["AutoMLJobInputDataConfig"]]
    if channels.count("training") != 1:
        yield "AutoMLJobInputDataConfig must have exactly one training channel."
    (config,) = request["AutoMLProblemTypeConfig"].values()
    criteria = config.get("CompletionCriteria", {})
    whole, single = criteria.get("MaxAutoMLJobRuntimeInSeconds"), criteria.get("MaxRuntimePerTrainingJobInSeconds")
    if whole is not None and single is not None and whole < single:
        yield "MaxAutoMLJobRuntimeInSeconds must not be below MaxRuntimePerTrainingJobInSeconds."
    if "TabularJobConfig" in request["AutoMLProblemTypeConfig"]:
        yield from _tabular_breaches(config, request.get("AutoMLJobObjective"))


def _tabular_breaches(config: Mapping[str, Any], objective: Mapping[str, Any] | None) -> Iterator[str]:
    problem_type = config.get("ProblemType")
    if (problem_type is None) != (objective is None):
        yield "Provide both ProblemType and AutoMLJobObjective, or none of them."
    elif problem_type and objective:
        known = sorted(set(PROBLEM_TYPES[problem_type].metrics) - STANDARD_NAME_ONLY)
        if objective["MetricName"] not in known:
            yield f"{objective['MetricName']} is no objective for {problem_type}; these are: {', '.join(known)}."
