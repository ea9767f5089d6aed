"""Transform jobs, as a task runs them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sagemaker_automl.core.scoring.transform_job import TRANSFORM_JOB, TransformJob, TransformStatus
from airflow_sagemaker_automl.core.values.literals import at, merged
from airflow_sagemaker_automl.exceptions import JobNameTaken, JobNotFound, VersionNotScorable
from airflow_sagemaker_automl.hooks.errors import is_invalid
from airflow_sagemaker_automl.observability import metrics

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook


@dataclass(frozen=True)
class TransformJobs:
    """A :class:`~airflow_sagemaker_automl.tasks.job_kind.JobKind`.

    :param predictions: S3 prefix of the jobs' output.
    :param version: ARN of the version that scores.
    :param model: arguments of ``CreateModel``; the model is created before a job, unless it exists.
    """

    predictions: str = ""
    version: str = ""
    model: Mapping[str, Any] | None = None
    noun: ClassVar[str] = TRANSFORM_JOB
    submitted: ClassVar[metrics.Metric] = metrics.TRANSFORMS_SUBMITTED
    adopted: ClassVar[metrics.Metric] = metrics.TRANSFORMS_ADOPTED
    refused: ClassVar[metrics.Metric] = metrics.TRANSFORMS_REFUSED
    queued: ClassVar[metrics.Metric] = metrics.TRANSFORMS_QUEUED
    ended: ClassVar[metrics.Metric] = metrics.TRANSFORMS_ENDED

    def create(self, hook: SageMakerAutoMLHook, name: str, request: Mapping[str, Any]) -> TransformJob:
        """Create the model, unless it exists, and a job whose output has a place of its own."""
        self._ensure_model(hook, name)
        # Jobs of several attempts do not mix.
        own = {"TransformJobName": name, "TransformOutput": {"S3OutputPath": f"{self.predictions}{name}/"}}
        return hook.create_transform_job(merged(request, own))

    def _ensure_model(self, hook: SageMakerAutoMLHook, name: str) -> None:
        """Create the model, unless it exists.

        :raises JobNameTaken: it cannot be created any more, but the job that used it exists.
        :raises VersionNotScorable: it cannot be created: its version was rejected or deleted.
        """
        try:
            hook.ensure_model(self.model or {})
        except Exception as error:
            if not is_invalid(error):
                raise
            with suppress(JobNotFound):
                hook.describe_transform_job(name)
                raise JobNameTaken(name, "it was created before.", self.noun) from error
            reason = f"SageMaker makes no model of it: {error}"
            raise VersionNotScorable(self.version, reason) from error

    def describe(self, hook: SageMakerAutoMLHook, name: str) -> TransformJob:
        """Describe a job."""
        return hook.describe_transform_job(name)

    def answer(self, hook: SageMakerAutoMLHook, name: str) -> Mapping[str, Any]:
        """Return the service's description of a job."""
        return hook.transform_job_answer(name)

    def stop(self, hook: SageMakerAutoMLHook, name: str) -> None:
        """Stop a job."""
        hook.stop_transform_job(name)

    def in_progress(self, hook: SageMakerAutoMLHook) -> Mapping[str, str]:
        """List the running jobs: name → status."""
        return hook.transform_jobs_in_progress()

    def has_stopping(self, hook: SageMakerAutoMLHook) -> bool:
        """Tell whether jobs are stopping."""
        return hook.has_stopping_transform_jobs()

    def is_of(self, job: TransformJob, request: Mapping[str, Any]) -> bool:
        """Only one of the same input is: predictions of other rows would be taken for those of the present ones."""
        return bool(job.input_uri == at(request, "TransformInput", "DataSource", "S3DataSource", "S3Uri"))

    def is_settled(self, job: TransformJob) -> bool:
        """Tell whether a job that has ended makes a new one unnecessary: also the place of its output is the same."""
        return job.status is TransformStatus.COMPLETED and job.output_uri.startswith(self.predictions)

    def is_accepted(self, job: TransformJob) -> bool:
        """Tell whether a job that has ended has predictions."""
        return job.status is TransformStatus.COMPLETED
