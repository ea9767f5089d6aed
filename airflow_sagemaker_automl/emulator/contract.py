"""The service's published contract: what botocore's service model says a request and an answer must look like.

boto3 itself checks types and required members only; the service checks all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import regex
from botocore.session import get_session
from botocore.validate import ParamValidator
from moto.sagemaker.exceptions import ValidationError

if TYPE_CHECKING:
    from botocore.model import Shape, StructureShape


@cache
def _shape(operation: str, side: str) -> StructureShape | None:
    model = get_session().get_service_model("sagemaker").operation_model(operation)
    shape: StructureShape | None = getattr(model, side)
    return shape


def check_request(operation: str, request: Mapping[str, Any]) -> None:
    """Refuse a request that the service would refuse by its form alone.

    :param operation: API name, for example ``CreateAutoMLJobV2``.
    :param request: the request's members as they came over the wire.
    :raises ValidationError: with every violation, in the service's wording.
    """
    shape = _shape(operation, "input_shape")
    found = list(_violations(shape, request, "")) if shape else []
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise ValidationError(f"{len(found)} validation {noun} detected: {'; '.join(found)}")


def check_answer(operation: str, answer: Mapping[str, Any]) -> None:
    """Make sure that an answer of ours is one that the service could have given.

    :raises AssertionError: the emulator is wrong; the message names each member.
    """
    shape = _shape(operation, "output_shape")
    if shape is None:
        return
    problems = list(_violations(shape, answer, ""))
    report = ParamValidator().validate(answer, shape)
    if report.has_errors():
        problems.append(report.generate_report())
    if problems:
        raise AssertionError(f"The emulator's answer to {operation} breaks the service model: {'; '.join(problems)}")


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _structure_violations(shape, value, path)
    elif shape.type_name == "list":
        yield from _size_violations(shape, len(value), value, path, "length")
        for position, item in enumerate(value, start=1):
            yield from _violations(shape.member, item, f"{path}.{position}.member")
    elif shape.type_name == "map":
        yield from _size_violations(shape, len(value), value, path, "length")
        for key, item in value.items():
            yield from _violations(shape.key, key, f"{path}.{key}.key")
            yield from _violations(shape.value, item, f"{path}.{key}.value")
    elif shape.type_name == "string":
        yield from _string_violations(shape, value, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _size_violations(shape, value, value, path, "value")


def _structure_violations(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield _constraint(None, _member_path(path, name), "Member must not be null")
    for name, item in value.items():
        member = shape.members.get(name)
        if member is None:
            yield f"Unknown member at '{_member_path(path, name)}'"
        elif item is not None:
            yield from _violations(member, item, _member_path(path, name))


def _string_violations(shape: Shape, value: str, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"Value '{value}' at '{path}' is not a string"
        return
    yield from _size_violations(shape, len(value), value, path, "length")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield _constraint(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not regex.fullmatch(pattern, value):
        yield _constraint(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _size_violations(shape: Shape, size: float, value: Any, path: str, measure: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    measured = "have length" if measure == "length" else "have value"
    if low is not None and size < low:
        yield _constraint(value, path, f"Member must {measured} greater than or equal to {low}")
    if high is not None and size > high:
        yield _constraint(value, path, f"Member must {measured} less than or equal to {high}")


def _member_path(path: str, name: str) -> str:
    camel = name[0].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _constraint(value: Any, path: str, rule: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {rule}"
