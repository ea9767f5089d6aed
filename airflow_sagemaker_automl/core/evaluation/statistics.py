"""Describe a model on the rows as the service's model quality report does, and say how well it is calibrated.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn import metrics as computed

from airflow_sagemaker_automl.core.evaluation.record import MetricResult
from airflow_sagemaker_automl.core.evaluation.rows import NO_CLASS, Floats, Predicted, Truth

_NAMES = {
    "Accuracy": "accuracy",
    "AUC": "auc",
    "F1": "f1",
    "MAE": "mae",
    "MSE": "mse",
    "Precision": "precision",
    "R2": "r2",
    "RMSE": "rmse",
    "Recall": "recall",
}
_BINS = 10
# A card shows fewer, and a report need not be as long as the data.
_MOST_POINTS = 1000
_UNKNOWN = "other"


def model_quality(truth: Truth, predicted: Predicted, results: Sequence[MetricResult]) -> dict[str, Any]:
    """Write the content of ``statistics.json``; the standard deviations are the standard errors of the metrics.

    :param results: metrics of the model on these rows.
    """
    scalars = {
        _NAMES[each.metric]: {"value": each.candidate, "standard_deviation": each.standard_error}
        for each in results
        if each.metric in _NAMES
    }
    content: dict[str, Any] = {"version": 0.0, "dataset": {"item_count": len(truth)}}
    if not truth.classes:
        return {**content, "regression_metrics": scalars}
    matrix = {"confusion_matrix": _confusion(truth, predicted)}
    if truth.positive is None:
        return {**content, "multiclass_classification_metrics": {**matrix, **scalars}}
    return {**content, "binary_classification_metrics": {**matrix, **scalars, **_curves(truth, predicted)}}


def calibration(truth: Truth, predicted: Predicted) -> dict[str, Any] | None:
    """Compare the probabilities of the positive class with how often it occurs.

    :return: ``brier_score`` (0 is best) and ``bins`` with the same number of rows: mean ``predicted`` probability,
        ``observed`` share, ``rows``. None without probabilities, or unless there are two classes.
    """
    if predicted.probabilities is None or truth.positive is None:
        return None
    chance = predicted.probabilities[:, truth.positive].astype(np.float64)
    is_positive, weight = truth.values == truth.positive, truth.weight
    return {
        "brier_score": float(np.average((chance - is_positive) ** 2, weights=weight)),
        "bins": [
            {
                "predicted": float(np.average(chance[rows], weights=weight[rows])),
                "observed": float(np.average(is_positive[rows], weights=weight[rows])),
                "rows": len(rows),
            }
            for rows in np.array_split(np.argsort(chance, kind="stable"), _BINS)
            if len(rows) and weight[rows].sum()
        ],
    }


def _confusion(truth: Truth, predicted: Predicted) -> Mapping[str, Mapping[str, int]]:
    names = [*truth.classes, *([_UNKNOWN] if (predicted.values == NO_CLASS).any() else [])]
    codes = np.where(predicted.values == NO_CLASS, len(truth.classes), predicted.values)
    counts = np.zeros((len(truth.classes), len(names)), dtype=np.int64)
    np.add.at(counts, (truth.values, codes), 1)
    return {
        actual: {name: int(count) for name, count in zip(names, row, strict=True)}
        for actual, row in zip(truth.classes, counts, strict=True)
    }


def _curves(truth: Truth, predicted: Predicted) -> dict[str, Any]:
    if predicted.probabilities is None:
        return {}
    is_positive, chance = truth.values == truth.positive, predicted.probabilities[:, truth.positive or 0]
    false_positives, true_positives, _ = computed.roc_curve(is_positive, chance, sample_weight=truth.weights)
    precisions, recalls, _ = computed.precision_recall_curve(is_positive, chance, sample_weight=truth.weights)
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": _thinned(false_positives),
            "true_positive_rates": _thinned(true_positives),
        },
        "precision_recall_curve": {"precisions": _thinned(precisions), "recalls": _thinned(recalls)},
    }


def _thinned(values: Floats) -> list[float]:
    """Keep some points, the same places of both sides of a curve, with its ends."""
    places = np.unique(np.linspace(0, len(values) - 1, min(len(values), _MOST_POINTS)).round().astype(int))
    return [float(value) for value in values[places]]
