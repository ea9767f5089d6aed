"""The metrics of AutoML jobs: their names, which direction is better, and which problem types have them.

Jobs in mode ``HYPERPARAMETER_TUNING`` name their objective as their tuning job does, for example ``validation:mse``,
without ``StandardMetricName`` and ``Type``. The tables below map these names to standard metrics.

Sources: botocore's ``AutoMLMetricExtendedEnum``;
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLJobObjective.html (the metrics of each problem
type); https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost-tuning.html and ``xgb_constants.py`` of
https://github.com/aws/sagemaker-xgboost-container (names and directions of XGBoost);
https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html (those of the linear learner);
https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-llms-finetuning-metrics.html (those of text generation).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from airflow_sagemaker_automl.core.values.literals import at, mapping, text

MINIMIZE: Final = "Minimize"
MAXIMIZE: Final = "Maximize"
DIRECTIONS = (MAXIMIZE, MINIMIZE)

# Metrics by problem type; text and image classification have those of multiclass classification.
OF_PROBLEM_TYPE: Mapping[str, tuple[str, ...]] = {
    "Regression": ("MAE", "MSE", "R2", "RMSE", "InferenceLatency"),
    "BinaryClassification": (
        *("Accuracy", "AUC", "BalancedAccuracy", "F1", "LogLoss", "Precision", "Recall", "InferenceLatency"),
    ),
    "MulticlassClassification": (
        *("Accuracy", "BalancedAccuracy", "F1macro", "LogLoss", "PrecisionMacro", "RecallMacro", "InferenceLatency"),
    ),
    "TextClassification": (
        *("Accuracy", "BalancedAccuracy", "F1macro", "LogLoss", "PrecisionMacro", "RecallMacro", "InferenceLatency"),
    ),
    "ImageClassification": (
        *("Accuracy", "BalancedAccuracy", "F1macro", "LogLoss", "PrecisionMacro", "RecallMacro", "InferenceLatency"),
    ),
    "TimeSeriesForecasting": ("AverageWeightedQuantileLoss", "MAPE", "MASE", "RMSE", "WAPE", "InferenceLatency"),
    "TextGeneration": (
        *("Perplexity", "Rouge1", "Rouge2", "RougeL", "RougeLSum", "TrainingLoss", "ValidationLoss"),
        "InferenceLatency",
    ),
}
_TABULAR = "Tabular"
_OF_TABLES = ("Regression", "BinaryClassification", "MulticlassClassification")
_MINIMISED = frozenset(
    {"AverageWeightedQuantileLoss", "InferenceLatency", "LogLoss", "MAE", "MAPE", "MASE", "MSE", "Perplexity", "RMSE"}
    | {"TrainingLoss", "ValidationLoss", "WAPE"}
)
STANDARD_METRICS = tuple(dict.fromkeys(metric for metrics in OF_PROBLEM_TYPE.values() for metric in metrics))

# Names that tuning jobs use for standard metrics, except those that differ only in capitals and punctuation.
_OTHER_NAMES = {
    "absolute_loss": "MAE",
    "average_wql": "AverageWeightedQuantileLoss",
    "binary_classification_accuracy": "Accuracy",
    "binary_f_beta": "F1",
    "f1_binary": "F1",
    "macro_f_beta": "F1macro",
    "macro_precision": "PrecisionMacro",
    "macro_recall": "RecallMacro",
    "mean_wquantileloss": "AverageWeightedQuantileLoss",
    "mlogloss": "LogLoss",
    "multiclass_accuracy": "Accuracy",
    "roc_auc_score": "AUC",
}
# Objectives of tuning jobs that are not standard metrics. XGBoost's interval-regression-accuracy is left out: its
# container minimises it, although a higher accuracy is better.
_OF_TUNING_JOBS = {
    **dict.fromkeys(
        ("aucpr", "dcg", "map", "multiclass_top_k_accuracy", "ndcg", "precision_micro", "recall_micro"), MAXIMIZE
    ),
    **dict.fromkeys(("aft-nloglik", "cox-nloglik", "error", "gamma-deviance", "gamma-nloglik", "merror"), MINIMIZE),
    **dict.fromkeys(("mphe", "objective_loss", "poisson-nloglik", "rmsle", "tweedie-nloglik", "wQL"), MINIMIZE),
}
METRICS = (*STANDARD_METRICS, *_OF_TUNING_JOBS)
# XGBoost's containers compute these for two classes or as a mean over classes, depending on version and problem.
_OF_EITHER = {"F1": "F1macro", "Precision": "PrecisionMacro", "Recall": "RecallMacro"}
_WRITTEN = re.compile(r"(?:(?P<data_set>train|validation|test):)?(?P<metric>.+?)(?::final)?")
_DATA_SETS = {"train": "Train", "validation": "Validation", "test": "Test"}


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


_KNOWN = {_bare(name): name for name in METRICS} | {_bare(name): metric for name, metric in _OTHER_NAMES.items()}


class NamedMetric(NamedTuple):
    """A metric, read from a name.

    :param metric: the standard name, else the tuning job's name, else the given name.
    :param direction: ``Minimize`` or ``Maximize``; None if unknown.
    :param data_set: ``Train``, ``Validation`` or ``Test``; None if the name does not say.
    """

    metric: str
    direction: str | None
    data_set: str | None

    @property
    def is_known(self) -> bool:
        """Whether this package knows the metric."""
        return self.metric in METRICS


def read_metric(written: str) -> NamedMetric:
    """Read the name of a metric in any spelling, for example ``MSE``, ``validation:mse`` or ``log_loss``."""
    match = _WRITTEN.fullmatch(written)
    if match is None:
        return NamedMetric(written, None, None)
    data_set = _DATA_SETS.get(match["data_set"] or "")
    metric = _KNOWN.get(_bare(match["metric"]))
    if metric is None:
        return NamedMetric(written, None, data_set)
    direction = _OF_TUNING_JOBS.get(metric) or (MINIMIZE if metric in _MINIMISED else MAXIMIZE)
    return NamedMetric(metric, direction, data_set)


def same_metric(one: str, other: str) -> bool:
    """Tell whether two names mean the same metric; the prefixes of unknown metrics may differ."""
    first, second = (_WRITTEN.fullmatch(read_metric(name).metric) for name in (one, other))
    return one == other or bool(first and second and _bare(first["metric"]) == _bare(second["metric"]))


def read_objective(named: Any, asked_for: str | None = None) -> NamedMetric | None:
    """Decide the name and the direction of an objective; no other code does.

    ``StandardMetricName`` and ``Type`` of the response take precedence, then the objective of the job, then the table
    of names. A known name of another metric is kept: a tuning job whose objective is MSE may report
    ``validation:rmse``, and one whose objective is F1 a loss.

    :param named: members ``StandardMetricName``, ``MetricName`` and ``Type``, all optional.
    :param asked_for: name of the job's objective. Default: unknown.
    :return: None if there is no name; the direction is None if it is unknown.
    """
    standard, name, given = (text(mapping(named).get(key)) for key in ("StandardMetricName", "MetricName", "Type"))
    direction = given if given in DIRECTIONS else None
    of_job = read_metric(asked_for) if asked_for else None
    written = standard or name
    if written is None:
        return of_job
    read = read_metric(written)
    if of_job and not standard and _is_of_job(read, of_job, direction):
        read = of_job._replace(data_set=read.data_set)
    return read._replace(direction=direction or read.direction)


def _is_of_job(read: NamedMetric, of_job: NamedMetric, direction: str | None) -> bool:
    if read.is_known:
        return _OF_EITHER.get(read.metric) == of_job.metric
    return direction is None or of_job.direction in (None, direction)


def problem_type_of(request: Any) -> str | None:
    """Read the problem type from a request, as ``OF_PROBLEM_TYPE`` names it.

    :param request: arguments of ``CreateAutoMLJobV2``, in which templates are ``UNRESOLVED``.
    :return: ``Tabular`` if it is unknown which of the three tabular types it is; None if the type is unknown.
    """
    config = at(request, "AutoMLProblemTypeConfig")
    keys = list(config) if isinstance(config, Mapping) else []
    if len(keys) != 1 or not isinstance(keys[0], str):
        return None
    kind = keys[0].removesuffix("JobConfig")
    found = text(at(config, keys[0], "ProblemType")) if kind == _TABULAR else None
    kind = found if found in _OF_TABLES else kind
    return kind if kind == _TABULAR or kind in OF_PROBLEM_TYPE else None


def metrics_of(problem_type: str | None) -> tuple[str, ...]:
    """List the metrics that candidates of a problem type can have; all metrics if the type is unknown.

    :param problem_type: as :func:`problem_type_of` returns it.
    """
    if problem_type == _TABULAR:
        return tuple(dict.fromkeys(metric for kind in _OF_TABLES for metric in OF_PROBLEM_TYPE[kind]))
    return OF_PROBLEM_TYPE.get(problem_type or "", METRICS)
