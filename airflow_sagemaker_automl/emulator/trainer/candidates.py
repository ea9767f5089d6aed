"""Publishes trained models as candidates: metrics, model archives, the best one's reports, and the job outcome."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.metrics import MINIMISED
from airflow_sagemaker_automl.emulator.trainer.reports import explain, model_statistics
from airflow_sagemaker_automl.emulator.trainer.scoring import FittedModel, Predictions, metric_data, objective
from airflow_sagemaker_automl.emulator.trainer.tracebacks import publish_traceback

if TYPE_CHECKING:
    import pandas as pd

    from airflow_sagemaker_automl.emulator.trainer.job import Job
    from airflow_sagemaker_automl.emulator.trainer.table import Split

Container = dict[str, Any]
# Stored beside the model in the archive of the first container.
SERVING_FILE = "serving.json"
Model = TypeVar("Model", bound=FittedModel)


class Publisher(Generic[Model]):
    """Publishes a job's models, one by one, and ends the job with the best of them.

    :param metric: the objective.
    :param containers: uploads a model and describes its inference containers.
    :param weight: column of row weights, applied to all metrics.
    :param describe_objective: describes a model's value of the objective. Default: completely.
    :param explain_model: builds ``analysis.json`` from the best candidate's model and the validation rows.
    """

    def __init__(
        self,
        job: Job,
        split: Split,
        metric: str,
        containers: Callable[[Model], list[Container]],
        weight: str | None = None,
        describe_objective: Callable[[Model, float], dict[str, Any]] | None = None,
        explain_model: Callable[[FittedModel, pd.DataFrame], bytes] = explain,
    ) -> None:
        self._job = job
        self._split = split
        self._metric = metric
        self._containers = containers
        self._weight = weight
        self._describe_objective = describe_objective or (lambda model, value: objective(metric, value))
        self._explain_model = explain_model
        self._published: list[tuple[Model, dict[str, Any]]] = []

    def publish(self, model: Model) -> None:
        """Score a model on all parts of the data, upload it, and report it as a candidate.

        :raises UnusableData: the objective is not defined on the validation rows.
        """
        scores = {
            part: Predictions.of(model, rows).scores(self._weights(rows)) for part, rows in self._split.parts.items()
        }
        if self._metric not in scores["Validation"]:
            raise UnusableData(f"{self._metric} is not defined on the validation rows: they have only one class.")
        value = scores["Validation"][self._metric]
        candidate = describe_candidate(self._job, model.name, self._describe_objective(model, value))
        candidate["CandidateProperties"] = {
            "CandidateMetrics": [datum for part, found in scores.items() for datum in metric_data(found, part)]
        }
        candidate["InferenceContainers"] = self._containers(model)
        if self._job.problem_type == "TextClassification":
            candidate["InferenceContainerDefinitions"] = {"CPU": candidate["InferenceContainers"]}
        self._job.events.candidate(candidate)
        self._published.append((model, candidate))

    def finish(self, asked_for: int, failures: Iterable[str]) -> None:
        """Write the best candidate's reports and end the job; among equals the one published first is best.

        :param asked_for: how many models were planned.
        :param failures: failures so far, for ``PartialFailureReasons``.
        """
        if not self._published:
            self._job.events.completed(None, "MaxAutoMLJobRuntimeReached", list(failures))
            return
        sign = -1 if self._metric in MINIMISED else 1
        model, best = max(
            self._published, key=lambda found: sign * float(found[1]["FinalAutoMLJobObjectiveMetric"]["Value"])
        )
        failures = list(failures)
        if not self._job.out_of_time:
            failures += self._publish_reports(model, best)
            self._job.events.candidate(best)
        self._job.events.completed(best["CandidateName"], self._reason(asked_for), failures)

    def _weights(self, rows: pd.DataFrame) -> Any:
        return None if self._weight is None else rows[self._weight].to_numpy(dtype=float)

    def _publish_reports(self, model: Model, candidate: dict[str, Any]) -> list[str]:
        """Upload the best candidate's reports and record their locations; a failed report does not fail the job.

        :return: the failures.
        """
        reports: tuple[tuple[str, str, str, str, Callable[[], bytes]], ...] = (
            (
                "GeneratingExplainabilityReport",
                "explainability",
                "analysis.json",
                "Explainability",
                lambda: self._explain_model(model, self._split.validation),
            ),
            (
                "GeneratingModelInsightsReport",
                "model_monitor",
                "statistics.json",
                "ModelInsights",
                lambda: model_statistics(Predictions.of(model, self._split.validation)),
            ),
        )
        locations: dict[str, str] = {}
        failures = []
        for stage, folder, file, member, build in reports:
            self._job.events.stage(stage)
            prefix = f"{self._job.output}/documentation/{folder}/output/{candidate['CandidateName']}"
            try:
                self._job.storage.write(f"{prefix}/{file}", build())
            except UnusableData as error:
                failures.append(f"{file} could not be made: {error}")
            except Exception:
                failures.append(f"{file} could not be made. {publish_traceback(self._job, file.removesuffix('.json'))}")
            else:
                locations[member] = prefix
        if "Explainability" in locations:  # The service's answer requires this member.
            candidate["CandidateProperties"]["CandidateArtifactLocations"] = locations
        return failures

    def _reason(self, asked_for: int) -> str:
        count = len(self._published)
        if self._job.out_of_time or (self._job.seconds_left() is not None and count < asked_for):
            return "MaxAutoMLJobRuntimeReached"
        reached = self._job.problem_type == "Tabular" and count >= self._job.most_candidates
        return "MaxCandidatesReached" if reached else "Completed"


def describe_candidate(job: Job, model: str, scored: dict[str, Any]) -> dict[str, Any]:
    """Describe a candidate whose model is trained and scored on the validation rows.

    :param scored: ``FinalAutoMLJobObjectiveMetric``.
    """
    return {
        "CandidateName": job.candidate_name(model),
        "FinalAutoMLJobObjectiveMetric": scored,
        "ObjectiveStatus": "Succeeded",
        "CandidateStatus": "Completed",
    }


def model_environment(candidate: str, problem_type: str) -> dict[str, str]:
    """The environment of a model's container: which outputs it has, in the service's variables for ensembling."""
    environment = {"MODEL_NAME": candidate, "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    if problem_type != "Regression":
        environment["SAGEMAKER_INFERENCE_OUTPUT"] = "predicted_label"
        environment["SAGEMAKER_INFERENCE_SUPPORTED"] = "predicted_label,probability,probabilities,labels"
    return environment


def describe_serving(columns: Sequence[str], problem_type: str, verbatim: Sequence[str] = ()) -> bytes:
    """Write the columns of a row, for the process that serves the model.

    :param columns: columns of the training data in order, without the target.
    :param verbatim: columns to read as text.
    """
    described = {"columns": list(columns), "verbatim": list(verbatim), "problem_type": problem_type}
    return json.dumps(described).encode()
