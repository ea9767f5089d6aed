"""Outcomes of AutoML jobs, and which outcomes count as success for a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Literal, get_args, get_type_hints


class JobOutcome(StrEnum):
    """JobOutcome of a job, more specific than the service's status.

    ``MODEL``: completed, with a best candidate and everything that was requested.
    ``MODEL_AT_TIME_LIMIT``: stopped early by ``MaxAutoMLJobRuntimeInSeconds``, with a best candidate.
    ``PARTIAL_MODEL``: has a best candidate; other candidates failed, or parts that the service does not name.
    ``MODEL_NOT_DEPLOYED``: has a best candidate, but not the requested endpoint.
    ``MODEL_WITHOUT_INSIGHTS``: has a best candidate; its model insights report failed.
    ``MODEL_WITHOUT_EXPLANATION``: has a best candidate; its explainability report failed.
    ``DEFINITIONS_ONLY``: completed with ``GenerateCandidateDefinitionsOnly``, so nothing was trained.
    ``NO_CANDIDATE``: completed without a best candidate.
    ``STOPPED_WITH_CANDIDATE``: a user stopped it when it already had a best candidate.
    ``STOPPED``: a user stopped it before it had a best candidate.
    ``FAILED``: the job failed without a best candidate.
    """

    MODEL = "model"
    MODEL_AT_TIME_LIMIT = "model_at_time_limit"
    PARTIAL_MODEL = "partial_model"
    MODEL_NOT_DEPLOYED = "model_not_deployed"
    MODEL_WITHOUT_INSIGHTS = "model_without_insights"
    MODEL_WITHOUT_EXPLANATION = "model_without_explanation"
    DEFINITIONS_ONLY = "definitions_only"
    NO_CANDIDATE = "no_candidate"
    STOPPED_WITH_CANDIDATE = "stopped_with_candidate"
    STOPPED = "stopped"
    FAILED = "failed"


OnStopped = Literal["fail", "pass"]
OnNoCandidate = Literal["fail", "skip", "pass"]
OnFlaw = Literal["pass", "fail"]

# Outcomes with a model that has a flaw → the option that decides whether to accept it.
FLAWS = {
    JobOutcome.MODEL_AT_TIME_LIMIT: "on_time_limit",
    JobOutcome.PARTIAL_MODEL: "on_partial_failure",
    JobOutcome.MODEL_NOT_DEPLOYED: "on_deployment_failure",
    JobOutcome.MODEL_WITHOUT_INSIGHTS: "on_insights_failure",
    JobOutcome.MODEL_WITHOUT_EXPLANATION: "on_explanation_failure",
}


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Which outcomes are accepted; a failed job without a model never is.

    :param on_stopped: ``pass`` accepts the best candidate of a stopped job. Default: ``fail``.
    :param on_no_candidate: ``pass`` accepts a job that completed without a candidate, or with definitions only;
        ``skip`` skips the task; ``fail`` (default) fails it.
    :param on_time_limit: ``fail`` refuses the model of a job that its run-time limit stopped. Default: ``pass``.
    :param on_partial_failure: ``fail`` refuses the model of a job in which candidates failed, or parts that the service
        does not name. Default: ``pass``.
    :param on_deployment_failure: ``fail`` refuses a model without the requested endpoint. Default: ``pass``.
    :param on_insights_failure: ``fail`` refuses a model whose insights report failed. Default: ``pass``.
    :param on_explanation_failure: ``fail`` refuses a model whose explainability report failed. Default: ``pass``.
    :raises ValueError: options have invalid values; the message names all of them.
    """

    on_stopped: OnStopped = "fail"
    on_no_candidate: OnNoCandidate = "fail"
    on_time_limit: OnFlaw = "pass"
    on_partial_failure: OnFlaw = "pass"
    on_deployment_failure: OnFlaw = "pass"
    on_insights_failure: OnFlaw = "pass"
    on_explanation_failure: OnFlaw = "pass"

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
    def outcomes(self) -> frozenset[JobOutcome]:
        """The accepted outcomes."""
        taken = {JobOutcome.MODEL, *(flaw for flaw, option in FLAWS.items() if getattr(self, option) == "pass")}
        if self.on_stopped == "pass":
            taken.add(JobOutcome.STOPPED_WITH_CANDIDATE)
        if self.on_no_candidate == "pass":
            taken |= {JobOutcome.NO_CANDIDATE, JobOutcome.DEFINITIONS_ONLY}
        return frozenset(taken)

    def refused(self, outcomes: Sequence[JobOutcome]) -> tuple[JobOutcome, ...]:
        """Return those of a job's outcomes that are not accepted."""
        return tuple(each for each in outcomes if each not in self.outcomes)

    def settles(self, outcomes: Sequence[JobOutcome]) -> bool:
        """Tell whether a job with these outcomes needs no successor: it is accepted, or skips the task."""
        skipped = {JobOutcome.NO_CANDIDATE, JobOutcome.DEFINITIONS_ONLY} if self.on_no_candidate == "skip" else set()
        return bool(outcomes) and not set(self.refused(outcomes)) - skipped
