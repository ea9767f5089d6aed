"""Helpers to write members of API requests.

Members that are None are left out, numbers may be strings, and a template or XComArg in place of a list, a mapping or
a part of a request stays unchanged until Airflow resolves it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable


class Later(Protocol):
    """A value that Airflow resolves when the task runs: an XComArg."""

    def resolve(self, context: Any) -> Any:
        """Return the value."""


@runtime_checkable
class Writable(Protocol):
    """A part of a typed request."""

    def to_api(self) -> dict[str, Any]:
        """Return it as members of the API."""


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
    """Apply ``write`` to a value; None stays None."""
    return None if value is None else write(value)


def text_of(value: Any) -> Any:
    """Convert a number to a string; return any other value unchanged."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        return str(value)
    except ValueError:  # Python refuses to convert an integer of more than about 4300 digits.
        return value


def listed(values: Any, write: Callable[[Any], Any] = lambda value: value) -> Any:
    """Convert a sequence to a list, with ``write`` applied to each value; return any other value unchanged."""
    is_list = isinstance(values, Sequence) and not isinstance(values, str | bytes | bytearray)
    return [write(value) for value in values] if is_list else values


def mapped(members: Any, write: Callable[[Any], Any] = lambda value: value) -> Any:
    """Convert a mapping to a dictionary, with ``write`` applied to each value; return any other value unchanged."""
    return {key: write(value) for key, value in members.items()} if isinstance(members, Mapping) else members


def api_of(part: Any, kind: type[Writable] = Writable) -> Any:
    """Convert a part of a request with its ``to_api``; return any other value unchanged, to be resolved or refused."""
    return part.to_api() if isinstance(part, kind) else part
