"""Any request against botocore's service model and our rules, when a task runs and everything is known.

boto3 checks types and required members only. The service checks all constraints, one call later and one at a time.
Loading the model takes a third of a second, so that nothing at DAG parse may come here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, cast

import regex
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.session import get_session

from airflow_sagemaker_automl.conversion import as_the_model_wants
from airflow_sagemaker_automl.core import rules
from airflow_sagemaker_automl.core.literals import at, is_resolved, literal, plain
from airflow_sagemaker_automl.core.rules import registration
from airflow_sagemaker_automl.core.rules.wording import did_you_mean, kind_of, of_entry, one_of
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, InvalidModelPackage, Violation

# The service's integers have 32 bits, and no number of a request is meant to be larger.
_LARGEST_INTEGER = 2**31 - 1
_MOST_PLACES = 5
_OTHER_CALL = {
    "CreateModelPackageInput": ("UpdateModelPackage", "with an update"),
    "UpdateModelPackageInput": ("CreateModelPackage", "when a version is registered"),
}
_KINDS_OF_VALUE: dict[str, tuple[type | tuple[type, ...], str]] = {
    "structure": (dict, "a mapping"),
    "map": (dict, "a mapping"),
    "list": (list, "a list"),
    "string": (str, "a text"),
    "boolean": (bool, "true or false"),
    "integer": (int, "a whole number"),
    "long": (int, "a whole number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
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
    shape = request_shape()
    unnamed = {key: value for key, value in request.items() if value or key != "AutoMLJobName"}
    ready = as_the_model_wants(shape, plain(unnamed))
    found = rules.violations(ready if rendered else literal(ready))
    unnamed_violation = {"AutoMLJobName"} - set(ready)
    found += _of_model(shape, ready, {violation.path for violation in found} | unnamed_violation)
    if not rendered:
        found = [violation for violation in found if is_resolved(literal(violation.value))]
    if found:
        raise InvalidJobRequest(found)
    return cast("dict[str, Any]", ready)


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
    shape = input_shape("UpdateModelPackage" if update else "CreateModelPackage")
    given = {key: value for key, value in registration.as_tree(request).items() if value is not None and value != ""}
    ready: dict[str, Any] = as_the_model_wants(shape, given)
    found = registration.violations(ready, update=update)
    unmissed = {path for path in later if at(ready, *path.split(".")) is None}
    found += _of_model(shape, ready, {violation.path for violation in found} | unmissed)
    found = [*registration.renamed(found, names or {}), *more]
    if found:
        raise InvalidModelPackage(found)
    return ready


def request_shape() -> StructureShape:
    """Load the shape of ``CreateAutoMLJobV2``'s arguments from the installed botocore."""
    return input_shape("CreateAutoMLJobV2")


@cache
def input_shape(operation: str) -> StructureShape:
    """Load the shape of an operation's arguments from the installed botocore."""
    shape = _service_model().operation_model(operation).input_shape
    assert shape is not None
    return shape


@cache
def _service_model() -> ServiceModel:
    return get_session().get_service_model("sagemaker")


def _of_model(shape: StructureShape, value: Any, judged: Collection[str]) -> list[Violation]:
    """Judge the service model's constraints, where no rule has judged in better words."""
    return [violation for violation in _violations(shape, shape, value, "") if violation.path not in judged]


def _violations(root: StructureShape, shape: Shape, value: Any, path: str) -> Iterator[Violation]:
    """Judge a value.

    :param root: the shape of the whole request, where a misplaced member may belong.
    """
    wanted, kind = _KINDS_OF_VALUE[shape.type_name]
    if not _is_a(wanted, value):
        hint = "; quote it in YAML" if wanted is str and isinstance(value, bool | date) else ""
        yield Violation(path, value, f"must be {kind}, not {kind_of(value)}{hint}")
    elif isinstance(shape, StructureShape):
        yield from _of_structure(root, shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _of_size(shape, len(value), value, path, ("entry", "entries"))
        for position, item in enumerate(value):
            yield from _violations(root, shape.member, item, f"{path}[{position}]")
    elif isinstance(shape, MapShape):
        yield from _of_size(shape, len(value), value, path, ("entry", "entries"))
        for key, item in value.items():
            yield from _violations(root, shape.key, key, of_entry(path, key))
            yield from _violations(root, shape.value, item, of_entry(path, key))
    elif shape.type_name == "string":
        yield from _of_text(shape, value, path)
    elif shape.type_name != "boolean":
        yield from _of_number(shape, value, path)


def _is_a(wanted: type | tuple[type, ...], value: Any) -> bool:
    """Check a type as the service does: in Python a truth value is a number too."""
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def _of_structure(
    root: StructureShape, shape: StructureShape, value: Mapping[str, Any], path: str
) -> Iterator[Violation]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield Violation(_member(path, name), None, "is required")
    for name, item in value.items():
        if name not in shape.members:
            place = _better_place(root, shape, name, path)
            yield Violation(_member(path, name), item, f"is not a member of {shape.name}{place}")
        elif item is not None or name not in shape.required_members:
            yield from _violations(root, shape.members[name], item, _member(path, name))
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield Violation(path, sorted(map(str, value)), f"must have exactly one of {', '.join(shape.members)}")


def _of_text(shape: Shape, value: str, path: str) -> Iterator[Violation]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield from one_of(path, value, allowed)
        return
    yield from _of_size(shape, len(value), value, path, ("character", "characters"))
    pattern = shape.metadata.get("pattern")
    if pattern and not regex.fullmatch(pattern, value):
        yield Violation(path, value, f"must match the pattern {pattern}")


def _of_number(shape: Shape, value: float, path: str) -> Iterator[Violation]:
    if isinstance(value, float) and not math.isfinite(value):
        yield Violation(path, value, "must be a finite number")
        return
    low = shape.metadata.get("min", -_LARGEST_INTEGER)
    high = shape.metadata.get("max", _LARGEST_INTEGER)
    if value < low:
        yield Violation(path, value, f"must be at least {low}")
    if value > high:
        yield Violation(path, value, f"must be at most {high}")


def _of_size(shape: Shape, size: int, value: Any, path: str, what: tuple[str, str]) -> Iterator[Violation]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield Violation(path, value, f"must have at least {_counted(low, what)}; it has {size}")
    if high is not None and size > high:
        yield Violation(path, value, f"must have at most {_counted(high, what)}; it has {size}")


def _counted(number: int, what: tuple[str, str]) -> str:
    return f"{number} {what[0] if number == 1 else what[1]}"


def _better_place(root: StructureShape, shape: StructureShape, name: Any, path: str) -> str:
    """Say where a member of this name is known, or which known member is nearest."""
    if not isinstance(name, str):
        return ""
    if shape is root and name in _members_of_other_call(shape.name):
        longer = [member for member in shape.members if member.startswith(name)]
        return did_you_mean(name, longer) or f"; it can only be given {_OTHER_CALL[shape.name][1]}"
    places = _places_by_name(root).get(name, [])
    here = re.sub(r"\[\d+\]", "[]", path)
    below = [place for place in places if not here or place.startswith(f"{here}.")]
    if 0 < len(below) <= _MOST_PLACES:
        return f"; it belongs in {' or '.join(below)}"
    elsewhere = f"; it belongs in {' or '.join(places)}" if 0 < len(places) <= _MOST_PLACES else ""
    return did_you_mean(name, list(shape.members)) or elsewhere


def _members_of_other_call(name: str) -> Collection[str]:
    return input_shape(_OTHER_CALL[name][0]).members if name in _OTHER_CALL else ()


@cache
def _places_by_name(root: StructureShape) -> dict[str, list[str]]:
    """Index the structures of a request that have a member of a name."""
    index: dict[str, list[str]] = {}
    for path, structure in _structures(root, ""):
        for name in structure.members:
            index.setdefault(name, []).append(path or "the request itself")
    return index


def _structures(shape: Shape, path: str) -> Iterator[tuple[str, StructureShape]]:
    if isinstance(shape, StructureShape):
        yield path, shape
        for name, member in shape.members.items():
            yield from _structures(member, _member(path, name))
    elif isinstance(shape, ListShape):
        yield from _structures(shape.member, f"{path}[]")


def _member(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)
