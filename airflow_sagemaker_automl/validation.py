"""Any request against botocore's service model and our rules, when a task runs and everything is known.

boto3 checks types and required members only. The service checks all constraints, one call later and one at a time.
Loading the model takes a third of a second, so that nothing at DAG parse may come here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from botocore.session import get_session

from airflow_sagemaker_automl.core.literals import at
from airflow_sagemaker_automl.core.request_check import judged
from airflow_sagemaker_automl.core.rules import registration
from airflow_sagemaker_automl.core.shapes import Shape
from airflow_sagemaker_automl.core.shapes.constraints import Constraints
from airflow_sagemaker_automl.core.shapes.conversion import as_the_model_wants
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, InvalidModelPackage, Violation

_OTHER_CALL = {
    "CreateModelPackage": ("UpdateModelPackage", "with an update"),
    "UpdateModelPackage": ("CreateModelPackage", "when a version is registered"),
}


def checked_request(request: Mapping[str, Any], *, rendered: bool = True) -> dict[str, Any]:
    """Make a request ready to be sent.

    Texts become the numbers and truth values that the service model wants, and empty texts leave their members out;
    then every rule is judged.

    :param request: arguments of ``CreateAutoMLJobV2``; without ``AutoMLJobName``, which an operator gives, all else
        is judged. It is not changed.
    :param rendered: False leaves Jinja templates and XComArgs alone, which are still to be resolved.
    :return: the arguments as they can be sent.
    :raises InvalidJobRequest: with everything that is wrong.
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
    """Make the registration of a version, or a change of one, ready to be sent.

    Texts become what the service model wants as in :func:`checked_request`; then every rule is judged.

    :param request: arguments of ``CreateModelPackage``. It is not changed.
    :param update: they are those of ``UpdateModelPackage``.
    :param names: argument names by member, for example ``{"ModelApprovalStatus": "approval_status"}``: what is wrong
        is told in the words of who has to act upon it, as
        :func:`~airflow_sagemaker_automl.core.rules.registration.renamed` does.
    :param more: what else is wrong, said at once.
    :param later: paths of required members that are not missed, since they are filled in after this.
    :return: the arguments as they can be sent.
    :raises InvalidModelPackage: with everything that is wrong.
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
