"""Small rules for members of API requests: what is left to the service is left out, and numbers may be texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def present(**members: Any) -> dict[str, Any]:
    """Keep the members that have a value."""
    return {key: value for key, value in members.items() if value is not None}


def unless_none(value: Any, write: Callable[[Any], Any]) -> Any:
    """Write a value that is there; None stays None."""
    return None if value is None else write(value)


def text_of(value: Any) -> Any:
    """Write a number as the text that the service takes in its place; anything else stays as it is."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
