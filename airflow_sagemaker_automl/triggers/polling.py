"""One shared poll for all triggers that need the same list."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from airflow_sagemaker_automl.core.values.canonical import digest
from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.hooks.errors import error_name, is_denied, is_invalid, is_stale, is_transient
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.triggers.shared_connection import SharedConnection, forget_hook, shared
from airflow_sagemaker_automl.triggers.snapshot import Jobs, Snapshot, Versions

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.registry.new_approvals import Approvals
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.connection import Connection

# A pause is never longer than the interval, so that a change is noticed within one interval.
_SHORTEST_SHARE = 0.8
_LONGEST_BACKOFF = 8

L = TypeVar("L")


class StreamKey(NamedTuple):
    """Key of a shared poll: triggers with the same key share it.

    :param listed: what the poll lists: the running jobs, the versions of a group, or its approved versions.
    """

    listed: str
    connection_digest: str
    poll_interval: float

    @classmethod
    def of_jobs(cls, listed: str, connection: Connection, poll_interval: float) -> StreamKey:
        """Return the key of the poll for the jobs of one kind."""
        return cls._of(listed, connection, poll_interval)

    @classmethod
    def of_versions(cls, group_arn: str, connection: Connection, poll_interval: float) -> StreamKey:
        """Return the key of the poll for the versions of a model package group."""
        return cls._of(group_arn, connection, poll_interval)

    @classmethod
    def of_approvals(cls, group: str, connection: Connection, poll_interval: float) -> StreamKey:
        """Return the key of the poll for the approved versions of a model package group."""
        return cls._of(f"approved versions of {group}", connection, poll_interval)

    @classmethod
    def _of(cls, listed: str, connection: Connection, poll_interval: float) -> StreamKey:
        # A connection is not hashable, and its configuration must not appear in logs.
        return cls(listed, digest(connection), poll_interval)


def job_snapshots(
    connection: Connection, key: StreamKey, look: Callable[[SageMakerAutoMLHook], Jobs]
) -> AsyncGenerator[Snapshot[Jobs], None]:
    """Poll for the running jobs of one kind, for as long as any trigger waits."""
    return _snapshots(connection, key, "jobs", look)


def version_snapshots(
    group_arn: str, connection: Connection, poll_interval: float
) -> AsyncGenerator[Snapshot[Versions], None]:
    """Poll for the newest versions of a model package group, for as long as any trigger waits.

    A snapshot has the status and the approval of up to 100 versions and costs one request.
    """
    key = StreamKey.of_versions(group_arn, connection, poll_interval)
    return _snapshots(connection, key, f"versions of {group_arn}", lambda hook: hook.newest_versions(group_arn))


def approval_snapshots(
    group: str, connection: Connection, poll_interval: float
) -> AsyncGenerator[Snapshot[Approvals], None]:
    """Poll for the approved versions of a model package group, for as long as any trigger watches.

    A snapshot has all of them and costs one request per 100 versions. A refused list is a problem like any other,
    because a watcher has no single version to describe instead.

    :param group: name or ARN of the group, which may not exist yet.
    """
    key = StreamKey.of_approvals(group, connection, poll_interval)
    connected = time.monotonic()

    def look(hook: SageMakerAutoMLHook) -> Approvals:
        nonlocal connected
        approvals = hook.approved_versions(group)
        if not approvals.has_group and time.monotonic() - connected > timing().doubted:
            # The connection may have been changed to point to the right account or region.
            forget_hook(connection)
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
    """Poll without ever raising, because an error would end all waits.

    :param can_look_elsewhere: whether the triggers can do without a refused list.
    """
    failures, unusable_since = 0, None
    with shared(connection) as reached:
        try:
            while True:
                snapshot = await _poll(reached, what, look, can_look_elsewhere)
                failures = 0 if snapshot.problem is None else failures + 1
                unusable_since = (unusable_since or time.monotonic()) if snapshot.is_lasting else None
                if unusable_since is not None and time.monotonic() - unusable_since > timing().unusable:
                    snapshot = replace(snapshot, is_hopeless=True)
                await reached.run(metrics.tell_who_waits)
                yield snapshot
                await asyncio.sleep(pause(key.poll_interval, failures))
        finally:
            metrics.tell_who_waits()


def pause(poll_interval: float, failures: int) -> float:
    """Return the seconds until the next poll, with jitter, so that polls that start together spread out.

    :param failures: number of consecutive failed polls; each doubles the pause, up to eight intervals or five minutes,
        whichever is shorter.
    """
    longest = max(poll_interval, min(poll_interval * _LONGEST_BACKOFF, timing().longest_backoff))
    return float(min(poll_interval * 2 ** min(failures, 10), longest) * random.uniform(_SHORTEST_SHARE, 1))


async def _poll(
    reached: SharedConnection,
    what: str,
    look: Callable[[SageMakerAutoMLHook], L],
    can_look_elsewhere: bool,
) -> Snapshot[L]:
    try:
        return Snapshot(await reached.ask(look))
    except Exception as error:
        # The service answers "invalid" for a group that does not exist or that another account does not share.
        is_refused = is_denied(error) or is_invalid(error)
        if is_refused and can_look_elsewhere:
            return Snapshot(None, listing_refused=True)
        await reached.run(partial(metrics.count, metrics.POLLS_FAILED, error_name(error)))
        # The connection may have been changed, or its credentials renewed.
        if is_refused or is_stale(error):
            reached.forget_hook()
        problem = f"{what} could not be listed, retrying: {error}"
        return Snapshot(None, problem=problem, is_lasting=not is_transient(error))
