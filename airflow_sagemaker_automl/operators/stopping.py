"""The operator that stops AutoML jobs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_sagemaker_automl.connection import CONNECTION_FIELDS, errors_for_people
from airflow_sagemaker_automl.links import JOB_LINKS, show_job
from airflow_sagemaker_automl.waiting import WaitsForAutoMLJob

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.job import AutoMLJob


class SageMakerStopAutoMLJobOperator(WaitsForAutoMLJob):
    """Stop an AutoML job; one that has ended, or is stopping already, stays as it is.

    A task that is to run whatever became of the others is a teardown: ``stop.as_teardown()``.

    :param job_name: the job, of V2 or V1. One that is not there fails the task for good. (templated)
    :param wait_for_completion: wait until the job has ended, in whatever way (default: False).
    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two looks at the job (default: 60).
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and
        those of every operator; ``execution_timeout`` bounds the wait, deferred or not. Default: no limit.
    :return: (XCom) the job as last seen, with the same members as the result of
        :class:`~airflow_sagemaker_automl.operators.jobs.SageMakerAutoMLJobOperator`.
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

    @errors_for_people
    def execute(self, context: Context) -> dict[str, Any]:
        """Tell the job to stop, unless it has ended."""
        job = self.patiently(lambda hook: hook.describe_job(self.job_name))
        show_job(self, context["ti"], job)
        if job.is_in_progress:
            self.log.info("Stopping AutoML job %s (%s)", job.name, job.secondary_status)
            self.patiently(lambda hook: hook.stop_job(job.name))
            job = self.patiently(lambda hook: hook.describe_job(job.name))
        else:
            self.log.info("AutoML job %s is %s; there is nothing to stop", job.name, job.status.value)
        return self._follow(job, None)

    @errors_for_people
    def execute_complete(
        self, context: Context, event: dict[str, Any], task_deadline: float | None = None
    ) -> dict[str, Any]:
        """Go on after the wait.

        :raises AirflowTaskTimeout: the task's ``execution_timeout`` is over.
        """
        job = self.after_the_wait(event)
        show_job(self, context["ti"], job)
        if event["end"] == "deadline" and not job.is_finished:
            raise AirflowTaskTimeout(f"AutoML job {job.name} has not stopped within the task's execution_timeout.")
        return self._follow(job, task_deadline)

    def _follow(self, job: AutoMLJob, task_deadline: float | None) -> dict[str, Any]:
        if self.wait_for_completion and not job.is_finished:
            if self.deferrable:
                until = self.execution_deadline(task_deadline)
                self.defer_to_the_end(job.name, until or math.inf, stop_on_kill=False, task_deadline=until)
            job = self.wait_here(job, math.inf)
        return job.to_json()
