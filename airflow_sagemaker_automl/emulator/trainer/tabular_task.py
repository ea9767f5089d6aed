"""A tabular job once its data are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job
    from airflow_sagemaker_automl.emulator.trainer.table import Split


@dataclass(frozen=True)
class TabularTask:
    """A tabular job once its data are known.

    :param problem_type: as in ``ProblemType`` of the API.
    :param metric: the objective.
    :param weight: column of row weights.
    :param types: column → type that the feature specification gives.
    :param algorithms: names of those to train.
    :param failures: what of the request cannot be done.
    """

    job: Job
    split: Split
    mode: str
    problem_type: str
    metric: str
    weight: str | None
    types: dict[str, str]
    algorithms: list[str]
    failures: tuple[str, ...]

    @property
    def target(self) -> str:
        return str(self.job.config["TargetAttributeName"])

    @property
    def defines_candidates_only(self) -> bool:
        """Whether no candidate is trained."""
        return bool(self.job.config.get("GenerateCandidateDefinitionsOnly"))

    @property
    def features(self) -> list[str]:
        return [name for name in self.split.train.columns if name not in (self.target, self.weight)]
