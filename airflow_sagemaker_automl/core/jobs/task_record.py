"""The record of a task instance's jobs, kept across tries and clears.

It is stored in Airflow's task state store. It distinguishes two Airflow installations with the same DAG and run, whose
task instances have equal names. It also counts how often the task was cleared, which Airflow does not: ``max_tries``
may fall or stay the same if ``retries`` was lowered before a clear.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from airflow_sagemaker_automl.core.values.canonical import digest

_NONCE_LENGTH = 16


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Airflow's counters of a task instance at its start.

    :param max_tries: a clear sets it to the number of tries so far, plus ``retries``.
    :param retries: the task's ``retries`` in the current DAG.
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
    :param seen: Airflow's counters at the task's last start.
    :param settled: the oldest generation whose jobs may still run; jobs of older generations have ended.
    :param taken: the job of an older generation that this one adopted. Default: none.
    """

    nonce: str
    generation: int
    seen: Attempts
    settled: int = 0
    taken: str | None = None

    @classmethod
    def begun(cls, attempts: Attempts, run_started: datetime | None) -> TaskRecord:
        """Create the record of a task that has none.

        :param run_started: when the DAG run began, in microseconds. It differs between installations, and is equal for
            two executions of the same try, which may both find no record.
        """
        nonce = secrets.token_hex() if run_started is None else digest(run_started.isoformat())
        return cls(nonce=nonce[:_NONCE_LENGTH], generation=0, seen=attempts)

    def at(self, attempts: Attempts) -> TaskRecord:
        """Return the record for the next start of the task: a retry, or a run after a clear.

        A task that was cleared while it ran is retried with the same counters, and finds the job that was then stopped.
        """
        seen = self.seen
        # If retries was lowered, a clear may leave max_tries unchanged.
        is_hidden_clear = attempts.retries != seen.retries and attempts.clear_number > seen.clear_number
        is_cleared = attempts.max_tries != seen.max_tries or is_hidden_clear
        return replace(self, generation=self.generation + is_cleared, seen=attempts)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> TaskRecord:
        """Read the output of :meth:`to_json`."""
        return cls(**{**kept, "seen": Attempts(**kept["seen"])})

    def to_json(self) -> dict[str, Any]:
        """Write it for Airflow's task state store."""
        return asdict(self)
