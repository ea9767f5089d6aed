"""The metrics of AutoML jobs: how each is written, which direction is better, and which problem types have it.

Jobs in mode ``HYPERPARAMETER_TUNING`` name their objective as their tuning job does, for example ``validation:mse``,
and give neither ``StandardMetricName`` nor ``Type``. The tables below say which standard metric that is.

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

from airflow_sagemaker_automl.core.literals import at, mapping, text

MINIMIZE: Final = "Minimize"
MAXIMIZE: Final = "Maximize"
DIRECTIONS = (MAXIMIZE, MINIMIZE)

# The figures that a candidate of each problem type may have; of text and images they are those of several classes.
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

# What tuning jobs call a standard metric, apart from spellings that differ in capitals and signs only.
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
# What tuning jobs optimise that is no standard metric. XGBoost's interval-regression-accuracy is not here: its
# container minimises it, and a share of right answers is better the larger it is.
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
    """A metric as somebody has named it.

    :param metric: the standard name, else that of the tuning job, else the name as it is written.
    :param direction: ``Minimize`` or ``Maximize``; None where it is not known.
    :param data_set: ``Train``, ``Validation`` or ``Test``; None where the name does not say.
    """

    metric: str
    direction: str | None
    data_set: str | None

    @property
    def is_known(self) -> bool:
        """Whether the tables have it."""
        return self.metric in METRICS


def read_metric(written: str) -> NamedMetric:
    """Read the name of a metric, in whatever way it is written: ``MSE``, ``validation:mse``, ``log_loss``."""
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
    """Tell whether two names are of one metric; of metrics that are not known, the prefix may differ."""
    first, second = (_WRITTEN.fullmatch(read_metric(name).metric) for name in (one, other))
    return one == other or bool(first and second and _bare(first["metric"]) == _bare(second["metric"]))


def read_objective(named: Any, asked_for: str | None = None) -> NamedMetric | None:
    """Decide what an objective is called and which direction is better: this is the only place that does.

    ``StandardMetricName`` and ``Type`` of the answer come first, then the objective of the job, then the table of
    names. A name that the table knows as another metric than the job's objective stays what it is: a tuning job
    whose objective is MSE may report ``validation:rmse``, and one whose objective is F1 a loss.

    :param named: members ``StandardMetricName``, ``MetricName`` and ``Type``, as far as they are there.
    :param asked_for: name of the job's objective, where it is known.
    :return: None where nothing names it; what stays unknown has the direction None.
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
    """Read the problem type off a request, as ``OF_PROBLEM_TYPE`` names it.

    :param request: arguments of ``CreateAutoMLJobV2``, in which templates are ``UNRESOLVED``.
    :return: ``Tabular`` where it is one of the three and not known which; None where nothing is known.
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
    """List the metrics that candidates of a problem type may have; all where the type is not known.

    :param problem_type: as :func:`problem_type_of` gives it.
    """
    if problem_type == _TABULAR:
        return tuple(dict.fromkeys(metric for kind in _OF_TABLES for metric in OF_PROBLEM_TYPE[kind]))
    return OF_PROBLEM_TYPE.get(problem_type or "", METRICS)
