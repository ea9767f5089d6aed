"""Reads the members of a card, whatever they hold, and formats its values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

MISSING = "\N{EN DASH}"
ACRONYMS = {"arn", "au", "auc", "f1", "id", "mae", "mse", "pr", "prc", "r2", "rmse", "roc", "shap", "uri", "url"}
# For larger numbers the difference of two values may overflow a float.
LARGEST_NUMBER = 1e100

_SIGNIFICANT_DIGITS = 5
_MOST_DECIMALS = 4
# Decimals that keep 0.99996 from being written as 1.
_EXTRA_DECIMALS = 7
# Numbers outside these bounds are written with an exponent.
_SMALLEST_PLAIN = 1e-4
_LARGEST_PLAIN = 1e15

_CAMEL_CASE = re.compile(r"(?:[A-Z][a-z]+){2,}")
_F_BETA = re.compile(r"(?<![a-z0-9])f(\d)_(\d)(?![a-z0-9])", re.IGNORECASE)
# Control characters, bidirectional controls, and unpaired surrogates, which cannot be encoded in UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping; anything else counts as an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> Sequence[Any]:
    """Return a list; anything else counts as an empty one."""
    return value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else ()


def text_of(value: Any) -> str:
    """Return a text without surrounding spaces; anything else counts as an empty one."""
    return value.strip() if isinstance(value, str) else ""


def number(value: Any) -> float | None:
    """Return a finite number; None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and -LARGEST_NUMBER < value < LARGEST_NUMBER else None


def numbers(value: Any) -> list[float | None]:
    """Return a list of numbers, with None for each entry that is not a number."""
    return [number(item) for item in items(value)]


def points(value: Any) -> list[tuple[float, float]]:
    """Return the points of a curve, without those that lack two numbers."""
    pairs = [pair for pair in map(numbers, items(value)) if len(pair) == 2]
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def text_list(value: Any) -> tuple[str, ...]:
    """Return the non-empty texts of a text or a list."""
    return tuple(filter(None, map(text_of, [value] if isinstance(value, str) else items(value))))


def labels(names: Any, count: int) -> list[str]:
    """Label bars, rows or columns by name, or by number if the name is missing."""
    texts = [" ".join(text_of(name).split()) for name in items(names)[:count]]
    return [text or str(place) for place, text in enumerate(texts + [""] * (count - len(texts)), start=1)]


def format_value(value: Any) -> str:
    """Format a single value by the rule of :func:`format_values`."""
    return format_values([value])[0]


def format_row(values: Sequence[Any]) -> list[str]:
    """Format the values of one metric, which are a row of a table of different metrics.

    JSON integers are counts and have no decimals; a float has decimals even if it is whole, like the scores around it.
    """
    return format_values(values, are_measured=any(isinstance(value, float) for value in values))


def format_values(values: Sequence[Any], *, are_measured: bool = False) -> list[str]:
    """Format values that readers compare, such as a column of a table: all numbers have the same number of decimals.

    The largest number gets five significant digits, with 1 to 4 decimals: 425.97 beside 464.80, 1.0000 beside 0.9921.
    Numbers below 0.0001 or from 1e15 get an exponent, missing values a dash.

    :param are_measured: whether whole numbers get decimals even if all numbers are whole. Default: they do not.
    """
    known = [number(value) for value in values]
    plain = [value for value in known if value is not None and abs(value) < _LARGEST_PLAIN]
    is_whole = not are_measured and all(value.is_integer() for value in plain)
    decimals = 0 if is_whole else _decimals(plain)
    return [
        _word(value) if known_number is None else _digits(known_number, decimals)
        for value, known_number in zip(values, known, strict=True)
    ]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    text = text_of(value)
    return MISSING if text.lower() in ("", "nan") else text


def _decimals(values: Sequence[float]) -> int:
    largest = max(map(abs, values), default=0.0)
    before_point = math.floor(math.log10(largest)) + 1 if largest else 1
    decimals = min(_MOST_DECIMALS, max(1, _SIGNIFICANT_DIGITS - before_point))
    if _SMALLEST_PLAIN <= largest < 0.01:
        decimals = _MOST_DECIMALS - before_point
    fractions = [value for value in values if not value.is_integer()]
    while decimals < _EXTRA_DECIMALS and any(_looks_whole(value, decimals) for value in fractions):
        decimals += 1
    return decimals


def _looks_whole(value: float, decimals: int) -> bool:
    rounded = round(value, decimals)
    return rounded != 0 and rounded.is_integer()


def _digits(value: float, decimals: int) -> str:
    if abs(value) >= _LARGEST_PLAIN:
        return f"{value:.4g}"
    if value and (abs(value) < _SMALLEST_PLAIN or round(value, decimals) == 0):
        return f"{value:.3e}"
    # Adding zero removes the sign of -0.0.
    return f"{value + 0.0:.{decimals}f}"


def format_tick(value: float) -> str:
    """Format a tick of an axis."""
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
    """Tell whether a text is an ARN or URI, which is shown in a monospaced font."""
    return text.startswith(("arn:", "s3://")) or ".dkr.ecr." in text


def printable(text: str) -> str:
    """Replace characters that are unsafe in a browser, a terminal or a file."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
