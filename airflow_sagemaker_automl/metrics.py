"""What is counted and timed, through Airflow's own metrics: where they are switched off, nothing is sent.

Names and tags are few and fixed: no name of a job, a group or a DAG is in any of them.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial
from typing import Any, Literal, NamedTuple

from airflow.sdk.configuration import conf

log = logging.getLogger(__name__)

PREFIX = "sagemaker_automl"

_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_VALUE = 64


class Metric(NamedTuple):
    """One thing that is counted, timed or measured.

    :param name: below :data:`PREFIX`.
    :param kind: of metric.
    :param tag: what its values are told apart by; None where there is nothing to tell apart.
    :param when: when it is sent, in Markdown.
    """

    name: str
    kind: Literal["counter", "gauge", "timer"]
    tag: str | None
    when: str

    @property
    def full_name(self) -> str:
        """The name as it is given to Airflow, which puts its own prefix before it."""
        return f"{PREFIX}.{self.name}"


SUBMITTED = Metric("jobs.submitted", "counter", None, "The service has accepted a new AutoML job.")
ADOPTED = Metric(
    "jobs.adopted",
    "counter",
    None,
    "A task goes on with a job that it started before, in an earlier try or before a clear, instead of a new one; "
    "or with one whose acceptance was lost on the way, and which is in no `jobs.submitted`.",
)
REFUSED = Metric(
    "jobs.refused",
    "counter",
    None,
    "The service has refused a job for the account's quota; a task that is overtaken in the queue is refused again.",
)
QUEUED = Metric(
    "jobs.queued",
    "timer",
    None,
    "From the first refusal until the task has its job; sent when it has, and not for tasks that were never refused.",
)
ENDED = Metric(
    "jobs.ended",
    "counter",
    "outcome",
    "A task that runs a job, or a sensor, sees that the job it waited for has ended: each counts it once. "
    "The outcomes are those of `core/outcome.py`, and `timed_out` for a task that runs a job and whose `wait_timeout` "
    "comes first, or its `execution_timeout` while it is deferred.",
)
DURATION = Metric(
    "jobs.duration", "timer", "outcome", "The job's own time, from its creation to its end; sent with `jobs.ended`."
)
JUDGED = Metric(
    "candidates.judged", "counter", "verdict", "A quality gate has judged a candidate: `approved` or `rejected`."
)
REGISTERED = Metric(
    "versions.registered",
    "counter",
    None,
    "A candidate was registered. A first try whose worker was lost right after may be counted twice.",
)
FOUND_AGAIN = Metric(
    "versions.found_again", "counter", None, "The same registration was there already, and nothing was registered."
)
DECIDED = Metric(
    "versions.decided",
    "counter",
    "outcome",
    "A task has decided on a version, or has learnt of a decision: `approved`, `rejected`, `approved_by_default`, "
    "`rejected_by_default`, `approved_elsewhere`, `rejected_elsewhere` or `timed_out`. "
    "A version that is registered as approved is not decided on.",
)
WAITING_FOR_JOBS = Metric(
    "waiting.jobs", "gauge", "hostname", "At each poll of a triggerer: how many tasks wait there for the end of a job."
)
WAITING_FOR_PLACES = Metric(
    "waiting.places", "gauge", "hostname", "The same, of tasks that queue for a place in the account's quota."
)
WAITING_FOR_VERSIONS = Metric(
    "waiting.versions", "gauge", "hostname", "The same, of tasks that wait until the service has completed a version."
)
WAITING_FOR_DECISIONS = Metric(
    "waiting.decisions", "gauge", "hostname", "The same, of sensors that wait for a decision made elsewhere."
)
POLLS_FAILED = Metric(
    "polls.failed",
    "counter",
    "error",
    "A look at what is waited for has failed, and is repeated: once for a poll that many share. "
    "A list that is denied, which tasks do without, is no failure.",
)
CALLS_REPEATED = Metric(
    "calls.repeated",
    "counter",
    "error",
    "Any other call of a task has failed for what passes by itself; it is repeated.",
)

METRICS = (
    SUBMITTED,
    ADOPTED,
    REFUSED,
    QUEUED,
    ENDED,
    DURATION,
    JUDGED,
    REGISTERED,
    FOUND_AGAIN,
    DECIDED,
    WAITING_FOR_JOBS,
    WAITING_FOR_PLACES,
    WAITING_FOR_VERSIONS,
    WAITING_FOR_DECISIONS,
    POLLS_FAILED,
    CALLS_REPEATED,
)

# How many wait in this process, by what for; changed on the triggerer's event loop only.
_waiting: Counter[Metric] = Counter()
_has_complained = False


def count(metric: Metric, value: str | None = None) -> None:
    """Count an event; this never raises.

    :param value: of the metric's tag.
    """
    _send(metric, value, lambda stats, name, tags: stats.incr(name, tags=tags))


def time_taken(metric: Metric, seconds: float, value: str | None = None) -> None:
    """Tell how long something took; this never raises.

    :param value: of the metric's tag.
    """
    _send(metric, value, lambda stats, name, tags: stats.timing(name, timedelta(seconds=seconds), tags=tags))


@contextmanager
def waiting(metric: Metric) -> Iterator[None]:
    """Count somebody among those who wait, for as long as the block lasts."""
    _waiting[metric] += 1
    try:
        yield
    finally:
        _waiting[metric] -= 1


def tell_who_waits() -> None:
    """Tell how many wait in this process, for each of what anybody has waited for; this never raises."""
    for metric, number in dict(_waiting).items():
        _send(metric, None, partial(_measure, number))


def _measure(number: int, stats: Any, name: str, tags: dict[str, str] | None) -> None:
    stats.gauge(name, number, tags=tags)


def _send(metric: Metric, value: str | None, emit: Callable[[Any, str, dict[str, str] | None], None]) -> None:
    """Hand a metric to Airflow, as Airflow's own are: with a tag, and for StatsD, which has none, in its name."""
    global _has_complained
    try:
        from airflow.sdk.observability import stats

        if metric.tag == "hostname":
            value = _hostname()
        if metric.tag is None or value is None:
            emit(stats, metric.full_name, None)
            return
        value = _NOT_IN_A_NAME.sub("_", value)[:_LONGEST_VALUE]
        emit(stats, metric.full_name, {metric.tag: value})
        if conf.getboolean("metrics", "legacy_names_on", fallback=True):
            emit(stats, f"{metric.full_name}.{value}", None)
    except Exception as error:
        # What cannot be sent once cannot be sent a thousand times.
        log.log(
            logging.DEBUG if _has_complained else logging.WARNING,
            "Airflow could not send the metric %s, and work goes on without: %r",
            metric.full_name,
            error,
        )
        _has_complained = True


@cache
def _hostname() -> str:
    """Name this machine as Airflow's own metrics do."""
    return str(conf.getimport("core", "hostname_callable")())
