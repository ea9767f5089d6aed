"""JSON documents that testers give the emulator: read strictly, with everything that is wrong said at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any, NoReturn


class InvalidDocument(ValueError):
    """A document that cannot be followed.

    :param problems: a sentence for each thing that is wrong.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def read(text: str | bytes, name: str, problems: Callable[[dict[str, Any]], Iterable[str]]) -> dict[str, Any]:
    """Read a document that must be an object of JSON.

    :param name: what to call it.
    :param problems: finds what is wrong with the object, a sentence each.
    :raises InvalidDocument: with everything that is wrong with it.
    """
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise InvalidDocument([f"The {name} cannot be read as JSON: {error}."]) from None
    if not isinstance(document, dict):
        raise InvalidDocument([f"The {name} must be a JSON object."])
    found = list(problems(document))
    if found:
        raise InvalidDocument(found)
    return document


def unknown_members(holder: Mapping[str, Any], known: Set[str], path: str) -> Iterator[str]:
    """Say of each member that nobody knows what is known."""
    for name in sorted(set(holder) - known):
        yield f"{path} has no member {name!r}; it may have {', '.join(sorted(known))}."


def seconds_problems(holder: Mapping[str, Any], key: str, path: str) -> Iterator[str]:
    """Say what is wrong with a number of seconds, where there is one."""
    value = holder.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        yield f"{path} must be a number of seconds, 0 or more, not {value!r}."


def is_list_of_objects(value: Any) -> bool:
    """Tell whether something is a list of objects of JSON."""
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
