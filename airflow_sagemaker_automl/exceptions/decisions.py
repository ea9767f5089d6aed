"""Errors of approving and rejecting versions."""

from __future__ import annotations

from airflow_sagemaker_automl.exceptions.base import AutoMLError


class ModelPackageGone(AutoMLError):
    """The version does not exist or was deleted.

    :param arn: ARN of the version.
    :param reason: the service's message.
    """

    arn: str
    reason: str
    _message = (
        "Model package {arn} does not exist or was deleted, so it cannot be approved or rejected. "
        "The service says: {reason}"
    )


class ModelPackageRejected(AutoMLError):
    """The version was rejected, and the task has ``on_rejected="fail"``.

    :param arn: ARN of the version.
    :param reason: its approval description.
    :param figure: the metric that its candidate was ranked by, and the value; empty if unknown.
    """

    arn: str
    reason: str
    figure: str = ""

    def _text(self) -> str:
        group, _, number = self.arn.rpartition(":model-package/")[2].partition("/")
        figure = f" ({self.figure})" if self.figure else ""
        reason = self.reason or "the approval description is empty"
        # The ARN comes last: lists of log lines show the beginning.
        return f"{group} version {number}{figure} is Rejected: {reason} ({self.arn})"


class ModelPackageUndecided(AutoMLError):
    """Nobody approved or rejected the version in time.

    :param arn: ARN of the version.
    :param waited: how long the task waited, for example ``3 days``.
    """

    arn: str
    waited: str
    _message = (
        "Nobody approved or rejected model package {arn} within {waited}. The version is unchanged. "
        "Clear the task to ask again, or set defaults or on_timeout to handle a missing answer."
    )


class ModelPackageDecidedElsewhere(AutoMLError):
    """The version was decided on outside this task, with another result than the answer in Airflow.

    :param arn: ARN of the version.
    :param answer: the answer in Airflow.
    :param status: the version's approval status.
    :param reason: its approval description.
    """

    arn: str
    answer: str
    status: str
    reason: str

    def _text(self) -> str:
        return (
            f"Model package {self.arn} was already decided outside this task: it is {self.status} "
            f"({self.reason or 'no reason given'}). The answer in Airflow was not applied: {self.answer}"
        )


class AnswerNotApplied(AutoMLError):
    """A reviewer answered, but the version could not be updated.

    :param arn: ARN of the version.
    :param answer: the answer.
    :param reason: what went wrong.
    :param is_kept: whether the answer is saved for a retry.
    """

    retry_can_help = True
    arn: str
    answer: str
    reason: str
    is_kept: bool

    def _text(self) -> str:
        then = (
            "The answer is saved: a retry applies it without asking again; clearing the task asks again."
            if self.is_kept
            else "The answer could not be saved: a retry asks again."
        )
        return (
            f"The answer could not be applied to model package {self.arn}: {self.reason} {then} Answer: {self.answer}"
        )


class QuestionOfAnotherVersion(AutoMLError):
    """The form in Airflow still shows another version, from before this task was cleared.

    :param arn: ARN of the version to approve or reject.
    """

    arn: str
    _message = (
        "Model package {arn} cannot be approved or rejected in this DAG run: the form still shows the "
        "version from before the task was cleared, and a task cannot change its form. Start a new DAG run."
    )
