"""A task's place in the queue for the account's quota: what it has to remember while it waits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from airflow_sagemaker_automl.exceptions import NoQuota, QuotaReached

# A refusal that names no quota, while nothing runs, says that waiting may not help; jobs that are stopping, or that the
# list does not have yet, may make it look so for a while.
_MOST_IDLE_REFUSALS = 5


@dataclass(frozen=True, kw_only=True)
class QueuePlace:
    """Since when a task waits for a place, and what the last refusal has told.

    :param since: POSIX time of the first refusal; it stays, so that a task that was overtaken keeps its turn.
    :param reason: what the service said at the last one.
    :param limit: the quota that it named, or else how many jobs ran then, one at least: when fewer run, there is room.
    :param idle_refusals: how often in succession no quota was named while nothing ran.
    """

    since: float
    reason: str = ""
    limit: int = 1
    idle_refusals: int = 0

    def after(self, refusal: QuotaReached, running: int | None) -> QueuePlace:
        """Take in another refusal.

        :param running: how many jobs run; None where that may not be asked.
        :raises NoQuota: it was refused time after time though nothing ran.
        """
        idle = self.idle_refusals + 1 if running == 0 and refusal.limit is None else 0
        if idle > _MOST_IDLE_REFUSALS:
            reason = f"{refusal.reason} It said so {idle} times while no AutoML job was in progress."
            raise NoQuota(refusal.job_name, reason) from refusal
        limit = refusal.limit if refusal.limit is not None else running or 0
        return replace(self, reason=refusal.reason, limit=max(1, limit), idle_refusals=idle)

    def to_json(self) -> dict[str, Any]:
        """Write it for Airflow to keep while the task is deferred."""
        return dict(vars(self))
