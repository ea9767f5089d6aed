"""The metrics are those of scikit-learn, and the influences say how they vary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn import metrics as known

from airflow_sagemaker_automl.core.evaluation.metrics import estimate, measurable
from airflow_sagemaker_automl.core.evaluation.rows import Predicted, Truth

_OF_SKLEARN: dict[str, Any] = {
    "Accuracy": known.accuracy_score,
    "BalancedAccuracy": known.balanced_accuracy_score,
    "F1": lambda truth, predicted, **more: known.f1_score(truth, predicted, pos_label=1, zero_division=0, **more),
    "Precision": lambda truth, predicted, **more: known.precision_score(truth, predicted, zero_division=0, **more),
    "Recall": known.recall_score,
    "MAE": known.mean_absolute_error,
    "MSE": known.mean_squared_error,
    "RMSE": known.root_mean_squared_error,
    "R2": known.r2_score,
}
_MACRO: dict[str, Any] = {
    "F1macro": known.f1_score,
    "PrecisionMacro": known.precision_score,
    "RecallMacro": known.recall_score,
}
_BINARY, _CLASSES = ("no", "yes"), ("a", "b", "c")


def _rows(seed: int, classes: tuple[str, ...], *, weighted: bool, rows: int = 80) -> tuple[Truth, Predicted]:
    random = np.random.default_rng(seed)
    values = np.concatenate([np.arange(len(classes)), random.integers(len(classes), size=rows)])
    # Rounded, so that there are ties.
    scores = np.round(random.dirichlet(np.ones(len(classes)), size=len(values)) + np.eye(len(classes))[values], 1)
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    truth = Truth(
        values=values,
        classes=classes,
        positive=1 if len(classes) == 2 else None,
        weights=random.uniform(0.5, 2, len(values)) if weighted else None,
    )
    return truth, Predicted(values=probabilities.argmax(axis=1), probabilities=probabilities)


def _numbers(seed: int, *, weighted: bool) -> tuple[Truth, Predicted]:
    random = np.random.default_rng(seed)
    values = random.normal(10, 3, 80)
    weights = random.uniform(0.5, 2, 80) if weighted else None
    return Truth(values=values, weights=weights), Predicted(values=values + random.normal(0, 1, 80))


def _as_known(metric: str, truth: Truth, predicted: Predicted) -> float:
    if metric == "AUC":
        assert predicted.probabilities is not None
        return float(known.roc_auc_score(truth.values, predicted.probabilities[:, 1], sample_weight=truth.weights))
    if metric == "LogLoss":
        return float(known.log_loss(truth.values, predicted.probabilities, sample_weight=truth.weights))
    more: dict[str, Any] = {"sample_weight": truth.weights}
    if metric in _MACRO:
        more |= {"average": "macro", "labels": truth.present, "zero_division": 0}
        return float(_MACRO[metric](truth.values, predicted.values, **more))
    return float(_OF_SKLEARN[metric](truth.values, predicted.values, **more))


def _made(kind: str, seed: int, weighted: bool) -> tuple[Truth, Predicted]:
    if kind == "Regression":
        return _numbers(seed, weighted=weighted)
    return _rows(seed, _BINARY if kind == "BinaryClassification" else _CLASSES, weighted=weighted)


_KINDS = [
    (kind, metric)
    for kind in ("BinaryClassification", "MulticlassClassification", "Regression")
    for metric in measurable(kind, has_probabilities=kind != "Regression")
]


@pytest.mark.parametrize(("kind", "metric"), _KINDS)
@given(seed=st.integers(0, 10_000), weighted=st.booleans())
def test_a_metric_is_that_of_scikit_learn(kind: str, metric: str, seed: int, weighted: bool) -> None:
    """With ties, weights, and classes that nobody predicts; the influences have the mean 0."""
    truth, predicted = _made(kind, seed, weighted)
    found = estimate(metric, truth, predicted)
    assert found.value == pytest.approx(_as_known(metric, truth, predicted), abs=1e-9)
    assert found.influence.mean() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("kind", "metric"), _KINDS)
@given(seed=st.integers(0, 10_000), row=st.integers(0, 79))
def test_an_influence_is_what_a_little_more_weight_changes(kind: str, metric: str, seed: int, row: int) -> None:
    """Times the number of rows; computed by changing the weight of one row."""
    truth, predicted = _made(kind, seed, False)
    weights, little = np.ones(len(truth)), 1e-6
    weights[row] += little
    heavier = Truth(values=truth.values, classes=truth.classes, positive=truth.positive, weights=weights)
    found = estimate(metric, truth, predicted)
    change = (estimate(metric, heavier, predicted).value - found.value) / little * len(truth)
    assert found.influence[row] == pytest.approx(change, abs=1e-3)


def test_nothing_predicted_is_no_error() -> None:
    """A class that nobody predicts has the precision 0, as in scikit-learn."""
    truth = Truth(values=np.array([0, 1, 1]), classes=_BINARY, positive=1)
    found = estimate("Precision", truth, Predicted(values=np.array([0, 0, 0])))
    assert (found.value, found.influence.tolist()) == (0.0, [0.0, 0.0, 0.0])


def test_without_probabilities_some_metrics_are_missing() -> None:
    """The names are those of the package's one table; a latency is not in the predictions."""
    assert measurable("BinaryClassification", has_probabilities=False) == [
        "Accuracy",
        "BalancedAccuracy",
        "F1",
        "Precision",
        "Recall",
    ]
    assert measurable("Regression", has_probabilities=False) == ["MAE", "MSE", "R2", "RMSE"]
