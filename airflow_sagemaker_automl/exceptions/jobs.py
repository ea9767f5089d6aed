"""What became of an AutoML job, or kept it from being started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_sagemaker_automl.exceptions.base import AutoMLError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_sagemaker_automl.core.job import AutoMLJob


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

    def _failed_parts(self) -> str:
        """Name what failed, as a sentence that follows another one."""
        failed = "; ".join(str(each) for each in self.job.failed_parts)
        return f" Failed parts: {failed}" if failed else ""


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
        return f"failed: {self.job.failure_reason or 'the service gives no reason.'}{self._failed_parts()}"


class AutoMLJobStopped(AutoMLJobError):
    """Somebody stopped the job; a retry starts another one."""

    retry_can_help = True

    def _outcome(self) -> str:
        if self.job.best_candidate is None:
            return "was stopped before it was completed."
        return (
            f"was stopped before it was completed. Its best candidate until then is {self.job.best_candidate.name}; "
            "on_stopped='pass' would take it."
        )


class NoBestCandidate(AutoMLJobError):
    """The job completed without a model, for example because its run-time limit came first.

    Another job with the same request would cost the same and end the same.
    """

    def _outcome(self) -> str:
        what = f"completed ({self.job.secondary_status}) without a best candidate: there is no model to register."
        if self.job.secondary_status == "CandidateDefinitionsGenerated":
            return f"{what} It was asked for candidate definitions only."
        return f"{what} Raise its run-time limits if it ran out of time.{self._failed_parts()}"


class AutoMLJobFlawed(AutoMLJobError):
    """The job has a model, but ended in a way that the task was told not to accept.

    Another job with the same request would cost the same and most likely end the same.

    :param refused: what is missing beside the model, with the option that refuses it; sentences without a full stop.
    """

    def __init__(self, job: AutoMLJob, refused: Sequence[str]) -> None:
        AutoMLError.__init__(self, job, refused)
        self.job = job
        self.refused = tuple(refused)

    def _outcome(self) -> str:
        return f"has a model, but {'. Also, '.join(self.refused)}."


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
