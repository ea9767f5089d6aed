"""Waiting in the triggerer for the end of a transform job, or for instances to start one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.scoring.transform_job import TRANSFORM_JOB
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.triggers.running_jobs import JobTrigger, RoomTrigger, RunningJobsTrigger

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.triggers.snapshot import Jobs


class _TransformJobs(RunningJobsTrigger):
    """Base: the quota is one of instances for each type, so the tasks of a type wait in a queue of their own."""

    noun = TRANSFORM_JOB
    listed = "sagemaker-transform-jobs"

    def __init__(self, *, instance_type: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_type = instance_type

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild the trigger."""
        path, arguments = super().serialize()
        return path, {**arguments, "instance_type": self.instance_type}

    @staticmethod
    def list_running(hook: SageMakerAutoMLHook) -> Jobs:
        """List the running transform jobs."""
        return hook.transform_jobs_in_progress()

    @staticmethod
    def stop(hook: SageMakerAutoMLHook, job_name: str) -> None:
        """Stop a job."""
        hook.stop_transform_job(job_name)

    @property
    def _quota(self) -> str:
        return f"{self.listed} on {self.instance_type}"


class TransformJobTrigger(_TransformJobs, JobTrigger):
    """Fires once, when a transform job has ended or at the deadline.

    :param instance_type: of the job; None for a job that another task or user started.

    The other arguments are those of :class:`~airflow_sagemaker_automl.triggers.running_jobs.JobTrigger`.
    """

    waiting_for = metrics.WAITING_FOR_TRANSFORM_JOBS

    def _ended_as(self, hook: SageMakerAutoMLHook) -> str | None:
        job = hook.describe_transform_job(self.job_name)
        return job.status.value if job.is_finished else None


class TransformRoomTrigger(_TransformJobs, RoomTrigger):
    """Fires once, when another transform job may find instances and it is this task's turn.

    :param instance_type: of the job.

    The other arguments are those of :class:`~airflow_sagemaker_automl.triggers.running_jobs.RoomTrigger`.
    """

    waiting_for = metrics.WAITING_FOR_INSTANCES
