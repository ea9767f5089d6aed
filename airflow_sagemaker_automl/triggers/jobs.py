"""Waiting in the triggerer for the end of an AutoML job, or for a place to start one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_sagemaker_automl.exceptions.jobs import AUTOML_JOB
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.triggers.running_jobs import JobTrigger, RoomTrigger, RunningJobsTrigger

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.triggers.snapshot import Jobs


class _AutoMLJobs(RunningJobsTrigger):
    noun = AUTOML_JOB
    listed = "sagemaker-automl-jobs"

    @staticmethod
    def list_running(hook: SageMakerAutoMLHook) -> Jobs:
        """List the running AutoML jobs."""
        return hook.jobs_in_progress()

    @staticmethod
    def stop(hook: SageMakerAutoMLHook, job_name: str) -> None:
        """Stop a job."""
        hook.stop_job(job_name)


class AutoMLJobTrigger(_AutoMLJobs, JobTrigger):
    """Fires once, when an AutoML job has ended or at the deadline.

    The arguments are those of :class:`~airflow_sagemaker_automl.triggers.running_jobs.JobTrigger`.
    """

    waiting_for = metrics.WAITING_FOR_JOBS

    def _ended_as(self, hook: SageMakerAutoMLHook) -> str | None:
        job = hook.describe_job(self.job_name)
        return f"{job.status.value} ({job.secondary_status})" if job.is_finished else None


class CapacityTrigger(_AutoMLJobs, RoomTrigger):
    """Fires once, when there is room for another AutoML job in the account and it is this task's turn.

    The arguments are those of :class:`~airflow_sagemaker_automl.triggers.running_jobs.RoomTrigger`.
    """

    waiting_for = metrics.WAITING_FOR_PLACES
