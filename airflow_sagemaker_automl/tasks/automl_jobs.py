"""AutoML jobs, as a task runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sagemaker_automl.exceptions.jobs import AUTOML_JOB
from airflow_sagemaker_automl.observability import metrics

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
    from airflow_sagemaker_automl.core.jobs.outcome import Acceptance
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook


@dataclass(frozen=True)
class AutoMLJobs:
    """A :class:`~airflow_sagemaker_automl.tasks.job_kind.JobKind`.

    :param acceptance: which outcomes need no new job.
    """

    acceptance: Acceptance
    noun: ClassVar[str] = AUTOML_JOB
    submitted: ClassVar[metrics.Metric] = metrics.SUBMITTED
    adopted: ClassVar[metrics.Metric] = metrics.ADOPTED
    refused: ClassVar[metrics.Metric] = metrics.REFUSED
    queued: ClassVar[metrics.Metric] = metrics.QUEUED
    ended: ClassVar[metrics.Metric] = metrics.ENDED

    def create(self, hook: SageMakerAutoMLHook, name: str, request: Mapping[str, Any]) -> AutoMLJob:
        """Create a job."""
        return hook.create_job({**request, "AutoMLJobName": name})

    def describe(self, hook: SageMakerAutoMLHook, name: str) -> AutoMLJob:
        """Describe a job."""
        return hook.describe_job(name)

    def answer(self, hook: SageMakerAutoMLHook, name: str) -> Mapping[str, Any]:
        """Return the service's description of a job."""
        return hook.describe(name)

    def stop(self, hook: SageMakerAutoMLHook, name: str) -> None:
        """Stop a job."""
        hook.stop_job(name)

    def in_progress(self, hook: SageMakerAutoMLHook) -> Mapping[str, str]:
        """List the running jobs: name → secondary status."""
        return hook.jobs_in_progress()

    def has_stopping(self, hook: SageMakerAutoMLHook) -> bool:
        """Tell whether jobs are stopping."""
        return hook.has_stopping_jobs()

    def is_of(self, job: AutoMLJob, request: Mapping[str, Any]) -> bool:
        """Each is: a request that was edited between two tries is reported, and does not train again."""
        return True

    def is_settled(self, job: AutoMLJob) -> bool:
        """Tell whether a job that has ended makes a new one unnecessary."""
        return self.acceptance.settles(job.outcomes)

    def is_accepted(self, job: AutoMLJob) -> bool:
        """Tell whether a job that has ended has an accepted outcome."""
        return not self.acceptance.refused(job.outcomes)
