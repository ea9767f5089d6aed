"""What a task needs to know of the kind of job that it runs: AutoML jobs and transform jobs differ in this alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from airflow_sagemaker_automl.observability.metrics import Metric

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook


class RunJob(Protocol):
    """A job as last described."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def arn(self) -> str:
        """Its ARN."""

    @property
    def status(self) -> StrEnum:
        """Its status."""

    @property
    def secondary_status(self) -> str:
        """Its detailed status; the status itself if the service has no other."""

    @property
    def is_in_progress(self) -> bool:
        """Whether it still works; a job that is stopping does not."""

    @property
    def is_finished(self) -> bool:
        """Whether its status is final."""

    @property
    def created(self) -> datetime:
        """When the service accepted it."""

    @property
    def console_url(self) -> str | None:
        """Its page in the AWS console; None if there is none."""


J = TypeVar("J", bound=RunJob)


class JobKind(Protocol[J]):
    """One kind of job.

    :cvar noun: its name in logs and errors.
    :cvar submitted: counts new jobs.
    :cvar adopted: counts jobs that a task finds again.
    :cvar refused: counts refusals because of a quota.
    :cvar queued: measures the wait for a quota.
    :cvar ended: counts ends by outcome.
    """

    noun: ClassVar[str]
    submitted: ClassVar[Metric]
    adopted: ClassVar[Metric]
    refused: ClassVar[Metric]
    queued: ClassVar[Metric]
    ended: ClassVar[Metric]

    def create(self, hook: SageMakerAutoMLHook, name: str, request: Mapping[str, Any]) -> J:
        """Create a job.

        :raises JobNameTaken: a job of this name exists.
        :raises QuotaReached: the account is at its quota.
        """

    def describe(self, hook: SageMakerAutoMLHook, name: str) -> J:
        """Describe a job.

        :raises JobNotFound: there is no job of this name.
        """

    def answer(self, hook: SageMakerAutoMLHook, name: str) -> Mapping[str, Any]:
        """Return the service's description of a job, to compare it with a request."""

    def stop(self, hook: SageMakerAutoMLHook, name: str) -> None:
        """Stop a job; do nothing if it has ended."""

    def in_progress(self, hook: SageMakerAutoMLHook) -> Mapping[str, str]:
        """List the running jobs: name → status."""

    def has_stopping(self, hook: SageMakerAutoMLHook) -> bool:
        """Tell whether jobs are stopping, which still count towards a quota."""

    def is_of(self, job: J, request: Mapping[str, Any]) -> bool:
        """Tell whether a job of the task can be the one of a request; its other jobs are stopped, and no results."""

    def is_settled(self, job: J) -> bool:
        """Tell whether a job that has ended makes a new one unnecessary."""

    def is_accepted(self, job: J) -> bool:
        """Tell whether a job that has ended has a result that the task accepts."""
