"""Builds a model card from the job, its candidates and its reports.

Everything is cut to the limits of the card's schema while it is built, and then validated.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.card.author import author_card
from airflow_sagemaker_automl.core.card.schema import require_valid, without_breaches

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.card.sections import ModelCard
    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
    from airflow_sagemaker_automl.core.values.evidence import Provenance, Report


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

    Schema violations in the author's part raise an error. Generated parts that violate the schema are left out and
    logged, so that a bug in this package does not prevent a registration. Parts of a report in an unknown format are
    left out and logged too.

    :param candidate: the candidate that is registered.
    :param candidates: all candidates of the job, for the leaderboard.
    :param statistics: the model insights report; None if there is none.
    :param analysis: the explainability report; None if there is none.
    :param provenance: the Airflow task and code that register the version.
    :param author: the author's part, which overrides the generated part member by member; its evaluations come before
        the generated ones. Default: none.
    :param verdict: a quality gate's ``approved`` and ``rules``. Default: none.
    :return: a card that is valid by its schema and has at most 100 000 characters. ``core.card.size.ORDER`` decides
        what is left out to fit; the custom details name it.
    :raises InvalidModelCard: the author's part violates the schema, or is too long by itself.
    """
    # DAG files import this module and do not need these.
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
