"""Reads the JSON documents that control the emulator: strictly, with all problems in one error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any, NoReturn


class InvalidDocument(ValueError):
    """An invalid document.

    :param problems: one sentence per problem.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def read(text: str | bytes, name: str, problems: Callable[[dict[str, Any]], Iterable[str]]) -> dict[str, Any]:
    """Read a document that must be a JSON object.

    :param name: its name in error messages.
    :param problems: yields the problems of the object, one sentence each.
    :raises InvalidDocument: with all problems.
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
    """Report each unknown member."""
    for name in sorted(set(holder) - known):
        yield f"{path} has no member {name!r}; it may have {', '.join(sorted(known))}."


def seconds_problems(holder: Mapping[str, Any], key: str, path: str) -> Iterator[str]:
    """Report an invalid number of seconds, if the member is set."""
    value = holder.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        yield f"{path} must be a number of seconds, 0 or more, not {value!r}."


def is_list_of_objects(value: Any) -> bool:
    """Whether a value is a list of JSON objects."""
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
