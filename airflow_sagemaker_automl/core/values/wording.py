"""Word violations, and suggest the nearest known value for an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.core.values.literals import UNRESOLVED
from airflow_sagemaker_automl.exceptions import Violation

# Shorter words are contained in too many others.
_TELLING = 4
# No known word is longer, and comparing longer ones is slow.
_LONGEST_WORD = 100
# There are hundreds of instance types.
_MOST_LISTED = 20
_LONGEST_KEY_SHOWN = 60


def nearest(word: str, known: Collection[str]) -> str | None:
    """Find the known word that was probably meant: one that contains it, is part of it, or is spelled alike."""
    lower = word.lower()
    by_lower = {other.lower(): other for other in known}
    related = [other for other in by_lower if len(lower) >= _TELLING and (lower in other or other in lower)]
    matches = difflib.get_close_matches(lower, related or by_lower, n=1, cutoff=0 if related else 0.7)
    return by_lower[matches[0]] if matches else None


def did_you_mean(word: Any, known: Collection[str]) -> str:
    """Write "; did you mean …?" with the nearest known word; empty if there is none."""
    match = nearest(word, known) if isinstance(word, str) and len(word) <= _LONGEST_WORD else None
    return f"; did you mean {match!r}?" if match else ""


def one_of(path: str, value: Any, known: Collection[str], *, where: str = "") -> Iterator[Violation]:
    """Require one of the known values.

    :param where: when the rule applies, for example ``in mode ENSEMBLING``.
    """
    if value is None or value is UNRESOLVED or value in known:
        return
    if len(known) == 1:
        choice = next(iter(known))
    elif len(known) > _MOST_LISTED:
        choice = "one of the known values"
    else:
        choice = f"one of {', '.join(known)}"
    yield Violation(path, value, f"must be {choice}{f' {where}' if where else ''}{did_you_mean(value, known)}")


def type_in_words(value: Any) -> str:
    """Name the type of a value, to follow "must be a string, not"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    kinds: Sequence[tuple[type | tuple[type, ...], str]] = (
        (str, "a string"),
        (int, "an integer"),
        (float, "a number"),
        ((list, tuple), "a list"),
        (Mapping, "a mapping"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), f"a {type(value).__name__}")


def of_entry(path: str, key: Any) -> str:
    """Write the path of an entry of a mapping, on one line; a long key is shortened."""
    if isinstance(key, str) and len(key) > _LONGEST_KEY_SHOWN:
        key = f"{key[: _LONGEST_KEY_SHOWN // 2]}...{key[-_LONGEST_KEY_SHOWN // 2 :]}"
    readable = not isinstance(key, str) or (key and key.isprintable())
    if not readable:
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else str(key)
