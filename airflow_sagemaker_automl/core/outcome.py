"""How AutoML jobs end, and which outcomes a task takes for a success."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Literal, get_args, get_type_hints


class Outcome(StrEnum):
    """How a job ended, more exact than the service's status.

    ``MODEL``: completed, with a best candidate and all that was asked for.
    ``MODEL_AT_TIME_LIMIT``: ``MaxAutoMLJobRuntimeInSeconds`` ended it before all was tried; it has a best candidate.
    ``PARTIAL_MODEL``: it has a best candidate; other candidates failed, or parts that the service does not name.
    ``MODEL_NOT_DEPLOYED``: it has a best candidate, and not the endpoint that was asked for.
    ``MODEL_WITHOUT_INSIGHTS``: it has a best candidate; its model insights report failed.
    ``MODEL_WITHOUT_EXPLANATION``: it has a best candidate; its explainability report failed.
    ``DEFINITIONS_ONLY``: completed as asked for with ``GenerateCandidateDefinitionsOnly``: nothing was trained.
    ``NO_CANDIDATE``: completed, without a best candidate.
    ``STOPPED_WITH_CANDIDATE``: somebody stopped it when it had a best candidate already.
    ``STOPPED``: somebody stopped it before it had one.
    ``FAILED``: the service gave it up.
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

# What is missing beside the model, and the option that says what follows.
FLAWS = {
    Outcome.MODEL_AT_TIME_LIMIT: "on_time_limit",
    Outcome.PARTIAL_MODEL: "on_partial_failure",
    Outcome.MODEL_NOT_DEPLOYED: "on_deployment_failure",
    Outcome.MODEL_WITHOUT_INSIGHTS: "on_insights_failure",
    Outcome.MODEL_WITHOUT_EXPLANATION: "on_explanation_failure",
}


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Which outcomes are good enough; a failed job without a model never is.

    :param on_stopped: ``pass`` takes the best candidate of a job that was stopped.
    :param on_no_candidate: ``pass`` takes a job that completed without a candidate, or with definitions only;
        ``skip`` does not, but lets the task be skipped instead of failed.
    :param on_time_limit: ``fail`` refuses a model of a job that its run-time limit has cut short.
    :param on_partial_failure: ``fail`` refuses a model of a job of which candidates failed, or parts that the service
        does not name.
    :param on_deployment_failure: ``fail`` refuses a model without the endpoint that was asked for.
    :param on_insights_failure: ``fail`` refuses a model whose insights report failed.
    :param on_explanation_failure: ``fail`` refuses a model whose explainability report failed.
    :raises ValueError: an option has a value that it does not know; all such options are named.
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
    def outcomes(self) -> frozenset[Outcome]:
        """The outcomes that are good enough."""
        taken = {Outcome.MODEL, *(flaw for flaw, option in FLAWS.items() if getattr(self, option) == "pass")}
        if self.on_stopped == "pass":
            taken.add(Outcome.STOPPED_WITH_CANDIDATE)
        if self.on_no_candidate == "pass":
            taken |= {Outcome.NO_CANDIDATE, Outcome.DEFINITIONS_ONLY}
        return frozenset(taken)

    def refused(self, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
        """Give those of a job's outcomes that are not good enough."""
        return tuple(each for each in outcomes if each not in self.outcomes)

    def settles(self, outcomes: Sequence[Outcome]) -> bool:
        """Tell whether no other job is wanted after one that ended so: it is good enough, or skips the task."""
        skipped = {Outcome.NO_CANDIDATE, Outcome.DEFINITIONS_ONLY} if self.on_no_candidate == "skip" else set()
        return bool(outcomes) and not set(self.refused(outcomes)) - skipped
