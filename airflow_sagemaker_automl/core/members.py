"""Small rules for members of API requests.

What is left to the service is left out, numbers may be texts, and a template or XComArg in place of a list, a mapping
or a part of a request stays as it is, to become one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias


class Later(Protocol):
    """A value that Airflow resolves when the task runs: an XComArg."""

    def resolve(self, context: Any) -> Any:
        """Give the value."""


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
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def listed(values: Any, write: Callable[[Any], Any] = lambda value: value) -> Any:
    """Write a sequence as a list."""
    return (
        [write(value) for value in values] if isinstance(values, Sequence) and not isinstance(values, str) else values
    )


def mapped(members: Any, write: Callable[[Any], Any] = lambda value: value) -> Any:
    """Write a mapping as a dictionary."""
    return {key: write(value) for key, value in members.items()} if isinstance(members, Mapping) else members


def api_of(part: Any) -> Any:
    """Write a part of a request, by its own ``to_api``."""
    return part.to_api() if hasattr(part, "to_api") else part
