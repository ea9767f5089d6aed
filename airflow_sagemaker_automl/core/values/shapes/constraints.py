"""Validate a value by the constraints of its shape: types, required and known members, sizes, patterns, enums."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from airflow_sagemaker_automl.core.values.documents import Unreadable, parse_json
from airflow_sagemaker_automl.core.values.shapes import Shape
from airflow_sagemaker_automl.core.values.shapes.patterns import fits, in_words
from airflow_sagemaker_automl.core.values.wording import did_you_mean, of_entry, one_of, type_in_words
from airflow_sagemaker_automl.exceptions import Violation

# The service's integers have 32 bits.
_LARGEST_INTEGER = 2**31 - 1
_MOST_PLACES = 5
# Finding the nearest known name is slow, and a structure of the service has about 20 members at most.
_MOST_UNKNOWN = 20
_KINDS_OF_VALUE: dict[str, tuple[type | tuple[type, ...], str]] = {
    "structure": (dict, "a mapping"),
    "map": (dict, "a mapping"),
    "list": (list, "a list"),
    "string": (str, "a string"),
    "boolean": (bool, "true or false"),
    "integer": (int, "an integer"),
    "long": (int, "an integer"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
}


_NUMBERS = frozenset({"integer", "long", "float", "double"})


@dataclass
class Constraints:
    """All constraints of an operation's arguments.

    :param root: shape of the arguments.
    :param of_other_call: names of members that only a related operation has.
    :param when: when to use that operation, for example ``with an update``.
    """

    root: Shape
    of_other_call: Collection[str] = ()
    when: str = ""
    _places: dict[str, list[str]] = field(default_factory=dict)

    def violations(self, value: Any) -> Iterator[Violation]:
        """Validate the arguments, as dictionaries and lists."""
        return self._violations(self.root, value, "")

    def _violations(self, shape: Shape, value: Any, path: str) -> Iterator[Violation]:
        # Types of a later service model are left to the service.
        wanted, kind = _KINDS_OF_VALUE.get(shape.type_name, (object, ""))
        if not _is_a(wanted, value):
            yield Violation(path, value, f"must be {kind}, not {type_in_words(value)}{_hint(wanted, value)}")
        elif shape.type_name == "structure":
            yield from self._of_structure(shape, value, path)
        elif shape.type_name == "list":
            yield from _of_size(shape, value, path, ("entry", "entries"))
            for position, item in enumerate(value):
                yield from self._violations(shape.member, item, f"{path}[{position}]")
        elif shape.type_name == "map":
            yield from _of_size(shape, value, path, ("entry", "entries"))
            for key, item in value.items():
                yield from self._violations(shape.key, key, of_entry(path, key))
                yield from self._violations(shape.value, item, of_entry(path, key))
        elif shape.type_name == "string":
            yield from _of_text(shape, value, path)
        elif shape.type_name in _NUMBERS:
            yield from _of_number(shape, value, path)

    def _of_structure(self, shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[Violation]:
        for name in shape.required_members:
            if value.get(name) is None:
                yield Violation(of_entry(path, name), None, "is required")
        unknown = 0
        for name, item in value.items():
            if name not in shape.members:
                unknown += 1
                if unknown <= _MOST_UNKNOWN:
                    place = self._better_place(shape, name, path)
                    yield Violation(of_entry(path, name), item, f"is not a member of {shape.name}{place}")
            elif item is not None or name not in shape.required_members:
                yield from self._violations(shape.members[name], item, of_entry(path, name))
        if unknown > _MOST_UNKNOWN:
            yield Violation(path or "request", None, f"has {unknown} members that {shape.name} does not have")
        if shape.is_tagged_union and len(value) != 1:
            yield Violation(path, sorted(map(str, value)), f"must have exactly one of {', '.join(shape.members)}")

    def _better_place(self, shape: Shape, name: Any, path: str) -> str:
        """Suggest where a member of this name belongs, or the nearest known member."""
        if not isinstance(name, str):
            return ""
        if shape is self.root and name in self.of_other_call:
            longer = [member for member in shape.members if member.startswith(name)]
            return did_you_mean(name, longer) or f"; it can only be given {self.when}"
        places = self._places_of(name)
        here = re.sub(r"\[\d+\]", "[]", path)
        below = [place for place in places if not here or place.startswith(f"{here}.")]
        if 0 < len(below) <= _MOST_PLACES:
            return f"; it belongs in {' or '.join(below)}"
        elsewhere = f"; it belongs in {' or '.join(places)}" if 0 < len(places) <= _MOST_PLACES else ""
        return did_you_mean(name, list(shape.members)) or elsewhere

    def _places_of(self, name: str) -> list[str]:
        """Find the structures of a request that have a member of this name."""
        if not self._places:
            for path, structure in _structures(self.root, ""):
                for member in structure.members:
                    self._places.setdefault(member, []).append(path or "the request itself")
        return self._places.get(name, [])


def unknown_members(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each member that the shape does not have, as :class:`Constraints` writes it."""
    if isinstance(value, Mapping) and shape.type_name == "structure":
        for name, item in value.items():
            if name in shape.members:
                yield from unknown_members(shape.members[name], item, of_entry(path, name))
            else:
                yield of_entry(path, name)
    elif isinstance(value, list) and shape.type_name == "list":
        for position, item in enumerate(value):
            yield from unknown_members(shape.member, item, f"{path}[{position}]")


def _is_a(wanted: type | tuple[type, ...], value: Any) -> bool:
    """Check a type; unlike in Python, a boolean is not an integer."""
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def _hint(wanted: type | tuple[type, ...], value: Any) -> str:
    if wanted is str and isinstance(value, bool | date):
        return "; quote it in YAML"
    if wanted in (dict, list) and isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            parse_json(value)
        except Unreadable as error:
            # That the type is wrong is said already.
            return "" if str(error).startswith("is not valid") else f"; it {error}"
    return ""


def _of_text(shape: Shape, value: str, path: str) -> Iterator[Violation]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield from one_of(path, value, allowed)
        return
    yield from _of_size(shape, value, path, ("character", "characters"))
    pattern = shape.metadata.get("pattern")
    if pattern and not fits(pattern, value):
        yield Violation(path, value, in_words(pattern))


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


def _of_size(shape: Shape, value: Any, path: str, what: tuple[str, str]) -> Iterator[Violation]:
    low, high, size = shape.metadata.get("min"), shape.metadata.get("max"), len(value)
    if low is not None and size < low:
        yield Violation(path, value, f"must have at least {_counted(low, what)}; it has {size}")
    if high is not None and size > high:
        yield Violation(path, value, f"must have at most {_counted(high, what)}; it has {size}")


def _counted(number: int, what: tuple[str, str]) -> str:
    return f"{number} {what[0] if number == 1 else what[1]}"


def _structures(shape: Shape, path: str, above: frozenset[str] = frozenset()) -> Iterator[tuple[str, Shape]]:
    """Yield the structures in a shape with their paths; a structure that contains itself is entered once."""
    if shape.name in above:
        return
    above |= {shape.name}
    if shape.type_name == "structure":
        yield path, shape
        for name, member in shape.members.items():
            yield from _structures(member, of_entry(path, name), above)
    elif shape.type_name == "list":
        yield from _structures(shape.member, f"{path}[]", above)
