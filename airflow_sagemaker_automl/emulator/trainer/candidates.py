"""Publishes trained models as candidates: figures, model archives, the best one's reports, and how the job ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow_sagemaker_automl.emulator.trainer.reports import explain, model_statistics
from airflow_sagemaker_automl.emulator.trainer.scoring import FittedModel, Predictions, metric_data, objective

if TYPE_CHECKING:
    import pandas as pd

    from airflow_sagemaker_automl.emulator.trainer.job import Job
    from airflow_sagemaker_automl.emulator.trainer.table import Split

Container = dict[str, Any]
Model = TypeVar("Model", bound=FittedModel)


@dataclass(frozen=True)
class Training(Generic[Model]):
    """What has been trained, ready to be published.

    :param models: the simplest first, which wins among equals.
    :param asked_for: how many models there were to be.
    :param metric: the objective.
    :param containers: uploads a model and describes its inference containers.
    :param weight: column of row weights that every figure honours.
    :param explain_model: writes the best candidate's ``analysis.json`` from it and the validation rows.
    :param failures: what could not be done so far, for ``PartialFailureReasons``.
    """

    job: Job
    split: Split
    models: Sequence[Model]
    asked_for: int
    metric: str
    containers: Callable[[Model], list[Container]]
    weight: str | None = None
    explain_model: Callable[[FittedModel, pd.DataFrame], bytes] = explain
    failures: tuple[str, ...] = ()

    def publish(self) -> None:
        """Upload and report everything; the best candidate first, since it is what counts if time runs out."""
        judged = {model.name: Predictions.of(model, self.split.validation) for model in self.models}
        scores = {name: found.scores(self._weights(self.split.validation)) for name, found in judged.items()}
        sign = 1 if objective(self.metric, 0)["Type"] == "Maximize" else -1
        ranked = sorted(self.models, key=lambda model: -sign * scores[model.name][self.metric])
        published = [self._publish_candidate(model, scores[model.name]) for model in ranked]
        failures = list(self.failures)
        if not self.job.out_of_time:
            failures += self._publish_reports(ranked[0], judged[ranked[0].name], published[0])
        self.job.events.candidate(published[0])
        self.job.events.completed(published[0]["CandidateName"], self._reason(), failures)

    def _weights(self, rows: pd.DataFrame) -> Any:
        return None if self.weight is None else rows[self.weight].to_numpy(dtype=float)

    def _publish_candidate(self, model: Model, validation: dict[str, float]) -> dict[str, Any]:
        figures = []
        for part, rows in self.split.parts.items():
            known = part == "Validation"
            scores = validation if known else Predictions.of(model, rows).scores(self._weights(rows))
            figures += metric_data(scores, part)
        candidate = describe_candidate(self.job, model.name, self.metric, validation[self.metric])
        candidate["CandidateProperties"] = {"CandidateMetrics": figures}
        candidate["InferenceContainers"] = self.containers(model)
        if self.job.problem_type == "TextClassification":
            candidate["InferenceContainerDefinitions"] = {"CPU": candidate["InferenceContainers"]}
        self.job.events.candidate(candidate)
        return candidate

    def _publish_reports(self, model: FittedModel, predictions: Predictions, candidate: dict[str, Any]) -> list[str]:
        """Upload the best candidate's reports and note where they are; one that fails costs the job nothing else.

        :return: what went wrong.
        """
        reports: tuple[tuple[str, str, str, str, Callable[[], bytes]], ...] = (
            (
                "GeneratingExplainabilityReport",
                "explainability",
                "analysis.json",
                "Explainability",
                lambda: self.explain_model(model, self.split.validation),
            ),
            (
                "GeneratingModelInsightsReport",
                "model_monitor",
                "statistics.json",
                "ModelInsights",
                lambda: model_statistics(predictions),
            ),
        )
        locations: dict[str, str] = {}
        failures = []
        for stage, folder, file, member, build in reports:
            self.job.events.stage(stage)
            prefix = f"{self.job.output}/documentation/{folder}/output/{candidate['CandidateName']}"
            try:
                self.job.storage.write(f"{prefix}/{file}", build())
            except Exception as error:
                failures.append(f"{file} could not be made: {type(error).__name__}: {error}")
            else:
                locations[member] = prefix
        if "Explainability" in locations:  # Its own member in the service's answer is required.
            candidate["CandidateProperties"]["CandidateArtifactLocations"] = locations
        return failures

    def _reason(self) -> str:
        if self.job.out_of_time or (self.job.seconds_left() is not None and len(self.models) < self.asked_for):
            return "MaxAutoMLJobRuntimeReached"
        reached = self.job.problem_type == "Tabular" and len(self.models) >= self.job.most_candidates
        return "MaxCandidatesReached" if reached else "Completed"


def describe_candidate(job: Job, model: str, metric: str, value: float) -> dict[str, Any]:
    """Write what is known of a candidate as soon as its model is trained and scored on the validation rows."""
    return {
        "CandidateName": job.candidate_name(model),
        "FinalAutoMLJobObjectiveMetric": objective(metric, value),
        "ObjectiveStatus": "Succeeded",
        "CandidateStatus": "Completed",
    }


def model_environment(candidate: str, problem_type: str) -> dict[str, str]:
    """Describe to a client what a whole model answers, in the variables of the service's ensembling containers."""
    environment = {"MODEL_NAME": candidate, "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    if problem_type != "Regression":
        environment["SAGEMAKER_INFERENCE_OUTPUT"] = "predicted_label"
        environment["SAGEMAKER_INFERENCE_SUPPORTED"] = "predicted_label,probability,probabilities,labels"
    return environment
