"""Scores a model's predictions with the metrics of its problem type."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd
from sklearn import metrics

from airflow_sagemaker_automl.emulator.trainer.metrics import (
    MINIMISED,
    PROBLEM_TYPES,
    STANDARD_NAME_ONLY,
    name_in_tuning_job,
)


class FittedModel(Protocol):
    """A trained tabular model, from any trainer."""

    @property
    def name(self) -> str:
        """Its name among the job's models."""

    @property
    def problem_type(self) -> str:
        """As in ``ProblemType`` of the API."""

    @property
    def label(self) -> str:
        """Name of the target column."""

    @property
    def features(self) -> list[str]:
        """Columns that it needs for a prediction."""

    @property
    def classes(self) -> list[Any]:
        """Values of the target, the negative class first; empty for regression."""

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Predict values, or the probability of each class in the order of ``classes``."""


@dataclass(frozen=True)
class Predictions:
    """A model's predictions for labelled rows.

    :param actual: the labels.
    :param predicted: the predicted values or classes.
    :param probabilities: rows × classes; None for regression.
    """

    problem_type: str
    classes: list[Any]
    actual: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray | None

    @classmethod
    def of(cls, model: FittedModel, rows: pd.DataFrame) -> Predictions:
        actual, output = rows[model.label].to_numpy(), model.predict(rows)
        if model.problem_type == "Regression":
            return cls(model.problem_type, [], actual, output, None)
        # pandas keeps the types of the labels as in the data.
        classes = pd.Series(model.classes).to_numpy()
        if model.problem_type == "BinaryClassification":
            # As in AutoGluon, a tie is negative.
            chosen = classes[(output[:, 1] > 0.5).astype(int)]
        else:
            chosen = classes[output.argmax(axis=1)]
        return cls(model.problem_type, model.classes, actual, chosen, output)

    def scores(self, weights: np.ndarray | None = None) -> dict[str, float]:
        """Compute all metrics that are defined for these rows.

        :param weights: weight of each row; None for equal weights.
        """
        if self.problem_type == "Regression":
            pair, functions = (self.actual, self.predicted), _REGRESSION
        elif self.problem_type == "BinaryClassification":
            pair, functions = (self.actual == self.classes[1], self.predicted == self.classes[1]), _BINARY
        else:
            codes = {value: code for code, value in enumerate(self.classes)}
            # A class that is missing in the training data is an additional class.
            pair = tuple(  # type: ignore[assignment]  # Of two sides, as above.
                np.array([codes.get(value, len(codes)) for value in side]) for side in (self.actual, self.predicted)
            )
            functions = _MULTICLASS
        found = {name: float(score(*pair, sample_weight=weights)) for name, score in functions.items()}
        found |= self._of_probabilities(pair[0], weights)
        return {name: found[name] for name in PROBLEM_TYPES[self.problem_type].metrics if _is_finite(found.get(name))}

    def _of_probabilities(self, actual: np.ndarray, weights: np.ndarray | None) -> dict[str, float]:
        if self.probabilities is None:
            return {}
        known = range(len(self.classes))
        found = {}
        if np.isin(actual.astype(int), known).all():
            found["LogLoss"] = metrics.log_loss(
                actual.astype(int), self.probabilities, labels=list(known), sample_weight=weights
            )
        if self.problem_type == "BinaryClassification" and len(np.unique(actual)) == 2:
            found["AUC"] = metrics.roc_auc_score(actual, self.probabilities[:, 1], sample_weight=weights)
        return {name: float(value) for name, value in found.items()}


def metric_data(scores: dict[str, float], part: str) -> list[dict[str, Any]]:
    """Convert scores to the API's ``MetricDatum``.

    :param part: ``Train``, ``Validation`` or ``Test``.
    """
    return [
        {
            **({} if name in STANDARD_NAME_ONLY else {"MetricName": name}),
            "StandardMetricName": name,
            "Value": value,
            "Set": part,
        }
        for name, value in scores.items()
    ]


def objective(metric: str, value: float) -> dict[str, Any]:
    """Convert a score to the API's ``FinalAutoMLJobObjectiveMetric``."""
    direction = "Minimize" if metric in MINIMISED else "Maximize"
    return {"Type": direction, "MetricName": metric, "StandardMetricName": metric, "Value": value}


def tuned_objective(algorithm: str, problem_type: str, metric: str, value: float) -> dict[str, Any]:
    """Convert a score to ``FinalAutoMLJobObjectiveMetric`` as tuning mode answers it: without direction.

    :param algorithm: as in ``AutoMLAlgorithms`` of the API.
    """
    return {"MetricName": f"validation:{name_in_tuning_job(algorithm, problem_type, metric)}", "Value": value}


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


_REGRESSION: dict[str, Callable[..., Any]] = {
    "MSE": metrics.mean_squared_error,
    "RMSE": metrics.root_mean_squared_error,
    "MAE": metrics.mean_absolute_error,
    "R2": metrics.r2_score,
}
_BINARY: dict[str, Callable[..., Any]] = {
    "F1": partial(metrics.f1_score, zero_division=0),
    "Accuracy": metrics.accuracy_score,
    "BalancedAccuracy": metrics.balanced_accuracy_score,
    "Precision": partial(metrics.precision_score, zero_division=0),
    "Recall": partial(metrics.recall_score, zero_division=0),
}
_MULTICLASS: dict[str, Callable[..., Any]] = {
    "Accuracy": metrics.accuracy_score,
    "BalancedAccuracy": metrics.balanced_accuracy_score,
    "F1macro": partial(metrics.f1_score, average="macro", zero_division=0),
    "PrecisionMacro": partial(metrics.precision_score, average="macro", zero_division=0),
    "RecallMacro": partial(metrics.recall_score, average="macro", zero_division=0),
}
