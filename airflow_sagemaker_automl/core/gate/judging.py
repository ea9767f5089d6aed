"""What a gate judges, and which missing values fail the task."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_sagemaker_automl.core.evaluation.record import EvaluationRecord
from airflow_sagemaker_automl.core.gate.rules import Champion
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.figures import Figures, instead_of
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.values.members import Text
from airflow_sagemaker_automl.exceptions import Violation

# With floating point, 0.3 - 0.28 is not equal to 0.02.
TOLERANCE = 1e-9

# The verdict has the first two itself.
_NOT_IN_VERDICT = ("job_name", "candidate_name", "slices")


class Judging:
    """A candidate, what it is compared with, and what is missing to judge it.

    :param job: the candidate's job.
    :param champion: None if there is none.
    :param evaluation: None if there is none.
    :param rejects_missing: whether a missing metric rejects the candidate, instead of failing the task.
    :ivar violations: missing values that fail the task.
    """

    def __init__(
        self,
        job: AutoMLJob,
        candidate: Candidate,
        champion: Champion | None,
        evaluation: EvaluationRecord | None = None,
        *,
        rejects_missing: bool,
    ) -> None:
        self.violations: list[Violation] = []
        self.job = job
        self.candidate = candidate
        self.champion = champion
        self.evaluation = evaluation
        self._rejects_missing = rejects_missing

    @property
    def who(self) -> str:
        """The candidate, for messages."""
        return f"candidate {self.candidate.name} of AutoML job {self.job.name}"

    def wrong(self, path: str, value: object, rule: str) -> None:
        """Fail the task, with one violation for each cause."""
        violation = Violation(path, value, rule)
        if violation not in self.violations:
            self.violations.append(violation)

    def missing(self, path: str, metric: str | None, data_set: str, figures: Figures) -> str:
        """Say that there is no value of the metric, and which metrics there are; it may fail the task.

        :param path: path of the rule's metric.
        :param figures: data set → metric → value.
        """
        if metric is None:
            self._fail(path, None, f"is required: {self.who} has no objective")
            return "the candidate has no objective; set the metric to compare"
        problem_type = self.job.resolved_problem_type or self.job.problem_type
        instead = instead_of(figures, data_set, metric, problem_type)
        self._fail(path, metric, f"is not a metric of {self.who} on {data_set.lower()} data{instead}")
        return f"the candidate has no such metric{instead}"

    def without_direction(self, path: str, metric: str) -> str:
        """Say that the direction of a metric is unknown; it may fail the task."""
        reason = f"it is unknown whether higher or lower values of {metric} are better"
        self._fail(path, None, f"is required to compare {self.who}: {reason}")
        return reason

    def passes(self, follows: Text, path: str, reason: str) -> bool:
        """Tell whether a rule passes by one of its options; ``fail`` fails the task."""
        if follows == "fail":
            arn = self.champion.model_package_arn if self.champion else None
            self.wrong(path, "fail", f"fails the task: {reason} (champion: {arn})")
        return follows == "pass"

    def _fail(self, path: str, value: str | None, rule: str) -> None:
        if not self._rejects_missing:
            self.violations.append(Violation(path, value, rule))


def figure_name(metric: str | None, rows: str) -> str:
    """Name a metric value in a headline, for example ``F1 (validation)``."""
    return f"{metric} ({rows.lower()})"


def used(evaluation: EvaluationRecord) -> Mapping[str, object]:
    """Return what a verdict has of its evaluation: all but the slices, whose number has no limit."""
    return {name: value for name, value in evaluation.to_json().items() if name not in _NOT_IN_VERDICT}
