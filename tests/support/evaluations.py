"""Records of evaluations, with chosen values and standard errors."""

from __future__ import annotations

from typing import Any

from airflow_sagemaker_automl import EvaluationRecord
from airflow_sagemaker_automl.core.evaluation.record import (
    EvaluationOutcome,
    MetricResult,
    PairedDifference,
    SliceResult,
)

CHAMPION = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3"
ROWS = 1000


def result(
    candidate: float, champion: float | None = 0.88, error: float = 0.005, metric: str = "F1", units: int = ROWS
) -> MetricResult:
    """Make the result of a metric that is maximised.

    :param error: standard error of the difference; the candidate's is 0.01.
    """
    difference = None
    if champion is not None:
        difference = PairedDifference(
            improvement=candidate - champion, standard_error=error, units=units, method="differences of rows"
        )
    return MetricResult(
        metric=metric,
        candidate=candidate,
        standard_error=0.01,
        units=units,
        champion=champion,
        difference=difference,
    )


def part(column: str, value: str, candidate: float, champion: float = 0.88, error: float = 0.005) -> SliceResult:
    """Make a slice of 100 rows."""
    found = result(candidate, champion, error, units=100)
    return SliceResult(column=column, value=value, rows=100, metrics=(found,))


def small(column: str, value: str) -> SliceResult:
    """Make a slice with too few rows."""
    return SliceResult(column=column, value=value, rows=7, why_not="it has 7 rows, and at least 30 are needed")


def evaluation(*metrics: MetricResult, **members: Any) -> EvaluationRecord:
    """Make an evaluation of candidate ``best`` of AutoML job ``job``, and of version 3."""
    return EvaluationRecord(
        **{
            "job_name": "job",
            "candidate_name": "best",
            "group": "churn",
            "champion": CHAMPION,
            "outcome": EvaluationOutcome.COMPARED,
            "data": "s3://bucket/labelled.csv",
            "data_digest": "a1b2",
            "rows": ROWS,
            "confidence": 0.95,
            "metrics": metrics or (result(0.9),),
            **members,
        }
    )


def without_champion(*metrics: MetricResult, **members: Any) -> EvaluationRecord:
    """Make an evaluation of a candidate in a group without an approved version."""
    outcome = EvaluationOutcome.WITHOUT_CHAMPION
    return evaluation(*(metrics or (result(0.9, None),)), **{"champion": None, "outcome": outcome, **members})


def cannot_score(**members: Any) -> EvaluationRecord:
    """Make an evaluation in which the champion could not predict the rows."""
    outcome, reason = EvaluationOutcome.CHAMPION_CANNOT_SCORE, "it needs column tenure"
    return evaluation(result(0.9, None), **{"outcome": outcome, "reason": reason, **members})
