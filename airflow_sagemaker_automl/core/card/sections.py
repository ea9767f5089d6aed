"""The author's part of a model card, as typed sections with completion in editors.

Every argument may be a Jinja template or an XComArg, which is validated when it is resolved. A number that is only
known when the task runs must be an XComArg, because Jinja renders texts. A mapping in the card's own schema can replace
any section.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from airflow_sagemaker_automl.core.card.sections_evaluation import Evaluation
from airflow_sagemaker_automl.core.card.sections_training import TrainingDetails
from airflow_sagemaker_automl.core.values.members import Later, Text, Texts, api_of, listed, mapped, present

Section: TypeAlias = Mapping[str, Any] | Later


@dataclass(frozen=True, kw_only=True)
class ModelOverview:
    """Who made the model, and where it is stored.

    :param model_creator: at most 1024 characters. Default: the Airflow DAG and task.
    :param model_artifact: at most 15 URIs of at most 1024 characters each. Default: the candidate's model archives.
    """

    model_creator: Text | None = None
    model_artifact: Texts | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``model_overview``."""
        return present(model_creator=self.model_creator, model_artifact=listed(self.model_artifact))


@dataclass(frozen=True, kw_only=True)
class IntendedUses:
    """What the model is for, and its risk; each text has at most 2048 characters.

    :param purpose_of_model: the problem that it solves.
    :param intended_uses: what it should and should not be used for.
    :param factors_affecting_model_efficiency: factors that affect its performance.
    :param risk_rating: ``High``, ``Medium``, ``Low`` or ``Unknown``.
    :param explanations_for_risk_rating: the reason for the rating.
    """

    purpose_of_model: Text | None = None
    intended_uses: Text | None = None
    factors_affecting_model_efficiency: Text | None = None
    risk_rating: Text | None = None
    explanations_for_risk_rating: Text | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``intended_uses``."""
        return present(
            purpose_of_model=self.purpose_of_model,
            intended_uses=self.intended_uses,
            factors_affecting_model_efficiency=self.factors_affecting_model_efficiency,
            risk_rating=self.risk_rating,
            explanations_for_risk_rating=self.explanations_for_risk_rating,
        )


@dataclass(frozen=True, kw_only=True)
class BusinessDetails:
    """The business context of the model; each text has at most 2048 characters.

    :param business_problem: the business problem that it solves.
    :param business_stakeholders: people and teams that depend on it.
    :param line_of_business: the business unit that it belongs to.
    """

    business_problem: Text | None = None
    business_stakeholders: Text | None = None
    line_of_business: Text | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``business_details``."""
        return present(
            business_problem=self.business_problem,
            business_stakeholders=self.business_stakeholders,
            line_of_business=self.line_of_business,
        )


@dataclass(frozen=True, kw_only=True)
class AdditionalInformation:
    """Ethical considerations, caveats and custom details.

    :param ethical_considerations: at most 2048 characters.
    :param caveats_and_recommendations: at most 2048 characters.
    :param custom_details: any name → at most 1024 characters; added to the generated details.
    """

    ethical_considerations: Text | None = None
    caveats_and_recommendations: Text | None = None
    custom_details: Mapping[str, Text] | Later | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``additional_information``."""
        return present(
            ethical_considerations=self.ethical_considerations,
            caveats_and_recommendations=self.caveats_and_recommendations,
            custom_details=mapped(self.custom_details),
        )


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """The author's part of a model card, which overrides the part that is generated from evidence.

    The whole card has at most 100 000 characters; only the generated part is shortened.

    :param intended_uses: what the model is for, and its risk.
    :param business_details: the business context.
    :param additional_information: ethical considerations, caveats and custom details.
    :param evaluation_details: more evaluations, which come before the generated ones.
    :param model_overview: who made the model, and where it is stored. Default: generated.
    :param training_details: how the model was trained. Default: generated.
    """

    intended_uses: IntendedUses | Section | None = None
    business_details: BusinessDetails | Section | None = None
    additional_information: AdditionalInformation | Section | None = None
    evaluation_details: Sequence[Evaluation | Section] | Later | None = None
    model_overview: ModelOverview | Section | None = None
    training_details: TrainingDetails | Section | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it in the card's own schema; unset sections are left out."""
        return present(
            model_overview=api_of(self.model_overview),
            intended_uses=api_of(self.intended_uses),
            business_details=api_of(self.business_details),
            training_details=api_of(self.training_details),
            evaluation_details=listed(self.evaluation_details, api_of),
            additional_information=api_of(self.additional_information),
        )
