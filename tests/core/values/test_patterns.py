"""Patterns of the service model are matched as by the service, and described in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import regex
from hypothesis import example, given, strategies as st

from airflow_sagemaker_automl.core.values.shapes import Shape
from airflow_sagemaker_automl.core.values.shapes.patterns import fits, in_words, without_outer_group
from airflow_sagemaker_automl.hooks.service_model import input_shape


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
# They match every text.
_ANYTHING = (r"[\S\s]*", r"[\S\s]+")


@pytest.mark.parametrize("pattern", [pattern for pattern in PATTERNS if pattern not in _ANYTHING])
def test_each_pattern_of_the_calls_has_words_of_its_own(pattern: str) -> None:
    """Errors show no regular expression and name the rule, for all patterns in the service model."""
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
        (r"[a-z]{1,5}", "must have only lowercase letters"),
        (r"[0-9]+", "must have only digits"),
        (
            r"(?=x)[a-z]+\d?",
            r"must match the pattern (?=x)[a-z]+\d?",
        ),
    ],
)
def test_a_pattern_that_is_not_known_is_told_by_its_characters(pattern: str, words: str) -> None:
    """A newer botocore may have new patterns."""
    assert in_words(pattern) == words


@given(st.sampled_from(PATTERNS), st.text(max_size=12) | st.text("abzAZ09p-_./:=+@s3 \n$\\", max_size=12))
@example(r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,128}", "a b")
def test_texts_are_matched_as_by_the_service(pattern: str, text: str) -> None:
    """Plain texts are matched without the Unicode library, with the same result."""
    assert fits(pattern, text) == (regex.fullmatch(pattern, text) is not None)


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [
        ("(a|b)", "a|b"),
        ("a|b", "a|b"),
        ("(a)|(b)", "(a)|(b)"),
        ("((a)|(b))", "(a)|(b)"),
        (r"(\)|[)])", r"\)|[)]"),
        ("(?!x)", "(?!x)"),
        ("", ""),
    ],
)
def test_parentheses_around_a_whole_pattern_mean_nothing(pattern: str, plain: str) -> None:
    """botocore 1.43 writes the frequencies of a forecast without them, 1.44 with them."""
    assert without_outer_group(pattern) == plain


def test_a_known_pattern_has_its_words_with_and_without_parentheses() -> None:
    """The oldest supported botocore and the newest say the same."""
    frequency = next(pattern for pattern in PATTERNS if "min" in pattern)
    plain = without_outer_group(frequency)
    assert in_words(plain) == in_words(f"({plain})") != f"must match the pattern {plain}"
