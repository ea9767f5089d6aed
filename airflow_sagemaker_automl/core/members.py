"""Small rules for members of API requests.

What is left to the service is left out, numbers may be texts, and a template or XComArg in place of a list, a mapping
or a part of a request stays as it is, to become one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable


class Later(Protocol):
    """A value that Airflow resolves when the task runs: an XComArg."""

    def resolve(self, context: Any) -> Any:
        """Give the value."""


@runtime_checkable
class Writable(Protocol):
    """A part of a typed request."""

    def to_api(self) -> dict[str, Any]:
        """Write it as members of the API."""


# What a DAG author may write for a value: itself, a Jinja template of it, or an XComArg.
Text: TypeAlias = str | Later
Whole: TypeAlias = int | str | Later
Number: TypeAlias = float | str | Later
Flag: TypeAlias = bool | str | Later
Texts: TypeAlias = Sequence[Text] | Later


def present(**members: Any) -> dict[str, Any]:
    """Keep the members that have a value."""
    return {key: value for key, value in members.items() if value is not None}


def unless_none(value: Any, write: Callable[[Any], Any]) -> Any:
    """Write a value that is there; None stays None."""
    return None if value is None else write(value)


def text_of(value: Any) -> Any:
    """Write a number as the text that the service takes in its place; anything else stays as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        return str(value)
    except ValueError:  # Python writes no number of more than some 4300 digits.
        return value


def listed(values: Any, write: Callable[[Any], Any] = lambda value: value) -> Any:
    """Write a sequence as a list."""
    is_list = isinstance(values, Sequence) and not isinstance(values, str | bytes | bytearray)
    return [write(value) for value in values] if is_list else values


def mapped(members: Any, write: Callable[[Any], Any] = lambda value: value) -> Any:
    """Write a mapping as a dictionary."""
    return {key: write(value) for key, value in members.items()} if isinstance(members, Mapping) else members


def api_of(part: Any, kind: type[Writable] = Writable) -> Any:
    """Write a part of a request, by its own ``to_api``; what is of another kind stays, to be refused or resolved."""
    return part.to_api() if isinstance(part, kind) else part
