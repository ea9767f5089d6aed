"""What of a request is literal: a rule judges that at DAG parse, and leaves alone what Airflow resolves later."""

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


# Numbers, and what is nothing that a request, a card or a gate may hold.
_VALUES = (bool, int, float, complex, Decimal, bytes, bytearray, set, frozenset, date, time, timedelta, os.PathLike)


class _Marker(Enum):
    UNRESOLVED = "a value that is not known yet"


UNRESOLVED: Final[Literal[_Marker.UNRESOLVED]] = _Marker.UNRESOLVED


def plain(value: Any, depth: int = 0) -> Any:
    """Copy a tree of mappings and sequences as dictionaries and lists, whose leaves are the same objects.

    :raises InvalidJobRequest: it holds itself, or is nested far deeper than any request.
    """
    if depth > DEEPEST:
        raise InvalidJobRequest(
            [Violation("request", None, f"must be nested {DEEPEST} deep at most; does it hold itself?")]
        )
    if isinstance(value, Mapping):
        return {key: plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    return value


def literal(value: Any) -> Any:
    """Copy a tree as it will be judged.

    :return: with :data:`UNRESOLVED` for each Jinja template and each object that Airflow may resolve (an XComArg), and
        None for each empty text, which leaves its member out. Other values of Python stay, and will never be right.
    """
    if isinstance(value, Mapping):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [literal(item) for item in value]
    if isinstance(value, str):
        return UNRESOLVED if _TEMPLATE.search(value) else value or None
    return value if value is None or isinstance(value, _VALUES) or is_dataclass(value) else UNRESOLVED


def is_resolved(value: Any) -> bool:
    """Look for :data:`UNRESOLVED` in a tree."""
    if isinstance(value, Mapping):
        return all(map(is_resolved, value.values()))
    if isinstance(value, list):
        return all(map(is_resolved, value))
    return value is not UNRESOLVED


def at(tree: Any, *path: str | int) -> Any:
    """Look up a member.

    :param path: keys of mappings and positions of lists.
    :return: None where it is not there, or where something on the way has another shape;
        :data:`UNRESOLVED` where it, or something on the way, is not known yet.
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
    """Read a value that is a text with something in it; None for all others."""
    return value if isinstance(value, str) and value else None


def number(value: Any) -> float | None:
    """Read a number, or a text that becomes one; None for all others."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def mapping(value: Any) -> Mapping[str, Any]:
    """Read a mapping; empty for all others."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> list[Any]:
    """Read a list; empty for all others."""
    return value if isinstance(value, list) else []


def merged(tree: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Put one tree of mappings over another: mappings are merged, everything else is replaced; neither is changed."""
    return {
        **tree,
        **{
            key: merged(tree[key], value)
            if isinstance(value, Mapping) and isinstance(tree.get(key), Mapping)
            else value
            for key, value in extra.items()
        },
    }
