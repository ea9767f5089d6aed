"""Validate the length and the characters of strings; errors name the first invalid characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from airflow_sagemaker_automl.exceptions import Violation

# The service matches in Java, where "any character" in a pattern does not match these.
_LINE_BREAKS = "\n\r\x85\u2028\u2029"
# Control and format characters, surrogates and private use. Python may know fewer assigned characters than the service.
_UNWRITABLE = ("Cc", "Cf", "Cs", "Co")
_MOST_NAMED = 3
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
LONGEST_NAME = 63


def is_name(value: str) -> bool:
    """Tell whether a string is a valid entity name: letters, digits and hyphens, with no hyphen at either end."""
    return len(value) <= LONGEST_NAME and _NAME.fullmatch(value) is not None


def at_most(path: str, value: Any, most: int) -> Iterator[Violation]:
    """Validate the length of a string; other values are ignored."""
    if isinstance(value, str) and len(value) > most:
        yield Violation(path, value, f"must have at most {most} characters; it has {len(value)}")


def on_one_line(path: str, value: Any) -> Iterator[Violation]:
    """Refuse line breaks in a string."""
    breaks = _named(value, lambda character: character in _LINE_BREAKS)
    if breaks:
        yield Violation(path, value, f"must be on one line; it has the line break {breaks}")


def printable(path: str, value: Any) -> Iterator[Violation]:
    """Refuse every character that is not a letter, mark, number, punctuation, symbol or space."""
    wrong = _named(value, lambda character: unicodedata.category(character) in _UNWRITABLE)
    if wrong:
        rule = f"must be on one line and have no control or invisible characters; it has {wrong}"
        yield Violation(path, value, rule)


def without_symbols(path: str, value: Any) -> Iterator[Violation]:
    """Refuse Unicode symbols and control characters."""
    wrong = _named(value, lambda character: unicodedata.category(character)[0] in "SC")
    if wrong:
        yield Violation(path, value, f"must have no symbols such as = + $ < > | ~ and be on one line; it has {wrong}")


def wrong_in_metadata(text: str) -> str:
    """List the characters that customer metadata does not allow: all but letters, numbers, spaces and ``_.:/=+-@``.

    :return: the first invalid ones, as an error shows them; empty if there are none.
    """
    return _named(
        text, lambda character: unicodedata.category(character)[0] not in "LNZ" and character not in "_.:/=+-@"
    )


def _named(value: Any, is_wrong: Callable[[str], bool]) -> str:
    """Show the first invalid characters of a string, each once."""
    if not isinstance(value, str):
        return ""
    wrong = list(dict.fromkeys(filter(is_wrong, value)))
    shown = [ascii(each) if unicodedata.category(each)[0] in "CMZ" else repr(each) for each in wrong[:_MOST_NAMED]]
    return ", ".join(shown) + (", …" if len(wrong) > _MOST_NAMED else "")
