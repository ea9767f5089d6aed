"""Names of metrics: SageMaker's and AutoGluon's.

The metrics of each problem type are those of
https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-metrics-validation.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/timeseries-objective-metric.html
"""

from __future__ import annotations

from typing import NamedTuple


class ProblemType(NamedTuple):
    """One of the three tabular problem types.

    :param autogluon: AutoGluon's name for it.
    :param default_metric: default objective.
    :param metrics: SageMaker's metric name → AutoGluon's.
    """

    autogluon: str
    default_metric: str
    metrics: dict[str, str]


PROBLEM_TYPES = {
    "BinaryClassification": ProblemType(
        "binary",
        "F1",
        {
            "F1": "f1",
            "Accuracy": "accuracy",
            "BalancedAccuracy": "balanced_accuracy",
            "AUC": "roc_auc",
            "Precision": "precision",
            "Recall": "recall",
            "LogLoss": "log_loss",
        },
    ),
    "MulticlassClassification": ProblemType(
        "multiclass",
        "Accuracy",
        {
            "Accuracy": "accuracy",
            "BalancedAccuracy": "balanced_accuracy",
            "F1macro": "f1_macro",
            "PrecisionMacro": "precision_macro",
            "RecallMacro": "recall_macro",
            "LogLoss": "log_loss",
        },
    ),
    "Regression": ProblemType(
        "regression",
        "MSE",
        {
            "MSE": "mean_squared_error",
            "RMSE": "root_mean_squared_error",
            "MAE": "mean_absolute_error",
            "R2": "r2",
        },
    ),
}

# Reported for every candidate, but not valid as an objective: the service has it only in StandardMetricName.
STANDARD_NAME_ONLY = frozenset({"LogLoss"})

TIME_SERIES_METRICS = ("AverageWeightedQuantileLoss", "WAPE", "MAPE", "RMSE", "MASE")

MINIMISED = frozenset({"LogLoss", "MSE", "RMSE", "MAE", *TIME_SERIES_METRICS})
