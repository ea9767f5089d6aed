"""A task's place in the queue for the account's quota: its state while it waits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from airflow_sagemaker_automl.exceptions import NoQuota, QuotaReached

# If a refusal names no quota while no job runs, waiting may not help. Jobs that are stopping or not listed yet can
# cause a few such refusals.
_MOST_IDLE_REFUSALS = 5


@dataclass(frozen=True, kw_only=True)
class QueuePlace:
    """Since when a task waits for a place, and what the last refusal said.

    :param since: POSIX time of the first refusal; later refusals keep it, so that the task keeps its turn.
    :param reason: message of the last refusal.
    :param limit: the quota that the refusal named, otherwise the number of jobs that ran then, at least 1. There is
        room when fewer jobs run.
    :param idle_refusals: number of consecutive refusals that named no quota while no job ran.
    """

    since: float
    reason: str = ""
    limit: int = 1
    idle_refusals: int = 0

    def after(self, refusal: QuotaReached, running: int | None) -> QueuePlace:
        """Return the place after another refusal.

        :param running: number of running jobs; None if access to the list is denied.
        :raises NoQuota: the request was refused repeatedly although no job ran.
        """
        idle = self.idle_refusals + 1 if running == 0 and refusal.limit is None else 0
        if idle > _MOST_IDLE_REFUSALS:
            reason = f"{refusal.reason} It said so {idle} times while no {refusal.kind} was in progress."
            raise NoQuota(refusal.job_name, reason, kind=refusal.kind) from refusal
        limit = refusal.limit if refusal.limit is not None else running or 0
        return replace(self, reason=refusal.reason, limit=max(1, limit), idle_refusals=idle)

    def to_json(self) -> dict[str, Any]:
        """Return a form that Airflow can store while the task is deferred."""
        return dict(vars(self))
