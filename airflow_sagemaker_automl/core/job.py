"""An AutoML job as last seen, and what its status means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.literals import at, text
from airflow_sagemaker_automl.core.metric_names import read_objective
from airflow_sagemaker_automl.core.outcome import FLAWS, Acceptance, Outcome
from airflow_sagemaker_automl.core.partial_failure import FAILED_STEPS, FailedPart, JobPart, failed_parts
from airflow_sagemaker_automl.exceptions import (
    AutoMLJobError,
    AutoMLJobFailed,
    AutoMLJobFlawed,
    AutoMLJobStopped,
    NoBestCandidate,
    UnknownStatus,
)


class JobStatus(StrEnum):
    """``AutoMLJobStatus`` of the service, all of it."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"

    @classmethod
    def parse(cls, value: str) -> JobStatus:
        """Read a status.

        :raises UnknownStatus: the service has learned a new one.
        """
        try:
            return cls(value)
        except ValueError:
            raise UnknownStatus("AutoML job", value) from None


FINISHED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED})
_TIME_LIMIT_REACHED = "MaxAutoMLJobRuntimeReached"
_DEFINITIONS_ONLY = "CandidateDefinitionsGenerated"
_FLAWS_OF_PARTS = {
    Outcome.PARTIAL_MODEL: {JobPart.CANDIDATE, JobPart.OTHER},
    Outcome.MODEL_NOT_DEPLOYED: {JobPart.DEPLOYMENT},
    Outcome.MODEL_WITHOUT_INSIGHTS: {JobPart.INSIGHTS},
    Outcome.MODEL_WITHOUT_EXPLANATION: {JobPart.EXPLANATION},
}
_MISSING = {
    Outcome.PARTIAL_MODEL: "parts of the job failed",
    Outcome.MODEL_NOT_DEPLOYED: "it is not deployed",
    Outcome.MODEL_WITHOUT_INSIGHTS: "it has no model insights report",
    Outcome.MODEL_WITHOUT_EXPLANATION: "it has no explainability report",
}
_ERRORS: Mapping[Outcome, type[AutoMLJobError]] = {
    Outcome.DEFINITIONS_ONLY: NoBestCandidate,
    Outcome.NO_CANDIDATE: NoBestCandidate,
    Outcome.STOPPED_WITH_CANDIDATE: AutoMLJobStopped,
    Outcome.STOPPED: AutoMLJobStopped,
    Outcome.FAILED: AutoMLJobFailed,
}


@dataclass(frozen=True, kw_only=True)
class AutoMLJob:
    """A job.

    :param secondary_status: the service's finer status; a plain word, since AWS describes none of them.
    :param problem_type: ``Tabular``, ``TimeSeriesForecasting`` and so on.
    :param resolved_problem_type: for tabular jobs ``BinaryClassification`` and so on, once the service knows it.
    :param objective: standard name of the metric that candidates are ranked by, once it is known.
    :param objective_type: ``Maximize`` or ``Minimize``; None where neither the service nor the metric's name says.
    :param best_candidate: None until the job has chosen one.
    :param channels: channel type (``training``, ``validation``) → S3 URI of its data.
    :param datasets: S3 URIs of the data of all channels, of which several may be of one type.
    :param settings: what was asked for, by members of the API: those of the problem type's configuration, and
        ``AutoMLJobObjective`` and ``DataSplitConfig`` where they were given.
    :param resolved_attributes: what the service has made of it, by members of the API.
    :param partial_failures: what the service says of parts that failed, in its words; see :attr:`failed_parts`.
    :param is_to_be_deployed: whether an endpoint for the best candidate was asked for (``ModelDeployConfig``).
    :param endpoint_name: the endpoint that the job has deployed its best candidate to; None where there is none.
    :param created: when the service accepted the job.
    :param ended: None while it runs.
    :param console_url: None where there is no console, as with an emulator.
    """

    name: str
    arn: str
    status: JobStatus
    secondary_status: str
    problem_type: str
    resolved_problem_type: str | None = None
    objective: str | None = None
    objective_type: str | None = None
    best_candidate: Candidate | None = None
    channels: Mapping[str, str]
    datasets: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    resolved_attributes: Mapping[str, Any] = field(default_factory=dict)
    failure_reason: str | None = None
    partial_failures: tuple[str, ...] = ()
    is_to_be_deployed: bool = False
    endpoint_name: str | None = None
    created: datetime
    ended: datetime | None = None
    console_url: str | None = None

    @classmethod
    def from_api(cls, answer: Mapping[str, Any], console_url: str | None = None) -> AutoMLJob:
        """Read an answer of ``DescribeAutoMLJobV2``.

        :raises UnknownStatus: the job's status is not known.
        """
        resolved = answer.get("ResolvedAttributes", {})
        asked_for = _objective_asked_for(answer, resolved)
        best = Candidate.from_api(answer["BestCandidate"], asked_for) if answer.get("BestCandidate") else None
        objective, objective_type = _objective(best, asked_for)
        return cls(
            name=answer["AutoMLJobName"],
            arn=answer["AutoMLJobArn"],
            status=JobStatus.parse(answer["AutoMLJobStatus"]),
            secondary_status=answer["AutoMLJobSecondaryStatus"],
            problem_type=answer.get("AutoMLProblemTypeConfigName") or problem_type_name(answer),
            resolved_problem_type=_resolved_problem_type(resolved),
            objective=objective,
            objective_type=objective_type,
            best_candidate=best,
            channels=channel_uris(answer),
            datasets=tuple(uri for _, uri in _channels(answer)),
            settings=job_settings(answer),
            resolved_attributes=resolved,
            failure_reason=answer.get("FailureReason"),
            partial_failures=tuple(
                failure["PartialFailureMessage"]
                for failure in answer.get("PartialFailureReasons", [])
                if failure.get("PartialFailureMessage")
            ),
            is_to_be_deployed=_is_to_be_deployed(answer),
            endpoint_name=answer.get("ModelDeployResult", {}).get("EndpointName"),
            created=answer["CreationTime"],
            ended=answer.get("EndTime"),
            console_url=console_url,
        )

    @classmethod
    def just_created(cls, request: Mapping[str, Any], arn: str, console_url: str | None = None) -> AutoMLJob:
        """Say what is known of a job right after ``CreateAutoMLJobV2``, which answers with its ARN only.

        :param request: the request that was accepted.
        :param arn: the new job's ARN.
        """
        objective, objective_type = _objective(None, _objective_asked_for(request, {}))
        return cls(
            name=request["AutoMLJobName"],
            arn=arn,
            status=JobStatus.IN_PROGRESS,
            secondary_status="Starting",
            problem_type=problem_type_name(request),
            objective=objective,
            objective_type=objective_type,
            channels=channel_uris(request),
            datasets=tuple(uri for _, uri in _channels(request)),
            settings=job_settings(request),
            is_to_be_deployed=_is_to_be_deployed(request),
            created=datetime.now(UTC),
            console_url=console_url,
        )

    @property
    def objective_asked_for(self) -> str | None:
        """Name of the objective that the service has settled on, else of the one that the request has."""
        return _objective_asked_for(self.settings, self.resolved_attributes)

    @property
    def is_finished(self) -> bool:
        """Whether its status will not change any more."""
        return self.status in FINISHED

    @property
    def is_in_progress(self) -> bool:
        """Whether it still works towards a model; a job that is stopping does not."""
        return self.status is JobStatus.IN_PROGRESS

    @property
    def failed_parts(self) -> tuple[FailedPart, ...]:
        """Which parts of it failed, each with the reason."""
        return failed_parts(
            self.partial_failures,
            self.secondary_status,
            job_name=self.name,
            reason=self.failure_reason,
            # The service leaves the endpoint's name out where the deployment failed. Without a model there is none.
            lacks_endpoint=self.is_finished
            and self.best_candidate is not None
            and self.is_to_be_deployed
            and not self.endpoint_name,
        )

    @property
    def outcome(self) -> Outcome | None:
        """How it ended: the first of :attr:`outcomes`; None while it runs."""
        return next(iter(self.outcomes), None)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All that there is to say of how it ended, the most serious first; empty while it runs."""
        if not self.is_finished:
            return ()
        if self.best_candidate is None:
            return (self._ended_without_model(),)
        if self.status is JobStatus.STOPPED:
            return (Outcome.STOPPED_WITH_CANDIDATE, *self._flaws())
        # Which primary status goes with a step that failed after the training is not documented.
        if self.status is JobStatus.FAILED and self.secondary_status not in FAILED_STEPS:
            return (Outcome.FAILED,)
        return tuple(self._flaws()) or (Outcome.MODEL,)

    def _ended_without_model(self) -> Outcome:
        if self.status is JobStatus.COMPLETED:
            asked_for = self.secondary_status == _DEFINITIONS_ONLY
            return Outcome.DEFINITIONS_ONLY if asked_for else Outcome.NO_CANDIDATE
        return Outcome.STOPPED if self.status is JobStatus.STOPPED else Outcome.FAILED

    def _flaws(self) -> Iterator[Outcome]:
        if self.secondary_status == _TIME_LIMIT_REACHED:
            yield Outcome.MODEL_AT_TIME_LIMIT
        failed = {each.part for each in self.failed_parts}
        yield from (flaw for flaw, parts in _FLAWS_OF_PARTS.items() if parts & failed)

    def _refusal(self, outcome: Outcome) -> str:
        option = f"which {FLAWS[outcome]}='fail' refuses"
        if outcome is Outcome.MODEL_AT_TIME_LIMIT:
            return f"it was cut short ({self.secondary_status}), {option}; raise its run-time limits"
        parts = _FLAWS_OF_PARTS[outcome]
        reasons = "; ".join(str(each).rstrip(".") for each in self.failed_parts if each.part in parts)
        return f"{_MISSING[outcome]}, {option}: {reasons}"

    @property
    def elapsed_seconds(self) -> float:
        """Seconds from creation to the end, or until now while it runs."""
        return ((self.ended or datetime.now(UTC)) - self.created).total_seconds()

    def raise_for_status(self, acceptance: Acceptance | None = None) -> None:
        """Turn every outcome that is not good enough into an error; do nothing while the job runs.

        :param acceptance: which outcomes are; default: those of
            :class:`~airflow_sagemaker_automl.core.outcome.Acceptance`'s own defaults.
        :raises AutoMLJobFailed: it failed.
        :raises AutoMLJobStopped: it was stopped.
        :raises NoBestCandidate: it completed without a model.
        :raises AutoMLJobFlawed: it has a model, with a flaw that was not to be accepted.
        """
        refused = (acceptance or Acceptance()).refused(self.outcomes)
        if refused and refused[0] in FLAWS:
            raise AutoMLJobFlawed(self, [self._refusal(outcome) for outcome in refused])
        if refused:
            raise _ERRORS[refused[0]](self)

    def to_json(self) -> dict[str, Any]:
        """Give what a downstream task needs, small and JSON-safe; times are ISO 8601, durations seconds."""
        return {
            "job_name": self.name,
            "job_arn": self.arn,
            "status": self.status.value,
            "secondary_status": self.secondary_status,
            "outcome": self.outcome.value if self.outcome else None,
            "problem_type": self.problem_type,
            "resolved_problem_type": self.resolved_problem_type,
            "objective": self.objective,
            "objective_type": self.objective_type,
            "best_candidate": self.best_candidate.to_json() if self.best_candidate else None,
            "endpoint_name": self.endpoint_name,
            "failed_parts": [{"part": each.part.value, "message": each.message} for each in self.failed_parts],
            "created": self.created.isoformat(),
            "ended": self.ended.isoformat() if self.ended else None,
            "elapsed_seconds": round(self.elapsed_seconds, 3),
        }


def problem_type_name(request: Mapping[str, Any]) -> str:
    """Read the problem type off a request: ``Tabular`` where it has a ``TabularJobConfig``."""
    return next(iter(request.get("AutoMLProblemTypeConfig", {})), "").removesuffix("JobConfig")


def channel_uris(request: Mapping[str, Any]) -> dict[str, str]:
    """Arrange the input channels of a request or of an answer as channel type → S3 URI."""
    return dict(_channels(request))


def _channels(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (channel.get("ChannelType", "training"), channel["DataSource"]["S3DataSource"]["S3Uri"])
        for channel in request.get("AutoMLJobInputDataConfig", [])
        if "DataSource" in channel
    ]


def job_settings(request: Mapping[str, Any]) -> dict[str, Any]:
    """Take from a request or an answer what decides how models are found, without the level of the problem type."""
    configs = request.get("AutoMLProblemTypeConfig", {}).values()
    more = {key: request[key] for key in ("AutoMLJobObjective", "DataSplitConfig") if request.get(key)}
    return {key: value for config in configs for key, value in config.items()} | more


def _is_to_be_deployed(request: Mapping[str, Any]) -> bool:
    config = request.get("ModelDeployConfig", {})
    return bool(config.get("AutoGenerateEndpointName") or config.get("EndpointName"))


def _resolved_problem_type(resolved: Mapping[str, Any]) -> str | None:
    attributes = resolved.get("AutoMLProblemTypeResolvedAttributes", {})
    problem_type: str | None = attributes.get("TabularResolvedAttributes", {}).get("ProblemType")
    return problem_type


def _objective_asked_for(asked: Mapping[str, Any], resolved: Mapping[str, Any]) -> str | None:
    names = (text(at(members, "AutoMLJobObjective", "MetricName")) for members in (resolved, asked))
    return next(filter(None, names), None)


def _objective(best: Candidate | None, asked_for: str | None) -> tuple[str | None, str | None]:
    if best and best.objective:
        return best.objective.metric, best.objective.type
    named = read_objective(None, asked_for)
    return (named.metric, named.direction) if named else (None, None)
