"""Separate the literal values of a request, validated at DAG parse, from those that Airflow resolves later."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Literal

from airflow_sagemaker_automl.exceptions import InvalidJobRequest, Violation

DEEPEST = 50
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")


# Numbers, and types that are never valid in a request, a card or a gate.
_VALUES = (bool, int, float, complex, Decimal, bytes, bytearray, set, frozenset, date, time, timedelta, os.PathLike)


class _Marker(Enum):
    UNRESOLVED = "a value that is not known yet"


UNRESOLVED: Final[Literal[_Marker.UNRESOLVED]] = _Marker.UNRESOLVED


def plain(value: Any, depth: int = 0) -> Any:
    """Copy a tree of mappings and sequences as dictionaries and lists; the leaves are the same objects.

    :raises InvalidJobRequest: the tree contains itself, or is nested too deep.
    """
    if depth > DEEPEST:
        raise InvalidJobRequest(
            [Violation("request", None, f"must have at most {DEEPEST} levels; does it contain itself?")]
        )
    if isinstance(value, Mapping):
        return {key: plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    return value


def literal(value: Any) -> Any:
    """Copy a tree for validation.

    :return: the copy, with :data:`UNRESOLVED` for each Jinja template and each object that Airflow may resolve (an
        XComArg), and None for each empty string, which leaves its member out. Other Python objects stay, and are
        refused later.
    """
    if isinstance(value, Mapping):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [literal(item) for item in value]
    if isinstance(value, str):
        return UNRESOLVED if _TEMPLATE.search(value) else value or None
    return value if value is None or isinstance(value, _VALUES) or is_dataclass(value) else UNRESOLVED


def is_resolved(value: Any) -> bool:
    """Tell whether a tree has no :data:`UNRESOLVED` value."""
    if isinstance(value, Mapping):
        return all(map(is_resolved, value.values()))
    if isinstance(value, list):
        return all(map(is_resolved, value))
    return value is not UNRESOLVED


def at(tree: Any, *path: str | int) -> Any:
    """Look up a member.

    :param path: keys of mappings and positions of lists.
    :return: None if it is missing, or if a value on the path has another type;
        :data:`UNRESOLVED` if it, or a value on the path, is not known yet.
    """
    for step in path:
        if isinstance(tree, Mapping):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
        elif tree is not UNRESOLVED:
            return None
    return tree


def text(value: Any) -> str | None:
    """Return a string that is not empty; None for all other values."""
    return value if isinstance(value, str) and value else None


def number(value: Any) -> float | None:
    """Return a number, also from a string; None for all other values."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping; an empty one for all other values."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> list[Any]:
    """Return a list; an empty one for all other values."""
    return value if isinstance(value, list) else []


def merged(tree: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Merge ``extra`` into a copy of a tree: mappings are merged, all other values are replaced."""
    return {
        **tree,
        **{
            key: merged(tree[key], value)
            if isinstance(value, Mapping) and isinstance(tree.get(key), Mapping)
            else value
            for key, value in extra.items()
        },
    }
