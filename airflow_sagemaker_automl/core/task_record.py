"""What a task instance remembers of its jobs, from try to try and across clears.

Airflow keeps it in the task state store. It tells apart two installations that have the same DAG and the same run, for
whom all names of a task instance are equal. And it counts how often the task was cleared, which no number of Airflow's
does: ``max_tries`` falls when ``retries`` was lowered before a clear, and may stay the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from airflow_sagemaker_automl.core.canonical import digest

_NONCE_LENGTH = 16


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """What Airflow says of a task instance when it begins to run.

    :param max_tries: a clear sets it to the number of tries until then, plus ``retries``.
    :param retries: of the task as its DAG is now.
    :param clear_number: how often any task of the run was cleared.
    """

    max_tries: int
    retries: int
    clear_number: int


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """The record of one task instance.

    :param nonce: part of the name and the tags of all its jobs.
    :param generation: how often the task has been cleared.
    :param seen: what Airflow said when the task ran last.
    :param settled: the oldest generation whose jobs may still run; those of older ones have been stopped, or ended.
    :param taken: the job of an older generation that this one goes on with.
    """

    nonce: str
    generation: int
    seen: Attempts
    settled: int = 0
    taken: str | None = None

    @classmethod
    def begun(cls, attempts: Attempts, run_started: datetime | None) -> TaskRecord:
        """Make the record of a task that has none.

        :param run_started: when the DAG run began, to the microsecond: no two installations have that in common, and
            two executions of one try, which may both find no record, have.
        """
        nonce = secrets.token_hex() if run_started is None else digest(run_started.isoformat())
        return cls(nonce=nonce[:_NONCE_LENGTH], generation=0, seen=attempts)

    def at(self, attempts: Attempts) -> TaskRecord:
        """Take in that the task runs again: as a retry, or after a clear.

        A task that was cleared while a worker ran it is retried with the same numbers, and finds the job that was
        stopped then.
        """
        seen = self.seen
        # Where retries was lowered, a clear may leave max_tries as it was.
        is_hidden_clear = attempts.retries != seen.retries and attempts.clear_number > seen.clear_number
        is_cleared = attempts.max_tries != seen.max_tries or is_hidden_clear
        return replace(self, generation=self.generation + is_cleared, seen=attempts)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> TaskRecord:
        """Read what :meth:`to_json` has written."""
        return cls(**{**kept, "seen": Attempts(**kept["seen"])})

    def to_json(self) -> dict[str, Any]:
        """Write it for Airflow to keep."""
        return asdict(self)
