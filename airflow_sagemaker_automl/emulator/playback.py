"""Plays a job's script: the counterpart of the trainer for scripted jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from airflow_sagemaker_automl.emulator.jobs import AutoMLJob
from airflow_sagemaker_automl.emulator.script import Script

_LOOKS_PER_SECOND = 20


class Playback:
    """One job and its script.

    :param job: the job; its state follows the script.
    :param script: the state changes and their times.
    """

    def __init__(self, job: AutoMLJob, script: Script) -> None:
        self._job = job
        self._script = script
        self._stop_asked = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._play, name=f"playback-{job.name}", daemon=True)

    def start(self) -> None:
        if self._script.resolved:
            self._job.resolve_as(self._script.resolved)
        self._thread.start()

    def stop(self) -> None:
        """Leave the script; the job is ``Stopped`` after the script's ``StoppingSeconds``."""
        if self._job.begin_stopping():
            self._stop_asked.set()

    def close(self) -> None:
        """End immediately, in whatever state the job is."""
        self._closed.set()
        self._stop_asked.set()
        self._thread.join()

    def _play(self) -> None:
        started = time.monotonic()
        for moment, change in self._timeline():
            if self._stop_asked.wait(max(0.0, started + moment - time.monotonic())):
                break
            change()
            if self._job.is_finished:
                return
        else:
            if not self._is_stopped_while_held():
                self._job.end_as(self._script.ending)
                return
        if not self._closed.wait(self._script.stopping_seconds):
            self._job.stopped()

    def _is_stopped_while_held(self) -> bool:
        """Stay in the last stage until the script lets the job end or a stop is requested; a stop takes precedence."""
        while not self._script.may_end and not self._stop_asked.is_set():
            self._stop_asked.wait(1 / _LOOKS_PER_SECOND)
        return self._stop_asked.is_set()

    def _timeline(self) -> list[tuple[float, Callable[[], None]]]:
        timeline: list[tuple[float, Callable[[], None]]] = []
        moment = 0.0
        for status, seconds in self._script.stages:
            timeline.append((moment, self._stage(status)))
            moment += seconds
        timeline += [(after, self._candidate(number)) for number, (after, _) in enumerate(self._script.candidates)]
        timeline.sort(key=lambda entry: entry[0])  # Stable: a stage comes before candidates of the same time.
        timeline.append((moment, lambda: None))
        limit = self._job.problem.get("CompletionCriteria", {}).get("MaxAutoMLJobRuntimeInSeconds")
        if limit is None or limit >= moment:
            return timeline
        return [*(entry for entry in timeline if entry[0] <= limit), (limit, self._reach_time_limit)]

    def _stage(self, status: str) -> Callable[[], None]:
        if status == "Stopping":
            return self._begin_stopping
        return lambda: self._job.advance(status)

    def _begin_stopping(self) -> None:
        self._job.begin_stopping()

    def _candidate(self, number: int) -> Callable[[], None]:
        _, candidate = self._script.candidates[number]
        return lambda: self._job.record_candidate(candidate)

    def _reach_time_limit(self) -> None:
        best = self._script.ending.get("BestCandidate")
        trained = [
            known["CandidateName"] for known in self._job.candidates() if known["CandidateStatus"] == "Completed"
        ]
        self._job.complete(best if best in trained else None, "MaxAutoMLJobRuntimeReached", [])
