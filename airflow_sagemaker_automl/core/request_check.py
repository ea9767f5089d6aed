"""The arguments of ``CreateAutoMLJobV2``, made ready to be sent and judged by all rules and constraints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_sagemaker_automl.core import rules
from airflow_sagemaker_automl.core.literals import is_resolved, literal, merged, plain
from airflow_sagemaker_automl.core.shapes import Shape, recorded_request
from airflow_sagemaker_automl.core.shapes.constraints import Constraints, unknown_members
from airflow_sagemaker_automl.core.shapes.conversion import as_the_model_wants
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, Violation

_UNKNOWN = re.compile(r"is not a member of \w+")


def judged(
    shape: Shape, request: Mapping[str, Any], *, rendered: bool = True
) -> tuple[dict[str, Any], list[Violation]]:
    """Make a request ready to be sent, and find what is wrong with it.

    Texts become the numbers and truth values that the service model wants, and empty texts leave their members out;
    then every rule is judged, and every constraint of the shape that no rule has judged in better words.

    :param shape: of the arguments.
    :param request: without ``AutoMLJobName``, which an operator gives, all else is judged. It is not changed.
    :param rendered: False leaves Jinja templates and XComArgs alone, which are still to be resolved.
    :raises InvalidJobRequest: it holds itself, or is nested far deeper than any request.
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
    """Judge what is literal in a request that is still to be rendered, without the AWS SDK.

    :param request: Jinja templates and XComArgs in any leaf.
    :param extra: members to put over it. Those that are not known here are left to the installed botocore, which may
        be newer than this package.
    :raises InvalidJobRequest: with everything that is wrong already.
    """
    shape = recorded_request()
    left = set(unknown_members(shape, extra or {})) - set(unknown_members(shape, request))
    _, found = judged(shape, merged(request, extra or {}), rendered=False)
    found = [_with_way_out(violation) for violation in found if violation.path not in left]
    if found:
        raise InvalidJobRequest(found)


def _with_way_out(violation: Violation) -> Violation:
    """Say where a member goes that is like no known one, and that a newer boto3 may know."""
    if not _UNKNOWN.fullmatch(violation.rule):
        return violation
    return replace(violation, rule=f"{violation.rule}; one that your boto3 knows goes into extra_request")
