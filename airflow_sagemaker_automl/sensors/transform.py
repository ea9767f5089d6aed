"""The sensor that waits for the end of a transform job that another task or user started."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.core.scoring.transform_job import TRANSFORM_JOB
from airflow_sagemaker_automl.exceptions import JobNotFound, TransformJobError
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.observability.links import TRANSFORM_LINKS, show_transform_job
from airflow_sagemaker_automl.sensors.base import PollingSensor
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS
from airflow_sagemaker_automl.tasks.transform_wait import defer_until_transformed, transform_after_wait

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.scoring.transform_job import TransformJob


class SageMakerTransformJobSensor(PollingSensor["TransformJob"]):
    """Wait for the end of a batch transform job that another task or user started; the sensor never stops the job.

    Throttling and, after the first response, outages of the service do not end the wait. After
    ``SageMakerBatchScoringOperator(wait_for_completion=False)`` the sensor waits for the predictions; nobody then
    writes the table.

    :param job_name: the transform job. If it does not exist, the sensor looks for it for five minutes, because a new
        job may not be visible immediately. (templated)
    :param deferrable: wait in the triggerer instead of a worker; ``mode``, ``exponential_backoff`` and
        ``silent_fail`` have no effect there. Default: ``[operators] default_deferrable``.
    :param poke_interval: seconds, or a timedelta, between two polls of the job (default: 60). Deferred tasks with
        the same connection and interval share one poll.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every sensor: ``timeout`` (counted from the first poll, deferred or not), ``execution_timeout`` (the
        same), ``mode``, ``soft_fail`` and so on. A job that failed or was stopped fails the task without retrying;
        with ``soft_fail`` the task is skipped.
    :return: (XCom) ``transform_job_name``, ``transform_job_arn``, ``status``, ``created``, ``ended`` and
        ``billed_seconds`` (time from start to end, times the number of instances).
    """

    template_fields: Sequence[str] = ("job_name", *CONNECTION_FIELDS)
    ui_color = "#d9e6f5"
    operator_extra_links = TRANSFORM_LINKS

    def __init__(
        self,
        *,
        job_name: str,
        deferrable: bool | None = None,
        poke_interval: float | timedelta = 60,
        **kwargs: Any,
    ) -> None:
        super().__init__(deferrable=deferrable, poke_interval=poke_interval, **kwargs)
        self.job_name = job_name

    @property
    def _subject(self) -> str:
        return f"{self._what}: "

    @property
    def _what(self) -> str:
        return f"{TRANSFORM_JOB} {self.job_name}"

    def _describe(self) -> TransformJob:
        return self.hook.describe_transform_job(self.job_name)

    def _is_missing(self, error: Exception) -> bool:
        return isinstance(error, JobNotFound)

    def _status_of(self, seen: TransformJob) -> str | None:
        return None if seen.is_finished else seen.status.value

    def _result(self, seen: TransformJob) -> dict[str, Any]:
        metrics.count(metrics.TRANSFORMS_ENDED, seen.status.value.lower())
        try:
            seen.raise_for_status()
        except TransformJobError as error:
            raise AirflowFailException(str(error)) from error
        self.log.info("%s completed after %.0f s", self._what, seen.elapsed_seconds)
        return seen.to_json()

    def _show(self, context: Context, seen: TransformJob) -> None:
        show_transform_job(self, context["ti"], seen, seen.output_uri)

    def _defer(self, deadline: float, task_deadline: float | None) -> NoReturn:
        until = deadline if task_deadline is None else min(deadline, task_deadline)
        defer_until_transformed(self, self.job_name, until, deadline=deadline, task_deadline=task_deadline)

    def _seen_after(self, event: dict[str, Any]) -> TransformJob:
        return transform_after_wait(self, event)
