"""Runs one child process for a job: queued for a place, followed by its events, ended when it is stopped or killed.

The process ends by itself when the other end of its link is closed, for example because this server was killed.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from airflow_sagemaker_automl.emulator.child import Child, Gone, Link
from airflow_sagemaker_automl.emulator.places import TrainingPlaces


class Job(Protocol):
    """The record of a job, as far as its process concerns it."""

    name: str

    def begin_stopping(self) -> bool:
        """Change to ``Stopping``; False if it is not running."""

    def stopped(self) -> None:
        """Change to ``Stopped``."""

    def fail(self, reason: str) -> None:
        """Change to ``Failed``, unless the job has finished or is stopping."""


class ChildRun(ABC):
    """The process of one job.

    :param job: its state follows the process.
    :param main: main function of the process.
    :param role: what the process is, for its name and threads, for example ``trainer``.
    :param kind: what the job is, for messages, for example ``AutoML job``.
    :param activity: what the process does, for messages, for example ``training``.
    :param places: says when the process may begin.
    """

    def __init__(
        self,
        job: Job,
        main: Callable[[Link], None],
        *,
        role: str,
        kind: str,
        activity: str,
        places: TrainingPlaces,
    ) -> None:
        self._supervised = job
        self._main = main
        self._role = role
        self._kind = kind
        self._activity = activity
        self._places = places
        self._child: Child | None = None
        self._launching = threading.Lock()
        self._is_over = False
        self._watcher = threading.Thread(target=self._watch, name=f"{role}-{job.name}", daemon=True)

    def start(self) -> None:
        """Begin as soon as there is a place."""
        self._places.enter(f"{self._kind} {self._supervised.name}", self._begin)

    def stop(self) -> None:
        """Kill the process in the background; the job is ``Stopped`` once it has ended."""
        if self._supervised.begin_stopping():
            threading.Thread(target=self._stop, name=f"stop-{self._supervised.name}", daemon=True).start()

    def kill(self) -> None:
        """Kill the process and its subprocesses, and wait until they have ended; it does not begin any more."""
        with self._launching:
            self._is_over = True
        if self._child is not None:
            self._child.kill()

    def close(self) -> None:
        """Kill the process and wait until its watcher has cleaned up."""
        if self._places.withdraw(self._begin):
            self._clean_up()
            return
        self.kill()
        if self._watcher.ident is not None:
            self._watcher.join()

    @abstractmethod
    def _spec(self) -> dict[str, Any]:
        """Write the task for the process, which has just been started."""

    @abstractmethod
    def _follow(self, event: dict[str, Any]) -> None:
        """Update the job from an event of the process."""

    @abstractmethod
    def _launched(self) -> None:
        """Act when the process has been started."""

    @abstractmethod
    def _clean_up(self) -> None:
        """Remove what the process leaves behind."""

    def _conclude(self, status: int, child: Child) -> None:
        """End a job whose process ended without reporting a result."""
        if status < 0:
            name = signal.Signals(-status).name
            self._supervised.fail(f"The {self._activity} process was killed ({name}) before the job was finished.")
        else:
            self._supervised.fail(
                f"The {self._activity} process ended early with exit status {status}: {child.log_tail()}"
            )

    def _begin(self) -> None:
        self._watcher.start()

    def _stop(self) -> None:
        self.close()
        self._supervised.stopped()

    def _watch(self) -> None:
        try:
            child = self._launch()
            if child:
                self._follow_to_the_end(child)
        finally:
            self._clean_up()
            self._places.leave()

    def _launch(self) -> Child | None:
        """Start the process, unless it has been killed before."""
        with self._launching:
            if self._is_over:
                return None
            try:
                self._child = Child(self._main, f"{self._role}-{self._supervised.name}")
            except OSError as error:
                reason = error.strerror or error
                self._supervised.fail(f"The {self._activity} process cannot be started: {reason}.")
            return self._child

    def _follow_to_the_end(self, child: Child) -> None:
        self._launched()
        try:
            # If the process has ended, its exit status gives the reason (below).
            with contextlib.suppress(Gone):
                child.link.send(self._spec())
                while True:
                    self._follow(child.link.receive())
        finally:
            status = child.wait()
            self._conclude(status, child)
            child.close()
