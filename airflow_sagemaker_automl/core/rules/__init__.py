"""The rules of the API documents that no single member's constraint tells, judged before any call.

Each rule looks at a tree of dictionaries and lists in which what is not known yet is
:data:`~airflow_sagemaker_automl.core.literals.UNRESOLVED`, and says nothing of that; wrong types are left to the
service model's constraints, which :mod:`airflow_sagemaker_automl.core.shapes.constraints` judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.literals import at
from airflow_sagemaker_automl.core.rules import channels, job, tabular, text, time_series
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
    """Judge a request by all rules.

    :param request: arguments of ``CreateAutoMLJobV2`` as dictionaries and lists; ``AutoMLJobName`` may be missing.
    :return: every rule that is broken, those of every job before those of the problem type.
    """
    found = [violation for rule in _OF_EVERY_JOB for violation in rule(request)]
    kind = channels.kind_of(request)
    if kind in _OF_A_TYPE:
        config = at(request, "AutoMLProblemTypeConfig", kind)
        if isinstance(config, Mapping):
            found += _OF_A_TYPE[kind](config, f"AutoMLProblemTypeConfig.{kind}")
    return found


def remarks(request: Mapping[str, Any]) -> list[str]:
    """Name what the service takes and what is probably not meant."""
    return list(job.remarks(request))
