"""Runs one trainer process per job, updates the job's state from its events, and makes sure that the process ends."""

from __future__ import annotations

import tempfile
import threading
import time
from typing import Any

from airflow_sagemaker_automl.emulator.archives import TrainedArchives
from airflow_sagemaker_automl.emulator.child import Child
from airflow_sagemaker_automl.emulator.child_run import ChildRun
from airflow_sagemaker_automl.emulator.jobs import AutoMLJob
from airflow_sagemaker_automl.emulator.places import TrainingPlaces
from airflow_sagemaker_automl.emulator.trainer.process import train

# At a job's run-time limit the trainer finishes by itself, on a busy machine within minutes; it is killed only if it
# hangs.
GRACE_AFTER_DEADLINE = 300.0
_NOT_DEPLOYED = (
    "ModelDeployConfig: the emulator does not deploy automatically; create model, endpoint configuration and endpoint "
    "yourself, or script the job."
)


class Trainer(ChildRun):
    """The process that trains one job; the job's run-time limit counts from its start.

    :param job: the job to train; its state follows the trainer's events.
    :param endpoint_url: URL of this server's S3.
    :param account: the job's account.
    :param region: the job's region.
    :param archives: learns of each archive that the trainer writes.
    :param places: says when the trainer may begin.
    :param complete_objectives: whether the candidates of tuning mode have a complete objective.
    """

    def __init__(
        self,
        job: AutoMLJob,
        endpoint_url: str,
        account: str,
        region: str,
        *,
        archives: TrainedArchives,
        places: TrainingPlaces,
        complete_objectives: bool = False,
    ) -> None:
        super().__init__(job, train, role="trainer", kind="AutoML job", activity="training", places=places)
        self._job = job
        self._archives = archives
        self._folder = tempfile.TemporaryDirectory(prefix="automl-emulator-", ignore_cleanup_errors=True)
        self._task: dict[str, Any] = {
            "job_name": job.name,
            "endpoint_url": endpoint_url,
            "region": region,
            "image_prefix": f"{account}.dkr.ecr.{region}.amazonaws.com/",
            "request": job.request,
            "folder": self._folder.name,
            "complete_objectives": complete_objectives,
        }
        self._deadline: threading.Timer | None = None
        self._reached_deadline = False

    def _spec(self) -> dict[str, Any]:
        return {**self._task, "created": time.time()}

    def _clean_up(self) -> None:
        self._folder.cleanup()

    def _launched(self) -> None:
        limit = self._job.problem.get("CompletionCriteria", {}).get("MaxAutoMLJobRuntimeInSeconds")
        if limit is not None:
            self._deadline = threading.Timer(limit + GRACE_AFTER_DEADLINE, self._kill_at_deadline)
            self._deadline.daemon = True
            self._deadline.start()

    def _kill_at_deadline(self) -> None:
        self._reached_deadline = True
        self.kill()

    def _follow(self, event: dict[str, Any]) -> None:
        handler = getattr(self, f"_on_{event.pop('event')}")
        handler(**event)

    def _on_stage(self, secondary_status: str) -> None:
        self._job.advance(secondary_status)

    def _on_resolved(self, metric: str, problem_type: str | None) -> None:
        self._job.resolve(metric, problem_type)

    def _on_artifacts(self, locations: dict[str, str]) -> None:
        self._job.record_artifacts(locations)

    def _on_archive(self, uri: str, digest: str) -> None:
        self._archives.record(uri, digest)

    def _on_candidate(self, candidate: dict[str, Any]) -> None:
        self._job.record_candidate(candidate)

    def _on_completed(self, best_candidate: str | None, reason: str, partial_failures: list[str]) -> None:
        if "ModelDeployConfig" in self._job.request:
            partial_failures = [_NOT_DEPLOYED, *partial_failures]
        self._job.complete(best_candidate, reason, partial_failures)

    def _on_failed(self, reason: str) -> None:
        self._job.fail(reason)

    def _conclude(self, status: int, child: Child) -> None:
        if self._deadline:
            self._deadline.cancel()
        if self._reached_deadline:
            self._job.complete(None, "MaxAutoMLJobRuntimeReached", [])
        else:
            super()._conclude(status, child)
