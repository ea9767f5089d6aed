"""Runs one trainer process per job, turns its events into the job's state, and sees to it that no process survives.

The trainer is the leader of a process group of its own, so that whatever it starts ends with it.
It ends by itself when its standard input closes, which is what happens when this server is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from typing import IO, Any

from airflow_sagemaker_automl.emulator.jobs import AutoMLJob

# A job at its run-time limit is ended gracefully: the trainer finishes by itself, on a busy machine within minutes, and
# is killed only if it hangs.
GRACE_AFTER_DEADLINE = 300.0
_LOG_TAIL = 600
_NOT_DEPLOYED = (
    "ModelDeployConfig: the emulator deploys nothing by itself; create model, endpoint configuration and endpoint, "
    "or script the job."
)


class Trainer:
    """The process that trains one job.

    :param job: the job to train; its state follows the trainer's events.
    :param endpoint_url: where the trainer finds this server's S3.
    :param account: the job's account.
    :param region: the job's region.
    """

    def __init__(self, job: AutoMLJob, endpoint_url: str, account: str, region: str) -> None:
        self._job = job
        self._folder = tempfile.TemporaryDirectory(prefix="automl-emulator-", ignore_cleanup_errors=True)
        self._spec = {
            "job_name": job.name,
            "endpoint_url": endpoint_url,
            "region": region,
            "created": job.created.timestamp(),
            "image_prefix": f"{account}.dkr.ecr.{region}.amazonaws.com/",
            "request": job.request,
            "folder": self._folder.name,
        }
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the trainer has ended.
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher = threading.Thread(target=self._watch, name=f"trainer-{job.name}", daemon=True)
        self._reached_deadline = False

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "airflow_sagemaker_automl.emulator.trainer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
            # By default the threads of LightGBM and XGBoost spin while they wait for each other, and on a machine that
            # does anything else a fit of a tenth of a second takes many seconds.
            env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ},
        )
        self._watcher.start()

    def stop(self) -> None:
        """Kill the trainer in the background; the job is ``Stopped`` once it is gone."""
        if self._job.begin_stopping():
            threading.Thread(target=self._stop, name=f"stop-{self._job.name}", daemon=True).start()

    def kill(self) -> None:
        """Kill the trainer's process group and wait until the trainer is gone."""
        if self._process is not None:
            # The group may be gone, or may outlive its leader.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """Kill the trainer and wait until nothing is left of it."""
        self.kill()
        if self._watcher.is_alive():
            self._watcher.join()

    def _stop(self) -> None:
        self.close()
        self._job.stopped()

    def _watch(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = self._arm_deadline()
        try:
            # A trainer that dies before it reads its task breaks the pipe; its exit status tells, below.
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(self._spec).encode() + b"\n")
                process.stdin.flush()
            self._follow(process.stdout)
        finally:
            process.wait()
            self.kill()
            if deadline:
                deadline.cancel()
            self._conclude(process.returncode)
            for stream in (process.stdin, process.stdout, self._log):
                stream.close()
            self._folder.cleanup()

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

    def _follow(self, events: IO[bytes]) -> None:
        for line in events:
            event = json.loads(line)
            handler = getattr(self, f"_on_{event.pop('event')}")
            handler(**event)

    def _on_stage(self, secondary_status: str) -> None:
        self._job.advance(secondary_status)

    def _on_resolved(self, metric: str, problem_type: str | None) -> None:
        self._job.resolve(metric, problem_type)

    def _on_artifacts(self, locations: dict[str, str]) -> None:
        self._job.record_artifacts(locations)

    def _on_candidate(self, candidate: dict[str, Any]) -> None:
        self._job.record_candidate(candidate)

    def _on_completed(self, best_candidate: str | None, reason: str, partial_failures: list[str]) -> None:
        if "ModelDeployConfig" in self._job.request:
            partial_failures = [_NOT_DEPLOYED, *partial_failures]
        self._job.complete(best_candidate, reason, partial_failures)

    def _on_failed(self, reason: str) -> None:
        self._job.fail(reason)

    def _conclude(self, returncode: int) -> None:
        """End a job whose trainer went away without a word of its end."""
        if self._reached_deadline:
            self._job.complete(None, "MaxAutoMLJobRuntimeReached", [])
        elif returncode < 0:
            name = signal.Signals(-returncode).name
            self._job.fail(f"The training process was killed ({name}) before the job was finished.")
        else:
            self._job.fail(f"The training process ended early with exit status {returncode}: {self._log_tail()}")

    def _log_tail(self) -> str:
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_TAIL))
        return self._log.read().decode(errors="replace").strip() or "it said nothing"
