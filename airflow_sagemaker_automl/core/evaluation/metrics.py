"""SageMaker's metrics of a model on labelled rows, each with the influence of every row on it.

The influence of a row is how much the metric would change, times the number of rows, if the row had slightly more
weight. The mean of the influences is 0, and the variance of their mean is that of the metric to first order. So one
formula gives the interval of every metric, also of the difference of two models on the same rows, whose influences are
subtracted row by row. For means (accuracy, MAE, MSE, log loss) it is the paired difference of the rows, for the AUC it
is DeLong's method, and for the others it is the delta method.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-metrics-validation.html (definitions);
DeLong, DeLong, Clarke-Pearson, Biometrics 44 (1988) 837 (AUC); Hampel, JASA 69 (1974) 383 (influence).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from airflow_sagemaker_automl.core.evaluation.rows import Floats, Predicted, Truth
from airflow_sagemaker_automl.core.values.metric_names import metrics_of

# As scikit-learn: a probability of 0 would make the log loss infinite.
_SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


class Estimate(NamedTuple):
    """A metric on the rows.

    :param value: in the metric's own units.
    :param influence: of each row; their mean is 0.
    :param method: how the interval of a difference follows from the influences.
    """

    value: float
    influence: Floats
    method: str


Metric = Callable[[Truth, Predicted], Estimate]
_PAIRED, _DELTA, _DELONG = "differences of rows", "delta method", "DeLong"


def _ratio(numerator: Floats, denominator: Floats, weight: Floats) -> tuple[float, Floats]:
    """Estimate a ratio of two weighted sums; 0 if there is nothing to divide by, as in scikit-learn."""
    total = float(weight @ denominator)
    if not total:
        return 0.0, np.zeros(len(weight))
    value = float(weight @ numerator) / total
    return value, weight * (numerator - value * denominator) * (len(weight) / total)


def _mean(values: Floats, truth: Truth) -> Estimate:
    return Estimate(*_ratio(values, np.ones(len(truth)), truth.weight), _PAIRED)


def _of_class(truth: Truth, predicted: Predicted, code: int, hits: float, actual: float, chosen: float) -> Estimate:
    """Estimate a ratio of true positives to actual and predicted positives of a class.

    :param hits: how often a true positive counts in the numerator.
    :param actual: how often an actual positive counts in the denominator.
    :param chosen: how often a predicted positive counts in the denominator.
    """
    is_actual, is_chosen = truth.values == code, predicted.values == code
    numerator = hits * (is_actual & is_chosen)
    return Estimate(*_ratio(numerator, actual * is_actual + chosen * is_chosen, truth.weight), _DELTA)


def _precision(truth: Truth, predicted: Predicted, code: int) -> Estimate:
    return _of_class(truth, predicted, code, 1.0, 0.0, 1.0)


def _recall(truth: Truth, predicted: Predicted, code: int) -> Estimate:
    return _of_class(truth, predicted, code, 1.0, 1.0, 0.0)


def _f1(truth: Truth, predicted: Predicted, code: int) -> Estimate:
    return _of_class(truth, predicted, code, 2.0, 1.0, 1.0)


def _of_positive(of_class: Callable[[Truth, Predicted, int], Estimate]) -> Metric:
    def estimate(truth: Truth, predicted: Predicted) -> Estimate:
        assert truth.positive is not None
        return of_class(truth, predicted, truth.positive)

    return estimate


def _macro(of_class: Callable[[Truth, Predicted, int], Estimate]) -> Metric:
    """Average a metric over the classes that the rows have, without weights."""

    def estimate(truth: Truth, predicted: Predicted) -> Estimate:
        each = [of_class(truth, predicted, code) for code in truth.present]
        value = sum(found.value for found in each) / len(each)
        return Estimate(value, np.mean([found.influence for found in each], axis=0), _DELTA)

    return estimate


def _accuracy(truth: Truth, predicted: Predicted) -> Estimate:
    return _mean((truth.values == predicted.values).astype(np.float64), truth)


def _log_loss(truth: Truth, predicted: Predicted) -> Estimate:
    assert predicted.probabilities is not None
    sums = predicted.probabilities.sum(axis=1)
    of_truth = predicted.probabilities[np.arange(len(truth)), truth.values] / np.where(sums > 0, sums, 1.0)
    return _mean(-np.log(np.clip(of_truth, _SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)), truth)


def _auc(truth: Truth, predicted: Predicted) -> Estimate:
    """Estimate the probability that a positive row has the higher score than a negative one; ties count half."""
    assert predicted.probabilities is not None
    assert truth.positive is not None
    scores, is_positive = predicted.probabilities[:, truth.positive], truth.values == truth.positive
    levels, level = np.unique(scores, return_inverse=True)
    positive, negative = (
        np.bincount(level, weights=truth.weight * chosen, minlength=len(levels))
        for chosen in (is_positive, ~is_positive)
    )
    # Share of the other class that a row is ordered correctly with.
    below = (np.cumsum(negative) - negative / 2) / negative.sum()
    above = (positive.sum() - np.cumsum(positive) + positive / 2) / positive.sum()
    placed = np.where(is_positive, below[level], above[level])
    value = float(positive @ below / positive.sum())
    of_class = np.where(is_positive, positive.sum(), negative.sum())
    return Estimate(value, truth.weight * (placed - value) * (len(truth) / of_class), _DELONG)


def _errors(truth: Truth, predicted: Predicted) -> Floats:
    difference: Floats = predicted.values - truth.values
    return difference


def _mae(truth: Truth, predicted: Predicted) -> Estimate:
    return _mean(np.abs(_errors(truth, predicted)), truth)


def _mse(truth: Truth, predicted: Predicted) -> Estimate:
    return _mean(_errors(truth, predicted) ** 2, truth)


def _rmse(truth: Truth, predicted: Predicted) -> Estimate:
    squared = _mse(truth, predicted)
    root = float(np.sqrt(squared.value))
    return Estimate(root, squared.influence / (2 * root) if root else squared.influence, _DELTA)


def _r2(truth: Truth, predicted: Predicted) -> Estimate:
    around = (truth.values - np.average(truth.values, weights=truth.weight)) ** 2
    unexplained, influence = _ratio(_errors(truth, predicted) ** 2, around, truth.weight)
    return Estimate(1 - unexplained, -influence, _DELTA)


_METRICS: Mapping[str, Metric] = {
    "Accuracy": _accuracy,
    "AUC": _auc,
    "BalancedAccuracy": _macro(_recall),
    "F1": _of_positive(_f1),
    "F1macro": _macro(_f1),
    "LogLoss": _log_loss,
    "MAE": _mae,
    "MSE": _mse,
    "Precision": _of_positive(_precision),
    "PrecisionMacro": _macro(_precision),
    "R2": _r2,
    "RMSE": _rmse,
    "Recall": _of_positive(_recall),
    "RecallMacro": _macro(_recall),
}
OF_PROBABILITIES = frozenset({"AUC", "LogLoss"})
OF_PREDICTED_CLASSES = frozenset({"Precision", "PrecisionMacro"})


def measurable(problem_type: str, *, has_probabilities: bool) -> list[str]:
    """List the metrics of a problem type that can be computed from predictions.

    :param problem_type: as in :data:`~airflow_sagemaker_automl.core.values.metric_names.OF_PROBLEM_TYPE`.
    :param has_probabilities: whether the models give the probability of each class.
    """
    return [
        metric
        for metric in metrics_of(problem_type)
        if metric in _METRICS and (has_probabilities or metric not in OF_PROBABILITIES)
    ]


def estimate(metric: str, truth: Truth, predicted: Predicted) -> Estimate:
    """Compute a metric on the rows.

    :param metric: SageMaker's name; one that :func:`measurable` lists.
    """
    return _METRICS[metric](truth, predicted)
