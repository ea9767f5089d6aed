"""Metrics, sent through Airflow's own metrics; nothing is sent if they are disabled.

Names and tag values have low cardinality: they never contain the name of a job, a group or a DAG.
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
    """One metric.

    :param name: below :data:`PREFIX`.
    :param kind: of metric.
    :param tag: name of its tag; None without a tag.
    :param when: when it is sent, in Markdown.
    """

    name: str
    kind: Literal["counter", "gauge", "timer"]
    tag: str | None
    when: str

    @property
    def full_name(self) -> str:
        """The name as passed to Airflow, which adds its own prefix."""
        return f"{PREFIX}.{self.name}"


SUBMITTED = Metric("jobs.submitted", "counter", None, "The service accepted a new AutoML job.")
ADOPTED = Metric(
    "jobs.adopted",
    "counter",
    None,
    "A task resumes a job that it started in an earlier try or before a clear, instead of starting a new one. "
    "Includes a job for which the service's response was lost, and which is not counted in `jobs.submitted`.",
)
REFUSED = Metric(
    "jobs.refused",
    "counter",
    None,
    "The service refused a job because of the account's quota. "
    "A task that is overtaken in the queue is refused, and counted, again.",
)
QUEUED = Metric(
    "jobs.queued",
    "timer",
    None,
    "Time from the first refusal until the task has its job. Sent when it has the job; not for tasks never refused.",
)
ENDED = Metric(
    "jobs.ended",
    "counter",
    "outcome",
    "A task that runs a job, or a sensor, finds that the job has ended; each counts it once. "
    "The outcomes are those of `core/jobs/outcome.py`, and `timed_out` if the `wait_timeout` of a task that runs a "
    "job, or its `execution_timeout` while it is deferred, is over first.",
)
DURATION = Metric(
    "jobs.duration", "timer", "outcome", "Time from the job's creation to its end. Sent with `jobs.ended`."
)
EVALUATED = Metric(
    "candidates.evaluated",
    "counter",
    "outcome",
    "A candidate was evaluated on labelled rows: `compared`, `without_champion` or `champion_cannot_score`.",
)
JUDGED = Metric(
    "candidates.judged", "counter", "verdict", "A quality gate judged a candidate: `approved` or `rejected`."
)
REGISTERED = Metric(
    "versions.registered",
    "counter",
    None,
    "A candidate was registered. May be counted twice if the worker is lost right after the registration.",
)
FOUND_AGAIN = Metric(
    "versions.found_again", "counter", None, "The same registration already existed, so nothing was registered."
)
DECIDED = Metric(
    "versions.decided",
    "counter",
    "outcome",
    "A task approved or rejected a version, or found a decision: `approved`, `rejected`, `approved_by_default`, "
    "`rejected_by_default`, `approved_elsewhere`, `rejected_elsewhere` or `timed_out`. "
    "Approval or rejection at registration is not counted.",
)
WAITING_FOR_JOBS = Metric(
    "waiting.jobs",
    "gauge",
    "hostname",
    "Sent at each poll of a triggerer: number of tasks that wait there for the end of a job.",
)
WAITING_FOR_PLACES = Metric(
    "waiting.places", "gauge", "hostname", "The same for tasks that wait for a place in the account's quota."
)
WAITING_FOR_VERSIONS = Metric(
    "waiting.versions", "gauge", "hostname", "The same for tasks that wait until the service has completed a version."
)
WAITING_FOR_DECISIONS = Metric(
    "waiting.decisions", "gauge", "hostname", "The same for sensors that wait for a decision made elsewhere."
)
TRANSFORMS_SUBMITTED = Metric("transforms.submitted", "counter", None, "The service accepted a new transform job.")
TRANSFORMS_ADOPTED = Metric(
    "transforms.adopted", "counter", None, "A task resumes a transform job that it started before, as `jobs.adopted`."
)
TRANSFORMS_REFUSED = Metric(
    "transforms.refused", "counter", None, "The service refused a transform job because of the quota of instances."
)
TRANSFORMS_QUEUED = Metric(
    "transforms.queued", "timer", None, "Time from the first refusal until the task has its transform job."
)
TRANSFORMS_ENDED = Metric(
    "transforms.ended",
    "counter",
    "outcome",
    "A task that scores finds that its transform job has ended: `completed`, `failed` or `stopped`; or `timed_out`, as "
    "in `jobs.ended`.",
)
ROWS_SCORED = Metric("rows.scored", "gauge", None, "Number of rows of a table that a task has scored.")
WAITING_FOR_TRANSFORM_JOBS = Metric(
    "waiting.transforms", "gauge", "hostname", "As `waiting.jobs`, for tasks that wait for the end of a transform job."
)
WAITING_FOR_INSTANCES = Metric(
    "waiting.instances", "gauge", "hostname", "The same for tasks that wait for instances of a transform job."
)
POLLS_FAILED = Metric(
    "polls.failed",
    "counter",
    "error",
    "A poll failed and will be repeated. A poll that several tasks share counts once. "
    "A denied list call is not counted if the tasks can describe their resources instead.",
)
CALLS_REPEATED = Metric(
    "calls.repeated",
    "counter",
    "error",
    "Any other call of a task failed with a transient error and is retried.",
)

METRICS = (
    SUBMITTED,
    ADOPTED,
    REFUSED,
    QUEUED,
    ENDED,
    DURATION,
    EVALUATED,
    JUDGED,
    REGISTERED,
    FOUND_AGAIN,
    DECIDED,
    WAITING_FOR_JOBS,
    WAITING_FOR_PLACES,
    WAITING_FOR_VERSIONS,
    WAITING_FOR_DECISIONS,
    TRANSFORMS_SUBMITTED,
    TRANSFORMS_ADOPTED,
    TRANSFORMS_REFUSED,
    TRANSFORMS_QUEUED,
    TRANSFORMS_ENDED,
    ROWS_SCORED,
    WAITING_FOR_TRANSFORM_JOBS,
    WAITING_FOR_INSTANCES,
    POLLS_FAILED,
    CALLS_REPEATED,
)

# Number of waiting tasks in this process; changed on the triggerer's event loop only.
_waiting: Counter[Metric] = Counter()
_has_complained = False


def count(metric: Metric, value: str | None = None) -> None:
    """Count an event; this never raises.

    :param value: of the metric's tag.
    """
    _send(metric, value, lambda stats, name, tags: stats.incr(name, tags=tags))


def time_taken(metric: Metric, seconds: float, value: str | None = None) -> None:
    """Send a duration; this never raises.

    :param value: of the metric's tag.
    """
    _send(metric, value, lambda stats, name, tags: stats.timing(name, timedelta(seconds=seconds), tags=tags))


def measure(metric: Metric, number: float) -> None:
    """Send a gauge; this never raises."""
    _send(metric, None, partial(_measure, number))


@contextmanager
def waiting(metric: Metric) -> Iterator[None]:
    """Count a waiting task for as long as the block lasts."""
    _waiting[metric] += 1
    try:
        yield
    finally:
        _waiting[metric] -= 1


def tell_who_waits() -> None:
    """Send the numbers of waiting tasks in this process; this never raises."""
    for metric, number in dict(_waiting).items():
        _send(metric, None, partial(_measure, number))


def _measure(number: float, stats: Any, name: str, tags: dict[str, str] | None) -> None:
    stats.gauge(name, number, tags=tags)


def _send(metric: Metric, value: str | None, emit: Callable[[Any, str, dict[str, str] | None], None]) -> None:
    """Send a metric as Airflow sends its own: with a tag, and for plain StatsD, with the tag's value in its name."""
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
        # Later metrics are likely to fail in the same way.
        log.log(
            logging.DEBUG if _has_complained else logging.WARNING,
            "Airflow could not send the metric %s: %r",
            metric.full_name,
            error,
        )
        _has_complained = True


@cache
def _hostname() -> str:
    """Name this machine as Airflow's own metrics do."""
    return str(conf.getimport("core", "hostname_callable")())
