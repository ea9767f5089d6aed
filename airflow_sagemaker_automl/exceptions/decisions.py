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
    """

    def __init__(self, arn: str, reason: str) -> None:
        super().__init__(arn, reason)
        self.arn = arn
        self.reason = reason

    def __str__(self) -> str:
        return f"Model package {self.arn} is Rejected: {self.reason or 'nothing says why.'}"
