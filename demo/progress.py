"""The progress of an emulator's jobs, line by line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any


class JobProgress:
    """Follows all jobs that an emulator starts from now on, through plain boto3.

    :param sagemaker: a client of the emulator.
    """

    def __init__(self, sagemaker: Any) -> None:
        self._sagemaker = sagemaker
        self._started = time.monotonic()
        self._seen: set[tuple[str, ...]] = set()
        self._earlier = {job["AutoMLJobName"] for job in self._jobs()}

    def news(self) -> Iterator[str]:
        """Yield what has happened since the last call; with several jobs, each line names the job."""
        jobs = [job for job in self._jobs() if job["AutoMLJobName"] not in self._earlier]
        for job in jobs:
            name = job["AutoMLJobName"]
            which = f"{name}: " if len(jobs) > 1 else ""
            yield from self._once((name, job["AutoMLJobSecondaryStatus"]), which + job["AutoMLJobSecondaryStatus"])
            candidates = self._sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name, MaxResults=100)
            for candidate in candidates["Candidates"]:
                yield from self._once((name, candidate["CandidateName"]), which + _figure(candidate, name))

    def line(self, text: str) -> str:
        """Put the seconds since the start before a text."""
        return f"{time.monotonic() - self._started:6.1f} s  {text}"

    def _jobs(self) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = self._sagemaker.list_auto_ml_jobs(SortBy="CreationTime")["AutoMLJobSummaries"]
        return jobs

    def _once(self, key: tuple[str, ...], text: str) -> Iterator[str]:
        if key not in self._seen:
            self._seen.add(key)
            yield self.line(text)


def _figure(candidate: dict[str, Any], job_name: str) -> str:
    """Write a candidate and its objective metric; a candidate of a scripted job may have none."""
    line = f"  candidate {candidate['CandidateName'].removeprefix(f'{job_name}-'):<22}"
    objective = candidate.get("FinalAutoMLJobObjectiveMetric")
    return f"{line} {objective['MetricName']} {objective['Value']:.4f}" if objective else line.rstrip()
