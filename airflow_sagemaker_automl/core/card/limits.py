"""The limits of a model card's parts, and how a value is brought within them.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

LONGEST_CONTENT = 100_000
# Of what is filled in: a card that is full when a model is registered could not take a reviewer's words later.
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

# Larger whole numbers are rounded by readers of JSON that know doubles only.
_LARGEST_EXACT = 2**53
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
# Control characters, line separators, and halves of surrogate pairs, which no reader has to take.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def number(value: Any) -> float | None:
    """Take a number that JSON and a double can hold.

    :return: None for all else: NaN, infinities, texts (the reports write ``"NaN"``), truth values.
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
    """Add numbers: whole ones exactly, others without loss of digits; None where the sum is too large."""
    terms = list(values)
    if all(isinstance(term, int) for term in terms):
        return number(sum(terms))
    try:
        return number(math.fsum(terms))
    except OverflowError:
        return None


def text(value: Any) -> str:
    """Write a value as a text on one line, without characters that cannot be shown.

    :return: empty for what is neither a text, a number nor a truth value.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _UNPRINTABLE.sub(" ", value).strip()
    return "" if number(value) is None else str(number(value))


def cut(value: Any, longest: int) -> str:
    """Write a value as a text of at most so many characters; an ellipsis says where it was cut."""
    whole = text(value)
    return whole if len(whole) <= longest else whole[: longest - 1] + _ELLIPSIS


def label(value: Any, longest: int = LONGEST_LABEL) -> str:
    """Write a name as a label; the end of a long one stays, since features often differ only there."""
    whole = text(value) or "(empty)"
    if len(whole) <= longest:
        return whole
    tail = (longest - 1) // 3
    return whole[: longest - 1 - tail] + _ELLIPSIS + whole[-tail:]


def labels(values: Sequence[Any], longest: int = LONGEST_LABEL) -> list[str]:
    """Write the names along an axis, all different: a number follows where cutting made two alike.

    A name that needs no change keeps itself, whatever becomes of the others.
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
