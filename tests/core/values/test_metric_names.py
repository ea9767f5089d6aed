"""Every metric name of the service or its tuning jobs is recognized, with its direction."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import given, strategies as st

from airflow_sagemaker_automl.core.rules import tabular
from airflow_sagemaker_automl.core.values.metric_names import (
    OF_PROBLEM_TYPE,
    STANDARD_METRICS,
    NamedMetric,
    read_metric,
    read_objective,
)
from demo.sandbox import REPOSITORY

MINIMISED = {
    *("AverageWeightedQuantileLoss", "InferenceLatency", "LogLoss", "MAE", "MAPE", "MASE", "MSE", "Perplexity"),
    *("RMSE", "TrainingLoss", "ValidationLoss", "WAPE"),
}
# Names from the developer guide's pages xgboost-tuning and linear-learner-tuning, and from XGBoost's container.
TUNED = {
    "validation:mse": ("MSE", "Minimize"),
    "validation:rmse": ("RMSE", "Minimize"),
    "validation:mae": ("MAE", "Minimize"),
    "validation:r2": ("R2", "Maximize"),
    "validation:auc": ("AUC", "Maximize"),
    "validation:aucpr": ("aucpr", "Maximize"),
    "validation:f1": ("F1", "Maximize"),
    "validation:f1_binary": ("F1", "Maximize"),
    "validation:f1_macro": ("F1macro", "Maximize"),
    "validation:accuracy": ("Accuracy", "Maximize"),
    "validation:balanced_accuracy": ("BalancedAccuracy", "Maximize"),
    "validation:logloss": ("LogLoss", "Minimize"),
    "validation:mlogloss": ("LogLoss", "Minimize"),
    "validation:error": ("error", "Minimize"),
    "validation:merror": ("merror", "Minimize"),
    "validation:map": ("map", "Maximize"),
    "validation:ndcg": ("ndcg", "Maximize"),
    "validation:precision": ("Precision", "Maximize"),
    "validation:precision_macro": ("PrecisionMacro", "Maximize"),
    "validation:precision_micro": ("precision_micro", "Maximize"),
    "validation:recall": ("Recall", "Maximize"),
    "validation:recall_macro": ("RecallMacro", "Maximize"),
    "validation:recall_micro": ("recall_micro", "Maximize"),
    "validation:rmsle": ("rmsle", "Minimize"),
    "validation:absolute_loss": ("MAE", "Minimize"),
    "validation:binary_classification_accuracy": ("Accuracy", "Maximize"),
    "validation:binary_f_beta": ("F1", "Maximize"),
    "validation:dcg": ("dcg", "Maximize"),
    "validation:macro_f_beta": ("F1macro", "Maximize"),
    "validation:macro_precision": ("PrecisionMacro", "Maximize"),
    "validation:macro_recall": ("RecallMacro", "Maximize"),
    "validation:multiclass_accuracy": ("Accuracy", "Maximize"),
    "validation:multiclass_top_k_accuracy": ("multiclass_top_k_accuracy", "Maximize"),
    "validation:objective_loss": ("objective_loss", "Minimize"),
    "validation:objective_loss:final": ("objective_loss", "Minimize"),
    "validation:roc_auc_score": ("AUC", "Maximize"),
}


@pytest.mark.parametrize(("written", "read"), TUNED.items())
def test_the_names_of_tuning_jobs_are_read(written: str, read: tuple[str, str]) -> None:
    """As the equivalent standard metric, with its direction and its data set."""
    assert read_metric(written) == (*read, "Validation")
    assert read_metric(written.replace("validation:", "train:")).data_set == "Train"
    assert read_metric(written.replace("validation:", "test:")).data_set == "Test"
    assert read_objective({"MetricName": written, "Value": 1.0}) == read_metric(written)


@pytest.mark.parametrize("metric", STANDARD_METRICS)
def test_every_standard_metric_has_its_direction(metric: str) -> None:
    """Also in spellings with other capitalization or punctuation."""
    expected = NamedMetric(metric, "Minimize" if metric in MINIMISED else "Maximize", None)
    for written in (metric, metric.lower(), re.sub(r"(?<=[a-z])(?=[A-Z])", "_", metric)):
        assert read_metric(written) == expected


def test_every_metric_of_the_service_is_known() -> None:
    """botocore's enumeration has no unknown metric; each objective of a tabular job is a metric in the table."""
    shape = get_session().get_service_model("sagemaker").shape_for("AutoMLMetricExtendedEnum")
    assert set(STANDARD_METRICS) == set(shape.enum)  # type: ignore[attr-defined]
    for problem_type, objectives in tabular.OBJECTIVES.items():
        assert set(objectives) < set(OF_PROBLEM_TYPE[problem_type])


@pytest.mark.parametrize(
    ("answer", "of_job", "expected"),
    [
        ({"StandardMetricName": "F1", "MetricName": "validation:accuracy"}, "AUC", ("F1", "Maximize", None)),
        ({"StandardMetricName": "Novel", "MetricName": "MSE"}, "MSE", ("Novel", None, None)),
        ({"MetricName": "MSE", "Type": "Minimize"}, None, ("MSE", "Minimize", None)),
        ({"MetricName": "novel", "Type": "Minimize"}, None, ("novel", "Minimize", None)),
        ({"MetricName": "validation:novel", "Type": "Minimize"}, "MSE", ("MSE", "Minimize", "Validation")),
        ({"MetricName": "validation:novel", "Type": "Minimize"}, "AUC", ("validation:novel", "Minimize", "Validation")),
        ({"MetricName": "ObjectiveMetric"}, "MSE", ("MSE", "Minimize", None)),
        ({"MetricName": "ObjectiveMetric"}, None, ("ObjectiveMetric", None, None)),
        ({"MetricName": "validation:f1"}, "F1macro", ("F1macro", "Maximize", "Validation")),
        ({"MetricName": "validation:precision"}, "PrecisionMacro", ("PrecisionMacro", "Maximize", "Validation")),
        ({"MetricName": "validation:f1"}, "AUC", ("F1", "Maximize", "Validation")),
        ({"MetricName": "validation:rmse"}, "MSE", ("RMSE", "Minimize", "Validation")),
        ({"MetricName": "validation:objective_loss"}, "F1", ("objective_loss", "Minimize", "Validation")),
        ({"MetricName": "validation:mse", "Type": "Sideways"}, None, ("MSE", "Minimize", "Validation")),
        ({"Type": "Minimize"}, "MSE", ("MSE", "Minimize", None)),
        (None, "MSE", ("MSE", "Minimize", None)),
        (None, "Novel", ("Novel", None, None)),
        ({"Value": 1}, None, None),
        (None, None, None),
    ],
)
def test_name_and_direction_come_from_the_first_that_tells(answer: Any, of_job: str | None, expected: Any) -> None:
    """In this order: the service's answer, the job's objective, the table; a metric is never renamed to another one."""
    assert read_objective(answer, of_job) == expected


@given(st.text())
def test_any_name_is_read(written: str) -> None:
    """Any name gives a result that gives itself when read again, in the same direction."""
    read = read_metric(written)
    again = read_metric(read.metric)
    assert (again.metric, again.direction) == (read.metric, read.direction)
    assert read.direction is not None or read.metric == written


def test_the_table_of_the_documentation_is_that_of_the_package() -> None:
    """Each problem type with its metrics, and the direction of each."""
    page = (REPOSITORY / "docs" / "how-to" / "judge.md").read_text()
    rows = re.findall(r"^\| (\w+) \| (.+) \| (.+) \|$", page, flags=re.MULTILINE)
    told = {name: [set(re.findall(r"`(\w+)`", cell)) for cell in cells] for name, *cells in rows}
    known = {
        name: [{metric for metric in metrics if (metric in MINIMISED) is minimised} for minimised in (False, True)]
        for name, metrics in OF_PROBLEM_TYPE.items()
    }
    assert {name: told.get(name) for name in known} == known
