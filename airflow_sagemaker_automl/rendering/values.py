"""Reading a card that may hold anything, and writing its values for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

MISSING = "\N{EN DASH}"
ACRONYMS = {"arn", "au", "auc", "f1", "id", "mae", "mse", "pr", "prc", "r2", "rmse", "roc", "shap", "uri", "url"}
# Beyond this bound the distance between two values may no longer be a finite float.
LARGEST_NUMBER = 1e100

_CAMEL_CASE = re.compile(r"(?:[A-Z][a-z]+){2,}")
_F_BETA = re.compile(r"(?<![a-z0-9])f(\d)_(\d)(?![a-z0-9])", re.IGNORECASE)
# Control characters, what turns the direction of all text that follows, and halves of characters, which UTF-8 lacks.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def mapping(value: Any) -> Mapping[str, Any]:
    """Take a mapping; anything else counts as an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> Sequence[Any]:
    """Take a list; anything else counts as an empty one."""
    return value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else ()


def text_of(value: Any) -> str:
    """Take a text; anything else counts as an empty one."""
    return value.strip() if isinstance(value, str) else ""


def number(value: Any) -> float | None:
    """Take a finite number; anything else is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and -LARGEST_NUMBER < value < LARGEST_NUMBER else None


def numbers(value: Any) -> list[float | None]:
    """Take a list of numbers, with None for each entry that is none."""
    return [number(item) for item in items(value)]


def points(value: Any) -> list[tuple[float, float]]:
    """Take the points of a curve, leaving out those without two numbers."""
    pairs = [pair for pair in map(numbers, items(value)) if len(pair) == 2]
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def text_list(value: Any) -> tuple[str, ...]:
    """Take a text or a list of texts, leaving out what is empty or no text."""
    return tuple(filter(None, map(text_of, [value] if isinstance(value, str) else items(value))))


def labels(names: Any, count: int) -> list[str]:
    """Give each of some bars, rows or columns its name, and its number where it has none."""
    texts = [" ".join(text_of(name).split()) for name in items(names)[:count]]
    return [text or str(place) for place, text in enumerate(texts + [""] * (count - len(texts)), start=1)]


def format_value(value: Any) -> str:
    """Write a value for reading: numbers with about four significant digits, a dash for what is missing."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str):
        return MISSING if value.strip().lower() in ("", "nan") else value.strip()
    known = number(value)
    if known is None:
        return MISSING
    if known.is_integer() and abs(known) < 1e15:
        return str(int(known))
    if 1000 <= abs(known) < 1e15:
        return f"{known:.1f}"
    rounded = f"{known:.4g}"
    # 0.99996 must not look perfect.
    return f"{known:.7g}" if float(rounded).is_integer() else rounded


def format_tick(value: float) -> str:
    """Write a value of an axis."""
    return f"{value:.10g}"


def heading(name: Any) -> str:
    """Turn a snake_case or CamelCase name into words."""
    words = _F_BETA.sub(r"f\1.\2", text_of(name))
    if _CAMEL_CASE.fullmatch(words):
        words = re.sub(r"(?<!^)[A-Z]", lambda letter: f" {letter[0].lower()}", words)
    words = " ".join(words.replace("_", " ").split())
    words = re.sub(r"[A-Za-z0-9]+", lambda word: word[0].upper() if word[0] in ACRONYMS else word[0], words)
    return words[:1].upper() + words[1:]


def is_identifier(text: str) -> bool:
    """Tell whether a text names a resource, so that its letters are to be told apart."""
    return text.startswith(("arn:", "s3://")) or ".dkr.ecr." in text


def printable(text: str) -> str:
    """Put a replacement character for each that a browser, a terminal or a file would not take as it stands."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
