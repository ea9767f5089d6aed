"""Who is next for a free place in the account's quota of concurrent jobs."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_sagemaker_automl.polling import Jobs, Snapshot

# By then a task that was let go has created its job, or been refused and come back.
_RESERVED_SECONDS = 60.0
# A limit may have been learned too low, or been raised: after so many polls without room somebody tries all the same.
PROBE_AFTER_POLLS = 10
# One for each poll interval; more of them at once, and a snapshot may be judged again, which gives no place twice.
_POLLS_OF_ONE_QUEUE = 8


@dataclass
class CapacityQueue:
    """Who waits for a free place in the account, by one connection in one triggerer, whatever their poll intervals.

    A task that is let go keeps its place reserved until its job is seen, or it comes back refused, or a minute has
    passed since it was told. Waiters of other triggerers are not known here: both let go as many as there is room for,
    and those who come too late are refused and wait again.
    """

    _waiting: dict[str, float] = field(default_factory=dict)
    _reserved: dict[str, float] = field(default_factory=dict)
    _limit: int = 1
    # The latest of each poll, by identity: several polls may serve one queue.
    _judged: deque[Snapshot[Jobs]] = field(default_factory=lambda: deque(maxlen=_POLLS_OF_ONE_QUEUE))
    _polls_without_room: int = 0
    # Name → place, from 1; None when somebody has come or gone since they were counted.
    _places: dict[str, int] | None = None

    def join(self, job_name: str, since: float, limit: int) -> None:
        """Enter a waiter.

        :param job_name: the job that it would create.
        :param since: POSIX time since when it waits; the longest wait is served first.
        :param limit: how many jobs may run, as far as its refusal told; the latest tells best.
        """
        self._reserved.pop(job_name, None)
        self._waiting[job_name] = since
        self._places = None
        self._limit = max(1, limit)

    def leave(self, job_name: str) -> None:
        """Forget a waiter that waits no longer; the place that it was told of stays reserved."""
        self._waiting.pop(job_name, None)
        if self._reserved.get(job_name) == math.inf:
            del self._reserved[job_name]
        self._places = None

    def job_exists(self, job_name: str) -> None:
        """Give back the reservation of a job that was created: it counts among the running ones, or has ended."""
        self._reserved.pop(job_name, None)

    def lets_go(self, job_name: str, since: float, snapshot: Snapshot[Jobs]) -> bool:
        """Tell whether there is room for a waiter; each snapshot is judged once, for all who wait."""
        # Of two triggers for one job, as when a triggerer gives one up and takes it over again, one has left already.
        if job_name not in self._waiting:
            self._waiting[job_name], self._places = since, None
        if not any(snapshot is judged for judged in self._judged):
            self._judged.append(snapshot)
            # A waiter of another poll is told when that polls next, and keeps its place until then.
            chosen = self._next(snapshot)
            self._reserved |= dict.fromkeys(chosen, math.inf)
        if job_name not in self._reserved:
            return False
        self._reserved[job_name] = min(self._reserved[job_name], time.monotonic() + _RESERVED_SECONDS)
        return True

    @property
    def reserved_until(self) -> float:
        """Monotonic time at which the last reservation ends; in the past where there is none."""
        return max(self._reserved.values(), default=-math.inf)

    def place(self, job_name: str) -> tuple[int, int]:
        """Say where a waiter stands: its place, from 1, and how many wait."""
        return self._in_order()[job_name], len(self._waiting)

    def _next(self, snapshot: Snapshot[Jobs]) -> list[str]:
        waiting = [name for name in self._in_order() if name not in self._reserved]
        if snapshot.listed is None:
            # Nobody may say how many run: the next one may try. Where nobody answers, there is nothing to try.
            return waiting[: 1 if snapshot.listing_refused else 0]
        now = time.monotonic()
        running = snapshot.listed.keys()
        self._reserved = {name: until for name, until in self._reserved.items() if until > now and name not in running}
        # What runs at once is allowed, though the refusal may have been counted on a list that lagged behind.
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
