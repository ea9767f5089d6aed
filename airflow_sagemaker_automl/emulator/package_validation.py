"""The validation of a model package: its profiles' transform jobs really run.

AWS documents that the service runs a transform job for each profile, but neither its name nor whether
``ListTransformJobs`` shows it; here it does not, and it counts for no quota.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.package_script import NOTHING_CHECKED, PackageScript, immediate
from airflow_sagemaker_automl.emulator.transform_admission import require_transformable
from airflow_sagemaker_automl.emulator.transform_job import TransformJob
from airflow_sagemaker_automl.emulator.transform_run import Surroundings, TransformRun

_STOPPED = "The transform job was stopped."


class Completion(Protocol):
    """How a package is completed: by its script, or by its validation."""

    def at(self, created: float, moment: float) -> dict[str, Any]:
        """Find the state of a package at a time.

        :param created: time of registration on the monotonic clock.
        :param moment: time of the read on the monotonic clock.
        """


class Validation:
    """The completion of a package by the transform jobs of its profiles.

    :param jobs: names of the profiles and their jobs.
    """

    def __init__(self, jobs: Sequence[tuple[str, TransformJob]]) -> None:
        self._jobs = jobs

    def at(self, created: float, moment: float) -> dict[str, Any]:
        """Find the state of the package; see :class:`Completion`."""
        then = now() - timedelta(seconds=max(0.0, time.monotonic() - moment))
        items = [_item(profile, job, then) for profile, job in self._jobs]
        statuses = {item["Status"] for item in items}
        status = "Failed" if "Failed" in statuses else "Completed"
        if statuses & {"NotStarted", "InProgress"}:
            status = "InProgress"
        return {
            "ModelPackageStatus": status,
            "ModelPackageStatusDetails": {**NOTHING_CHECKED, "ValidationStatuses": items},
        }


class Validations:
    """Starts the validation of packages.

    :param around: finds server and account, which jobs need.
    :param runs: what runs in the account; jobs are added to it.
    """

    def __init__(self, around: Callable[[], Surroundings], runs: dict[str, Any]) -> None:
        self._around = around
        self._runs = runs

    def begin(self, request: Mapping[str, Any], arn: str) -> Validation | PackageScript:
        """Start the transform jobs of a package's profiles; without any, the package is completed immediately.

        :param request: ``CreateModelPackage`` request.
        :param arn: ARN of the package.
        """
        profiles = _profiles_of(request)
        if not profiles:
            return immediate()
        jobs = []
        for profile in profiles:
            name, definition = profile["ProfileName"], profile["TransformJobDefinition"]
            job_name = f"{name[:40]}-{uuid.uuid4().hex[:8]}"
            job = TransformJob({**definition, "TransformJobName": job_name}, f"{arn}/validation/{name}")
            run = TransformRun(job, request.get("InferenceSpecification", {}).get("Containers", []), self._around())
            jobs.append((name, job))
            try:
                require_transformable(definition)
            except ValidationException as error:
                # Whether the service refuses the registration instead is not documented.
                job.fail(str(error))
            else:
                self._runs[job.arn] = run
                run.start()
        return Validation(jobs)


def _profiles_of(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the profiles that a ``CreateModelPackage`` request wants to be validated."""
    if request.get("SkipModelValidation") == "All":
        return []
    return list(request.get("ValidationSpecification", {}).get("ValidationProfiles", []))


def _item(profile: str, job: TransformJob, moment: datetime) -> dict[str, Any]:
    status = job.status_at(moment)
    if status == "Completed":
        return {"Name": profile, "Status": "Completed"}
    if status in ("Failed", "Stopped"):
        return {"Name": profile, "Status": "Failed", "FailureReason": job.failure_reason or _STOPPED}
    return {"Name": profile, "Status": "InProgress" if job.has_begun else "NotStarted"}
