"""Convert values to the types of the service model: a rendered template is always a string."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, Literal

from airflow_sagemaker_automl.core.values.documents import Unreadable, parse_json
from airflow_sagemaker_automl.core.values.members import text_of
from airflow_sagemaker_automl.core.values.shapes import Shape
from airflow_sagemaker_automl.core.values.shapes.patterns import fits

_WHOLE = re.compile(r"[+-]?\d{1,18}(\.0+)?")
_NUMBERS = ("integer", "long", "float", "double")


class _Marker(Enum):
    BLANK = "an empty string, or None"


_BLANK: Final[Literal[_Marker.BLANK]] = _Marker.BLANK


def as_the_model_wants(shape: Shape, value: Any) -> Any:
    """Convert a tree to the types of its shape; a value that cannot be converted stays, to be validated later.

    - A string becomes an integer, float or boolean, and a number becomes a string, as the shape requires.
    - A JSON string becomes a list or a mapping if the shape requires one.
    - ``""`` and None leave an optional member out, and with it a structure that requires it. ``"None"`` does not: two
      enums have it as a value.

    :param shape: the required shape.
    :param value: dictionaries and lists; it is not changed.
    """
    converted = _converted(shape, value)
    return value if converted is _BLANK else converted


def _converted(shape: Shape, value: Any) -> Any:
    if value is None or value == "":
        return _BLANK
    if isinstance(value, str) and shape.type_name in ("structure", "list", "map"):
        value = _from_json(value)
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return _structure(shape, value)
    if shape.type_name == "list" and isinstance(value, list):
        items = [(item, _converted(shape.member, item)) for item in value]
        kept = [before if after is _BLANK else after for before, after in items if not _vanishes(before, after)]
        return _BLANK if value and not kept else kept
    if shape.type_name == "map" and isinstance(value, Mapping):
        pairs = {key: (item, _converted(shape.value, item)) for key, item in value.items()}
        return {key: before if after is _BLANK else after for key, (before, after) in pairs.items()}
    return _scalar(shape.type_name, value)


def _vanishes(before: Any, after: Any) -> bool:
    """Tell whether an item had only blank members; a blank item itself stays, to be validated later."""
    return after is _BLANK and isinstance(before, Mapping)


def _structure(shape: Shape, value: Mapping[str, Any]) -> Any:
    """Leave out blank members; a structure that requires one of them is blank if it has no other members."""
    kept: dict[str, Any] = {}
    missed: dict[str, Any] = {}
    for name, item in value.items():
        member = shape.members.get(name)
        after = item if member is None else _converted(member, item)
        if after is not _BLANK:
            kept[name] = after
        elif name in shape.required_members and item == "" and _may_be_empty(member):
            missed[name] = item
        elif isinstance(item, Mapping) and shape.is_tagged_union:
            kept[name] = {}
    if value and not kept and not shape.is_tagged_union:
        return _BLANK
    return kept | missed


def _may_be_empty(shape: Shape | None) -> bool:
    """Tell whether an empty string is a valid value, as for a tag."""
    if shape is None or shape.type_name != "string" or shape.metadata.get("min") or shape.metadata.get("enum"):
        return False
    return fits(shape.metadata.get("pattern", ""), "")


def _scalar(wanted: str, value: Any) -> Any:
    if wanted == "string":
        return text_of(value)
    if wanted == "boolean":
        word = value.strip().lower() if isinstance(value, str) else None
        return {"true": True, "false": False}.get(word, value) if word else value
    if wanted in ("integer", "long"):
        return _whole_number(value)
    if wanted in _NUMBERS and isinstance(value, str):
        return _number(value)
    return value


def _whole_number(value: Any) -> Any:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    return int(value) if isinstance(value, float) and math.isfinite(value) and value.is_integer() else value


def _number(value: str) -> Any:
    try:
        return float(value)
    except ValueError:
        return value


def _from_json(value: str) -> Any:
    try:
        return parse_json(value)
    except Unreadable:
        return value
