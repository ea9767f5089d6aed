"""The time that one candidate has."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job


class OutOfTime(Exception):
    """A candidate took longer than ``MaxRuntimePerTrainingJobInSeconds`` or the job's own limit lets it."""


class Deadline:
    """When a candidate that begins now has to be done."""

    def __init__(self, job: Job) -> None:
        longest = job.config.get("CompletionCriteria", {}).get("MaxRuntimePerTrainingJobInSeconds")
        limits = [limit for limit in (longest, job.seconds_left()) if limit is not None]
        self._ends = time.monotonic() + min(limits) if limits else None

    def check(self) -> None:
        """Raise :class:`OutOfTime` if the time is over."""
        if self._ends is not None and time.monotonic() >= self._ends:
            raise OutOfTime
