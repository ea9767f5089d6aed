"""Wait for the end of a job, and judge it."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowSkipException

from airflow_sagemaker_automl.core.jobs.outcome import Acceptance, JobOutcome
from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import AutoMLJobNotFound, AutoMLJobUnfinished, NoBestCandidate, escaped
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.tasks.results import wait_abandoned

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
    from airflow_sagemaker_automl.tasks.base import SageMakerTask
    from airflow_sagemaker_automl.tasks.waiting import WaitingTask


def defer_until_ended(
    task: WaitingTask, job_name: str, until: float = math.inf, *, stop_on_kill: bool = False, **kept: Any
) -> NoReturn:
    """Defer until the job has ended or until the deadline, then resume in ``execute_complete``.

    :param until: POSIX time of the deadline. Default: none.
    :param stop_on_kill: stop the job if the task is terminated while it waits.
    :param kept: arguments for ``execute_complete``, in addition to the context and the event.
    """
    from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger

    task.log.info("AutoML job %s: waiting in the triggerer", job_name)
    task.defer(
        trigger=AutoMLJobTrigger(
            job_name=job_name,
            connection=task.connection,
            poll_interval=task.poll_interval,
            deadline=until if math.isfinite(until) else None,
            stop_on_kill=stop_on_kill,
        ),
        method_name="execute_complete",
        kwargs=kept,
    )
    raise AssertionError("unreachable: defer() raises")


def wait_in_worker(task: WaitingTask, job: AutoMLJob, deadline: float = math.inf) -> AutoMLJob:
    """Wait in the worker.

    :return: the job after its end or at the deadline.
    """

    def is_too_new(error: Exception) -> bool:
        return isinstance(error, AutoMLJobNotFound) and time.time() - job.created.timestamp() < timing().visible

    return task.poll_until(
        job,
        lambda: task.hook.describe_job(job.name),
        what=f"AutoML job {job.name}",
        status_of=lambda seen: None if seen.is_finished else seen.secondary_status,
        is_too_new=is_too_new,
        deadline=deadline,
        interval=task.poll_interval,
    )


def describe_after_wait(task: SageMakerTask, event: Mapping[str, Any]) -> AutoMLJob:
    """Describe the job after the wait in the triggerer; the event only says why the wait ended.

    :raises AutoMLJobUnfinished: the triggerer could not describe the job and stopped waiting.
    """
    from airflow_sagemaker_automl.triggers.base import WaitEnd

    job = task.call_with_retries(lambda hook: hook.describe_job(event["job_name"]), has_answered=True)
    task.lineage = task.lineage.with_job(job)
    if WaitEnd(event["end"]) is WaitEnd.UNREADABLE and not job.is_finished:
        raise AutoMLJobUnfinished(job, wait_abandoned(event, "sagemaker:DescribeAutoMLJobV2"))
    return job


def result_of(
    task: SageMakerTask, job: AutoMLJob, acceptance: Acceptance, *, is_first_report: bool = True
) -> dict[str, Any]:
    """Judge a job that has ended, and return the task's result.

    :param acceptance: which outcomes are accepted.
    :param is_first_report: whether to count its end in the metrics.
    :raises AutoMLJobError: its outcome is not accepted.
    :raises AirflowSkipException: the job has no candidate, and ``on_no_candidate`` is ``skip``.
    """
    task.lineage = task.lineage.with_job(job)
    if is_first_report and job.outcome is not None:
        metrics.count(metrics.ENDED, job.outcome.value)
        metrics.time_taken(metrics.DURATION, job.elapsed_seconds, job.outcome.value)
    try:
        job.raise_for_status(acceptance)
    except NoBestCandidate as error:
        if acceptance.on_no_candidate == "skip":
            raise AirflowSkipException(str(error)) from error
        raise
    for failed in job.failed_parts:
        task.log.warning("A part of AutoML job %s failed, %s", job.name, escaped(str(failed)))
    level = logging.INFO if job.outcome is JobOutcome.MODEL else logging.WARNING
    end = "completed" if job.outcome is JobOutcome.MODEL else f"ended as {job.outcome} ({job.secondary_status})"
    text = "AutoML job %s %s after %.0f s; best candidate %s"
    task.log.log(level, text, job.name, end, job.elapsed_seconds, _shown(job.best_candidate))
    if job.endpoint_name:
        task.log.info("AutoML job %s deployed its model to endpoint %s", job.name, job.endpoint_name)
    return job.to_json()


def _shown(candidate: Candidate | None) -> str:
    if candidate is None:
        return "none"
    objective = candidate.objective
    return f"{candidate.name}, {objective.metric} {objective.value:.4g}" if objective else candidate.name
