"""Patterns of the service model are matched as the service does, and told in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_sagemaker_automl.core.shapes import Shape
from airflow_sagemaker_automl.core.shapes.patterns import fits, in_words
from airflow_sagemaker_automl.validation import input_shape


def _patterns(shape: Shape) -> Iterator[str]:
    if "pattern" in shape.metadata:
        yield shape.metadata["pattern"]
    parts = {"structure": list(shape.members.values())}
    if shape.type_name == "list":
        parts["list"] = [shape.member]
    if shape.type_name == "map":
        parts["map"] = [shape.key, shape.value]
    for part in parts.get(shape.type_name, []):
        yield from _patterns(part)


_CALLS = ("CreateAutoMLJobV2", "CreateModelPackage", "UpdateModelPackage")
PATTERNS = sorted({pattern for call in _CALLS for pattern in _patterns(input_shape(call))})
# They take every text.
_ANYTHING = (r"[\S\s]*", r"[\S\s]+")


@pytest.mark.parametrize("pattern", [pattern for pattern in PATTERNS if pattern not in _ANYTHING])
def test_each_pattern_of_the_calls_has_words_of_its_own(pattern: str) -> None:
    """Walks the service model: nobody is shown a regular expression, or is told only that something is wrong."""
    words = in_words(pattern)
    assert words.startswith("must ")
    assert pattern not in words
    assert not regex.search(r"a-z|0-9|\\|\[|\]\*|\(\?|\{\d", words)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("[a-zA-Z0-9:/_-]*", "must have only letters, digits and : / _ -"),
        (r"[-0-9a-zA-Z]+", "must have only letters, digits and -"),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "must have only letters, digits, spaces and _ . : / = + - @"),
        (r"[a-z]{1,5}", "must have only small letters"),
        (r"[0-9]+", "must have only digits"),
        (
            r"(?=x)[a-z]+\d?",
            "has characters that the service does not take, or has them in another order",
        ),
    ],
)
def test_a_pattern_that_is_not_known_is_told_by_its_characters(pattern: str, words: str) -> None:
    """A newer botocore has newer patterns."""
    assert in_words(pattern) == words


@given(st.sampled_from(PATTERNS), st.text(max_size=12) | st.text("abzAZ09p-_./:=+@s3 \n$\\", max_size=12))
@example(r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,128}", "a b")
def test_texts_are_matched_as_by_the_service(pattern: str, text: str) -> None:
    """Plain texts without the library that knows all of Unicode, with the same result."""
    assert fits(pattern, text) == (regex.fullmatch(pattern, text) is not None)
