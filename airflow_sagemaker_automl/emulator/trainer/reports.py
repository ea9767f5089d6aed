"""The two reports on the best candidate, in the formats that the service writes.

``statistics.json`` has the layout of SageMaker Model Monitor's model quality report,
``analysis.json`` that of SageMaker Clarify; its ``kernel_shap`` values are computed with Kernel SHAP.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn import metrics

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.scoring import FittedModel, Predictions

# From 200 rows on, Model Monitor gives a standard deviation over five random samples of 80 %.
_FEWEST_ROWS_FOR_DEVIATION = 200
_SAMPLES = 5
_SAMPLE_FRACTION = 0.8
_EXPLAINED_ROWS = 20
# Coalitions that Kernel SHAP samples for a row, and twice the number of features; its default of 2048 takes longer than
# a training.
_COALITIONS = 256
_Score = Callable[[np.ndarray, np.ndarray], float]


def model_statistics(predictions: Predictions) -> bytes:
    """Score a model on rows that it was not trained on; weights are ignored.

    :return: content of ``statistics.json``.
    """
    actual, predicted = predictions.actual, predictions.predicted
    if predictions.problem_type == "Regression":
        section, content = "regression_metrics", _regression(actual, predicted)
    elif predictions.problem_type == "BinaryClassification":
        assert predictions.probabilities is not None
        content = _binary(actual, predicted, predictions.probabilities[:, 1], predictions.classes[1])
        section = "binary_classification_metrics"
    else:
        section, content = "multiclass_classification_metrics", _multiclass(actual, predicted)
    return as_json(
        {
            "version": 0.0,
            "dataset": {"item_count": len(actual), "evaluation_time": datetime.now(UTC).isoformat()},
            section: content,
        }
    )


def explain(model: FittedModel, rows: pd.DataFrame) -> bytes:
    """Compute global Kernel SHAP values: the mean absolute value of each feature over a sample of rows.

    For regression and binary classification one output (``label0``) is explained: the value, or the probability of
    the positive class; otherwise one for each class. The baseline is a row of medians and most frequent values.

    :return: content of ``analysis.json``.
    """
    import shap

    features = rows[model.features].reset_index(drop=True)
    encoded, decode = _encoded(features)

    def outputs(matrix: np.ndarray) -> np.ndarray:
        predicted = np.asarray(model.predict(decode(matrix)), dtype=float)
        if model.problem_type == "BinaryClassification":
            return predicted[:, 1:]
        return predicted.reshape(len(matrix), -1)

    np.random.seed(0)  # For repeatable reports: the sampling of coalitions cannot be seeded otherwise.
    explainer = shap.KernelExplainer(outputs, _baseline(features, encoded))
    coalitions = 2 * len(model.features) + _COALITIONS
    values = explainer.shap_values(encoded[:_EXPLAINED_ROWS], nsamples=coalitions, l1_reg=0, silent=True)
    importance = np.abs(values).mean(axis=0)
    return as_json(
        {
            "version": "1.0",
            "explanations": {
                "kernel_shap": {
                    f"label{position}": {
                        "global_shap_values": dict(
                            zip(features.columns, map(float, importance[:, position]), strict=True)
                        ),
                        "expected_value": float(explainer.expected_value[position]),
                    }
                    for position in range(importance.shape[1])
                }
            },
        }
    )


def _encoded(features: pd.DataFrame) -> tuple[np.ndarray, Callable[[np.ndarray], pd.DataFrame]]:
    """Encode all columns as numbers, as Kernel SHAP requires; also return the decoder."""
    levels: dict[str, pd.Index] = {}
    columns = []
    for name, column in features.items():
        if _is_number(column):
            columns.append(column.to_numpy(dtype=float))
        else:
            codes, levels[name] = pd.factorize(column, use_na_sentinel=False)
            columns.append(codes.astype(float))

    def decode(matrix: np.ndarray) -> pd.DataFrame:
        table = pd.DataFrame(matrix, columns=features.columns)
        for name, values in levels.items():
            table[name] = values.take(table[name].astype(int))
        return table

    return np.column_stack(columns), decode


def _baseline(features: pd.DataFrame, encoded: np.ndarray) -> np.ndarray:
    typical = [
        np.nanmedian(values) if _is_number(features[name]) else pd.Series(values).mode()[0]
        for name, values in zip(features.columns, encoded.T, strict=True)
    ]
    return np.array([typical])


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def _regression(actual: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    scores: dict[str, _Score] = {
        "mae": metrics.mean_absolute_error,
        "mse": metrics.mean_squared_error,
        "rmse": metrics.root_mean_squared_error,
        "r2": metrics.r2_score,
    }
    return _scalars(scores, actual, predicted)


def _binary(actual: np.ndarray, predicted: np.ndarray, probability: np.ndarray, positive: Any) -> dict[str, Any]:
    is_positive = actual == positive
    said_positive = predicted == positive
    scores: dict[str, _Score] = {
        "recall": partial(metrics.recall_score, zero_division=0),
        "precision": partial(metrics.precision_score, zero_division=0),
        "accuracy": metrics.accuracy_score,
        **{
            f"f{str(beta).replace('.', '_')}": partial(metrics.fbeta_score, beta=beta, zero_division=0)
            for beta in (0.5, 1, 2)
        },
    }
    rates: dict[str, _Score] = {
        "true_positive_rate": partial(metrics.recall_score, zero_division=0),
        "true_negative_rate": partial(metrics.recall_score, pos_label=False, zero_division=0),
        "false_positive_rate": lambda a, p: 1 - metrics.recall_score(a, p, pos_label=False, zero_division=1),
        "false_negative_rate": lambda a, p: 1 - metrics.recall_score(a, p, zero_division=1),
    }
    return {
        "confusion_matrix": _confusion(actual, predicted),
        **_with_constant_classifier(scores, is_positive, said_positive),
        **_scalars(rates, is_positive, said_positive),
        **(_curves(is_positive, probability) if len(np.unique(is_positive)) == 2 else {}),
    }


def _curves(is_positive: np.ndarray, probability: np.ndarray) -> dict[str, Any]:
    """What is only defined for rows of both classes."""
    false_positives, true_positives, _ = metrics.roc_curve(is_positive, probability)
    precisions, recalls, _ = metrics.precision_recall_curve(is_positive, probability)
    areas: dict[str, _Score] = {"auc": metrics.roc_auc_score, "au_prc": metrics.average_precision_score}
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": false_positives.tolist(),
            "true_positive_rates": true_positives.tolist(),
        },
        "precision_recall_curve": {"precisions": precisions.tolist(), "recalls": recalls.tolist()},
        **_scalars(areas, is_positive, probability),
    }


def _multiclass(actual: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    weighted: dict[str, Any] = {"average": "weighted", "zero_division": 0}
    scores: dict[str, _Score] = {
        "accuracy": metrics.accuracy_score,
        "weighted_recall": partial(metrics.recall_score, **weighted),
        "weighted_precision": partial(metrics.precision_score, **weighted),
        **{
            f"weighted_f{str(beta).replace('.', '_')}": partial(metrics.fbeta_score, beta=beta, **weighted)
            for beta in (0.5, 1, 2)
        },
    }
    return {
        "confusion_matrix": _confusion(actual, predicted),
        **_with_constant_classifier(scores, *_coded(actual, predicted)[1:]),
    }


def _with_constant_classifier(
    scores: dict[str, _Score], actual: np.ndarray, predicted: np.ndarray
) -> dict[str, dict[str, Any]]:
    """Add to each score that of the best constant classifier, which predicts the most frequent class."""
    values, counts = np.unique(actual, return_counts=True)
    constant = np.full_like(actual, values[counts.argmax()])
    theirs = {f"{name}_best_constant_classifier": score for name, score in scores.items()}
    return _scalars(scores, actual, predicted) | _scalars(theirs, actual, constant)


def _confusion(actual: np.ndarray, predicted: np.ndarray) -> dict[str, dict[str, int]]:
    """Count rows by actual (outer key) and predicted (inner key) label."""
    labels, *codes = _coded(actual, predicted)
    matrix = metrics.confusion_matrix(*codes, labels=range(len(labels)))
    return {
        str(label): {str(other): int(count) for other, count in zip(labels, row, strict=True)}
        for label, row in zip(labels, matrix, strict=True)
    }


def _coded(actual: np.ndarray, predicted: np.ndarray) -> tuple[list[Any], np.ndarray, np.ndarray]:
    """Number the labels, since scikit-learn takes labels such as 0.5 for the values of a regression."""
    labels = sorted(set(actual) | set(predicted))
    codes = {label: code for code, label in enumerate(labels)}
    numbered = [np.array([codes[label] for label in side]) for side in (actual, predicted)]
    return labels, numbered[0], numbered[1]


def _scalars(scores: dict[str, _Score], actual: np.ndarray, predicted: np.ndarray) -> dict[str, dict[str, Any]]:
    """Compute scores, each with its standard deviation; a score that is not defined for these rows is left out."""
    found = {name: float(score(actual, predicted)) for name, score in scores.items()}
    return {
        name: {"value": value, "standard_deviation": _deviation(scores[name], actual, predicted)}
        for name, value in found.items()
        if math.isfinite(value)
    }


def _deviation(score: _Score, actual: np.ndarray, predicted: np.ndarray) -> float | str:
    if len(actual) < _FEWEST_ROWS_FOR_DEVIATION:
        return "NaN"
    generator = np.random.default_rng(0)
    size = round(len(actual) * _SAMPLE_FRACTION)
    samples = [generator.choice(len(actual), size, replace=False) for _ in range(_SAMPLES)]
    deviation = float(np.std([score(actual[sample], predicted[sample]) for sample in samples]))
    return deviation if math.isfinite(deviation) else "NaN"


def as_json(report: Any) -> bytes:
    """Serialize a report; NaN is not allowed because JSON does not support it."""
    return json.dumps(report, allow_nan=False).encode()
