"""Wait for the end of a transform job."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_sagemaker_automl.core.scoring.transform_job import TRANSFORM_JOB, TransformJob
from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import JobNotFound, TransformJobUnfinished
from airflow_sagemaker_automl.tasks.results import wait_abandoned

if TYPE_CHECKING:
    from airflow_sagemaker_automl.tasks.base import SageMakerTask
    from airflow_sagemaker_automl.tasks.waiting import WaitingTask


def defer_until_transformed(task: WaitingTask, job_name: str, until: float, **kept: Any) -> NoReturn:
    """Defer until the job has ended or until the deadline, then resume in ``execute_complete``.

    :param until: POSIX time of the deadline.
    :param kept: arguments for ``execute_complete``, in addition to the context and the event.
    """
    from airflow_sagemaker_automl.triggers.transform import TransformJobTrigger

    task.log.info("%s %s: waiting in the triggerer", TRANSFORM_JOB, job_name)
    trigger = TransformJobTrigger(
        job_name=job_name, connection=task.connection, poll_interval=task.poll_interval, deadline=until
    )
    task.defer(trigger=trigger, method_name="execute_complete", kwargs=kept)
    raise AssertionError("unreachable: defer() raises")


def wait_for_transform(task: WaitingTask, job: TransformJob, deadline: float) -> TransformJob:
    """Wait in the worker.

    :return: the job after its end or at the deadline.
    """

    def is_too_new(error: Exception) -> bool:
        return isinstance(error, JobNotFound) and time.time() - job.created.timestamp() < timing().visible

    return task.poll_until(
        job,
        lambda: task.hook.describe_transform_job(job.name),
        what=f"{TRANSFORM_JOB} {job.name}",
        status_of=lambda seen: None if seen.is_finished else seen.status.value,
        is_too_new=is_too_new,
        deadline=deadline,
        interval=task.poll_interval,
    )


def transform_after_wait(task: SageMakerTask, event: Mapping[str, Any]) -> TransformJob:
    """Describe the job after the wait in the triggerer; the event only says why the wait ended.

    :raises TransformJobUnfinished: the triggerer could not describe the job and stopped waiting.
    """
    from airflow_sagemaker_automl.triggers.base import WaitEnd

    job = task.call_with_retries(lambda hook: hook.describe_transform_job(event["job_name"]), has_answered=True)
    if WaitEnd(event["end"]) is WaitEnd.UNREADABLE and not job.is_finished:
        raise TransformJobUnfinished(job, wait_abandoned(event, "sagemaker:DescribeTransformJob"))
    return job
