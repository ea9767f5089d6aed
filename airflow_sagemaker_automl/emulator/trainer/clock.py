"""The time limit of one candidate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job


class OutOfTime(Exception):
    """A candidate exceeded ``MaxRuntimePerTrainingJobInSeconds`` or the job's own limit."""


class Deadline:
    """The time limit of a candidate that starts now."""

    def __init__(self, job: Job) -> None:
        longest = job.config.get("CompletionCriteria", {}).get("MaxRuntimePerTrainingJobInSeconds")
        limits = [limit for limit in (longest, job.seconds_left()) if limit is not None]
        self._ends = time.monotonic() + min(limits) if limits else None

    def check(self) -> None:
        """Raise :class:`OutOfTime` if the time limit has passed."""
        if self._ends is not None and time.monotonic() >= self._ends:
            raise OutOfTime
