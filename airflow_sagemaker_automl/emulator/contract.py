"""The service's published contract: checks requests and answers against botocore's service model.

boto3 itself checks types and required members only; the service checks everything.
All values here are in their wire format: JSON, with times as numbers of seconds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import regex
from botocore.session import get_session
from botocore.utils import parse_timestamp

from airflow_sagemaker_automl.emulator.errors import SerializationException, ValidationException

if TYPE_CHECKING:
    from botocore.model import ServiceModel, Shape, StructureShape

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}
# Values that the service's answers contain although the model lacks them; they never occur in requests.
_NOT_IN_THE_MODEL = {"AutoMLJobSecondaryStatus": ("MergingAutoMLTaskReports",)}


# Values in answers that the model does not list: tuning jobs name the objective, for example validation:mse.
_OPEN_WORDS = {("FinalAutoMLJobObjectiveMetric", "MetricName"): regex.compile(r"(train|validation|test):[\w:.-]+")}


# Members that the model requires and the service omits: a version of a group has no name.
# https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html
_OMITTED = {("DescribeModelPackageOutput", "ModelPackageName")}


class Problem(NamedTuple):
    """One violation of the contract.

    :param kind: ``type``, ``unknown`` for a member that the shape does not have, or ``constraint``.
    :param text: a sentence in the service's wording.
    :param word: the text that is not one of the values of an enum; None for other violations.
    """

    kind: str
    text: str
    word: str | None = None


@cache
def service_model() -> ServiceModel:
    """Load the model and cache it."""
    return get_session().get_service_model("sagemaker")


def check_request(operation: str, body: Any) -> dict[str, Any]:
    """Refuse a request whose form breaks the service model, and parse it as the service does.

    :param operation: API name, for example ``CreateAutoMLJobV2``.
    :param body: the request's JSON.
    :return: the request without unknown and null members, with times as :class:`datetime.datetime`.
    :raises SerializationException: members have the wrong types.
    :raises ValidationException: with all violations, in the service's wording.
    """
    shape = service_model().operation_model(operation).input_shape
    if shape is None:
        return {}
    value = _as_written(shape, body)
    found = list(_problems(shape, value, ""))
    mistyped = [problem.text for problem in found if problem.kind == "type"]
    if mistyped:
        raise SerializationException("; ".join(mistyped))
    violations = [problem.text for problem in found if problem.kind == "constraint"]
    if violations:
        noun = "error" if len(violations) == 1 else "errors"
        raise ValidationException(f"{len(violations)} validation {noun} detected: {'; '.join(violations)}")
    read: dict[str, Any] = _read(shape, value)
    return read


def check_answer(operation: str, answer: Any, seen: Collection[str] = ()) -> None:
    """Make sure that an answer satisfies the service model.

    :param answer: the answer's JSON.
    :param seen: enum values that the service was seen to answer, whether the model lists them or not.
    :raises AssertionError: the emulator has a bug; the message names each invalid member.
    """
    shape = service_model().operation_model(operation).output_shape
    problems = [] if shape is None else _texts(_problems(shape, answer, ""), seen)
    if problems:
        raise AssertionError(f"The answer to {operation} breaks the service model: {'; '.join(problems)}")


def violations(shape: str, value: Any, path: str, seen: Collection[str] = ()) -> list[str]:
    """List how a value violates a shape of the model; unknown members are violations too.

    :param shape: the shape's name, for example ``AutoMLCandidate``.
    :param path: path of the value, prepended to the path in each message.
    :param seen: as for :func:`check_answer`.
    """
    return _texts(_problems(service_model().shape_for(shape), value, path), seen)


def _texts(problems: Iterable[Problem], seen: Collection[str]) -> list[str]:
    return [problem.text for problem in problems if problem.word is None or problem.word not in seen]


def error_member(code: str) -> str:
    """Name of the member that holds an error's message: its case depends on the error."""
    model = service_model()
    shape: Any = model.shape_for(code) if code in model.shape_names else None
    return "Message" if shape and "Message" in shape.members else "message"


def _as_written(shape: Any, value: Any) -> Any:
    """Convert a request's times to seconds, since clients may also send them as text."""
    if shape.type_name == "structure" and isinstance(value, dict):
        members = shape.members
        given = {name: item for name, item in value.items() if item is not None}
        return {name: _as_written(members[name], item) if name in members else item for name, item in given.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_as_written(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _as_written(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp" and isinstance(value, str):
        try:
            return parse_timestamp(value).timestamp()
        except ValueError:
            return value
    return value


def _read(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        members = shape.members
        return {name: _read(members[name], item) for name, item in value.items() if name in members}
    if shape.type_name == "list":
        return [_read(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: _read(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return datetime.fromtimestamp(value, UTC)
    return value


def _problems(shape: Any, value: Any, path: str) -> Iterator[Problem]:
    kind = shape.type_name
    if not _is_of_type(kind, value):
        yield Problem("type", f"Value {_shown(value)} at '{path}' is not of type {kind}")
    elif kind == "structure":
        yield from _structure_problems(shape, value, path)
    elif kind == "list":
        yield from _size_problems(shape, len(value), value, path, "length")
        for position, item in enumerate(value, start=1):
            yield from _problems(shape.member, item, f"{path}.{position}.member")
    elif kind == "map":
        yield from _size_problems(shape, len(value), value, path, "length")
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.{key}.key")
            yield from _problems(shape.value, item, f"{path}.{key}.value")
    elif kind == "string":
        yield from _string_problems(shape, value, path)
    elif kind in ("integer", "long", "float", "double"):
        yield from _size_problems(shape, value, value, path, "value")


def _is_of_type(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _PYTHON_TYPES[kind]) and not (isinstance(value, float) and not math.isfinite(value))


def _structure_problems(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for name in shape.required_members:
        if value.get(name) is None and (shape.name, name) not in _OMITTED:
            yield _constraint(None, _member_path(path, name), "Member must not be null")
    for name, item in value.items():
        member = shape.members.get(name)
        if member is None:
            yield Problem("unknown", f"Unknown member at '{_member_path(path, name)}'")
        elif not _is_open_word(shape.name, name, item):
            yield from _problems(member, item, _member_path(path, name))
    if shape.is_tagged_union and sum(name in shape.members for name in value) != 1:
        rule = f"Member must have exactly one of [{', '.join(shape.members)}]"
        yield _constraint(sorted(value), path, rule)


def _is_open_word(shape: str, member: str, value: Any) -> bool:
    pattern = _OPEN_WORDS.get((shape, member))
    return pattern is not None and isinstance(value, str) and pattern.fullmatch(value) is not None


def _string_problems(shape: Shape, value: str, path: str) -> Iterator[Problem]:
    yield from _size_problems(shape, len(value), value, path, "length")
    allowed = shape.metadata.get("enum")
    if allowed and value not in (*allowed, *_NOT_IN_THE_MODEL.get(shape.name, ())):
        rule = f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        yield _constraint(value, path, rule)._replace(word=value)
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield _constraint(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _matches(pattern: str, value: str) -> bool:
    try:
        return regex.fullmatch(pattern, value) is not None
    except regex.error:  # Four patterns of Athena's names are written in UTF-16 surrogates.
        return True


def _size_problems(shape: Shape, size: float, value: Any, path: str, measure: str) -> Iterator[Problem]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield _constraint(value, path, f"Member must have {measure} greater than or equal to {low}")
    if high is not None and size > high:
        yield _constraint(value, path, f"Member must have {measure} less than or equal to {high}")


def _member_path(path: str, name: str) -> str:
    camel = name[0].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _shown(value: Any) -> str:
    return "null" if value is None else f"'{value}'"


def _constraint(value: Any, path: str, rule: str) -> Problem:
    return Problem("constraint", f"Value {_shown(value)} at '{path}' failed to satisfy constraint: {rule}")
