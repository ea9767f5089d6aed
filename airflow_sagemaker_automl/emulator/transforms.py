"""The transform jobs of an account in a region."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from airflow_sagemaker_automl.emulator.errors import (
    ResourceInUse,
    ResourceLimitExceeded,
    ResourceNotFound,
    ValidationException,
)
from airflow_sagemaker_automl.emulator.hosting import Hosting
from airflow_sagemaker_automl.emulator.script_choice import ScriptChoice
from airflow_sagemaker_automl.emulator.transform_admission import require_transformable
from airflow_sagemaker_automl.emulator.transform_data import require_objects
from airflow_sagemaker_automl.emulator.transform_job import TransformJob
from airflow_sagemaker_automl.emulator.transform_run import Surroundings, TransformRun
from airflow_sagemaker_automl.emulator.transform_script import TransformPlayback, TransformScript


class Transforms:
    """All transform jobs, by name; a job is never deleted.

    :param arn: builds an ARN from a resource type and a name.
    :param hosting: the models.
    :param quota: how many instances of each type may be in use.
    :param around: finds server and account, which jobs need.
    :param scripts: finds the script of a job.
    :param runs: what runs in the account, by ARN; jobs are added to it.
    """

    def __init__(
        self,
        arn: Callable[[str, str], str],
        hosting: Hosting,
        quota: Callable[[], int],
        around: Callable[[], Surroundings],
        scripts: ScriptChoice,
        runs: dict[str, Any],
    ) -> None:
        self.jobs: dict[str, TransformJob] = {}
        self._arn = arn
        self._hosting = hosting
        self._quota = quota
        self._around = around
        self._scripts = scripts
        self._runs = runs

    def create(self, request: Mapping[str, Any]) -> TransformJob:
        """Create a job and start it."""
        name = request["TransformJobName"]
        require_transformable(request)
        # Not documented whether case counts; AutoML jobs and endpoints ignore it.
        if name.lower() in (taken.lower() for taken in self.jobs):
            raise ResourceInUse(
                f"Job name must be unique within an AWS account and region, and a job with this name already exists "
                f"({self._arn('transform-job', name)})"
            )
        containers = self._hosting.chain(request["ModelName"])
        tags, script = self._scripts.of_job(TransformScript, name, list(request.get("Tags", [])))
        if script is None:
            self._require_data(request)
        self._require_room(request["TransformResources"])
        job = TransformJob({**request, "Tags": tags}, self._arn("transform-job", name))
        run = TransformPlayback(job, script) if script else TransformRun(job, containers, self._around())
        self.jobs[name] = job
        self._runs[job.arn] = run
        run.start()
        return job

    def find(self, name: str) -> TransformJob:
        if name not in self.jobs:
            raise ResourceNotFound(f"Could not find requested job with name: {name}")
        return self.jobs[name]

    def stop(self, name: str) -> None:
        """Stop a job.

        :raises ResourceNotFound: there is no such job. botocore lists this error; public code that stops jobs on AWS
            expects a ``ValidationException`` with this message instead.
        :raises ValidationException: it has finished, in the service's words from public code.
        """
        if name not in self.jobs:
            raise ResourceNotFound(f"Could not find job to update with name: {name}")
        job = self.jobs[name]
        if job.is_finished:
            raise ValidationException(f"The request was rejected because the transform job is in status {job.status}.")
        self._runs[job.arn].stop()

    def summaries(self, as_of: datetime | None) -> list[dict[str, Any]]:
        """Entries of ``ListTransformJobs``.

        :param as_of: the time whose state to show; None for now.
        """
        return [summary for job in self.jobs.values() if (summary := job.summary(as_of))]

    def _require_data(self, request: Mapping[str, Any]) -> None:
        around, role = self._around(), self._hosting.find_model(request["ModelName"]).role
        uri = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        require_objects(uri, around.account, around.partition, around.region, role)

    def _require_room(self, resources: Mapping[str, Any]) -> None:
        """Refuse a job whose instances exceed the quota for their type."""
        kind, wanted, quota = resources["InstanceType"], resources["InstanceCount"], self._quota()
        in_use: Counter[str] = Counter()
        for job in self.jobs.values():
            if not job.is_finished:
                taken, number = job.instances
                in_use[taken] += number
        if in_use[kind] + wanted > quota:
            raise ResourceLimitExceeded(
                f"The account-level service limit '{kind} for transform job usage' is {quota} Instances, with current "
                f"utilization of {in_use[kind]} Instances and a request delta of {wanted} Instances. "
                "Please use AWS Service Quotas to request an increase for this quota."
            )
