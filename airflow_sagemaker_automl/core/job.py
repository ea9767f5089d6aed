"""An AutoML job as last seen, and what its status means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.literals import at, text
from airflow_sagemaker_automl.core.metric_names import read_objective
from airflow_sagemaker_automl.core.outcome import Acceptance, Outcome
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
_ERRORS: Mapping[Outcome, type[AutoMLJobError]] = {
    Outcome.MODEL_AT_TIME_LIMIT: AutoMLJobFlawed,
    Outcome.PARTIAL_MODEL: AutoMLJobFlawed,
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
    def outcome(self) -> Outcome | None:
        """How it ended; None while it runs."""
        if self.status is JobStatus.COMPLETED:
            return self._completed_as()
        if self.status is JobStatus.STOPPED:
            return Outcome.STOPPED_WITH_CANDIDATE if self.best_candidate else Outcome.STOPPED
        return Outcome.FAILED if self.status is JobStatus.FAILED else None

    def _completed_as(self) -> Outcome:
        if self.best_candidate is None:
            asked_for = self.secondary_status == _DEFINITIONS_ONLY
            return Outcome.DEFINITIONS_ONLY if asked_for else Outcome.NO_CANDIDATE
        if self.secondary_status == _TIME_LIMIT_REACHED:
            return Outcome.MODEL_AT_TIME_LIMIT
        return Outcome.PARTIAL_MODEL if self.partial_failures else Outcome.MODEL

    @property
    def elapsed_seconds(self) -> float:
        """Seconds from creation to the end, or until now while it runs."""
        return ((self.ended or datetime.now(UTC)) - self.created).total_seconds()

    def raise_for_status(self, acceptance: Acceptance | None = None) -> None:
        """Turn every ending that is not good enough into an error; do nothing while the job runs.

        :param acceptance: which endings are; default: those of
            :class:`~airflow_sagemaker_automl.core.outcome.Acceptance`'s own defaults.
        :raises AutoMLJobFailed: it failed.
        :raises AutoMLJobStopped: it was stopped.
        :raises NoBestCandidate: it completed without a model.
        :raises AutoMLJobFlawed: it has a model, with a flaw that was not to be accepted.
        """
        outcome = self.outcome
        if outcome is not None and outcome not in (acceptance or Acceptance()).outcomes:
            raise _ERRORS[outcome](self)

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
