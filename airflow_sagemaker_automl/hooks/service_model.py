"""Validate a complete request at run time by botocore's service model and this package's rules.

boto3 checks only types and required members. The service checks all constraints, but reports one at a time. Loading the
model takes a third of a second, so this module must not be used at DAG parse.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from botocore.session import get_session

from airflow_sagemaker_automl.core.rules import registration
from airflow_sagemaker_automl.core.rules.request_check import judged
from airflow_sagemaker_automl.core.values.literals import at
from airflow_sagemaker_automl.core.values.shapes import Shape
from airflow_sagemaker_automl.core.values.shapes.constraints import Constraints
from airflow_sagemaker_automl.core.values.shapes.conversion import as_the_model_wants
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, InvalidModelPackage, Violation

_OTHER_CALL = {
    "CreateModelPackage": ("UpdateModelPackage", "with an update"),
    "UpdateModelPackage": ("CreateModelPackage", "when a version is registered"),
}


def checked_request(request: Mapping[str, Any], *, rendered: bool = True) -> dict[str, Any]:
    """Convert and validate a job request.

    Text is converted to the numbers and booleans of the service model, and empty text leaves its member out; then all
    rules are checked.

    :param request: arguments of ``CreateAutoMLJobV2``; ``AutoMLJobName`` may be missing, because an operator can derive
        it. It is not changed.
    :param rendered: False skips Jinja templates and XComArgs, which are not resolved yet.
    :return: the converted arguments.
    :raises InvalidJobRequest: with all violations.
    """
    ready, found = judged(request_shape(), request, rendered=rendered)
    if found:
        raise InvalidJobRequest(found)
    return ready


def checked_model_package(
    request: Mapping[str, Any],
    *,
    update: bool = False,
    names: Mapping[str, str] | None = None,
    more: Sequence[Violation] = (),
    later: Collection[str] = (),
) -> dict[str, Any]:
    """Convert and validate the registration or the update of a version.

    Text is converted as in :func:`checked_request`; then all rules are checked.

    :param request: arguments of ``CreateModelPackage``. It is not changed.
    :param update: True if they are those of ``UpdateModelPackage``.
    :param names: argument names by member, for example ``{"ModelApprovalStatus": "approval_status"}``, to report
        violations by argument, as :func:`~airflow_sagemaker_automl.core.rules.registration.renamed` does.
    :param more: other violations, to report in the same message.
    :param later: paths of required members that may be missing, because they are filled in later.
    :return: the converted arguments.
    :raises InvalidModelPackage: with all violations.
    """
    operation = "UpdateModelPackage" if update else "CreateModelPackage"
    shape = input_shape(operation)
    given = {key: value for key, value in registration.as_tree(request).items() if value is not None and value != ""}
    ready: dict[str, Any] = as_the_model_wants(shape, given)
    found = registration.violations(ready, update=update)
    unmissed = {path for path in later if at(ready, *path.split(".")) is None}
    judged_already = {violation.path for violation in found} | unmissed
    other, when = _OTHER_CALL[operation]
    constraints = Constraints(shape, of_other_call=input_shape(other).members, when=when)
    found += [each for each in constraints.violations(ready) if each.path not in judged_already]
    found = [*registration.renamed(found, names or {}), *more]
    if found:
        raise InvalidModelPackage(found)
    return ready


def checked_arguments(
    operation: str, request: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[dict[str, Any], list[Violation]]:
    """Convert and validate the arguments of another operation.

    :param request: the arguments; those without a value are left out. It is not changed.
    :param names: argument names by member, to report violations by argument.
    :return: the converted arguments, and the violations.
    """
    shape = input_shape(operation)
    given = {key: value for key, value in registration.as_tree(request).items() if value not in (None, "")}
    ready: dict[str, Any] = as_the_model_wants(shape, given)
    return ready, registration.renamed(list(Constraints(shape).violations(ready)), names)


def request_shape() -> Shape:
    """Load the shape of ``CreateAutoMLJobV2``'s arguments from the installed botocore."""
    return input_shape("CreateAutoMLJobV2")


@cache
def input_shape(operation: str) -> Shape:
    """Load the shape of an operation's arguments from the installed botocore."""
    model = _service_model()
    return Shape(model["operations"][operation]["input"]["shape"], model["shapes"])


@cache
def _service_model() -> Mapping[str, Any]:
    return get_session().get_service_data("sagemaker")
