"""A job, its candidates and its reports, small and in the service's format, and cards built from them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema

import airflow_sagemaker_automl.core.card
from airflow_sagemaker_automl.core.card.model_card import build_model_card
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.values.canonical import compact
from airflow_sagemaker_automl.core.values.evidence import Provenance, Report
from tests.core.jobs.test_candidate import described as candidate_described, objective
from tests.core.jobs.test_job import described as job_described

SCHEMA = json.loads((Path(airflow_sagemaker_automl.core.card.__file__).parent / "model_card.schema.json").read_text())
CONTAINER = {"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"A": "1"}}
CANDIDATE = candidate_described(
    "job-lightgbm",
    InferenceContainers=[CONTAINER],
    CandidateProperties={
        "CandidateMetrics": [
            {"StandardMetricName": "F1", "Value": 0.96, "Set": "Validation"},
            {"StandardMetricName": "F1", "Value": 0.92, "Set": "Test"},
        ]
    },
    **objective(0.96),
)
OTHER = candidate_described("job-forest", **objective(0.91))
JOB: dict[str, Any] = job_described(
    AutoMLJobStatus="Completed",
    BestCandidate=CANDIDATE,
    AutoMLJobInputDataConfig=[
        {"DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/train/"}}},
        {"ChannelType": "validation", "DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/validation/"}}},
    ],
    AutoMLProblemTypeConfig={
        "TabularJobConfig": {
            "TargetAttributeName": "churned",
            "Mode": "ENSEMBLING",
            "GenerateCandidateDefinitionsOnly": False,
            "CompletionCriteria": {"MaxCandidates": 2},
            "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "xgboost"]}]},
        }
    },
    ResolvedAttributes={
        "AutoMLProblemTypeResolvedAttributes": {"TabularResolvedAttributes": {"ProblemType": "BinaryClassification"}}
    },
)
STATISTICS: dict[str, Any] = {
    "version": 0.0,
    "dataset": {"item_count": 114, "evaluation_time": "2026-11-20T12:00:00Z"},
    "binary_classification_metrics": {
        "confusion_matrix": {"no": {"no": 70, "yes": 2}, "yes": {"no": 1, "yes": 41}},
        "accuracy": {"value": 0.97, "standard_deviation": 0.01},
        "accuracy_best_constant_classifier": {"value": 0.63, "standard_deviation": "NaN"},
        "recall": {"value": 0.97, "standard_deviation": "NaN"},
        "f2": {"value": "NaN", "standard_deviation": "NaN"},
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": [0.0, 0.1, 1.0],
            "true_positive_rates": [0.0, 0.9, 1.0],
        },
        "precision_recall_curve": {"precisions": [0.6, 1.0], "recalls": [1.0, 0.0]},
    },
}
ANALYSIS: dict[str, Any] = {
    "version": "1.0",
    "explanations": {
        "kernel_shap": {
            "label0": {
                "global_shap_values": {"a": 0.1, "b": 0.5, "c": math.nan},
                "global_top_shap_text": {"comment": {"charming": 0.04, "dull": 0.02}},
                "expected_value": 0.4,
            }
        },
        "pdp": [
            {
                "feature_name": "age",
                "data_type": "numerical",
                "feature_values": [20, 40, 60],
                "data_distribution": [0.3, 0.5, 0.2],
                "label_headers": ["churned"],
                "model_predictions": [[0.1, 0.2, 0.4]],
            },
            {
                "feature_name": "plan",
                "data_type": "categorical",
                "feature_values": ["gold", "free"],
                "data_distribution": [0.6, 0.4],
                "label_headers": ["churned"],
                "model_predictions": [[0.1, "NaN"]],
            },
        ],
    },
    "pre_training_bias_metrics": {
        "label": "churned",
        "label_value_or_threshold": "1",
        "facets": {
            "gender": [
                {
                    "value_or_threshold": "0",
                    "metrics": [
                        {"name": "CI", "description": "Class Imbalance (CI)", "value": -0.2},
                        {"name": "KL", "description": "Divergence", "value": "NaN"},
                    ],
                }
            ]
        },
    },
}
TEXTS: list[Any] = [
    {
        "text": "a charming film",
        "predicted_label": "good",
        "probability": 0.9,
        "token_scores": [
            {"attribution": 0.5, "description": {"partial_text": "charming"}},
            {"attribution": -0.1, "description": {"partial_text": "film"}},
        ],
    },
    {
        "text": "a dull film",
        "predicted_label": "bad",
        "probability": 0.8,
        "token_scores": [{"attribution": 0.2, "description": {"partial_text": "film"}}],
    },
]
VERDICT: dict[str, Any] = {
    "approved": False,
    "champion": "arn:of-the-champion",
    "rules": [
        {"name": "F1 at least", "passed": True, "value": 0.96, "limit": 0.9, "reason": "is good enough"},
        {"name": "beats the champion", "passed": False, "value": 0.96, "limit": None, "reason": "there is none"},
    ],
}
EVALUATED_VERDICT = {
    **VERDICT,
    "evaluation": {
        "outcome": "compared",
        "champion": "arn:of-the-champion",
        "data": "s3://bucket/holdout/",
        "data_digest": "abc",
        "report": "s3://bucket/evaluation.json",
        "rows": 600,
        "confidence": 0.95,
        "metrics": [
            {
                "metric": "F1",
                "candidate": 0.91,
                "champion": 0.88,
                "difference": {"improvement": 0.03, "low": 0.01, "high": 0.05, "method": "delta method"},
            }
        ],
    },
}


def build(
    author: Any = None,
    statistics: Any = STATISTICS,
    analysis: Any = ANALYSIS,
    *,
    job: Mapping[str, Any] = JOB,
    candidates: Any = (OTHER, CANDIDATE),
    verdict: Any = None,
) -> dict[str, Any]:
    """Build a card from the objects above, or from replacements; the last candidate is registered."""
    known = [Candidate.from_api(candidate) for candidate in candidates]
    return build_model_card(
        job=AutoMLJob.from_api(job),
        candidate=known[-1],
        candidates=known,
        statistics=None if statistics is None else Report(uri="s3://bucket/s.json", sha256="0", content=statistics),
        analysis=None if analysis is None else Report(uri="s3://bucket/a.json", sha256="0", content=analysis),
        provenance=Provenance(
            dag_id="dag", run_id="run", task_id="register", commit_id="0a1b2c", repository="https://example.com/repo"
        ),
        author=author,
        verdict=verdict,
    )


def evaluation(card: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Find an evaluation on a card by its name."""
    (item,) = (item for item in card["evaluation_details"] if item["name"] == name)
    return dict(item)


def metric(card: Mapping[str, Any], name: str, found_as: str) -> dict[str, Any]:
    """Find a metric on a card by its evaluation and its name."""
    (found,) = (
        datum
        for group in evaluation(card, name)["metric_groups"]
        for datum in group["metric_data"]
        if datum["name"] == found_as
    )
    return dict(found)


def bars(chart: Mapping[str, Any]) -> dict[str, float]:
    """Read a bar chart."""
    return dict(zip(chart["x_axis_name"], chart["value"], strict=True))


def require_sendable(card: Mapping[str, Any]) -> str:
    """Check a card without the package's code: by the schema, its length, and the service's pattern.

    :return: its text.
    """
    text = compact(card)
    jsonschema.Draft7Validator(SCHEMA).validate(json.loads(text, parse_constant=_refuse))
    assert len(text) <= 100_000
    assert text.isascii()
    assert text.isprintable()
    for item in card.get("evaluation_details", []):
        names = [group["name"] for group in item.get("metric_groups", [])]
        assert len(names) == len(set(names))
    for axis in ("x_axis_name", "y_axis_name"):
        for labels in _axes(card, axis):
            assert len(labels) == len(set(labels))
    return text


def _refuse(constant: str) -> Any:
    raise AssertionError(f"JSON knows no {constant}")


def _axes(card: Mapping[str, Any], axis: str) -> Iterator[list[str]]:
    for item in card.get("evaluation_details", []):
        if "report" not in item.get("metadata", {}) and item["name"] != "Candidates":
            continue
        for group in item["metric_groups"]:
            yield from (datum[axis] for datum in group["metric_data"] if isinstance(datum.get(axis), list))
