"""The operator that stops AutoML jobs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_sagemaker_automl.observability.links import JOB_LINKS, show_job
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS, with_clear_errors
from airflow_sagemaker_automl.tasks.job_wait import defer_until_ended, describe_after_wait, wait_in_worker
from airflow_sagemaker_automl.tasks.waiting import WaitingTask

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob


class SageMakerStopAutoMLJobOperator(WaitingTask):
    """Stop an AutoML job; do nothing if it has ended or is already stopping.

    To run the task regardless of the state of its upstream tasks, make it a teardown: ``stop.as_teardown()``.

    :param job_name: the job, of V2 or V1. If it does not exist, the task fails without retrying. (templated)
    :param wait_for_completion: wait until the job has ended, with any status (default: False).
    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two polls of the job (default: 60).
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every operator; ``execution_timeout`` limits the wait, deferred or not. Default: no limit.
    :return: (XCom) the job as last described, with the same members as the result of
        :class:`~airflow_sagemaker_automl.SageMakerAutoMLJobOperator`.
    """

    template_fields: Sequence[str] = ("job_name", *CONNECTION_FIELDS)
    ui_color = "#f3dcd9"
    operator_extra_links = JOB_LINKS

    def __init__(
        self,
        *,
        job_name: str,
        wait_for_completion: bool = False,
        deferrable: bool | None = None,
        poll_interval: float | timedelta = 60,
        **kwargs: Any,
    ) -> None:
        super().__init__(deferrable=deferrable, poll_interval=poll_interval, **kwargs)
        self.job_name = job_name
        self.wait_for_completion = wait_for_completion

    @with_clear_errors
    def execute(self, context: Context) -> dict[str, Any]:
        """Stop the job, unless it has ended."""
        job = self.call_with_retries(lambda hook: hook.describe_job(self.job_name))
        show_job(self, context["ti"], job)
        if job.is_in_progress:
            self.log.info("Stopping AutoML job %s (%s)", job.name, job.secondary_status)
            self.call_with_retries(lambda hook: hook.stop_job(job.name))
            job = self.call_with_retries(lambda hook: hook.describe_job(job.name))
        else:
            self.log.info("AutoML job %s is already %s; nothing to stop", job.name, job.status.value)
        return self._follow(job, None)

    @with_clear_errors
    def execute_complete(
        self, context: Context, event: dict[str, Any], task_deadline: float | None = None
    ) -> dict[str, Any]:
        """Resume after the wait.

        :raises AirflowTaskTimeout: the task's ``execution_timeout`` is over.
        """
        job = describe_after_wait(self, event)
        show_job(self, context["ti"], job)
        if event["end"] == "deadline" and not job.is_finished:
            raise AirflowTaskTimeout(f"AutoML job {job.name} has not stopped within the task's execution_timeout.")
        return self._follow(job, task_deadline)

    def _follow(self, job: AutoMLJob, task_deadline: float | None) -> dict[str, Any]:
        if self.wait_for_completion and not job.is_finished:
            if self.deferrable:
                until = self.execution_deadline(task_deadline)
                defer_until_ended(self, job.name, until or math.inf, task_deadline=until)
            job = wait_in_worker(self, job)
        return job.to_json()
