"""The state of one transform job; its process, its script and API calls change it under a lock."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.jobs import FINISHED

LONGEST_REASON = 1024


class _Standing(NamedTuple):
    """The status of a job from a time on.

    :param modified: the time of the change.
    """

    modified: datetime
    status: str


class TransformJob:
    """The record of one job.

    :param request: ``CreateTransformJob`` request.
    :param arn: the job's ARN.
    """

    def __init__(self, request: Mapping[str, Any], arn: str) -> None:
        self.request = {key: copy.deepcopy(value) for key, value in request.items() if key != "Tags"}
        self.name: str = request["TransformJobName"]
        self.arn = arn
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self.created = now()
        self.failure_reason: str | None = None
        self._lock = threading.RLock()
        self._started: datetime | None = None
        self._history = [_Standing(self.created, "InProgress")]

    @property
    def status(self) -> str:
        return self._history[-1].status

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def has_begun(self) -> bool:
        """Whether its process has begun."""
        return self._started is not None

    @property
    def instances(self) -> tuple[str, int]:
        """Type and number of the instances that it uses until it is finished."""
        resources = self.request["TransformResources"]
        return resources["InstanceType"], resources["InstanceCount"]

    def begin(self) -> datetime:
        """Record that the job's process begins.

        :return: ``TransformStartTime``.
        """
        with self._lock:
            self._started = self._started or now()
            return self._started

    def complete(self) -> None:
        with self._lock:
            if self.status == "InProgress":
                self._change("Completed")

    def fail(self, reason: str | None) -> None:
        """Change to ``Failed``, unless the job has finished or is stopping."""
        with self._lock:
            if self.status == "InProgress":
                self.failure_reason = reason[:LONGEST_REASON] if reason else None
                self._change("Failed")

    def begin_stopping(self) -> bool:
        """Change from ``InProgress`` to ``Stopping``; False if the job was not ``InProgress``."""
        with self._lock:
            if self.status != "InProgress":
                return False
            self._change("Stopping")
            return True

    def stopped(self) -> None:
        with self._lock:
            if not self.is_finished:
                self._change("Stopped")

    def status_at(self, moment: datetime) -> str:
        """Find the status at a time."""
        with self._lock:
            return next((entry.status for entry in reversed(self._history) if entry.modified <= moment), "InProgress")

    def describe(self) -> dict[str, Any]:
        """Answer of ``DescribeTransformJob``."""
        with self._lock:
            return copy.deepcopy(
                {
                    **self.request,
                    "TransformJobArn": self.arn,
                    "TransformJobStatus": self.status,
                    "FailureReason": self.failure_reason,
                    "CreationTime": self.created,
                    "TransformStartTime": self._started,
                    "TransformEndTime": self._ended(self._history[-1]),
                }
            )

    def summary(self, as_of: datetime | None = None) -> dict[str, Any] | None:
        """Entry of ``ListTransformJobs``.

        :param as_of: the time whose state to show; None for now.
        :return: None if the job did not exist yet.
        """
        with self._lock:
            standings = reversed(self._history)
            standing = next((entry for entry in standings if as_of is None or entry.modified <= as_of), None)
            if standing is None:
                return None
            return {
                "TransformJobName": self.name,
                "TransformJobArn": self.arn,
                "CreationTime": self.created,
                "TransformEndTime": self._ended(standing),
                "LastModifiedTime": standing.modified,
                "TransformJobStatus": standing.status,
                "FailureReason": self.failure_reason if standing.status == "Failed" else None,
            }

    def _ended(self, standing: _Standing) -> datetime | None:
        # A job that was stopped before its process began has neither time: nothing is billed.
        return standing.modified if standing.status in FINISHED and self._started else None

    def _change(self, status: str) -> None:
        self._history.append(_Standing(now(), status))
