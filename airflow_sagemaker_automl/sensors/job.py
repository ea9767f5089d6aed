"""The sensor that waits for the end of an AutoML job that another task or user started."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.core.jobs.outcome import Acceptance, OnFlaw, OnNoCandidate, OnStopped
from airflow_sagemaker_automl.exceptions import AutoMLJobError, AutoMLJobNotFound
from airflow_sagemaker_automl.observability.links import JOB_LINKS, show_job
from airflow_sagemaker_automl.sensors.base import PollingSensor
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS
from airflow_sagemaker_automl.tasks.job_wait import defer_until_ended, describe_after_wait, result_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob


class SageMakerAutoMLJobSensor(PollingSensor["AutoMLJob"]):
    """Wait for the end of an AutoML job (V2 or V1) that another task or user started; the sensor never stops the job.

    Throttling and, after the first response, outages of the service do not end the wait.

    :param job_name: the job. If it does not exist, the sensor looks for it for five minutes, because a new job may not
        be visible immediately. (templated)
    :param deferrable: wait in the triggerer instead of a worker; ``mode``, ``exponential_backoff`` and
        ``silent_fail`` have no effect there. Default: ``[operators] default_deferrable``.
    :param poke_interval: seconds, or a timedelta, between two polls of the job (default: 60). Deferred tasks with
        the same connection and interval share one poll.
    :param on_stopped: what to do if the job was stopped: ``fail`` (default), or ``pass`` if it has a best candidate.
    :param on_no_candidate: what to do if the job completed without a best candidate: ``fail`` (default), ``skip`` or
        ``pass``.
    :param on_time_limit: what to do if the job has a model but reached its own run-time limit: ``pass`` (default; the
        log warns, as for the next four) or ``fail``.
    :param on_partial_failure: the same if other candidates failed, or parts that the service does not name.
    :param on_deployment_failure: the same if the endpoint that ``ModelDeployConfig`` requests is missing.
    :param on_insights_failure: the same if the model insights report failed.
    :param on_explanation_failure: the same if the explainability report of SageMaker Clarify failed.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every sensor: ``timeout`` (counted from the first poll, deferred or not), ``execution_timeout`` (the
        same), ``mode``, ``soft_fail`` and so on. An outcome that is not accepted fails the task without retrying; with
        ``soft_fail`` the task is skipped.
    :return: (XCom) the job, with the same members as the result of
        :class:`~airflow_sagemaker_automl.SageMakerAutoMLJobOperator`.
    """

    template_fields: Sequence[str] = ("job_name", *CONNECTION_FIELDS)
    ui_color = "#e6e0f0"
    operator_extra_links = JOB_LINKS

    def __init__(
        self,
        *,
        job_name: str,
        deferrable: bool | None = None,
        poke_interval: float | timedelta = 60,
        on_stopped: OnStopped = "fail",
        on_no_candidate: OnNoCandidate = "fail",
        on_time_limit: OnFlaw = "pass",
        on_partial_failure: OnFlaw = "pass",
        on_deployment_failure: OnFlaw = "pass",
        on_insights_failure: OnFlaw = "pass",
        on_explanation_failure: OnFlaw = "pass",
        **kwargs: Any,
    ) -> None:
        super().__init__(deferrable=deferrable, poke_interval=poke_interval, **kwargs)
        self.job_name = job_name
        self.acceptance = Acceptance(
            on_stopped=on_stopped,
            on_no_candidate=on_no_candidate,
            on_time_limit=on_time_limit,
            on_partial_failure=on_partial_failure,
            on_deployment_failure=on_deployment_failure,
            on_insights_failure=on_insights_failure,
            on_explanation_failure=on_explanation_failure,
        )

    @property
    def _what(self) -> str:
        return f"AutoML job {self.job_name}"

    def _describe(self) -> AutoMLJob:
        return self.hook.describe_job(self.job_name)

    def _is_missing(self, error: Exception) -> bool:
        return isinstance(error, AutoMLJobNotFound)

    def _status_of(self, seen: AutoMLJob) -> str | None:
        return None if seen.is_finished else seen.secondary_status

    def _result(self, seen: AutoMLJob) -> dict[str, Any]:
        try:
            return result_of(self, seen, self.acceptance)
        except AutoMLJobError as error:
            raise AirflowFailException(str(error)) from error

    def _show(self, context: Context, seen: AutoMLJob) -> None:
        show_job(self, context["ti"], seen)

    def _defer(self, deadline: float, task_deadline: float | None) -> NoReturn:
        until = deadline if task_deadline is None else min(deadline, task_deadline)
        defer_until_ended(self, self.job_name, until, deadline=deadline, task_deadline=task_deadline)

    def _seen_after(self, event: dict[str, Any]) -> AutoMLJob:
        return describe_after_wait(self, event)
