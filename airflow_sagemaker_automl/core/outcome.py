"""How AutoML jobs end, and which endings a task takes for a success."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Literal, get_args, get_type_hints


class Outcome(StrEnum):
    """An ending, more exact than the service's status.

    ``MODEL``: completed, with a best candidate.
    ``MODEL_AT_TIME_LIMIT``: the same, though ``MaxAutoMLJobRuntimeInSeconds`` ended it before all was tried.
    ``PARTIAL_MODEL``: completed with a best candidate, while parts of the job failed.
    ``DEFINITIONS_ONLY``: completed as asked for with ``GenerateCandidateDefinitionsOnly``: nothing was trained.
    ``NO_CANDIDATE``: completed, without a best candidate.
    ``STOPPED_WITH_CANDIDATE``: stopped by somebody when it had a best candidate already.
    ``STOPPED``: stopped before it had one.
    ``FAILED``: the service gave it up.
    """

    MODEL = "model"
    MODEL_AT_TIME_LIMIT = "model_at_time_limit"
    PARTIAL_MODEL = "partial_model"
    DEFINITIONS_ONLY = "definitions_only"
    NO_CANDIDATE = "no_candidate"
    STOPPED_WITH_CANDIDATE = "stopped_with_candidate"
    STOPPED = "stopped"
    FAILED = "failed"


OnStopped = Literal["fail", "accept_candidate"]
OnNoCandidate = Literal["fail", "skip", "accept"]
OnFlaw = Literal["accept", "fail"]


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Which endings are good enough; a failed job never is.

    :param on_stopped: ``accept_candidate`` takes the best candidate of a job that was stopped.
    :param on_no_candidate: ``accept`` takes a job that completed without a candidate, or with definitions only;
        ``skip`` does not, but lets the task be skipped instead of failed.
    :param on_time_limit: ``fail`` refuses a model of a job that its run-time limit has cut short.
    :param on_partial_failure: ``fail`` refuses a model of a job of which parts failed.
    :raises ValueError: an option has a value that it does not know; all such options are named.
    """

    on_stopped: OnStopped = "fail"
    on_no_candidate: OnNoCandidate = "fail"
    on_time_limit: OnFlaw = "accept"
    on_partial_failure: OnFlaw = "accept"

    def __post_init__(self) -> None:
        kinds = get_type_hints(type(self))
        wrong = [
            f"{field.name} = {getattr(self, field.name)!r} must be one of {', '.join(get_args(kinds[field.name]))}"
            for field in fields(self)
            if getattr(self, field.name) not in get_args(kinds[field.name])
        ]
        if wrong:
            raise ValueError("; ".join(wrong))

    @property
    def outcomes(self) -> frozenset[Outcome]:
        """The endings that are good enough."""
        taken = {Outcome.MODEL}
        if self.on_stopped == "accept_candidate":
            taken.add(Outcome.STOPPED_WITH_CANDIDATE)
        if self.on_no_candidate == "accept":
            taken |= {Outcome.NO_CANDIDATE, Outcome.DEFINITIONS_ONLY}
        if self.on_time_limit == "accept":
            taken.add(Outcome.MODEL_AT_TIME_LIMIT)
        if self.on_partial_failure == "accept":
            taken.add(Outcome.PARTIAL_MODEL)
        return frozenset(taken)

    @property
    def settled(self) -> frozenset[Outcome]:
        """The endings after which no other job is wanted: those that are good enough, and those that skip the task."""
        if self.on_no_candidate == "skip":
            return self.outcomes | {Outcome.NO_CANDIDATE, Outcome.DEFINITIONS_ONLY}
        return self.outcomes
