"""What became of a decision that somebody was asked for."""

from __future__ import annotations

from airflow_sagemaker_automl.exceptions.base import AutoMLError


class ModelPackageGone(AutoMLError):
    """There is no such version, or not any more.

    :param arn: ARN of the version.
    :param reason: what the service says.
    """

    def __init__(self, arn: str, reason: str) -> None:
        super().__init__(arn, reason)
        self.arn = arn
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"There is nothing to decide on: model package {self.arn} does not exist, or was deleted. The service "
            f"says: {self.reason}"
        )


class ModelPackageRejected(AutoMLError):
    """A version was rejected, and the task is to fail then.

    :param arn: ARN of the version.
    :param reason: its approval description.
    :param figure: the metric that its candidate was ranked by, and the value; empty where nothing says it.
    """

    def __init__(self, arn: str, reason: str, figure: str = "") -> None:
        super().__init__(arn, reason, figure)
        self.arn = arn
        self.reason = reason
        self.figure = figure

    def __str__(self) -> str:
        group, _, number = self.arn.rpartition(":model-package/")[2].partition("/")
        figure = f" ({self.figure})" if self.figure else ""
        reason = self.reason or "the approval description is empty"
        # The ARN comes last: lists of log lines show the beginning.
        return f"{group} version {number}{figure} is Rejected: {reason} ({self.arn})"


class ModelPackageUndecided(AutoMLError):
    """Nobody has decided in time.

    :param arn: ARN of the version.
    :param waited: for how long somebody was asked.
    """

    def __init__(self, arn: str, waited: str) -> None:
        super().__init__(arn, waited)
        self.arn = arn
        self.waited = waited

    def __str__(self) -> str:
        return (
            f"Nobody has decided on model package {self.arn} within {self.waited}. It is as it was; clear the task to "
            "ask again, or let defaults or on_timeout say what is to become of it."
        )


class ModelPackageDecidedElsewhere(AutoMLError):
    """Another has decided otherwise meanwhile.

    :param arn: ARN of the version.
    :param answer: what was answered here.
    :param status: how the version stands.
    :param reason: its approval description.
    """

    def __init__(self, arn: str, answer: str, status: str, reason: str) -> None:
        super().__init__(arn, answer, status, reason)
        self.arn = arn
        self.answer = answer
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"Model package {self.arn} was decided on elsewhere while somebody was asked here: it is {self.status} "
            f"({self.reason or 'nothing says why'}). The answer here, which changes nothing, was: {self.answer}"
        )


class AnswerNotApplied(AutoMLError):
    """Somebody has answered, and the version could not be changed yet.

    :param arn: ARN of the version.
    :param answer: what was answered.
    :param reason: what went wrong.
    :param is_kept: whether a retry knows the answer.
    """

    retry_can_help = True

    def __init__(self, arn: str, answer: str, reason: str, is_kept: bool) -> None:
        super().__init__(arn, answer, reason, is_kept)
        self.arn = arn
        self.answer = answer
        self.reason = reason
        self.is_kept = is_kept

    def __str__(self) -> str:
        then = (
            "The answer is kept: a retry applies it and asks nobody; a task that is cleared asks again."
            if self.is_kept
            else "The answer could not be kept: a retry asks again."
        )
        return f"The answer could not be applied to model package {self.arn}: {self.reason} {then} {self.answer}"


class QuestionOfAnotherVersion(AutoMLError):
    """Airflow still shows what it was asked to show before this task was cleared, about another version.

    :param arn: ARN of the version that is to be decided on.
    """

    def __init__(self, arn: str) -> None:
        super().__init__(arn)
        self.arn = arn

    def __str__(self) -> str:
        return (
            f"Nobody can be asked about model package {self.arn} in this DAG run: its form still shows another "
            "version, that of before the task was cleared, and Airflow lets no task change it. Start a new run."
        )
