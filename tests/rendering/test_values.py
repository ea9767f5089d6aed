"""Names and values are written for people."""

from __future__ import annotations

import math
from typing import Any

import pytest

from airflow_sagemaker_automl.rendering.values import format_value, heading

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
    """Numbers keep about four digits without looking better than they are; what is no value is a dash."""
    assert format_value(value) == text
