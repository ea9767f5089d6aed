"""What happens to the jobs of an emulator, told line by line as it happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any


class JobProgress:
    """Follows all jobs of an emulator through plain boto3.

    :param sagemaker: a client of the emulator.
    """

    def __init__(self, sagemaker: Any) -> None:
        self._sagemaker = sagemaker
        self._started = time.monotonic()
        self._seen: set[tuple[str, ...]] = set()

    def news(self) -> Iterator[str]:
        """Tell what has happened since the last time."""
        for job in self._sagemaker.list_auto_ml_jobs(SortBy="CreationTime")["AutoMLJobSummaries"]:
            name = job["AutoMLJobName"]
            yield from self._once((name, job["AutoMLJobSecondaryStatus"]), job["AutoMLJobSecondaryStatus"])
            candidates = self._sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name, MaxResults=100)
            for candidate in candidates["Candidates"]:
                objective = candidate["FinalAutoMLJobObjectiveMetric"]
                short = candidate["CandidateName"].removeprefix(f"{name}-")
                line = f"  candidate {short:<22} {objective['MetricName']} {objective['Value']:.4f}"
                yield from self._once((name, candidate["CandidateName"]), line)

    def line(self, text: str) -> str:
        """Write a line as the news are written: behind the seconds since the start."""
        return f"{time.monotonic() - self._started:6.1f} s  {text}"

    def _once(self, key: tuple[str, ...], text: str) -> Iterator[str]:
        if key not in self._seen:
            self._seen.add(key)
            yield self.line(text)
