"""The job to train."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.emulator.trainer.storage import Storage

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.events import EventStream


@dataclass
class Job:
    """The trainer's view of a job.

    :param name: AutoML job name.
    :param request: ``CreateAutoMLJobV2`` request.
    :param storage: S3 with data, models and reports.
    :param image_prefix: registry of the candidates' container images.
    :param created: POSIX time at which the training began; the job's run-time limit counts from it.
    :param folder: folder for temporary files; the server removes it, since the trainer may be killed.
    :param column_types: column → how an endpoint has to read it, once the data are read; see ``columns.types_of``.
    :param complete_objectives: whether the candidates of tuning mode have a complete objective.
    """

    name: str
    request: dict[str, Any]
    storage: Storage
    image_prefix: str
    created: float
    folder: Path
    events: EventStream
    column_types: dict[str, str] = field(default_factory=dict)
    complete_objectives: bool = False

    @classmethod
    def from_spec(cls, spec: dict[str, Any], events: EventStream) -> Job:
        """Read the task that the server has sent."""
        storage = Storage(spec["endpoint_url"], spec["region"], events.archive)
        return cls(
            spec["job_name"],
            spec["request"],
            storage,
            spec["image_prefix"],
            spec["created"],
            Path(spec["folder"]),
            events,
            complete_objectives=spec["complete_objectives"],
        )

    @property
    def problem_type(self) -> str:
        (key,) = self.request["AutoMLProblemTypeConfig"]
        return str(key).removesuffix("JobConfig")

    @property
    def config(self) -> dict[str, Any]:
        """The members of the problem type's configuration."""
        (config,) = self.request["AutoMLProblemTypeConfig"].values()
        return dict(config)

    @property
    def output(self) -> str:
        return f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{self.name}"

    @property
    def most_candidates(self) -> int:
        """``MaxCandidates``. Default: the service's own limit."""
        return int(self.config.get("CompletionCriteria", {}).get("MaxCandidates", 750))

    def seconds_left(self) -> float | None:
        """Seconds until the job's run-time limit; None without a limit."""
        limit = self.config.get("CompletionCriteria", {}).get("MaxAutoMLJobRuntimeInSeconds")
        return None if limit is None else self.created + float(limit) - time.time()

    @property
    def out_of_time(self) -> bool:
        left = self.seconds_left()
        return left is not None and left <= 0

    def candidate_name(self, model: str) -> str:
        return f"{self.name}-{re.sub('[^a-z0-9]+', '-', model.lower())}"
