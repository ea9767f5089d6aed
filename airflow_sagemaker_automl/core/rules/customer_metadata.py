"""Rule 22: the customer metadata of a version, which is set and removed by key.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.rules.characters import at_most, wrong_in_metadata
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, mapping, sequence
from airflow_sagemaker_automl.core.values.wording import of_entry, type_in_words
from airflow_sagemaker_automl.exceptions import Violation

_SET = "CustomerMetadataProperties"
_REMOVED = "CustomerMetadataPropertiesToRemove"
_MOST_ENTRIES = 50
_LONGEST_KEY = 128
_LONGEST_VALUE = 256
_CHARACTERS = "only letters, digits, spaces and _ . : / = + - @"


def on_create(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Validate the metadata of a new version."""
    yield from _entries(request.get(_SET), ", including those that the operator adds")


def on_update(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Validate the metadata that an update sets and removes."""
    entries = request.get(_SET)
    yield from _entries(entries, "")
    for position, key in enumerate(sequence(request.get(_REMOVED))):
        path = f"{_REMOVED}[{position}]"
        if key is None or key == "":
            yield Violation(path, key, "must be a key; it is empty")
        elif isinstance(key, str):
            yield from at_most(path, key, _LONGEST_KEY)
            yield from _characters(path, key)
            if key in mapping(entries):
                yield Violation(path, key, "must not be set by the same update")


def _entries(entries: Any, counted: str) -> Iterator[Violation]:
    if not isinstance(entries, Mapping):
        return
    if not entries:
        yield Violation(_SET, {}, "must have at least one entry; leave it out to set none")
    if len(entries) > _MOST_ENTRIES:
        yield Violation(_SET, None, f"must have at most {_MOST_ENTRIES} entries{counted}; it has {len(entries)}")
    for key, value in entries.items():
        path = of_entry(_SET, key)
        yield from _key(path, key)
        if value is None or value == "":
            yield Violation(path, value, f"must have 1 to {_LONGEST_VALUE} characters; it is empty")
        elif isinstance(value, str):
            yield from at_most(path, value, _LONGEST_VALUE)
            yield from _characters(path, value)
        elif value is not UNRESOLVED:
            # YAML's true, True and yes are all read as True.
            hint = f"; quote it: '{type_in_words(value)}'" if isinstance(value, bool) else ""
            yield Violation(path, value, f"must be a string, not {type_in_words(value)}{hint}")


def _key(path: str, key: Any) -> Iterator[Violation]:
    if not isinstance(key, str):
        yield Violation(path, None, f"must have a string as its key, not {type_in_words(key)}")
        return
    if not 1 <= len(key) <= _LONGEST_KEY:
        yield Violation(path, None, f"must have a key of 1 to {_LONGEST_KEY} characters; this one has {len(key)}")
    wrong = wrong_in_metadata(key)
    if wrong:
        yield Violation(path, None, f"must have a key of {_CHARACTERS}; this one has {wrong}")


def _characters(path: str, value: str) -> Iterator[Violation]:
    wrong = wrong_in_metadata(value)
    if wrong:
        yield Violation(path, value, f"must have {_CHARACTERS}; it has {wrong}")
