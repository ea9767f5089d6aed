"""The champion, which is the newest approved version of a group, and its recorded metrics.

The metrics are read, not computed: from the metadata that the registration wrote, else from the model card, else from
the model quality report. People edit cards and register versions in other ways, so values that are missing or have
another form are ignored.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, get_args

from airflow_sagemaker_automl.core.card.limits import number
from airflow_sagemaker_automl.core.gate.quality_gate import Champion, DataSet
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.registry.model_package import Metadata, metadata_value, recorded_objective
from airflow_sagemaker_automl.core.registry.model_version import ModelVersion
from airflow_sagemaker_automl.core.values.literals import at, mapping, sequence, text
from airflow_sagemaker_automl.core.values.metric_names import NamedMetric, read_metric, read_objective

_SETS = get_args(DataSet)
_TRAINING_METRIC = re.compile(rf"(?P<metric>.+) \((?P<data_set>{'|'.join(_SETS)})\)")
_JOB_ARN = ":automl-job/"
# Name of a metric in the reports → SageMaker's StandardMetricName. For several classes the reports have weighted means
# and the service's metrics are unweighted, so only the accuracy is the same.
_OF_REPORTS: Mapping[str, Mapping[str, str]] = {
    "binary_classification_metrics": {
        "accuracy": "Accuracy",
        "auc": "AUC",
        "f1": "F1",
        "precision": "Precision",
        "recall": "Recall",
    },
    "multiclass_classification_metrics": {"accuracy": "Accuracy"},
    "regression_metrics": {"mae": "MAE", "mse": "MSE", "r2": "R2", "rmse": "RMSE"},
}
# The service's documents say validation data for text and images, and only "evaluation dataset" for tables: rows that
# were not used to train the model, but to choose it.
_OF_REPORTS_DATA = "Validation"
# A card may have rounded values.
_ROUNDED = 1e-6


def is_same_model(described: Mapping[str, Any], job: AutoMLJob, candidate: Candidate) -> bool:
    """Tell whether a version is this candidate, registered before.

    :param described: the answer of ``DescribeModelPackage``.
    """
    metadata = mapping(described.get("CustomerMetadataProperties"))
    names = metadata.get(Metadata.AUTOML_JOB_NAME.value), metadata.get(Metadata.CANDIDATE_NAME.value)
    # Jobs of two accounts can have the same name, and their models can be in the same group.
    made_by = text(at(described, "MetadataProperties", "GeneratedBy"))
    is_another_job = made_by is not None and _JOB_ARN in made_by and made_by != job.arn
    return names == (metadata_value(job.name), metadata_value(candidate.name)) and not is_another_job


def read_champion(described: Mapping[str, Any]) -> Champion:
    """Read the recorded metrics of a version: the objective from its metadata, the others from its card.

    :param described: the answer of ``DescribeModelPackage`` for a version of a group.
    """
    version, card = ModelVersion.from_description(described), _card(described)
    recorded = recorded_objective(mapping(described.get("CustomerMetadataProperties")))
    objective = recorded or _objective_of(card)
    figures: dict[str, dict[str, float]] = {}
    if recorded and version.objective_value is not None:
        figures[recorded.data_set or "Validation"] = {recorded.metric: version.objective_value}
    contradicted: dict[str, dict[str, float]] = {}
    of_metadata = {data_set: dict(metrics) for data_set, metrics in figures.items()}
    for data_set, name, given in [*_of_evaluations(card), *_of_training(card)]:
        value, metric = number(given), read_metric(name).metric
        if value is None:
            continue
        known = of_metadata.get(data_set, {}).get(metric)
        if known is not None and not math.isclose(known, value, rel_tol=_ROUNDED):
            contradicted.setdefault(data_set, {}).setdefault(metric, value)
        figures.setdefault(data_set, {}).setdefault(metric, value)
    return Champion(
        model_package_arn=version.model_package_arn,
        objective=objective.metric if objective else None,
        objective_type=objective.direction if objective else None,
        figures=figures,
        contradicted=contradicted,
    )


def report_of(described: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the location of a version's model quality report.

    :return: S3 prefix and file name; None if the version names no report.
    """
    uri = text(at(described, "ModelMetrics", "ModelQuality", "Statistics", "S3Uri"))
    prefix, _, file = (uri or "").rpartition("/")
    return (prefix, file) if re.match(r"s3://[^/]+", prefix) and file else None


def with_report(champion: Champion, report: Any) -> Champion:
    """Add the metrics of a model quality report; recorded values take precedence.

    :param report: the parsed JSON, of any form.
    """
    found = {
        metric: value
        for section, names in _OF_REPORTS.items()
        for name, metric in names.items()
        if (value := number(at(report, section, name, "value"))) is not None
    }
    figures = {**found, **champion.figures.get(_OF_REPORTS_DATA, {})}
    return replace(champion, figures={**champion.figures, _OF_REPORTS_DATA: figures})


def _card(described: Mapping[str, Any]) -> Mapping[str, Any]:
    content = at(described, "ModelCard", "ModelCardContent")
    try:
        return mapping(json.loads(content)) if isinstance(content, str) else {}
    except (ValueError, RecursionError):
        return {}


def _of_evaluations(card: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield data set, metric and value. The last evaluation of the name wins: an author's may have the same name."""
    from airflow_sagemaker_automl.core.card.size import CANDIDATE_METRICS

    for evaluation in reversed(sequence(card.get("evaluation_details"))):
        if mapping(evaluation).get("name") != CANDIDATE_METRICS:
            continue
        for group in map(mapping, sequence(evaluation.get("metric_groups"))):
            data_set = (text(group.get("name")) or "").removesuffix(" data")
            for metric in map(mapping, sequence(group.get("metric_data"))):
                if data_set in _SETS and (name := text(metric.get("name"))):
                    yield data_set, name, metric.get("value")


def _of_training(card: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield the metrics of the training details, which remain when a card is too long for its evaluations."""
    for entry in map(mapping, sequence(at(card, "training_details", "training_job_details", "training_metrics"))):
        match = _TRAINING_METRIC.fullmatch(text(entry.get("name")) or "")
        if match:
            yield match["data_set"], match["metric"], entry.get("value")


def _objective_of(card: Mapping[str, Any]) -> NamedMetric | None:
    function = mapping(at(card, "training_details", "objective_function", "function"))
    facet, direction = text(function.get("facet")), text(function.get("function"))
    if facet is None:
        return None
    # People edit cards: a metric's known direction takes precedence over the one on the card.
    read = read_metric(facet)
    return read if read.direction else read_objective({"MetricName": facet, "Type": direction})
