"""Runs the process of one transform job, updates the job's state from its events, and keeps its log."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from moto.logs.models import logs_backends

from airflow_sagemaker_automl.emulator.child_run import ChildRun
from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.images import Containers
from airflow_sagemaker_automl.emulator.inference.transform import transform
from airflow_sagemaker_automl.emulator.places import TrainingPlaces
from airflow_sagemaker_automl.emulator.transform_job import LONGEST_REASON, TransformJob

LOG_GROUP = "/aws/sagemaker/TransformJobs"
_LONGEST_EVENT = 100_000
# All jobs of an account share the group.
_LOGGING = threading.Lock()


class Surroundings(NamedTuple):
    """What a transform job needs of its server and its account.

    :param endpoint_url: URL of this server's S3.
    :param account: the job's account.
    :param partition: the account's partition, for example ``aws``.
    :param region: the job's region.
    :param digest_of: finds the digest of a container's archive; None for an archive that no trainer has written.
    :param places: says when the process may begin.
    """

    endpoint_url: str
    account: str
    partition: str
    region: str
    digest_of: Callable[[Mapping[str, Any]], str | None]
    places: TrainingPlaces


class DataLog:
    """The log of a job's data in CloudWatch Logs, as the service names it.

    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
    """

    def __init__(self, job: str, account: str, region: str) -> None:
        instance = uuid.uuid4().hex[:17]
        self.stream = f"{job}/i-{instance}-{int(time.time())}/data-log"
        self._logs = logs_backends[account][region]

    def write(self, text: str) -> None:
        """Add an event."""
        moment = now()
        stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}"
        message = f"{stamp}:[sagemaker logs]: {text}"[:_LONGEST_EVENT]
        event = {"timestamp": int(moment.timestamp() * 1000), "message": message}
        with _LOGGING:
            # A client may have deleted them.
            if LOG_GROUP not in self._logs.groups:
                self._logs.create_log_group(LOG_GROUP, {})
            if self.stream not in self._logs.groups[LOG_GROUP].streams:
                self._logs.create_log_stream(LOG_GROUP, self.stream)
            self._logs.put_log_events(LOG_GROUP, self.stream, [event])


class TransformRun(ChildRun):
    """The process of one transform job.

    :param job: its state follows the process.
    :param containers: the model's containers in the order of inference.
    :param around: server and account.
    """

    def __init__(self, job: TransformJob, containers: Containers, around: Surroundings) -> None:
        super().__init__(
            job, transform, role="transform", kind="Transform job", activity="transform", places=around.places
        )
        self._job = job
        self._log = DataLog(job.name, around.account, around.region)
        self._folder = tempfile.TemporaryDirectory(prefix="automl-emulator-", ignore_cleanup_errors=True)
        self._task = {
            "job_name": job.name,
            "endpoint_url": around.endpoint_url,
            "region": around.region,
            "containers": list(containers),
            "digests": [around.digest_of(container) for container in containers],
            "request": job.request,
            "folder": self._folder.name,
        }

    def _spec(self) -> dict[str, Any]:
        return {**self._task, "started": self._job.begin().isoformat()}

    def _launched(self) -> None:
        self._job.begin()

    def _clean_up(self) -> None:
        self._folder.cleanup()

    def _follow(self, event: dict[str, Any]) -> None:
        if event["event"] == "log":
            self._log.write(event["text"])
        elif event["event"] == "traceback":
            print(event["text"], file=sys.stderr, flush=True)  # noqa: T201 - the emulator's output.
            self._log.write(event["text"])
        elif event["event"] == "completed":
            self._job.complete()
        else:
            where = f" Log: {LOG_GROUP}, {self._log.stream}." if event.get("is_logged") else ""
            self._job.fail(f"{event['reason'][: LONGEST_REASON - len(where)]}{where}")
