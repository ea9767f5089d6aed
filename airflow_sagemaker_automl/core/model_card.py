"""What we declare: a model card built from the job, its candidates and its reports.

The card's schema is strict and its limits are many, so everything is cut to size while it is built, and checked.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.card_author import (
    AdditionalInformation,
    BusinessDetails,
    IntendedUses,
    ModelCard,
    ModelOverview,
    author_card,
)
from airflow_sagemaker_automl.core.card_author_evaluations import (
    BarChartMetric,
    Evaluation,
    LinearGraphMetric,
    MatrixMetric,
    MetricGroup,
    SimpleMetric,
)
from airflow_sagemaker_automl.core.card_author_training import (
    ObjectiveFunction,
    TrainingDetails,
    TrainingJobDetails,
    TrainingMetric,
)
from airflow_sagemaker_automl.core.card_evaluations import (
    candidate_metrics,
    candidates_ranked,
    explainability,
    model_insights,
    quality_gate,
    verdict_in_words,
)
from airflow_sagemaker_automl.core.card_limits import LONGEST_CONTENT
from airflow_sagemaker_automl.core.card_schema import card_violations, require_valid, without_breaches
from airflow_sagemaker_automl.core.card_size import QUALITY_GATE, within_limit
from airflow_sagemaker_automl.core.card_training import custom_details, model_overview, training_details
from airflow_sagemaker_automl.core.evidence import Provenance, Report
from airflow_sagemaker_automl.core.job import AutoMLJob

__all__ = [
    "LONGEST_CONTENT",
    "AdditionalInformation",
    "BarChartMetric",
    "BusinessDetails",
    "Evaluation",
    "IntendedUses",
    "LinearGraphMetric",
    "MatrixMetric",
    "MetricGroup",
    "ModelCard",
    "ModelOverview",
    "ObjectiveFunction",
    "SimpleMetric",
    "TrainingDetails",
    "TrainingJobDetails",
    "TrainingMetric",
    "author_card",
    "build_model_card",
    "card_violations",
    "require_valid",
]


def build_model_card(
    *,
    job: AutoMLJob,
    candidate: Candidate,
    candidates: Sequence[Candidate],
    statistics: Report | None,
    analysis: Report | None,
    provenance: Provenance,
    author: ModelCard | Mapping[str, Any] | None = None,
    verdict: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the content of a card.

    What breaks the schema raises where a person has written it, and is left out with a line in the log where it was
    filled in: a person can correct it, and no model is to be lost for a mistake of this package. What a report has of
    a format that is not known is left out in the same way.

    :param candidate: the candidate that is registered.
    :param candidates: all candidates of the job, for the leaderboard.
    :param statistics: the model insights report, if there is one.
    :param analysis: the explainability report, if there is one.
    :param provenance: where in Airflow the version comes from.
    :param author: what a person has to say; it wins over what is filled in, member by member, and evaluations come
        before those that are filled in.
    :param verdict: what a quality gate has decided: ``approved`` and ``rules``.
    :return: a card that satisfies its schema and has at most 100 000 characters; what is left out for that is chosen
        by :data:`airflow_sagemaker_automl.core.card_size.ORDER` and named in its custom details.
    :raises InvalidModelCard: the author's part does not satisfy the schema, or is too long by itself.
    """
    words = author_card(author)
    require_valid(words)
    details = custom_details(job, candidate, provenance)
    if isinstance(verdict, Mapping) and verdict:
        details[QUALITY_GATE] = f"The quality gate {verdict_in_words(verdict)}."
    built = {
        "model_overview": model_overview(candidate, provenance),
        "training_details": training_details(job, candidate),
        "evaluation_details": [
            *quality_gate(verdict),
            *candidate_metrics(job, candidate),
            *candidates_ranked(job, candidate, candidates),
            *model_insights(statistics),
            *explainability(analysis),
        ],
        "additional_information": {"custom_details": details},
    }
    return within_limit(without_breaches(built), words)
