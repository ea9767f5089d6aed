"""Prepares the arguments of ``CreateAutoMLJobV2`` and validates them against all rules and constraints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_sagemaker_automl.core import rules
from airflow_sagemaker_automl.core.values.literals import is_resolved, literal, merged, plain
from airflow_sagemaker_automl.core.values.shapes import Shape, recorded_request
from airflow_sagemaker_automl.core.values.shapes.constraints import Constraints, unknown_members
from airflow_sagemaker_automl.core.values.shapes.conversion import as_the_model_wants
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, Violation

_UNKNOWN = re.compile(r"is not a member of \w+")


def judged(
    shape: Shape, request: Mapping[str, Any], *, rendered: bool = True
) -> tuple[dict[str, Any], list[Violation]]:
    """Prepare a request for sending and validate it.

    Texts are converted to the numbers and booleans of the service model, and members with empty texts are left out.
    Then all rules are checked, and all constraints of the shape except those that a rule has already reported.

    :param shape: shape of the arguments.
    :param request: the request, which is not changed. ``AutoMLJobName`` may be missing, because operators set it.
    :param rendered: whether Jinja templates and XComArgs are resolved. Default: yes. If not, they are not validated.
    :return: the prepared request, and all violations.
    :raises InvalidJobRequest: the request contains itself, or is nested too deeply.
    """
    unnamed = {key: value for key, value in request.items() if value or key != "AutoMLJobName"}
    ready = as_the_model_wants(shape, plain(unnamed))
    found = rules.violations(ready if rendered else literal(ready))
    passed_over = {violation.path for violation in found} | ({"AutoMLJobName"} - set(ready))
    found += [each for each in Constraints(shape).violations(ready) if each.path not in passed_over]
    if not rendered:
        found = [violation for violation in found if is_resolved(literal(violation.value))]
    return ready, found


def require_literals(request: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> None:
    """Validate the literal values of a request that is not rendered yet, without the AWS SDK.

    :param request: the request, with Jinja templates and XComArgs in any leaf.
    :param extra: members to merge over it. Members that this package does not know are not validated, because the
        installed botocore may know them. Default: none.
    :raises InvalidJobRequest: with all violations.
    """
    shape = recorded_request()
    left = set(unknown_members(shape, extra or {})) - set(unknown_members(shape, request))
    _, found = judged(shape, merged(request, extra or {}), rendered=False)
    found = [_with_way_out(violation) for violation in found if violation.path not in left]
    if found:
        raise InvalidJobRequest(found)


def _with_way_out(violation: Violation) -> Violation:
    """Add a hint for unknown members, which a newer boto3 may know."""
    if not _UNKNOWN.fullmatch(violation.rule):
        return violation
    return replace(violation, rule=f"{violation.rule}; if your boto3 version knows it, put it in extra_request")
