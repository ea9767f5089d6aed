"""Every way to break a constraint of the service model, found by walking it along a request that has every member."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import regex

from tests.support.requests import GONE, spoiled


class Breach(NamedTuple):
    """A constraint of the service model, and how a request breaks it."""

    kind: str
    path: str
    constraint: str
    spoil: Callable[[dict[str, Any]], dict[str, Any]]


def breaches(kind: str, shape: Any, value: Any, way: tuple[str | int, ...] = ()) -> Iterator[Breach]:
    """Walk a shape.

    :param kind: which request it is, for example its problem type.
    :param value: what the request has there.
    :param way: keys and positions that lead there.
    """

    def breach(constraint: str, wrong: Any, *step: str | int) -> Breach:
        place = (*way, *step)
        return Breach(kind, _dotted(place), constraint, lambda request: spoiled(request, place, wrong))

    container = shape.type_name in ("structure", "list", "map")
    if way:
        yield breach("type", 5 if container else {"a": "mapping"})
    yield from (_of_container if container else _of_leaf)(breach, shape, value)
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from breaches(kind, shape.members[name], item, (*way, name))
    elif shape.type_name == "list":
        yield from breaches(kind, shape.member, value[0], (*way, 0))
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from breaches(kind, shape.value, item, (*way, key))


def members(shape: Any, path: str = "") -> Iterator[str]:
    """Walk a shape: one path for each member, the first entry of a list standing for all."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield f"{path}.{name}".lstrip(".")
            yield from members(member, f"{path}.{name}".lstrip("."))
    elif shape.type_name == "list":
        yield from members(shape.member, f"{path}[0]")


def _of_container(breach: Callable[..., Breach], shape: Any, value: Any) -> Iterator[Breach]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "structure":
        for name in shape.required_members:
            yield breach("required", GONE, name)
        yield breach("unknown", "x", "NoSuchMember")
        return
    if low:
        yield breach("min", type(value)())
    if shape.type_name == "list" and high is not None:
        yield breach("max", value * (high + 1))
    if shape.type_name == "map":
        item = next(iter(value.values()))
        yield breach("max", {f"key{number}": item for number in range(high + 1)})
        yield from _of_key(breach, shape.key, item)


def _of_leaf(breach: Callable[..., Breach], shape: Any, _: Any) -> Iterator[Breach]:
    low, high, metadata = shape.metadata.get("min"), shape.metadata.get("max"), shape.metadata
    text = shape.type_name == "string"
    # A text of no characters leaves an optional member out.
    if low is not None and (not text or low > 1):
        yield breach("min", "1" * (low - 1) if text else low - 1)
    if high is not None:
        yield breach("max", "1" * (high + 1) if text else high + 1)
    # Some patterns let every text through.
    unlike = [
        wrong for wrong in ("\n", "\0") if "pattern" in metadata and not regex.fullmatch(metadata["pattern"], wrong)
    ]
    if unlike:
        yield breach("pattern", unlike[0])
    if "enum" in metadata:
        yield breach("enum", "no such word")


def _of_key(breach: Callable[..., Breach], shape: Any, item: Any) -> Iterator[Breach]:
    if "enum" in shape.metadata:
        yield breach("enum", item, "no such word")
    if "pattern" in shape.metadata:
        yield breach("pattern", item, "\n")
    if shape.metadata.get("max"):
        yield breach("max", item, "k" * (shape.metadata["max"] + 1))


def _dotted(way: tuple[str | int, ...]) -> str:
    return "".join(map(_step, way)).lstrip(".")


def _step(step: str | int) -> str:
    """Write one step as errors show it: on one line, and not at any length."""
    if isinstance(step, int):
        return f"[{step}]"
    shown = step if len(step) <= 60 else f"{step[:30]}...{step[-30:]}"
    return f".{shown}" if shown.isprintable() else f"[{shown!r}]"
