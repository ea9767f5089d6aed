"""Waiting for the end of an AutoML job that somebody else has started."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.connection import CONNECTION_FIELDS
from airflow_sagemaker_automl.core.outcome import Acceptance, OnFlaw, OnNoCandidate, OnStopped
from airflow_sagemaker_automl.exceptions import AutoMLJobError, AutoMLJobNotFound
from airflow_sagemaker_automl.links import JOB_LINKS, show_job
from airflow_sagemaker_automl.sensors.looking import LookingSensor
from airflow_sagemaker_automl.waiting import WaitsForAutoMLJob

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.job import AutoMLJob


class SageMakerAutoMLJobSensor(LookingSensor["AutoMLJob"], WaitsForAutoMLJob):
    """Wait for the end of an AutoML job that somebody else has started, of V2 or V1; the job is never stopped.

    A service that throttles, or is away for a while after it has answered once, does not end the wait.

    :param job_name: the job. One that is not there is looked for during five minutes, since a new one may not be
        seen at once. (templated)
    :param deferrable: wait in the triggerer instead of a worker; ``mode``, ``exponential_backoff`` and
        ``silent_fail`` have no effect there. Default: ``[operators] default_deferrable``.
    :param poke_interval: seconds, or a timedelta, between two looks at the job (default: 60). Deferred tasks with
        the same connection and interval share one poll.
    :param on_stopped: what to make of a job that somebody stopped: ``fail`` (default), or ``pass`` if it has a
        best candidate by then.
    :param on_no_candidate: what to make of a job that completed without a best candidate: ``fail`` (default),
        ``skip`` or ``pass``.
    :param on_time_limit: ``pass`` (default) or ``fail``, as of
        :class:`~airflow_sagemaker_automl.operators.jobs.SageMakerAutoMLJobOperator`, like the next four.
    :param on_partial_failure: of other candidates, or of parts that the service does not name.
    :param on_deployment_failure: of the endpoint that was asked for.
    :param on_insights_failure: of the model insights report.
    :param on_explanation_failure: of the explainability report.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and
        those of every sensor: ``timeout`` (counted from the first look, deferred or not), ``execution_timeout`` (the
        same), ``mode``, ``soft_fail`` and so on. An ending that is not accepted fails the task at once and for good,
        for another look would find the same; with ``soft_fail`` it is skipped.
    :return: (XCom) the job, with the same members as the result of
        :class:`~airflow_sagemaker_automl.operators.jobs.SageMakerAutoMLJobOperator`.
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
            return self.result_of(seen)
        except AutoMLJobError as error:
            raise AirflowFailException(str(error)) from error

    def _show(self, context: Context, seen: AutoMLJob) -> None:
        show_job(self, context["ti"], seen)

    def _defer(self, deadline: float, task_deadline: float | None) -> NoReturn:
        until = deadline if task_deadline is None else min(deadline, task_deadline)
        self.defer_to_the_end(self.job_name, until, stop_on_kill=False, deadline=deadline, task_deadline=task_deadline)

    def _seen_after(self, event: dict[str, Any]) -> AutoMLJob:
        return self.after_the_wait(event)
