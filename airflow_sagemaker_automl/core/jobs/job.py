"""An AutoML job, as last described, and the meaning of its status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.outcome import FLAWS, Acceptance, JobOutcome
from airflow_sagemaker_automl.core.jobs.partial_failure import FAILED_STEPS, FailedPart, JobPart, failed_parts
from airflow_sagemaker_automl.core.values.literals import at, text
from airflow_sagemaker_automl.core.values.metric_names import read_objective
from airflow_sagemaker_automl.exceptions import (
    AutoMLJobError,
    AutoMLJobFailed,
    AutoMLJobFlawed,
    AutoMLJobStopped,
    NoBestCandidate,
    UnknownStatus,
)


class JobStatus(StrEnum):
    """All values of the service's ``AutoMLJobStatus``."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"

    @classmethod
    def parse(cls, value: str) -> JobStatus:
        """Read a status.

        :raises UnknownStatus: the status is unknown.
        """
        try:
            return cls(value)
        except ValueError:
            raise UnknownStatus("AutoML job", value) from None


FINISHED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED})
_TIME_LIMIT_REACHED = "MaxAutoMLJobRuntimeReached"
_DEFINITIONS_ONLY = "CandidateDefinitionsGenerated"
_FLAWS_OF_PARTS = {
    JobOutcome.PARTIAL_MODEL: {JobPart.CANDIDATE, JobPart.OTHER},
    JobOutcome.MODEL_NOT_DEPLOYED: {JobPart.DEPLOYMENT},
    JobOutcome.MODEL_WITHOUT_INSIGHTS: {JobPart.INSIGHTS},
    JobOutcome.MODEL_WITHOUT_EXPLANATION: {JobPart.EXPLANATION},
}
_MISSING = {
    JobOutcome.PARTIAL_MODEL: "parts of the job failed",
    JobOutcome.MODEL_NOT_DEPLOYED: "it is not deployed",
    JobOutcome.MODEL_WITHOUT_INSIGHTS: "it has no model insights report",
    JobOutcome.MODEL_WITHOUT_EXPLANATION: "it has no explainability report",
}
_ERRORS: Mapping[JobOutcome, type[AutoMLJobError]] = {
    JobOutcome.DEFINITIONS_ONLY: NoBestCandidate,
    JobOutcome.NO_CANDIDATE: NoBestCandidate,
    JobOutcome.STOPPED_WITH_CANDIDATE: AutoMLJobStopped,
    JobOutcome.STOPPED: AutoMLJobStopped,
    JobOutcome.FAILED: AutoMLJobFailed,
}


@dataclass(frozen=True, kw_only=True)
class AutoMLJob:
    """An AutoML job.

    :param secondary_status: the service's detailed status; a plain string, because AWS does not document the values.
    :param problem_type: ``Tabular``, ``TimeSeriesForecasting`` and so on.
    :param resolved_problem_type: for tabular jobs ``BinaryClassification`` and so on, once the service knows it.
    :param objective: standard name of the metric that candidates are ranked by, once it is known.
    :param objective_type: ``Maximize`` or ``Minimize``; None if neither the service nor the metric's name says.
    :param best_candidate: None until the job has chosen one.
    :param channels: channel type (``training``, ``validation``) → S3 URI of its data.
    :param datasets: S3 URIs of the data of all channels; several channels may have the same type.
    :param settings: the requested settings, by members of the API: those of the problem type's configuration, and
        ``AutoMLJobObjective`` and ``DataSplitConfig`` if they were given.
    :param resolved_attributes: the settings that the service chose (``ResolvedAttributes``), by members of the API.
    :param partial_failures: the service's messages about parts that failed; see :attr:`failed_parts`.
    :param is_to_be_deployed: whether the request asked for an endpoint for the best candidate (``ModelDeployConfig``).
    :param endpoint_name: the endpoint with the best candidate; None if there is none.
    :param created: when the service accepted the job.
    :param ended: None while the job runs.
    :param console_url: None if there is no console, as with an emulator.
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

        :raises UnknownStatus: the job's status is unknown.
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
        """Return what is known about a job right after ``CreateAutoMLJobV2``, which returns only its ARN.

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
        """Name of the objective that the service chose, else of the objective in the request."""
        return _objective_asked_for(self.settings, self.resolved_attributes)

    @property
    def is_finished(self) -> bool:
        """Whether its status is final."""
        return self.status in FINISHED

    @property
    def is_in_progress(self) -> bool:
        """Whether it is still training; a job that is stopping is not."""
        return self.status is JobStatus.IN_PROGRESS

    @property
    def failed_parts(self) -> tuple[FailedPart, ...]:
        """The failed parts of the job, each with the reason."""
        return failed_parts(
            self.partial_failures,
            self.secondary_status,
            job_name=self.name,
            reason=self.failure_reason,
            # After a failed deployment the service leaves out the endpoint's name. Without a model there is none.
            lacks_endpoint=self.is_finished
            and self.best_candidate is not None
            and self.is_to_be_deployed
            and not self.endpoint_name,
        )

    @property
    def outcome(self) -> JobOutcome | None:
        """The outcome of the job: the first of :attr:`outcomes`; None while it runs."""
        return next(iter(self.outcomes), None)

    @property
    def outcomes(self) -> tuple[JobOutcome, ...]:
        """All outcomes that apply to the job, the most serious first; empty while it runs."""
        if not self.is_finished:
            return ()
        if self.best_candidate is None:
            return (self._ended_without_model(),)
        if self.status is JobStatus.STOPPED:
            return (JobOutcome.STOPPED_WITH_CANDIDATE, *self._flaws())
        # AWS does not document the primary status of a job with a failed step after the training.
        if self.status is JobStatus.FAILED and self.secondary_status not in FAILED_STEPS:
            return (JobOutcome.FAILED,)
        return tuple(self._flaws()) or (JobOutcome.MODEL,)

    def _ended_without_model(self) -> JobOutcome:
        if self.status is JobStatus.COMPLETED:
            asked_for = self.secondary_status == _DEFINITIONS_ONLY
            return JobOutcome.DEFINITIONS_ONLY if asked_for else JobOutcome.NO_CANDIDATE
        return JobOutcome.STOPPED if self.status is JobStatus.STOPPED else JobOutcome.FAILED

    def _flaws(self) -> Iterator[JobOutcome]:
        if self.secondary_status == _TIME_LIMIT_REACHED:
            yield JobOutcome.MODEL_AT_TIME_LIMIT
        failed = {each.part for each in self.failed_parts}
        yield from (flaw for flaw, parts in _FLAWS_OF_PARTS.items() if parts & failed)

    def _refusal(self, outcome: JobOutcome) -> str:
        option = f"{FLAWS[outcome]}='fail'"
        if outcome is JobOutcome.MODEL_AT_TIME_LIMIT:
            return f"the job reached its run-time limit ({self.secondary_status}; {option}); raise the limit"
        parts = _FLAWS_OF_PARTS[outcome]
        reasons = "; ".join(str(each).rstrip(".") for each in self.failed_parts if each.part in parts)
        return f"{_MISSING[outcome]} ({option}): {reasons}"

    @property
    def elapsed_seconds(self) -> float:
        """Seconds from creation to the end, or until now while it runs."""
        return ((self.ended or datetime.now(UTC)) - self.created).total_seconds()

    def raise_for_status(self, acceptance: Acceptance | None = None) -> None:
        """Raise an error for an outcome that is not accepted; do nothing while the job runs.

        :param acceptance: the accepted outcomes. Default: the defaults of
            :class:`~airflow_sagemaker_automl.core.jobs.outcome.Acceptance`.
        :raises AutoMLJobFailed: it failed.
        :raises AutoMLJobStopped: it was stopped.
        :raises NoBestCandidate: it completed without a model.
        :raises AutoMLJobFlawed: it has a model with a flaw that is not accepted.
        """
        refused = (acceptance or Acceptance()).refused(self.outcomes)
        if refused and refused[0] in FLAWS:
            raise AutoMLJobFlawed(self, [self._refusal(outcome) for outcome in refused])
        if refused:
            raise _ERRORS[refused[0]](self)

    def to_json(self) -> dict[str, Any]:
        """Return what a downstream task needs, small and JSON-safe; times are ISO 8601, durations in seconds."""
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
    """Return the problem type of a request: ``Tabular`` if it has a ``TabularJobConfig``."""
    return next(iter(request.get("AutoMLProblemTypeConfig", {})), "").removesuffix("JobConfig")


def channel_uris(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the input channels of a request or an answer as channel type → S3 URI."""
    return dict(_channels(request))


def _channels(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (channel.get("ChannelType", "training"), channel["DataSource"]["S3DataSource"]["S3Uri"])
        for channel in request.get("AutoMLJobInputDataConfig", [])
        if "DataSource" in channel
    ]


def job_settings(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training settings of a request or an answer, without the level of the problem type."""
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
