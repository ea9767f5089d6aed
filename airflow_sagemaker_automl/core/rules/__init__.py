"""Validate requests, before any call, by the documented API rules that the service model's constraints do not cover.

Each rule takes a tree of dictionaries and lists, and ignores
:data:`~airflow_sagemaker_automl.core.values.literals.UNRESOLVED` values, which are not known yet. Wrong types are left
to :mod:`airflow_sagemaker_automl.core.values.shapes.constraints`, which checks the constraints of the service model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.rules import channels, job, tabular, text, time_series
from airflow_sagemaker_automl.core.values.literals import at
from airflow_sagemaker_automl.exceptions import Violation

_OF_EVERY_JOB: tuple[Callable[[Mapping[str, Any]], Iterator[Violation]], ...] = (
    job.required_members,
    job.name,
    job.problem_type,
    channels.violations,
    job.output,
    job.completion,
    job.objective,
    job.data_split,
    job.deployment,
    job.tags,
    job.network,
    job.compute,
    job.roles,
)
_OF_A_TYPE = {
    "TabularJobConfig": tabular.violations,
    "TimeSeriesForecastingJobConfig": time_series.violations,
    "TextClassificationJobConfig": text.classification,
    "TextGenerationJobConfig": text.generation,
}


def violations(request: Mapping[str, Any]) -> list[Violation]:
    """Validate a request by all rules.

    :param request: arguments of ``CreateAutoMLJobV2`` as dictionaries and lists; ``AutoMLJobName`` may be missing.
    :return: every broken rule; the rules of every job come before those of the problem type.
    """
    found = [violation for rule in _OF_EVERY_JOB for violation in rule(request)]
    kind = channels.problem_type_key(request)
    if kind in _OF_A_TYPE:
        config = at(request, "AutoMLProblemTypeConfig", kind)
        if isinstance(config, Mapping):
            found += _OF_A_TYPE[kind](config, f"AutoMLProblemTypeConfig.{kind}")
    return found


def remarks(request: Mapping[str, Any]) -> list[str]:
    """List what the service accepts but is probably a mistake."""
    return list(job.remarks(request))
