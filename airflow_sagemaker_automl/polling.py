"""One poll for all who wait for the same list: who shares it, what it sees, and who is next for a free place.

What is kept here lives as long as the triggerer's process, and is reached from its event loop and from threads.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.core.canonical import digest
from airflow_sagemaker_automl.masking import mask_proxy_passwords
from airflow_sagemaker_automl.service_errors import is_denied, is_invalid, is_stale, kind_of, passes_by_itself

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.approval_news import Approvals
    from airflow_sagemaker_automl.core.version_arn import VersionState
    from airflow_sagemaker_automl.hooks import Connection, SageMakerAutoMLHook

# A pause is never longer than the interval, so that an end is noticed within it.
_SHORTEST_SHARE = 0.8
_LONGEST_BACKOFF = 8
_LONGEST_PAUSE_SECONDS = 300.0
# What does not pass by itself, a missing connection for example, is somebody's mistake when it has lasted so long.
LONGEST_UNUSABLE_SECONDS = 600.0
# Reading a connection is a line in the log each time.
_DOUBTED_AFTER_SECONDS = 600.0
# By then a task that was let go has created its job, or been refused and come back.
_RESERVED_SECONDS = 60.0
# A limit may have been learned too low, or been raised: after so many polls without room somebody tries all the same.
PROBE_AFTER_POLLS = 10
# Threads of our own: those that asyncio shares out are few, and other triggers need them too.
_threads = ThreadPoolExecutor(16, thread_name_prefix="sagemaker-automl")

R = TypeVar("R")
L = TypeVar("L")


class StreamKey(NamedTuple):
    """What triggers have in common that share a poll.

    :param listed: what the poll lists: the jobs that run, the versions of the group with this ARN, or those that are
        approved.
    """

    listed: str
    connection_digest: str
    poll_interval: float

    @classmethod
    def of_jobs(cls, connection: Connection, poll_interval: float) -> StreamKey:
        """Make the key of the poll for the jobs of a connection."""
        return cls._of("sagemaker-automl-jobs", connection, poll_interval)

    @classmethod
    def of_versions(cls, group_arn: str, connection: Connection, poll_interval: float) -> StreamKey:
        """Make the key of the poll for the versions of a model package group."""
        return cls._of(group_arn, connection, poll_interval)

    @classmethod
    def of_approvals(cls, group: str, connection: Connection, poll_interval: float) -> StreamKey:
        """Make the key of the poll for the approved versions of a model package group."""
        return cls._of(f"approved versions of {group}", connection, poll_interval)

    @classmethod
    def _of(cls, listed: str, connection: Connection, poll_interval: float) -> StreamKey:
        # A connection is no value to hash, and its configuration may be no text to log.
        return cls(listed, digest(connection), poll_interval)


@dataclass(frozen=True)
class Snapshot(Generic[L]):
    """What one poll saw.

    :param listed: what it lists; None where it could not tell.
    :param problem: why it could not.
    :param listing_refused: whether the service does not give the list, so that each trigger has to look for itself.
    :param is_lasting: whether the problem will not pass by itself.
    :param is_hopeless: whether it has lasted for so long that nobody should wait any more.
    """

    listed: L | None
    problem: str | None = None
    listing_refused: bool = False
    is_lasting: bool = False
    is_hopeless: bool = False


# Job name → secondary status of the jobs that run.
Jobs = dict[str, str]
# ARN → status and approval of the newest versions of a group.
Versions = dict[str, "VersionState"]

# One client for all streams of a connection: each takes megabytes, and there may be a stream for each of many groups.
_hooks: dict[str, SageMakerAutoMLHook] = {}
_building: dict[str, threading.Lock] = {}
_open_streams: Counter[str] = Counter()


async def in_thread(call: Callable[[], R]) -> R:
    """Call what may take its time, off the event loop; what it logs goes to the log of whoever calls."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: context.run(call))


def shared_hook(connection: Connection, key: StreamKey) -> SageMakerAutoMLHook:
    """Give the one hook of a connection; called in threads only, where a connection may be read and a client built."""
    whose = key.connection_digest
    if (hook := _hooks.get(whose)) is not None:
        return hook
    # One lock for each connection: what holds up one is nothing to the others.
    with _building.setdefault(whose, threading.Lock()):
        hook = _hooks.get(whose)
        if hook is None:
            from airflow_sagemaker_automl.hooks import SageMakerAutoMLHook

            mask_proxy_passwords(connection["botocore_config"])
            hook = SageMakerAutoMLHook.from_connection(connection)
            _ = hook.conn  # Built here, once: hundreds of triggers may start at the same time.
            _hooks[whose] = hook
    return hook


def job_snapshots(connection: Connection, poll_interval: float) -> AsyncGenerator[Snapshot[Jobs], None]:
    """Poll for the jobs that run, for as long as anybody waits."""
    key = StreamKey.of_jobs(connection, poll_interval)
    return _snapshots(connection, key, "jobs", lambda hook: hook.jobs_in_progress())


def version_snapshots(
    group_arn: str, connection: Connection, poll_interval: float
) -> AsyncGenerator[Snapshot[Versions], None]:
    """Poll for the newest versions of a model package group, for as long as anybody waits.

    A snapshot has the status and the approval of up to a hundred of them, which is one request.
    """
    key = StreamKey.of_versions(group_arn, connection, poll_interval)
    return _snapshots(connection, key, f"versions of {group_arn}", lambda hook: hook.newest_versions(group_arn))


def approval_snapshots(
    group: str, connection: Connection, poll_interval: float
) -> AsyncGenerator[Snapshot[Approvals], None]:
    """Poll for the approved versions of a model package group, for as long as anybody watches.

    A snapshot has all of them, a request for each hundred. A service that refuses the list is a problem like others:
    who watches has nothing else to look at.

    :param group: name or ARN of the group, which need not be there yet.
    """
    key = StreamKey.of_approvals(group, connection, poll_interval)
    connected = time.monotonic()

    def look(hook: SageMakerAutoMLHook) -> Approvals:
        nonlocal connected
        approvals = hook.approved_versions(group)
        if not approvals.has_group and time.monotonic() - connected > _DOUBTED_AFTER_SECONDS:
            # By the next look the connection may point to where it is.
            _hooks.pop(key.connection_digest, None)
            connected = time.monotonic()
        return approvals

    return _snapshots(connection, key, f"approved versions of {group}", look, can_look_elsewhere=False)


async def _snapshots(
    connection: Connection,
    key: StreamKey,
    what: str,
    look: Callable[[SageMakerAutoMLHook], L],
    *,
    can_look_elsewhere: bool = True,
) -> AsyncGenerator[Snapshot[L], None]:
    """Poll; an error would end every wait, so none leaves here.

    :param can_look_elsewhere: whether those who wait can do without a list that is refused.
    """
    failures, unusable_since = 0, None
    whose = key.connection_digest
    _open_streams[whose] += 1
    try:
        while True:
            snapshot = await _poll(connection, key, what, look, can_look_elsewhere)
            failures = 0 if snapshot.problem is None else failures + 1
            unusable_since = (unusable_since or time.monotonic()) if snapshot.is_lasting else None
            if unusable_since is not None and time.monotonic() - unusable_since > LONGEST_UNUSABLE_SECONDS:
                snapshot = replace(snapshot, is_hopeless=True)
            await in_thread(metrics.tell_who_waits)
            yield snapshot
            await asyncio.sleep(pause(key.poll_interval, failures))
    finally:
        metrics.tell_who_waits()
        _open_streams[whose] -= 1
        if not _open_streams[whose]:
            del _open_streams[whose]
            _hooks.pop(whose, None)
            _building.pop(whose, None)


def pause(poll_interval: float, failures: int) -> float:
    """Choose the seconds until the next look, at random, so that those who started together do not stay together.

    :param failures: how many looks in succession have failed; each doubles the pause, up to eight intervals or five
        minutes.
    """
    longest = max(poll_interval, min(poll_interval * _LONGEST_BACKOFF, _LONGEST_PAUSE_SECONDS))
    return float(min(poll_interval * 2 ** min(failures, 10), longest) * random.uniform(_SHORTEST_SHARE, 1))


async def _poll(
    connection: Connection,
    key: StreamKey,
    what: str,
    look: Callable[[SageMakerAutoMLHook], L],
    can_look_elsewhere: bool,
) -> Snapshot[L]:
    try:
        return Snapshot(await in_thread(lambda: look(shared_hook(connection, key))))
    except Exception as error:
        # A group that is not there, or that another account does not show, is a request that is not valid.
        is_refused = is_denied(error) or is_invalid(error)
        if is_refused and can_look_elsewhere:
            return Snapshot(None, listing_refused=True)
        await in_thread(partial(metrics.count, metrics.POLLS_FAILED, kind_of(error)))
        # A connection that was changed, or credentials that were renewed, are to be read again.
        if is_refused or is_stale(error):
            _hooks.pop(key.connection_digest, None)
        problem = f"{what} could not be listed, trying again: {error}"
        return Snapshot(None, problem=problem, is_lasting=not passes_by_itself(error))


@dataclass
class CapacityQueue:
    """Who waits for a free place in the account, on one stream of one triggerer.

    A task that is let go keeps its place reserved until its job is seen, or it comes back refused, or a minute has
    passed. Waiters of other triggerers are not known here: both let go as many as there is room for, and those who
    come too late are refused and wait again.
    """

    _waiting: dict[str, float] = field(default_factory=dict)
    _reserved: dict[str, float] = field(default_factory=dict)
    _limit: int = 1
    _judged: Snapshot[Jobs] | None = None
    _let_go: frozenset[str] = frozenset()
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
        """Forget a waiter that waits no longer; the place that it was let go for stays reserved."""
        self._waiting.pop(job_name, None)
        self._places = None

    def job_exists(self, job_name: str) -> None:
        """Give back the reservation of a job that was created: it counts among the running ones, or has ended."""
        self._reserved.pop(job_name, None)

    def lets_go(self, job_name: str, since: float, snapshot: Snapshot[Jobs]) -> bool:
        """Tell whether there is room for a waiter; each snapshot is judged once, for all who wait."""
        # Of two triggers for one job, as when a triggerer gives one up and takes it over again, one has left already.
        if job_name not in self._waiting:
            self._waiting[job_name], self._places = since, None
        if snapshot is not self._judged:
            self._judged = snapshot
            self._let_go = frozenset(self._next(snapshot))
            self._reserved.update(dict.fromkeys(self._let_go, time.monotonic() + _RESERVED_SECONDS))
        return job_name in self._let_go

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


_queues: dict[Hashable, CapacityQueue] = {}


def capacity_queue(key: StreamKey) -> CapacityQueue:
    """Give the one queue of a stream; called on the event loop only."""
    return _queues.setdefault(key, CapacityQueue())
