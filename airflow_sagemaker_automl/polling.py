"""One poll for all who wait for the same list: who shares it, and what it sees."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.core.canonical import digest
from airflow_sagemaker_automl.service_errors import is_denied, is_invalid, is_stale, kind_of, passes_by_itself
from airflow_sagemaker_automl.shared_connection import SharedConnection, forget_hook, shared

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
    """Poll; an error would end every wait, so none leaves here.

    :param can_look_elsewhere: whether those who wait can do without a list that is refused.
    """
    failures, unusable_since = 0, None
    with shared(connection) as reached:
        try:
            while True:
                snapshot = await _poll(reached, what, look, can_look_elsewhere)
                failures = 0 if snapshot.problem is None else failures + 1
                unusable_since = (unusable_since or time.monotonic()) if snapshot.is_lasting else None
                if unusable_since is not None and time.monotonic() - unusable_since > LONGEST_UNUSABLE_SECONDS:
                    snapshot = replace(snapshot, is_hopeless=True)
                await reached.run(metrics.tell_who_waits)
                yield snapshot
                await asyncio.sleep(pause(key.poll_interval, failures))
        finally:
            metrics.tell_who_waits()


def pause(poll_interval: float, failures: int) -> float:
    """Choose the seconds until the next look, at random, so that those who started together do not stay together.

    :param failures: how many looks in succession have failed; each doubles the pause, up to eight intervals or five
        minutes.
    """
    longest = max(poll_interval, min(poll_interval * _LONGEST_BACKOFF, _LONGEST_PAUSE_SECONDS))
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
        # A group that is not there, or that another account does not show, is a request that is not valid.
        is_refused = is_denied(error) or is_invalid(error)
        if is_refused and can_look_elsewhere:
            return Snapshot(None, listing_refused=True)
        await reached.run(partial(metrics.count, metrics.POLLS_FAILED, kind_of(error)))
        # A connection that was changed, or credentials that were renewed, are to be read again.
        if is_refused or is_stale(error):
            reached.forget_hook()
        problem = f"{what} could not be listed, trying again: {error}"
        return Snapshot(None, problem=problem, is_lasting=not passes_by_itself(error))
