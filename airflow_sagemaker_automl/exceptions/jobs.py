"""Errors of AutoML jobs: those that keep a job from starting, and those about its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

from airflow_sagemaker_automl.exceptions.base import AutoMLError

AUTOML_JOB = "AutoML job"


class DescribedJob(Protocol):
    """What an error says of a job; :class:`~airflow_sagemaker_automl.core.jobs.job.AutoMLJob` has all of it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def status(self) -> StrEnum:
        """``AutoMLJobStatus``."""

    @property
    def secondary_status(self) -> str:
        """``AutoMLJobSecondaryStatus``."""

    @property
    def failure_reason(self) -> str | None:
        """Why it failed, in the service's words."""

    @property
    def failed_parts(self) -> Sequence[Any]:
        """The parts that failed; each has a text."""

    @property
    def best_candidate(self) -> Any:
        """The best candidate; None if there is none."""

    @property
    def console_url(self) -> str | None:
        """Its page in the AWS console."""


class JobNameTaken(AutoMLError):
    """A job with this name exists, and this task cannot resume or adopt it.

    :param job_name: the name.
    :param reason: the job's owner, or why the job cannot be resumed.
    :param kind: what kind of job it is.
    """

    job_name: str
    reason: str
    kind: str = AUTOML_JOB
    _message = (
        "The {kind} name {job_name!r} is taken: {reason} Job names are unique in an account and region; {advice}."
    )

    def _text(self) -> str:
        own = "leave job_name unset to derive one from the task" if self.kind == AUTOML_JOB else "clear the task"
        return self._message.format_map({**vars(self), "advice": own})


class QuotaReached(AutoMLError):
    """The account has reached its quota, so the job cannot start yet.

    :param job_name: the job that was refused.
    :param reason: the service's message.
    :param limit: how many jobs may run at the same time; None if the message does not say.
    :param kind: what kind of job it is.
    """

    retry_can_help = True
    job_name: str
    reason: str
    limit: int | None = None
    kind: str = AUTOML_JOB
    _message = "{kind} {job_name} cannot start yet: {reason}"


class NoQuota(QuotaReached):
    """The quota does not allow this job at all; waiting does not help."""

    retry_can_help = False
    _message = (
        "{kind} {job_name} cannot start, and waiting does not help: {reason} "
        "Quotas: https://console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas"
    )


class QuotaWaitTimedOut(AutoMLError):
    """The wait for quota reached ``capacity_timeout``; a retry queues again.

    :param seconds: how long the task waited.
    :param reason: the service's message when it refused the job.
    :param kind: what kind of job it is.
    """

    retry_can_help = True
    seconds: float
    reason: str
    kind: str = AUTOML_JOB
    _message = (
        "No {kind} could be started within {seconds:.0f} s (capacity_timeout) because the account has "
        "reached its quota: {reason}"
    )


class JobNotFound(AutoMLError):
    """The job does not exist in the account and region of the connection.

    :param job_name: the name of the job.
    :param kind: what kind of job it is.
    """

    job_name: str
    kind: str = AUTOML_JOB
    _message = (
        "There is no {kind} {job_name!r} in the account and region of this connection; "
        "check aws_conn_id and region_name."
    )


class AutoMLJobNotFound(JobNotFound):
    """The AutoML job does not exist in the account and region of the connection."""


class AutoMLJobError(AutoMLError):
    """Base of the errors about an AutoML job.

    :param job: the job, as last described.
    """

    job: DescribedJob
    _message = "is {job.status.value} ({job.secondary_status})."

    def _text(self) -> str:
        link = f" See {self.job.console_url}" if self.job.console_url else ""
        return f"AutoML job {self.job.name} {self._outcome()}{link}"

    def _outcome(self) -> str:
        """Write what happened to the job, after its name."""
        return super()._text()

    def _failed_parts(self) -> str:
        """List the failed parts, as a sentence to append."""
        failed = "; ".join(str(each) for each in self.job.failed_parts)
        return f" Failed parts: {failed}" if failed else ""


class AutoMLJobUnfinished(AutoMLJobError):
    """The job is still running, and the task needs its result; a retry checks the job again.

    :param reason: why the result is needed, and the next step.
    """

    retry_can_help = True
    reason: str
    _message = "is {job.status.value} ({job.secondary_status}). {reason}"


class AutoMLJobFailed(AutoMLJobError):
    """The job's status is ``Failed``; a retry starts a new job."""

    retry_can_help = True

    def _outcome(self) -> str:
        return f"failed: {self.job.failure_reason or 'the service gives no reason.'}{self._failed_parts()}"


class AutoMLJobStopped(AutoMLJobError):
    """The job was stopped; a retry starts a new job."""

    retry_can_help = True

    def _outcome(self) -> str:
        if self.job.best_candidate is None:
            return "was stopped before it completed."
        return (
            f"was stopped before it completed. Its best candidate so far is {self.job.best_candidate.name}; "
            "set on_stopped='pass' to use it."
        )


class NoBestCandidate(AutoMLJobError):
    """The job completed without a model, for example because it reached its run-time limit first.

    A new job with the same request would cost the same and have the same outcome.
    """

    def _outcome(self) -> str:
        what = f"completed ({self.job.secondary_status}) without a best candidate: there is no model to register."
        if self.job.secondary_status == "CandidateDefinitionsGenerated":
            return f"{what} The request asked for candidate definitions only."
        return f"{what} If the job ran out of time, raise its run-time limits.{self._failed_parts()}"


class AutoMLJobFlawed(AutoMLJobError):
    """The job has a model, but with a flaw that the task's options do not accept.

    A new job with the same request would cost the same and most likely have the same flaw.

    :param refused: the flaws, each with the option that does not accept it; clauses without a full stop.
    """

    refused: Sequence[str]

    def _outcome(self) -> str:
        return f"has a model, but {'. Also, '.join(self.refused)}."


class AutoMLJobTimedOut(AutoMLJobError):
    """The wait for the job timed out.

    A retry cannot help: it waits for the same job, and the deadline counts from the job's creation.

    :param limit: seconds from the job's creation to the deadline.
    :param fate: what happens to the job, as the end of a sentence, for example ``has been told to stop.``
    """

    limit: float
    fate: str
    _message = "did not finish within {limit:.0f} s of its creation and {fate}"
