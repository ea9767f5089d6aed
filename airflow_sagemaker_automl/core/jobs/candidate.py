"""One trained model of an AutoML job, as the service reports it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_sagemaker_automl.core.values.literals import number
from airflow_sagemaker_automl.core.values.metric_names import MINIMIZE, read_metric, read_objective
from airflow_sagemaker_automl.exceptions import CandidateNotRegistrable

_TRAINING_STEP = "AWS::SageMaker::TrainingJob"


@dataclass(frozen=True)
class Metric:
    """A metric value of a candidate.

    :param name: SageMaker's name of the metric, for example ``F1`` or ``LogLoss``.
    :param value: in the metric's own units; finite.
    :param data_set: ``Train``, ``Validation`` or ``Test``; None if the service does not say.
    """

    name: str
    value: float
    data_set: str | None


@dataclass(frozen=True)
class Objective:
    """The objective metric, by which the candidates were ranked.

    :param metric: SageMaker's standard name of the metric, else the name that the service returned.
    :param type: ``Maximize`` or ``Minimize``; None if neither the service nor the metric's name says.
    :param value: the candidate's metric value.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``: the data that the value was measured on.
    """

    metric: str
    type: str | None
    value: float
    data_set: str = "Validation"

    @property
    def is_minimised(self) -> bool | None:
        """Whether lower is better; None if unknown."""
        return None if self.type is None else self.type == MINIMIZE

    @property
    def recorded_name(self) -> str:
        """The metric's name for a version's metadata, with a prefix if it was not measured on validation data."""
        told = read_metric(self.metric).data_set or "Validation"
        return self.metric if self.data_set == told else f"{self.data_set.lower()}:{self.metric}"


@dataclass(frozen=True)
class Candidate:
    """A candidate.

    :param status: its ``CandidateStatus``.
    :param objective: None until it is known, and for text generation.
    :param containers: the inference containers in order, as the service returned them, with their whole environment.
    :param containers_by_unit: the same for ``CPU`` and ``GPU``, if the service distinguishes them.
    :param explainability_prefix: S3 prefix of ``analysis.json``; None if there is no report.
    :param model_insights_prefix: S3 prefix of ``statistics.json``; None if there is no report.
    :param training_job: name of the training job that made it; None if the service does not say.
    """

    name: str
    status: str
    objective: Objective | None
    metrics: tuple[Metric, ...]
    containers: tuple[Mapping[str, Any], ...]
    explainability_prefix: str | None
    model_insights_prefix: str | None
    containers_by_unit: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    training_job: str | None = None

    @classmethod
    def from_api(cls, answer: Mapping[str, Any], job_objective: str | None = None) -> Candidate:
        """Read an ``AutoMLCandidate`` of botocore; members that the service model does not require may be missing.

        :param job_objective: name of the job's objective, for candidates that name it differently.
        """
        properties = answer.get("CandidateProperties", {})
        locations = properties.get("CandidateArtifactLocations", {})
        return cls(
            name=answer["CandidateName"],
            status=answer["CandidateStatus"],
            objective=_objective(answer.get("FinalAutoMLJobObjectiveMetric"), job_objective),
            metrics=_metrics(properties.get("CandidateMetrics", [])),
            containers=tuple(answer.get("InferenceContainers", [])),
            explainability_prefix=locations.get("Explainability"),
            model_insights_prefix=locations.get("ModelInsights"),
            containers_by_unit={
                unit: tuple(chain) for unit, chain in answer.get("InferenceContainerDefinitions", {}).items() if chain
            },
            training_job=_training_job(answer.get("CandidateSteps", [])),
        )

    def metrics_by_set(self) -> dict[str, dict[str, float]]:
        """Return the metrics as data set → name → value."""
        table: dict[str, dict[str, float]] = {}
        for metric in self.metrics:
            table.setdefault(metric.data_set or "Unknown", {})[metric.name] = metric.value
        return table

    def require_registrable(self, job_name: str) -> None:
        """Require that the candidate has a model.

        :raises CandidateNotRegistrable: it is not completed, or has no inference container.
        """
        if self.status != "Completed":
            raise CandidateNotRegistrable(job_name, self.name, f"its status is {self.status}, not Completed.")
        if not self.containers:
            raise CandidateNotRegistrable(job_name, self.name, "the service returned no inference container for it.")

    def to_json(self) -> dict[str, Any]:
        """Return what a downstream task needs, small and JSON-safe."""
        return {
            "name": self.name,
            "objective_metric": self.objective.metric if self.objective else None,
            "objective_type": self.objective.type if self.objective else None,
            "objective_value": self.objective.value if self.objective else None,
            "metrics": self.metrics_by_set(),
        }


def leaderboard(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Order candidates from best to worst by their objective; those without one come last.

    If the direction of the objective is unknown, or the candidates have different objectives, they keep their order;
    see :func:`is_ranked`.
    """
    with_objective = [candidate for candidate in candidates if candidate.objective]
    others = [candidate for candidate in candidates if not candidate.objective]
    if not is_ranked(candidates):
        return [*with_objective, *others]

    def badness(candidate: Candidate) -> float:
        assert candidate.objective is not None
        return candidate.objective.value * (1 if candidate.objective.is_minimised else -1)

    return [*sorted(with_objective, key=badness), *others]


def is_ranked(candidates: Sequence[Candidate]) -> bool:
    """Tell whether candidates can be ordered by their objective: they share one metric, with a known direction."""
    kinds = {(each.objective.metric, each.objective.type) for each in candidates if each.objective}
    return len(kinds) == 1 and all(direction is not None for _, direction in kinds)


def _objective(answer: Mapping[str, Any] | None, job_objective: str | None) -> Objective | None:
    named = read_objective(answer, job_objective)
    value = None if answer is None else _finite(answer.get("Value"))
    if named is None or value is None:
        return None
    return Objective(named.metric, named.direction, value, named.data_set or "Validation")


def _finite(value: Any) -> float | None:
    """Return a finite number; AWS's JSON protocol has the others as texts, for example ``NaN``."""
    found = number(value)
    return found if found is not None and math.isfinite(found) else None


def _training_job(steps: Sequence[Mapping[str, Any]]) -> str | None:
    # Earlier training steps may be those of the data preparation.
    jobs = [step["CandidateStepName"] for step in steps if step["CandidateStepType"] == _TRAINING_STEP]
    return jobs[-1] if jobs else None


def _metrics(answer: Sequence[Mapping[str, Any]]) -> tuple[Metric, ...]:
    # StandardMetricName comes first: the enum of MetricName lacks some of its values.
    named = [(read_metric(datum.get("StandardMetricName") or datum.get("MetricName") or ""), datum) for datum in answer]
    return tuple(
        Metric(name=name.metric, value=value, data_set=datum.get("Set") or name.data_set)
        for name, datum in named
        if name.metric and (value := _finite(datum.get("Value"))) is not None
    )
