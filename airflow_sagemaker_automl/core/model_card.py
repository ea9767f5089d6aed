"""What we declare: a model card built from the job, its candidates and its reports.

The card's schema is strict and its limits are many, so everything is cut to size while it is built, and checked.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.card.author import author_card
from airflow_sagemaker_automl.core.card.schema import card_violations, require_valid, without_breaches

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.candidate import Candidate
    from airflow_sagemaker_automl.core.card.sections import (
        AdditionalInformation,
        BusinessDetails,
        IntendedUses,
        ModelCard,
        ModelOverview,
    )
    from airflow_sagemaker_automl.core.card.sections_evaluation import (
        BarChartMetric,
        Evaluation,
        LinearGraphMetric,
        MatrixMetric,
        MetricGroup,
        SimpleMetric,
    )
    from airflow_sagemaker_automl.core.card.sections_training import (
        ObjectiveFunction,
        TrainingDetails,
        TrainingJobDetails,
        TrainingMetric,
    )
    from airflow_sagemaker_automl.core.evidence import Provenance, Report
    from airflow_sagemaker_automl.core.job import AutoMLJob

__all__ = [
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

# The author's typed sections, loaded when they are asked for, so that a DAG pays for what it uses.
_SECTIONS = {
    "card.sections": ("AdditionalInformation", "BusinessDetails", "IntendedUses", "ModelCard", "ModelOverview"),
    "card.sections_evaluation": (
        "BarChartMetric",
        "Evaluation",
        "LinearGraphMetric",
        "MatrixMetric",
        "MetricGroup",
        "SimpleMetric",
    ),
    "card.sections_training": ("ObjectiveFunction", "TrainingDetails", "TrainingJobDetails", "TrainingMetric"),
}


def __getattr__(name: str) -> Any:
    for module, names in _SECTIONS.items():
        if name in names:
            return getattr(import_module(f"airflow_sagemaker_automl.core.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


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
        by ``core.card.size.ORDER`` and named in its custom details.
    :raises InvalidModelCard: the author's part does not satisfy the schema, or is too long by itself.
    """
    # What builds a card is of no use to a DAG file, which imports this module.
    from airflow_sagemaker_automl.core.card.evaluations import evaluation_details
    from airflow_sagemaker_automl.core.card.size import within_limit
    from airflow_sagemaker_automl.core.card.training import custom_details, model_overview, training_details

    words = author_card(author)
    require_valid(words)
    built = {
        "model_overview": model_overview(candidate, provenance),
        "training_details": training_details(job, candidate),
        "evaluation_details": evaluation_details(job, candidate, candidates, statistics, analysis, verdict),
        "additional_information": {"custom_details": custom_details(job, candidate, provenance, verdict)},
    }
    return within_limit(without_breaches(built), words)
