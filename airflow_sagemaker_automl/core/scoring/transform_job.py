"""A batch transform job, as last described, and the meaning of its status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from airflow_sagemaker_automl.exceptions import TransformJobFailed, TransformJobStopped, UnknownStatus

TRANSFORM_JOB = "Transform job"


class TransformStatus(StrEnum):
    """All values of the service's ``TransformJobStatus``."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"

    @classmethod
    def parse(cls, value: str) -> TransformStatus:
        """Read a status.

        :raises UnknownStatus: the status is unknown.
        """
        try:
            return cls(value)
        except ValueError:
            raise UnknownStatus(TRANSFORM_JOB, value) from None


_FINISHED = frozenset({TransformStatus.COMPLETED, TransformStatus.FAILED, TransformStatus.STOPPED})


@dataclass(frozen=True, kw_only=True)
class TransformJob:
    """A batch transform job.

    :param model_name: the model that predicts.
    :param input_uri: S3 URI of the input.
    :param output_uri: S3 prefix of the output.
    :param instance_type: type of the instances.
    :param instance_count: number of the instances.
    :param created: when the service accepted the job.
    :param started: when the instances began to work; None before.
    :param ended: None while the job runs.
    :param console_url: None if there is no console, as with an emulator.
    """

    name: str
    arn: str
    status: TransformStatus
    model_name: str
    input_uri: str
    output_uri: str
    instance_type: str
    instance_count: int
    failure_reason: str | None = None
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    console_url: str | None = None

    @classmethod
    def from_api(cls, answer: Mapping[str, Any], console_url: str | None = None) -> TransformJob:
        """Read an answer of ``DescribeTransformJob``, or the request and the ARN of a job that was just created.

        :raises UnknownStatus: the job's status is unknown.
        """
        resources = answer["TransformResources"]
        return cls(
            name=answer["TransformJobName"],
            arn=answer["TransformJobArn"],
            status=TransformStatus.parse(answer.get("TransformJobStatus", TransformStatus.IN_PROGRESS)),
            model_name=answer["ModelName"],
            input_uri=answer["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"],
            # The service model does not require it in an answer, but every request has it.
            output_uri=answer.get("TransformOutput", {}).get("S3OutputPath", ""),
            instance_type=resources["InstanceType"],
            instance_count=resources["InstanceCount"],
            failure_reason=answer.get("FailureReason"),
            created=answer.get("CreationTime") or datetime.now(UTC),
            started=answer.get("TransformStartTime"),
            ended=answer.get("TransformEndTime"),
            console_url=console_url,
        )

    @property
    def secondary_status(self) -> str:
        """The status: the service has no other."""
        return self.status.value

    @property
    def is_finished(self) -> bool:
        """Whether its status is final."""
        return self.status in _FINISHED

    @property
    def is_in_progress(self) -> bool:
        """Whether it works, or waits for its instances; a job that is stopping does not."""
        return self.status is TransformStatus.IN_PROGRESS

    @property
    def billed_seconds(self) -> float | None:
        """Seconds from start to end, times the number of instances; None until both are known."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds() * self.instance_count

    @property
    def elapsed_seconds(self) -> float:
        """Seconds from creation to the end, or until now while it runs."""
        return ((self.ended or datetime.now(UTC)) - self.created).total_seconds()

    def raise_for_status(self) -> None:
        """Raise an error if it has ended without a result; do nothing while it runs.

        :raises TransformJobFailed: it failed.
        :raises TransformJobStopped: it was stopped.
        """
        if self.status is TransformStatus.FAILED:
            raise TransformJobFailed(self)
        if self.status is TransformStatus.STOPPED:
            raise TransformJobStopped(self)

    def to_json(self) -> dict[str, Any]:
        """Return what a downstream task needs, small and JSON-safe; times are ISO 8601, durations in seconds."""
        return {
            "transform_job_name": self.name,
            "transform_job_arn": self.arn,
            "status": self.status.value,
            "created": self.created.isoformat(),
            "ended": self.ended.isoformat() if self.ended else None,
            "billed_seconds": self.billed_seconds,
        }
