"""The queue for a free place in the account's quota of concurrent jobs."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_sagemaker_automl.core.values.timing import timing

if TYPE_CHECKING:
    from airflow_sagemaker_automl.triggers.snapshot import Jobs, Snapshot

# The known limit may be too low, or the quota may have been raised: after so many polls without room, one task tries.
PROBE_AFTER_POLLS = 10
# One for each poll interval. With more intervals, a snapshot may be judged again, which never gives a place twice.
_POLLS_OF_ONE_QUEUE = 8


@dataclass
class QuotaQueue:
    """Tasks in one triggerer that wait for a place by one connection, with any poll intervals.

    A released task keeps its place reserved until its job is seen, it is refused and returns, or a minute has passed
    since its release. The queue does not know tasks in other triggerers: each triggerer releases as many tasks as there
    is room for, and tasks that come too late are refused and wait again.
    """

    _waiting: dict[str, float] = field(default_factory=dict)
    _reserved: dict[str, float] = field(default_factory=dict)
    _limit: int = 1
    # The latest snapshot of each poll, by identity: several polls may serve one queue.
    _judged: deque[Snapshot[Jobs]] = field(default_factory=lambda: deque(maxlen=_POLLS_OF_ONE_QUEUE))
    _polls_without_room: int = 0
    # Name → place, from 1; None when the queue has changed since they were counted.
    _places: dict[str, int] | None = None

    def join(self, job_name: str, since: float, limit: int) -> None:
        """Add a waiting task.

        :param job_name: the job that it would create.
        :param since: POSIX time since when it waits; the longest wait is served first.
        :param limit: how many jobs may run according to its refusal; the latest refusal sets the queue's limit.
        """
        self._reserved.pop(job_name, None)
        self._waiting[job_name] = since
        self._places = None
        self._limit = max(1, limit)

    def leave(self, job_name: str) -> None:
        """Remove a task that no longer waits; if it was released, its place stays reserved."""
        self._waiting.pop(job_name, None)
        if self._reserved.get(job_name) == math.inf:
            del self._reserved[job_name]
        self._places = None

    def job_exists(self, job_name: str) -> None:
        """Drop the reservation of a job that was created: it is among the running jobs, or has ended."""
        self._reserved.pop(job_name, None)

    def lets_go(self, job_name: str, since: float, snapshot: Snapshot[Jobs]) -> bool:
        """Tell whether to release a waiting task; each snapshot is judged once, for all tasks."""
        # When a triggerer drops a trigger and takes it over again, the old trigger may have removed the entry.
        if job_name not in self._waiting:
            self._waiting[job_name], self._places = since, None
        if not any(snapshot is judged for judged in self._judged):
            self._judged.append(snapshot)
            # A task of another poll is released at that poll's next snapshot; its place is reserved until then.
            chosen = self._next(snapshot)
            self._reserved |= dict.fromkeys(chosen, math.inf)
        if job_name not in self._reserved:
            return False
        self._reserved[job_name] = min(self._reserved[job_name], time.monotonic() + timing().place_reserved)
        return True

    @property
    def reserved_until(self) -> float:
        """Monotonic time at which the last reservation ends; in the past if there is none."""
        return max(self._reserved.values(), default=-math.inf)

    def place(self, job_name: str) -> tuple[int, int]:
        """Return a task's place in the queue, from 1, and the number of waiting tasks."""
        return self._in_order()[job_name], len(self._waiting)

    def _next(self, snapshot: Snapshot[Jobs]) -> list[str]:
        waiting = [name for name in self._in_order() if name not in self._reserved]
        if snapshot.listed is None:
            # If listing is denied, it is unknown how many jobs run: the next task tries. On other errors, all wait.
            return waiting[: 1 if snapshot.listing_refused else 0]
        now = time.monotonic()
        running = snapshot.listed.keys()
        self._reserved = {name: until for name, until in self._reserved.items() if until > now and name not in running}
        # The limit is at least the number of jobs that run now: the refusal may have been counted on an outdated list.
        self._limit = max(self._limit, len(running))
        room = max(0, self._limit - len(running) - len(self._reserved))
        self._polls_without_room = 0 if room or self._reserved else self._polls_without_room + 1
        if self._polls_without_room > PROBE_AFTER_POLLS:
            room, self._polls_without_room = 1, 0
        return waiting[:room]

    def _in_order(self) -> dict[str, int]:
        if self._places is None:
            names = sorted(self._waiting, key=lambda name: (self._waiting[name], name))
            self._places = {name: place for place, name in enumerate(names, 1)}
        return self._places
