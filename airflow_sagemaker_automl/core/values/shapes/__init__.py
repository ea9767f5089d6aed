"""The arguments of an operation: the shapes of the service model, read from its JSON.

Loading botocore's model takes a third of a second, too long for DAG parse. Literal values are validated there against
the part of the model that is recorded here; a test compares it with the installed botocore.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

_CONSTRAINTS = ("enum", "max", "min", "pattern")


class Shape:
    """The type and constraints of a value and its members; attributes have the names of botocore's.

    :param name: name of the shape, for example ``AutoMLJobChannel``.
    :param shapes: all shapes by name, as in ``shapes`` of a service model.
    :ivar type_name: ``structure``, ``list``, ``map``, ``string``, ``integer``, ``float``, ``boolean`` …
    :ivar metadata: the constraints that the shape has, of ``min``, ``max``, ``pattern``, ``enum``.
    :ivar required_members: names of the required members of a structure.
    :ivar is_tagged_union: whether the structure has exactly one of its members.
    """

    def __init__(self, name: str, shapes: Mapping[str, Any]) -> None:
        self.name = name
        self._shapes = shapes
        self._raw: Mapping[str, Any] = shapes[name]
        self.type_name: str = self._raw["type"]
        self.metadata: dict[str, Any] = {key: self._raw[key] for key in _CONSTRAINTS if key in self._raw}
        self.required_members: list[str] = self._raw.get("required", [])
        self.is_tagged_union: bool = self._raw.get("union", False)

    @cached_property
    def members(self) -> dict[str, Shape]:
        """Members of a structure by name; empty for other shapes."""
        return {name: self._other(member) for name, member in self._raw.get("members", {}).items()}

    @cached_property
    def member(self) -> Shape:
        """The entries of a list."""
        return self._other(self._raw["member"])

    @cached_property
    def key(self) -> Shape:
        """The keys of a map."""
        return self._other(self._raw["key"])

    @cached_property
    def value(self) -> Shape:
        """The values of a map."""
        return self._other(self._raw["value"])

    def _other(self, reference: Mapping[str, str]) -> Shape:
        return Shape(reference["shape"], self._shapes)


@cache
def recorded_request() -> Shape:
    """Return the arguments of ``CreateAutoMLJobV2``, as recorded with this package."""
    shapes = json.loads((Path(__file__).parent / "create_auto_ml_job_v2.json").read_text("utf-8"))
    return Shape("CreateAutoMLJobV2Request", shapes)
