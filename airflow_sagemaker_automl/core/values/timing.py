"""How long this package waits, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Times in seconds, as they apply to every task and trigger of a process.

    :param retries: for how long a call of a worker is repeated on transient errors.
    :param visible: how long a new job or version, or a new permission, may take to become visible; what is missing for
        longer does not exist.
    :param taken_job_visible: the same for a job whose name is taken, which exists.
    :param group_deletion: how long a model package group with the name of a new one may take to be deleted.
    :param update_visible: how long a description may lag behind an update.
    :param update_poll: between two descriptions after an update.
    :param lookup_poll: between two searches for a version that exists but is not listed yet.
    :param client_token: for how long the service reliably recognizes the client token of a registration.
    :param quick_completion: for how long a worker waits for a version itself; a version without validation is completed
        almost immediately, and a deferred task returns no sooner.
    :param quick_completion_poll: between two polls of that time.
    :param earliest_event: how long a trigger waits before it fires: Airflow 3.3.1 and 3.3.2 fail a task whose trigger
        fires before the executor has reported the deferral.
    :param longest_backoff: the longest pause between two polls while errors last.
    :param unusable: for how long an error that is not transient must last before it ends a wait.
    :param doubted: for how long a watch trusts a connection that does not find the watched group.
    :param place_reserved: for how long a place in the quota queue is reserved for a released task, which by then has
        created its job or has been refused.
    :param abandoned: after which time without a change the model and the files of a scoring count as left behind, if
        none of its jobs runs.
    :param watch_settled: for how long a watched asset must exist before its first events are emitted.
    :param task_state: how long a terminated task waits for its state; Airflow kills it after five seconds.
    :param stop_in_worker: how long it then tries to stop its job.
    :param stop_in_triggerer: how long a killed trigger tries to stop its job; Airflow abandons it after 30 seconds.
    """

    retries: float = 600
    visible: float = 300
    taken_job_visible: float = 60
    group_deletion: float = 60
    update_visible: float = 60
    update_poll: float = 1
    lookup_poll: float = 2
    client_token: float = 3600
    quick_completion: float = 5
    quick_completion_poll: float = 1
    earliest_event: float = 5
    longest_backoff: float = 300
    unusable: float = 600
    doubted: float = 600
    place_reserved: float = 60
    abandoned: float = 86_400
    watch_settled: float = 10
    task_state: float = 2
    stop_in_worker: float = 3
    stop_in_triggerer: float = 25


_current = Timing()


def timing() -> Timing:
    """Return the times that apply now."""
    return _current


@contextmanager
def changed_timing(**seconds: float) -> Iterator[Timing]:
    """Apply other times in this process while the block runs, for tests.

    :param seconds: fields of :class:`Timing`.
    """
    global _current  # Triggers run in threads and tasks that share no context.
    before = _current
    _current = replace(before, **seconds)
    try:
        yield _current
    finally:
        _current = before
