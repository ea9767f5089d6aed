"""A sensor for the job ``job``, and what it waits for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import (
    AirflowRescheduleException,
    TaskDeferred,
)

from airflow_sagemaker_automl import SageMakerAutoMLJobSensor
from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger
from tests.support import tasks
from tests.support.jobs import start, tabular_request, wait
from tests.support.plain_http import hold_jobs, once_answered

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


REQUEST = tabular_request("s3://no-such-bucket/at-all/")
MODES: dict[str, dict[str, Any]] = {
    "poke": {"deferrable": False},
    "reschedule": {"deferrable": False, "mode": "reschedule"},
    "deferrable": {"deferrable": True},
}
CANDIDATE: dict[str, Any] = {
    "CandidateName": "first",
    "FinalAutoMLJobObjectiveMetric": {"MetricName": "Accuracy", "Type": "Maximize", "Value": 0.75},
}
COMPLETED: dict[str, Any] = {"AutoMLJobStatus": "Completed", "BestCandidate": "first"}
ENDINGS: dict[str, dict[str, Any]] = {
    "model": COMPLETED,
    "model_at_time_limit": {**COMPLETED, "AutoMLJobSecondaryStatus": "MaxAutoMLJobRuntimeReached"},
    "partial_model": {**COMPLETED, "PartialFailureReasons": [{"PartialFailureMessage": "A candidate failed."}]},
    "model_not_deployed": {**COMPLETED, "AutoMLJobSecondaryStatus": "ModelDeploymentError"},
    "model_without_insights": {**COMPLETED, "AutoMLJobSecondaryStatus": "ModelInsightsError"},
    "model_without_explanation": {
        "AutoMLJobStatus": "Failed",
        "AutoMLJobSecondaryStatus": "ExplainabilityError",
        "BestCandidate": "first",
    },
    "definitions_only": {
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "CandidateDefinitionsGenerated",
    },
    "no_candidate": {"AutoMLJobStatus": "Completed"},
    "stopped_with_candidate": {"AutoMLJobStatus": "Stopped", "BestCandidate": "first"},
    "stopped": {"AutoMLJobStatus": "Stopped"},
    "failed": {"AutoMLJobStatus": "Failed", "FailureReason": "The data is empty."},
}


def sensor(**arguments: Any) -> SageMakerAutoMLJobSensor:
    """Make the sensor under test, for the job ``job``; it pokes in its own process unless told otherwise."""
    defaults = {
        "task_id": "watch",
        "job_name": "job",
        "aws_conn_id": "private",
        "deferrable": False,
        "poke_interval": 0.2,
        "timeout": 120,
        "botocore_config": {"retries": {"total_max_attempts": 1}},
    }
    return SageMakerAutoMLJobSensor(**{**defaults, **arguments})


def ended(account: SageMakerClient, ending: str) -> None:
    """Let the job be one that has ended."""
    hold_jobs(account.meta.endpoint_url, Stages=[], Candidates=[{"Candidate": CANDIDATE}], Ending=ENDINGS[ending])
    start(account, REQUEST, "job")
    wait(account, "job")


def after_the_first_look(account: SageMakerClient, act: Callable[[], Any]) -> Thread:
    """Do something as soon as the emulator has answered the sensor once."""
    return once_answered(account.meta.endpoint_url, "DescribeAutoMLJobV2", act)


def waits_on(task: SageMakerAutoMLJobSensor, context: Any) -> None:
    """Assert that a task has not ended, in a mode in which it leaves its worker."""
    with pytest.raises((AirflowRescheduleException, TaskDeferred)):
        task.execute(context)


def deferral(task: SageMakerAutoMLJobSensor, context: Any) -> AutoMLJobTrigger:
    """Execute a task that is expected to wait in the triggerer.

    :return: its trigger.
    """
    trigger = tasks.deferral(task, context).trigger
    assert isinstance(trigger, AutoMLJobTrigger)
    return trigger


def resume(task: SageMakerAutoMLJobSensor, context: Any, end: str, deadline: float | None = None) -> Any:
    """Go on after a wait in the triggerer, as Airflow does."""
    kept = {} if deadline is None else {"deadline": deadline}
    event = {"job_name": "job", "end": end}
    return task.resume_execution("execute_complete", {"event": event, **kept}, context)
