"""Runs one trainer process per job, updates the job's state from its events, and makes sure that the process ends.

The trainer ends by itself when the other end of its link is closed, for example because this server was killed.
"""

from __future__ import annotations

import contextlib
import signal
import tempfile
import threading
import time
from typing import Any

from airflow_sagemaker_automl.emulator.archives import TrainedArchives
from airflow_sagemaker_automl.emulator.child import Child, Gone
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


class Trainer:
    """The process that trains one job.

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
        self._job = job
        self._archives = archives
        self._folder = tempfile.TemporaryDirectory(prefix="automl-emulator-", ignore_cleanup_errors=True)
        self._spec: dict[str, Any] = {
            "job_name": job.name,
            "endpoint_url": endpoint_url,
            "region": region,
            "image_prefix": f"{account}.dkr.ecr.{region}.amazonaws.com/",
            "request": job.request,
            "folder": self._folder.name,
            "complete_objectives": complete_objectives,
        }
        self._places = places
        self._child: Child | None = None
        self._launching = threading.Lock()
        self._is_over = False
        self._watcher = threading.Thread(target=self._watch, name=f"trainer-{job.name}", daemon=True)
        self._reached_deadline = False

    def start(self) -> None:
        """Begin to train as soon as there is a place; the job's run-time limit counts from then."""
        self._places.enter(self._job.name, self._begin)

    def _begin(self) -> None:
        self._watcher.start()

    def stop(self) -> None:
        """Kill the trainer in the background; the job is ``Stopped`` once it has ended."""
        if self._job.begin_stopping():
            threading.Thread(target=self._stop, name=f"stop-{self._job.name}", daemon=True).start()

    def kill(self) -> None:
        """Kill the trainer and its subprocesses, and wait until they have ended; it does not begin any more."""
        with self._launching:
            self._is_over = True
        if self._child is not None:
            self._child.kill()

    def close(self) -> None:
        """Kill the trainer and wait until its watcher has cleaned up."""
        if self._places.withdraw(self._begin):
            self._folder.cleanup()
            return
        self.kill()
        if self._watcher.ident is not None:
            self._watcher.join()

    def _stop(self) -> None:
        self.close()
        self._job.stopped()

    def _watch(self) -> None:
        try:
            child = self._launch()
            if child:
                self._follow_to_the_end(child)
        finally:
            self._folder.cleanup()
            self._places.leave()

    def _launch(self) -> Child | None:
        """Start the process, unless the trainer has been killed before."""
        with self._launching:
            if self._is_over:
                return None
            self._spec["created"] = time.time()
            try:
                self._child = Child(train, f"trainer-{self._job.name}")
            except OSError as error:
                self._job.fail(f"The training process cannot be started: {error.strerror or error}.")
            return self._child

    def _follow_to_the_end(self, child: Child) -> None:
        deadline = self._arm_deadline()
        try:
            # If the trainer has ended, its exit status gives the reason (below).
            with contextlib.suppress(Gone):
                child.link.send(self._spec)
                while True:
                    self._follow(child.link.receive())
        finally:
            status = child.wait()
            if deadline:
                deadline.cancel()
            self._conclude(status, child)
            child.close()

    def _arm_deadline(self) -> threading.Timer | None:
        limit = self._job.problem.get("CompletionCriteria", {}).get("MaxAutoMLJobRuntimeInSeconds")
        if limit is None:
            return None
        timer = threading.Timer(limit + GRACE_AFTER_DEADLINE, self._kill_at_deadline)
        timer.daemon = True
        timer.start()
        return timer

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
        """End a job whose trainer ended without reporting a result."""
        if self._reached_deadline:
            self._job.complete(None, "MaxAutoMLJobRuntimeReached", [])
        elif status < 0:
            name = signal.Signals(-status).name
            self._job.fail(f"The training process was killed ({name}) before the job was finished.")
        else:
            self._job.fail(f"The training process ended early with exit status {status}: {child.log_tail()}")
