"""Which metrics and slices have enough rows: what cannot be told is left out, and never a value without doubt."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from airflow_sagemaker_automl.core.evaluation.comparison import Comparison
from airflow_sagemaker_automl.core.evaluation.rows import Predicted, Truth
from airflow_sagemaker_automl.core.evaluation.slices import of_numbers

_ROWS = 400


def _binary(chosen: int, weights: Any = None) -> Comparison:
    """Make a candidate that predicts few positives, all of them right, and a champion that predicts many."""
    values = np.arange(_ROWS) % 2
    few = np.zeros(_ROWS, dtype=int)
    few[np.flatnonzero(values)[:chosen]] = 1
    many = values.copy()
    many[:40] = 1 - many[:40]
    truth = Truth(values=values, classes=("no", "yes"), positive=1, weights=weights)
    return Comparison(truth=truth, candidate=Predicted(values=few), champion=Predicted(values=many))


@pytest.mark.parametrize(("chosen", "measured"), [(1, ["Recall"]), (9, ["Recall"]), (10, ["Precision", "Recall"])])
def test_a_precision_of_few_predictions_is_none(chosen: int, measured: list[str]) -> None:
    """One right prediction is a precision of 1, without any spread: it says nothing of the next one."""
    found = _binary(chosen).measured(["Precision", "Recall"])
    assert [each.metric for each in found] == measured


def test_a_regression_needs_different_labels() -> None:
    """Otherwise R2 would be 1 for any model."""
    truth = Truth(values=np.full(_ROWS, 3.0))
    same = Comparison(truth=truth, candidate=Predicted(values=np.arange(_ROWS, dtype=float)))
    assert same.why_not_judged() == "all its rows have the same label"
    assert next(same.sliced([of_numbers("age", np.zeros(_ROWS))], ["R2"])).why_not


def test_rows_without_weight_do_not_count() -> None:
    """A slice of them is not judged."""
    weights = np.where(np.arange(_ROWS) < 20, 1.0, 0.0)
    assert _binary(50, weights).why_not_judged() == "it has 20 rows, and at least 30 are needed"
    assert _binary(50, np.zeros(_ROWS)).why_not_judged() == "it has 0 rows, and at least 30 are needed"


def test_slices_of_large_numbers_have_different_names() -> None:
    """Such as days that are written as numbers; what is not finite is missing."""
    days = np.array([20240101.0, 20240102.0, np.inf, np.nan])
    assert [value for value, _ in of_numbers("day", days).slices()] == ["20240101", "20240102", "missing"]
