"""The arguments of a scoring as members of the service's requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.core.scoring.arguments import NAMES, extra_of, transform_members
from airflow_sagemaker_automl.core.values.literals import mapping, merged
from airflow_sagemaker_automl.exceptions import InvalidScoring, Violation

# They are derived from the task, or known only when the data is prepared.
_FILLED_IN = ("TransformJobName", "ModelName", "TransformInput", "TransformOutput")
_MODEL = "a-model"


class ScoringRefusedAtParse(InvalidScoring, AirflowFailException):
    """A literal argument of a scoring breaks a rule: an import error of the DAG."""


def checked_members(arguments: Mapping[str, Any], more: Sequence[Violation]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check the rendered arguments, before any call.

    :param arguments: of the operator, by name.
    :param more: other violations, to report in the same message.
    :return: members of ``CreateTransformJob`` and of ``CreateModel``, converted to the types of the service model.
    :raises InvalidScoring: with all violations.
    """
    from airflow_sagemaker_automl.hooks.service_model import checked_arguments

    given = merged(transform_members(arguments), mapping(extra_of(arguments["extra_request"])))
    # A stand-in for what is filled in later, so that only the author's members are judged.
    whole = merged(_STAND_IN, given)
    ready, wrong = checked_arguments("CreateTransformJob", whole, NAMES)
    model = {
        "ModelName": _MODEL,
        "ExecutionRoleArn": arguments["role_arn"],
        "VpcConfig": arguments["vpc_config"] or None,
    }
    model_ready, model_wrong = checked_arguments("CreateModel", model, NAMES)
    judged = {violation.path for violation in more}
    found = [*more, *(each for each in [*wrong, *model_wrong] if each.path not in judged)]
    if not arguments["role_arn"]:
        found.append(Violation("role_arn", None, "must be the ARN of the execution role"))
    if found:
        raise InvalidScoring(found)
    members = {key: value for key, value in ready.items() if key not in _FILLED_IN or key in given}
    members |= {key: _as_given(members[key], given[key]) for key in _FILLED_IN if key in members}
    del model_ready["ModelName"]
    model_ready["Tags"] = members.get("Tags", [])
    return members, model_ready


def _as_given(ready: Any, given: Any) -> Any:
    """Return the converted value of a member without what was only a stand-in."""
    if not isinstance(ready, Mapping) or not isinstance(given, Mapping):
        return ready
    return {key: _as_given(value, given[key]) for key, value in ready.items() if key in given}


_STAND_IN: Mapping[str, Any] = {
    "TransformJobName": "a-job",
    "ModelName": _MODEL,
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/"}}},
    "TransformOutput": {"S3OutputPath": "s3://bucket/output/"},
}
