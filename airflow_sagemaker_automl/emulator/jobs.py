"""The state of one AutoML job; trainer events and API calls change it under a lock."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from airflow_sagemaker_automl.emulator.clock import now

FINISHED = frozenset({"Completed", "Failed", "Stopped"})

_ECHOED_MEMBERS = (
    "AutoMLJobName",
    "AutoMLJobInputDataConfig",
    "OutputDataConfig",
    "RoleArn",
    "AutoMLJobObjective",
    "AutoMLProblemTypeConfig",
    "SecurityConfig",
    "ModelDeployConfig",
    "DataSplitConfig",
    "AutoMLComputeConfig",
)
_OUTCOME_MEMBERS = ("AutoMLJobArtifacts", "ModelDeployResult")
_LONGEST_REASON = 1024
_MOST_PARTIAL_FAILURES = 5


class _Standing(NamedTuple):
    """The status of a job from a time on.

    :param modified: the time of the change.
    """

    modified: datetime
    status: str
    secondary_status: str


class AutoMLJob:
    """The record of one job.

    :param request: ``CreateAutoMLJobV2`` request.
    :param arn: the job's ARN.
    :param first_request: the ``CreateAutoMLJob`` request that ``request`` was translated from; None for jobs of V2.
    """

    def __init__(self, request: Mapping[str, Any], arn: str, first_request: Mapping[str, Any] | None = None) -> None:
        self.request = copy.deepcopy(dict(request))
        self.first_request = copy.deepcopy(dict(first_request)) if first_request else None
        self.name: str = request["AutoMLJobName"]
        self.arn = arn
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self._lock = threading.RLock()
        self._candidates: dict[str, dict[str, Any]] = {}
        self._best_candidate: str | None = None
        self._resolved: dict[str, Any] | None = None
        self._artifacts: dict[str, str] | None = None
        self._partial_failures: list[str] = []
        self._failure_reason: str | None = None
        self._outcome: dict[str, Any] = {}
        self.created = now()
        self._history = [_Standing(self.created, "InProgress", "Starting")]

    @property
    def problem_type(self) -> str:
        """Name of the problem type as in ``DescribeAutoMLJobV2``: ``Tabular`` for ``TabularJobConfig``."""
        (key,) = self.request["AutoMLProblemTypeConfig"]
        return str(key).removesuffix("JobConfig")

    @property
    def problem(self) -> dict[str, Any]:
        """The members of the problem type's configuration."""
        (config,) = self.request["AutoMLProblemTypeConfig"].values()
        return dict(config)

    @property
    def status(self) -> str:
        return self._history[-1].status

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    def advance(self, secondary_status: str) -> None:
        with self._lock:
            if self.status == "InProgress":
                self._touch(secondary_status=secondary_status)

    def resolve(self, metric: str, problem_type: str | None = None) -> None:
        """Record the resolved attributes: the objective, and a tabular job's problem type."""
        with self._lock:
            self._resolved = {
                "AutoMLJobObjective": {"MetricName": metric},
                "CompletionCriteria": self.problem.get("CompletionCriteria", {}),
            }
            if problem_type is not None:
                attributes = {"TabularResolvedAttributes": {"ProblemType": problem_type}}
                self._resolved["AutoMLProblemTypeResolvedAttributes"] = attributes

    def record_artifacts(self, locations: Mapping[str, str]) -> None:
        """Record where the job's notebooks are."""
        with self._lock:
            self._artifacts = dict(locations)

    def record_candidate(self, candidate: Mapping[str, Any]) -> None:
        """Add or update a candidate; ignored if the job is finished or stopping.

        :param candidate: an ``AutoMLCandidate`` without its times and steps.
        """
        with self._lock:
            if self.status != "InProgress":
                return
            moment = now()
            # One process trains all candidates and is not a SageMaker job, so there are no steps.
            first = {"CandidateSteps": [], "CreationTime": moment}
            known = self._candidates.get(candidate["CandidateName"], first)
            record = {**known, **candidate, "LastModifiedTime": moment}
            if record["CandidateStatus"] in FINISHED:
                record.setdefault("EndTime", moment)
            self._candidates[record["CandidateName"]] = record
            self._touch()

    def complete(self, best_candidate: str | None, reason: str, partial_failures: list[str]) -> None:
        with self._lock:
            if self.status == "InProgress":
                self._best_candidate = best_candidate
                self._partial_failures = [text[:_LONGEST_REASON] for text in partial_failures[:_MOST_PARTIAL_FAILURES]]
                self._touch(status="Completed", secondary_status=reason)

    def fail(self, reason: str) -> None:
        with self._lock:
            if self.status == "InProgress":
                self._failure_reason = reason[:_LONGEST_REASON]
                self._touch(status="Failed", secondary_status="Failed")

    def begin_stopping(self) -> bool:
        """Change from ``InProgress`` to ``Stopping``; False if the job was not ``InProgress``."""
        with self._lock:
            if self.status != "InProgress":
                return False
            self._touch(status="Stopping", secondary_status="Stopping")
            return True

    def stopped(self) -> None:
        with self._lock:
            if not self.is_finished:
                self._touch(status="Stopped", secondary_status="Stopped")

    def resolve_as(self, attributes: Mapping[str, Any]) -> None:
        """Record the ``ResolvedAttributes`` of a script."""
        with self._lock:
            self._resolved = copy.deepcopy(dict(attributes))

    def end_as(self, ending: Mapping[str, Any]) -> None:
        """End the job as its script says.

        :param ending: members of ``DescribeAutoMLJobV2``; ``BestCandidate`` is the candidate's name.
        """
        with self._lock:
            was_stopped = self.status == "Stopping" and ending["AutoMLJobStatus"] != "Stopped"
            if not self.is_finished and not was_stopped:
                self._best_candidate = ending.get("BestCandidate")
                self._failure_reason = ending.get("FailureReason")
                self._partial_failures = [
                    reason["PartialFailureMessage"] for reason in ending.get("PartialFailureReasons", [])
                ]
                self._outcome = {key: ending[key] for key in _OUTCOME_MEMBERS if key in ending}
                self._touch(status=ending["AutoMLJobStatus"], secondary_status=ending["AutoMLJobSecondaryStatus"])

    def candidates(self) -> list[dict[str, Any]]:
        with self._lock:
            return copy.deepcopy(list(self._candidates.values()))

    def describe(self) -> dict[str, Any]:
        """Answer of ``DescribeAutoMLJobV2``."""
        with self._lock:
            answer: dict[str, Any] = {key: self.request[key] for key in _ECHOED_MEMBERS if key in self.request}
            answer |= {
                "AutoMLProblemTypeConfigName": self.problem_type,
                **self._summary(self._history[-1]),
                "ResolvedAttributes": self._resolved,
                "AutoMLJobArtifacts": self._artifacts,
                **self._outcome,
            }
            if self._best_candidate:
                answer["BestCandidate"] = self._candidates[self._best_candidate]
            return copy.deepcopy({key: value for key, value in answer.items() if value not in (None, [])})

    def summary(self, as_of: datetime | None = None) -> dict[str, Any] | None:
        """Entry of ``ListAutoMLJobs``.

        :param as_of: the time whose state to show; None for now.
        :return: None if the job did not exist yet.
        """
        with self._lock:
            standings = reversed(self._history)
            standing = next((entry for entry in standings if as_of is None or entry.modified <= as_of), None)
            return self._summary(standing) if standing else None

    def _summary(self, standing: _Standing) -> dict[str, Any]:
        summary: dict[str, Any] = {
            "AutoMLJobName": self.name,
            "AutoMLJobArn": self.arn,
            "AutoMLJobStatus": standing.status,
            "AutoMLJobSecondaryStatus": standing.secondary_status,
            "CreationTime": self.created,
            "LastModifiedTime": standing.modified,
        }
        if standing.status in FINISHED:
            summary["EndTime"] = standing.modified
            if self._failure_reason is not None:
                summary["FailureReason"] = self._failure_reason
            if self._partial_failures:
                summary["PartialFailureReasons"] = [{"PartialFailureMessage": text} for text in self._partial_failures]
        return summary

    def _touch(self, *, status: str | None = None, secondary_status: str | None = None) -> None:
        last = self._history[-1]
        self._history.append(_Standing(now(), status or last.status, secondary_status or last.secondary_status))
