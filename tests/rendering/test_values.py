"""Names and values are formatted for readers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from airflow_sagemaker_automl.rendering.values import format_row, format_value, format_values, heading

DASH = "\N{EN DASH}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("confusion_matrix", "Confusion matrix"),
        ("f1", "F1"),
        ("roc_auc", "ROC AUC"),
        ("validation:f1", "Validation:F1"),
        ("F1", "F1"),
        ("rocket", "Rocket"),
        ("", ""),
        (None, ""),
    ],
)
def test_headings_are_words(name: Any, words: str) -> None:
    """Snake case becomes words and known abbreviations become upper case."""
    assert heading(name) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.96474, "0.9647"),
        (2835.5, "2835.5"),
        (171, "171"),
        (171.0, "171"),
        (-0.0, "0"),
        (0.99996, "0.99996"),
        (0.00001234, "1.234e-05"),
        (0.00006, "6.000e-05"),
        (0.0056789, "0.005679"),
        (425.9723, "425.97"),
        (123456.789, "123456.8"),
        (True, "Yes"),
        (False, "No"),
        ("word", "word"),
        ("NaN", DASH),
        (math.nan, DASH),
        (-math.inf, DASH),
        (10**400, DASH),
        (None, DASH),
        ([1], DASH),
    ],
)
def test_values_are_readable(value: Any, text: str) -> None:
    """Numbers keep about five digits without looking better than they are; a missing value is a dash."""
    assert format_value(value) == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([425.9723, 464.8], ["425.97", "464.80"]),
        ([0.9921, 1.0, 0.9], ["0.9921", "1.0000", "0.9000"]),
        ([9.5, 10.25], ["9.500", "10.250"]),
        ([2835.5, 181452.06, 12], ["2835.5", "181452.1", "12.0"]),
        ([0.99996, 0.5], ["0.99996", "0.50000"]),
        ([0.9, 0.00001234, 0], ["0.9000", "1.234e-05", "0.0000"]),
        ([1234.5, 0.004], ["1234.5", "4.000e-03"]),
        ([3, 12, -0.0], ["3", "12", "0"]),
        ([1.0, 2.0], ["1", "2"]),
        ([1e20, 0.5], ["1e+20", "0.5000"]),
        ([0.5, None, "word", True], ["0.5000", DASH, "word", "Yes"]),
        ([], []),
    ],
)
def test_the_numbers_of_a_column_have_the_same_decimals(values: Sequence[Any], texts: list[str]) -> None:
    """The largest number decides how many, and no small number is written as zero."""
    assert format_values(values) == texts


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1.0, 1.0], ["1.0000", "1.0000"]),
        ([0.0], ["0.0000"]),
        ([171], ["171"]),
        ([1, 0.5], ["1.0000", "0.5000"]),
        ([True, None], ["Yes", DASH]),
    ],
)
def test_a_perfect_score_has_the_decimals_of_the_scores_around_it(values: Sequence[Any], texts: list[str]) -> None:
    """A count, which is an integer, has none."""
    assert format_row(values) == texts
