"""The errors of this package; each carries its evidence and says whether a retry can help.

::

    AutoMLError
     ├─ InvalidRequest           what was asked for breaks rules of the service
     │   ├─ InvalidJobRequest
     │   ├─ InvalidModelPackage
     │   └─ InvalidModelCard
     ├─ JobNameTaken             the job's name belongs to somebody else's job
     ├─ QuotaReached             as many jobs run as the account may have
     │   └─ NoQuota              and waiting will not change that
     ├─ QuotaWaitTimedOut        no place became free in time
     ├─ UnknownStatus            the service answered with a status that this version does not know
     ├─ AutoMLJobNotFound        there is no job of this name in the account and region
     ├─ AutoMLJobError           what became of a job; carries the job
     │   ├─ AutoMLJobUnfinished  it still runs, and something needs its end
     │   ├─ AutoMLJobFailed
     │   ├─ AutoMLJobStopped
     │   ├─ NoBestCandidate      it ended well, and has no model
     │   ├─ AutoMLJobFlawed      it has a model, but not as it was wanted
     │   └─ AutoMLJobTimedOut    the wait reached its deadline
     ├─ CandidateNotRegistrable  the candidate that was asked for does not exist or has no model
     ├─ ModelPackageFailed       the service could not complete the model package
     ├─ ModelPackageUnfinished   the service works on it, and nobody sees when that ends
     ├─ ModelPackageTimedOut     the service was not done with it in time
     └─ ServiceUnavailable       no answer, or no credentials to ask with
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.job import AutoMLJob

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_LONGEST_SHOWN = 120


class AutoMLError(Exception):
    """Base of all errors of this package.

    The arguments of every error are those of its constructor, so that each survives pickling.
    """

    retry_can_help: ClassVar[bool] = False


@dataclass(frozen=True)
class Violation:
    """One rule that a request breaks.

    :param path: where, in the words of the API, for example
        ``AutoMLProblemTypeConfig.TabularJobConfig.CompletionCriteria.MaxCandidates`` or
        ``AutoMLJobInputDataConfig[0].ContentType``.
    :param value: what stands there; None where nothing does.
    :param rule: what would be right, as the rest of a sentence that begins with the path.
    """

    path: str
    value: Any
    rule: str

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.path} {self.rule}"
        shown = _SHORT.repr(self.value)
        return f"{self.path} = {shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + ' ...'} {self.rule}"


class InvalidRequest(AutoMLError):
    """What was asked for was refused before any call.

    :param violations: every rule that is broken.
    """

    _what: ClassVar[str]

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(violations)
        self.violations = tuple(violations)

    def __str__(self) -> str:
        if len(self.violations) == 1:
            return f"The {self._what} cannot be sent: {self.violations[0]}"
        lines = "".join(f"\n  {violation}" for violation in self.violations)
        return f"The {self._what} cannot be sent; {len(self.violations)} things are wrong:{lines}"


class InvalidJobRequest(InvalidRequest):
    """The request breaks rules of ``CreateAutoMLJobV2``."""

    _what = "AutoML job request"


class InvalidModelPackage(InvalidRequest):
    """The registration, or the change of one, breaks rules of the service."""

    _what = "model package"


class InvalidModelCard(InvalidRequest):
    """The model card breaks its schema, or is too long."""

    _what = "model card"


class JobNameTaken(AutoMLError):
    """A job of this name exists, and it is not this task's to continue.

    :param job_name: the name.
    :param reason: whose it is, or why it cannot be continued.
    """

    def __init__(self, job_name: str, reason: str) -> None:
        super().__init__(job_name, reason)
        self.job_name = job_name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"The AutoML job name {self.job_name!r} is taken: {self.reason} "
            "Names cannot be used twice in an account and region; leave job_name out to get one derived from the task."
        )


class QuotaReached(AutoMLError):
    """The service takes no more jobs for now.

    :param job_name: the job that it did not take.
    :param reason: what it says.
    :param limit: how many may run at once; None where it does not say.
    """

    retry_can_help = True

    def __init__(self, job_name: str, reason: str, limit: int | None = None) -> None:
        super().__init__(job_name, reason, limit)
        self.job_name = job_name
        self.reason = reason
        self.limit = limit

    def __str__(self) -> str:
        return f"AutoML job {self.job_name} cannot be started for now: {self.reason}"


class NoQuota(QuotaReached):
    """The service takes no such job at all, however long one waits."""

    retry_can_help = False

    def __str__(self) -> str:
        return (
            f"AutoML job {self.job_name} cannot be started, and waiting would not help: {self.reason} "
            "Quotas: https://console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas"
        )


class QuotaWaitTimedOut(AutoMLError):
    """No place became free while the task was ready to wait; a retry queues again.

    :param seconds: how long it has waited.
    :param reason: what the service said when it refused the job.
    """

    retry_can_help = True

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(seconds, reason)
        self.seconds = seconds
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"No AutoML job could be started within {self.seconds:.0f} s (capacity_timeout), for the account is at "
            f"its quota: {self.reason}"
        )


class UnknownStatus(AutoMLError):
    """The service has a new status, and guessing its meaning could turn a failure into a success.

    :param kind: what the status belongs to, for example ``AutoML job``.
    :param value: the status as received.
    """

    def __init__(self, kind: str, value: str) -> None:
        super().__init__(kind, value)
        self.kind = kind
        self.value = value

    def __str__(self) -> str:
        return (
            f"{self.kind} status {self.value!r} is not known to this version of airflow-sagemaker-automl; upgrade it."
        )


class AutoMLJobNotFound(AutoMLError):
    """There is no such job.

    :param job_name: the name that was asked for.
    """

    def __init__(self, job_name: str) -> None:
        super().__init__(job_name)
        self.job_name = job_name

    def __str__(self) -> str:
        return (
            f"There is no AutoML job {self.job_name!r} in the account and region of this connection; "
            "check aws_conn_id and region_name."
        )


class AutoMLJobError(AutoMLError):
    """What became of an AutoML job.

    :param job: the job as last seen.
    """

    def __init__(self, job: AutoMLJob) -> None:
        super().__init__(job)
        self.job = job

    def __str__(self) -> str:
        link = f" See {self.job.console_url}" if self.job.console_url else ""
        return f"AutoML job {self.job.name} {self._outcome()}{link}"

    def _outcome(self) -> str:
        return f"is {self.job.status.value} ({self.job.secondary_status})."


class AutoMLJobUnfinished(AutoMLJobError):
    """The job still runs although its end is needed; a retry finds it later.

    :param reason: who needs it, and what to do.
    """

    retry_can_help = True

    def __init__(self, job: AutoMLJob, reason: str) -> None:
        AutoMLError.__init__(self, job, reason)
        self.job = job
        self.reason = reason

    def _outcome(self) -> str:
        return f"is {self.job.status.value} ({self.job.secondary_status}). {self.reason}"


class AutoMLJobFailed(AutoMLJobError):
    """The job ended ``Failed``; a retry starts another one."""

    retry_can_help = True

    def _outcome(self) -> str:
        partial = f" Partial failures: {'; '.join(self.job.partial_failures)}" if self.job.partial_failures else ""
        return f"failed: {self.job.failure_reason or 'the service gives no reason.'}{partial}"


class AutoMLJobStopped(AutoMLJobError):
    """Somebody stopped the job; a retry starts another one."""

    retry_can_help = True

    def _outcome(self) -> str:
        if self.job.best_candidate is None:
            return "was stopped before it was completed."
        return (
            f"was stopped before it was completed. Its best candidate until then is {self.job.best_candidate.name}; "
            "on_stopped='accept_candidate' would take it."
        )


class NoBestCandidate(AutoMLJobError):
    """The job completed without a model, for example because its run-time limit came first.

    Another job with the same request would cost the same and end the same.
    """

    def _outcome(self) -> str:
        what = f"completed ({self.job.secondary_status}) without a best candidate: there is no model to register."
        if self.job.secondary_status == "CandidateDefinitionsGenerated":
            return f"{what} It was asked for candidate definitions only."
        return f"{what} Raise its run-time limits if it ran out of time."


class AutoMLJobFlawed(AutoMLJobError):
    """The job has a model, but ended in a way that the task was told not to accept.

    Another job with the same request would cost the same and most likely end the same.
    """

    def _outcome(self) -> str:
        if self.job.partial_failures:
            return f"failed in part, which on_partial_failure='fail' refuses: {'; '.join(self.job.partial_failures)}"
        return (
            f"has a model but was cut short ({self.job.secondary_status}), which on_time_limit='fail' refuses. "
            "Raise its run-time limits."
        )


class AutoMLJobTimedOut(AutoMLJobError):
    """The wait for the job reached its deadline.

    A retry waits for the same job, whose deadline is counted from its creation, so that it cannot help.

    :param limit: seconds from the job's creation to the deadline.
    :param fate: what becomes of the job, as the end of a sentence.
    """

    def __init__(self, job: AutoMLJob, limit: float, fate: str) -> None:
        AutoMLError.__init__(self, job, limit, fate)
        self.job = job
        self.limit = limit
        self.fate = fate

    def _outcome(self) -> str:
        return f"was not finished within {self.limit:.0f} s of its creation and {self.fate}"


class CandidateNotRegistrable(AutoMLError):
    """There is no such candidate, or it has no model.

    :param job_name: the AutoML job.
    :param candidate_name: the candidate that was asked for; None for the best one.
    :param reason: what is wrong with it.
    """

    def __init__(self, job_name: str, candidate_name: str | None, reason: str) -> None:
        super().__init__(job_name, candidate_name, reason)
        self.job_name = job_name
        self.candidate_name = candidate_name
        self.reason = reason

    def __str__(self) -> str:
        which = f"Candidate {self.candidate_name!r}" if self.candidate_name else "The best candidate"
        return f"{which} of AutoML job {self.job_name} cannot be registered: {self.reason}"


class ModelPackageFailed(AutoMLError):
    """The service could not complete a model package version.

    :param arn: ARN of the version.
    :param reasons: what its validation and image scan say.
    """

    def __init__(self, arn: str, reasons: Sequence[str]) -> None:
        super().__init__(arn, reasons)
        self.arn = arn
        self.reasons = tuple(reasons)

    def __str__(self) -> str:
        return f"Model package {self.arn} failed: {'; '.join(self.reasons) or 'the service gives no reason.'}"


class ModelPackageUnfinished(AutoMLError):
    """The service still works on a model package version although its completion is needed.

    A retry finds the version and waits for it again.

    :param arn: ARN of the version.
    :param status: its status.
    :param reason: why nobody waits any longer, and what to do.
    """

    retry_can_help = True

    def __init__(self, arn: str, status: str, reason: str) -> None:
        super().__init__(arn, status, reason)
        self.arn = arn
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return f"Model package {self.arn} is {self.status}. {self.reason}"


class ModelPackageTimedOut(AutoMLError):
    """The wait for a model package version reached its deadline; the service may complete it all the same.

    A retry finds the same version, whose deadline is counted from its creation, so that it cannot help.

    :param arn: ARN of the version.
    :param status: its status.
    :param limit: seconds from its creation to the deadline.
    """

    def __init__(self, arn: str, status: str, limit: float) -> None:
        super().__init__(arn, status, limit)
        self.arn = arn
        self.status = status
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"Model package {self.arn} is still {self.status}, {self.limit:.0f} s after its creation. "
            "It stays registered; clear the task when it is completed, or raise completion_timeout."
        )


class ServiceUnavailable(AutoMLError):
    """The service could not be asked.

    :param reason: why, and what to do about it.
    """

    retry_can_help = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
