"""How violations are worded, with the nearest known word for one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.core.literals import UNRESOLVED
from airflow_sagemaker_automl.exceptions import Violation

# Shorter words are part of too many others.
_TELLING = 4
# No known word is longer, and to compare with a longer one takes long.
_LONGEST_WORD = 100
# Instance types are hundreds.
_MOST_LISTED = 20
_LONGEST_KEY_SHOWN = 60


def nearest(word: str, known: Collection[str]) -> str | None:
    """Find the known word that somebody may have meant: one that holds it or is held by it, or one spelt like it."""
    lower = word.lower()
    by_lower = {other.lower(): other for other in known}
    related = [other for other in by_lower if len(lower) >= _TELLING and (lower in other or other in lower)]
    matches = difflib.get_close_matches(lower, related or by_lower, n=1, cutoff=0 if related else 0.7)
    return by_lower[matches[0]] if matches else None


def did_you_mean(word: Any, known: Collection[str]) -> str:
    """End a sentence with the nearest known word, if there is one."""
    match = nearest(word, known) if isinstance(word, str) and len(word) <= _LONGEST_WORD else None
    return f"; did you mean {match!r}?" if match else ""


def one_of(path: str, value: Any, known: Collection[str], *, where: str = "") -> Iterator[Violation]:
    """Require one of some words.

    :param where: when the rule holds, for example ``in mode ENSEMBLING``.
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


def kind_of(value: Any) -> str:
    """Name the kind of a value, as it can follow "must be a text, not"."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    kinds: Sequence[tuple[type | tuple[type, ...], str]] = (
        (str, "a text"),
        (int, "a whole number"),
        (float, "a number"),
        ((list, tuple), "a list"),
        (Mapping, "a mapping"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), f"a {type(value).__name__}")


def of_entry(path: str, key: Any) -> str:
    """Write the path of an entry of a mapping, on one line and not too long whatever its key is."""
    if isinstance(key, str) and len(key) > _LONGEST_KEY_SHOWN:
        key = f"{key[: _LONGEST_KEY_SHOWN // 2]}...{key[-_LONGEST_KEY_SHOWN // 2 :]}"
    readable = not isinstance(key, str) or (key and key.isprintable())
    if not readable:
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else str(key)
