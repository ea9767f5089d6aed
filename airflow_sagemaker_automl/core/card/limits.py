"""The limits of a model card's parts, and functions that cut values to them.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

LONGEST_CONTENT = 100_000
# Limit of the generated part, which leaves room for texts that reviewers add after registration.
LONGEST_FILLED_IN = 90_000
LONGEST_NOTE = 1024
LONGEST_NAME = 255
LONGEST_SETTING = 255
LONGEST_LABEL = 63
MOST_LISTED = 15
MOST_DATASETS = 10
MOST_TRAINING_METRICS = 50
MOST_SETTINGS = 100
MOST_MATRIX_ROWS = 20

# JSON readers that use doubles round larger integers.
_LARGEST_EXACT = 2**53
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
# Control characters, line separators, and unpaired surrogates, which readers may refuse.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def number(value: Any) -> float | None:
    """Return a number that JSON and a double can represent.

    :return: None for anything else: NaN, infinities, texts (the reports write ``"NaN"``), booleans.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        if not math.isfinite(value):
            return None
    except OverflowError:
        return None
    return float(value) if isinstance(value, int) and abs(value) > _LARGEST_EXACT else value


def total(values: Iterable[float]) -> float | None:
    """Add numbers: integers exactly, floats without rounding errors; None if the sum is too large."""
    terms = list(values)
    if all(isinstance(term, int) for term in terms):
        return number(sum(terms))
    try:
        return number(math.fsum(terms))
    except OverflowError:
        return None


def text(value: Any) -> str:
    """Write a value as a text on one line, without unprintable characters.

    :return: empty if the value is not a text, a number or a boolean.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _UNPRINTABLE.sub(" ", value).strip()
    return "" if number(value) is None else str(number(value))


def cut(value: Any, longest: int) -> str:
    """Write a value as a text of limited length; an ellipsis marks a cut."""
    whole = text(value)
    return whole if len(whole) <= longest else whole[: longest - 1] + _ELLIPSIS


def label(value: Any, longest: int = LONGEST_LABEL) -> str:
    """Write a name as a label; a long one is cut in the middle, because names often differ only at the end."""
    whole = text(value) or "(empty)"
    if len(whole) <= longest:
        return whole
    tail = (longest - 1) // 3
    return whole[: longest - 1 - tail] + _ELLIPSIS + whole[-tail:]


def labels(values: Sequence[Any], longest: int = LONGEST_LABEL) -> list[str]:
    """Write the names along an axis, made unique: names that are equal after cutting get a number.

    A name that is short enough and unique is never changed.
    """
    taken: set[str] = set()
    found: list[str | None] = []
    for value in values:
        unchanged = isinstance(value, str) and label(value, longest) == value and value not in taken
        found.append(value if unchanged else None)
        taken |= {value} if unchanged else set()
    for place, value in enumerate(values):
        if found[place] is None:
            found[place] = _other_than(taken, value, longest)
            taken.add(found[place] or "")
    return [name or "" for name in found]


def _other_than(taken: set[str], value: Any, longest: int) -> str:
    name, count = label(value, longest), 1
    while name in taken:
        count += 1
        mark = f" ({count})"
        name = label(value, longest - len(mark)) + mark
    return name
