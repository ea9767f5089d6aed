"""``training_details`` of a model card, as typed sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from airflow_sagemaker_automl.core.values.members import (
    Later,
    Number,
    Text,
    Texts,
    api_of,
    listed,
    present,
    unless_none,
)

Settings: TypeAlias = Mapping[str, Text] | Sequence[Any] | Later


@dataclass(frozen=True, kw_only=True)
class ObjectiveFunction:
    """What training optimises.

    :param function: ``Maximize`` or ``Minimize``.
    :param facet: the metric, for example ``AUC``; at most 63 characters.
    :param condition: the condition; at most 63 characters.
    :param notes: at most 1024 characters.
    """

    function: Text | None = None
    facet: Text | None = None
    condition: Text | None = None
    notes: Text | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``objective_function``."""
        function = present(function=self.function, facet=self.facet, condition=self.condition)
        return present(function=function or None, notes=self.notes)


@dataclass(frozen=True, kw_only=True)
class TrainingMetric:
    """A training metric.

    :param name: 1 to 255 characters.
    :param value: a number.
    :param notes: at most 1024 characters.
    """

    name: Text
    value: Number
    notes: Text | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as an entry of ``training_metrics``."""
        return present(name=self.name, value=self.value, notes=self.notes)


@dataclass(frozen=True, kw_only=True)
class TrainingJobDetails:
    """The training job; unset members are generated.

    :param training_arn: its ARN, at most 1024 characters.
    :param training_datasets: at most 15 URIs of at most 1024 characters each.
    :param container_images: at most 15 URIs of at most 1024 characters each.
    :param training_metrics: at most 50, which replace the generated ones.
    :param user_provided_training_metrics: at most 50, in addition to them.
    :param hyper_parameters: at most 100 of name → value, texts of 1 to 255 characters each, which replace the job's
        settings.
    :param user_provided_hyper_parameters: at most 100, in addition to them.
    """

    training_arn: Text | None = None
    training_datasets: Texts | None = None
    container_images: Texts | None = None
    training_metrics: Sequence[TrainingMetric | Mapping[str, Any] | Later] | Later | None = None
    user_provided_training_metrics: Sequence[TrainingMetric | Mapping[str, Any] | Later] | Later | None = None
    hyper_parameters: Settings | None = None
    user_provided_hyper_parameters: Settings | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``training_job_details``."""
        return present(
            training_arn=self.training_arn,
            training_datasets=listed(self.training_datasets),
            training_environment=unless_none(self.container_images, lambda uris: {"container_image": listed(uris)}),
            training_metrics=listed(self.training_metrics, api_of),
            user_provided_training_metrics=listed(self.user_provided_training_metrics, api_of),
            hyper_parameters=_settings(self.hyper_parameters),
            user_provided_hyper_parameters=_settings(self.user_provided_hyper_parameters),
        )


@dataclass(frozen=True, kw_only=True)
class TrainingDetails:
    """How the model was trained; unset members are generated.

    :param objective_function: what training optimises.
    :param training_observations: at most 1024 characters.
    :param training_job_details: the training job.
    """

    objective_function: ObjectiveFunction | Mapping[str, Any] | Later | None = None
    training_observations: Text | None = None
    training_job_details: TrainingJobDetails | Mapping[str, Any] | Later | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``training_details``."""
        return present(
            objective_function=api_of(self.objective_function),
            training_observations=self.training_observations,
            training_job_details=api_of(self.training_job_details),
        )


def _settings(settings: Any) -> Any:
    if isinstance(settings, Mapping):
        return [{"name": name, "value": value} for name, value in settings.items()]
    return listed(settings)
