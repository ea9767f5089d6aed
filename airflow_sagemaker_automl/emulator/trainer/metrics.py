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

# Names of objectives in tuning jobs; R2 and BalancedAccuracy are not among the linear learner's documented metrics, and
# what its jobs answer for them is unknown: they have XGBoost's name here.
# https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost-tuning.html
# https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html
_IN_XGBOOST = {
    "MSE": "mse",
    "RMSE": "rmse",
    "MAE": "mae",
    "R2": "r2",
    "F1": "f1_binary",
    "F1macro": "f1_macro",
    "Accuracy": "accuracy",
    "BalancedAccuracy": "balanced_accuracy",
    "AUC": "auc",
    "Precision": "precision",
    "PrecisionMacro": "precision_macro",
    "Recall": "recall",
    "RecallMacro": "recall_macro",
}
_IN_LINEAR_LEARNER = {
    "MAE": "absolute_loss",
    "F1": "binary_f_beta",
    "F1macro": "macro_f_beta",
    "AUC": "roc_auc_score",
    "PrecisionMacro": "macro_precision",
    "RecallMacro": "macro_recall",
}
_ACCURACY_IN_LINEAR_LEARNER = {
    "BinaryClassification": "binary_classification_accuracy",
    "MulticlassClassification": "multiclass_accuracy",
}

MINIMISED = frozenset({"LogLoss", "MSE", "RMSE", "MAE", *TIME_SERIES_METRICS})


def name_in_tuning_job(algorithm: str, problem_type: str, metric: str) -> str:
    """Find the name that a tuning job's algorithm has for an objective, for example ``f1_binary``.

    :param algorithm: ``xgboost`` or ``linear-learner``.
    """
    names = dict(_IN_XGBOOST)
    if algorithm == "linear-learner":
        names |= _IN_LINEAR_LEARNER
        names["Accuracy"] = _ACCURACY_IN_LINEAR_LEARNER.get(problem_type, names["Accuracy"])
    return names[metric]
