"""Errors of scoring: data that cannot be scored, and outcomes of transform jobs."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from airflow_sagemaker_automl.exceptions.base import AutoMLError
from airflow_sagemaker_automl.exceptions.jobs import JobNotFound
from airflow_sagemaker_automl.exceptions.requests import InvalidRequest


class DescribedTransformJob(Protocol):
    """What an error says of a transform job."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def status(self) -> StrEnum:
        """``TransformJobStatus``."""

    @property
    def failure_reason(self) -> str | None:
        """Why it failed, in the service's words."""

    @property
    def console_url(self) -> str | None:
        """Its page in the AWS console."""


class InvalidScoring(InvalidRequest):
    """The arguments or the data cannot be scored; nothing was created in SageMaker."""

    _what = "scoring"
    _fate = "cannot begin"


class InvalidEvaluation(InvalidRequest):
    """The arguments or the data cannot be evaluated; nothing was created in SageMaker."""

    _what = "evaluation"
    _fate = "cannot begin"


class EvaluationImpossible(AutoMLError):
    """The rows do not tell how good a model is: too few, of one class, or already used for training.

    :param data: S3 URI of the rows.
    :param reason: what is wrong, as a clause, and the next step.
    """

    data: str
    reason: str
    _message = "No model can be evaluated on {data}: {reason}"


class EvaluationIncomplete(AutoMLError):
    """Scores are missing: the champion's transform job failed, or another run replaced them; a retry scores again.

    :param data: S3 URI of the rows.
    :param reason: what is missing and why, as a clause, and the next step.
    """

    retry_can_help = True
    data: str
    reason: str
    _message = "The evaluation on {data} is incomplete: {reason}"


class DataNotScorable(AutoMLError):
    """A file of the data cannot be read or sent; nothing was created in SageMaker.

    :param uri: the file.
    :param reason: what is wrong, with the row where there is one, and the next step.
    """

    uri: str
    reason: str
    _message = "{uri} cannot be scored: {reason}"


class OutputTaken(AutoMLError):
    """The output prefix has objects that another task or user wrote; nothing was created in SageMaker.

    :param uri: the output prefix.
    :param found: some of the objects, and their owner if it is known.
    """

    uri: str
    found: str
    _message = (
        "The output {uri} is not empty: {found}. The task replaces only a table that it wrote itself; choose another "
        "output prefix, or delete what is there."
    )


class NoApprovedVersion(AutoMLError):
    """The model package group has no approved version to score with.

    :param group: name or ARN of the group.
    :param exists: whether the group exists.
    """

    group: str
    exists: bool = True

    def _text(self) -> str:
        if not self.exists:
            return (
                f"Model package group {self.group} does not exist in the account and region of this connection; "
                "check model_package_group_name, aws_conn_id and region_name."
            )
        return f"Model package group {self.group} has no approved version to score with. Approve one first."


class VersionNotScorable(AutoMLError):
    """The version cannot score this data.

    :param arn: ARN of the version.
    :param reason: why not, and the next step.
    """

    arn: str
    reason: str
    _message = "Model package {arn} cannot score: {reason}"


class ModelNameTaken(AutoMLError):
    """A model with the task's name exists and is another one.

    :param name: name of the model.
    :param reason: how it differs.
    """

    name: str
    reason: str
    _message = "The model name {name!r} is taken by another model: {reason} Delete that model, or clear the task."


class TransformJobNotFound(JobNotFound):
    """The transform job does not exist in the account and region of the connection."""


class TransformJobError(AutoMLError):
    """Base of the errors about a transform job.

    :param job: the job, as last described.
    """

    job: DescribedTransformJob
    _message = "is {job.status.value}."

    def _text(self) -> str:
        link = f" See {self.job.console_url}" if self.job.console_url else ""
        return f"Transform job {self.job.name} {self._outcome()}{link}"

    def _outcome(self) -> str:
        """Write what happened to the job, after its name."""
        return super()._text()


class TransformJobFailed(TransformJobError):
    """The job failed; a retry starts a new job."""

    retry_can_help = True

    def _outcome(self) -> str:
        return (
            f"failed: {self.job.failure_reason or 'the service gives no reason.'} The container's own lines are in "
            f"the CloudWatch log group /aws/sagemaker/TransformJobs, in streams that begin with {self.job.name}/."
        )


class TransformJobStopped(TransformJobError):
    """The job was stopped before it completed; a retry starts a new job."""

    retry_can_help = True
    _message = "was stopped before it completed, so there are no predictions."


class TransformJobUnfinished(TransformJobError):
    """The job is still running, and the task needs its result; a retry checks the job again.

    :param reason: why the result is needed, and the next step.
    """

    retry_can_help = True
    reason: str
    _message = "is {job.status.value}. {reason}"


class TransformJobTimedOut(TransformJobError):
    """The wait for the job timed out. A retry cannot help: it waits for the same job, from the same time.

    :param limit: seconds from the job's creation to the deadline.
    :param fate: what happens to the job, as the end of a sentence.
    """

    limit: float
    fate: str
    _message = "did not finish within {limit:.0f} s of its creation and {fate}"


class PredictionsIncomplete(AutoMLError):
    """The transform job completed, but its output does not match the input.

    :param job_name: name of the job.
    :param reason: which file, and how it differs.
    """

    job_name: str
    reason: str
    _message = "The output of transform job {job_name} does not match its input: {reason}"
