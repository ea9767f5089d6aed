"""A task's context, as far as operators and sensors look at it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.execution_time.comms import GetTaskStates, TaskStatesResult

from airflow_sagemaker_automl.triggers import WaitEnd


@dataclass
class TaskInstance:
    """What operators and sensors read of a task instance."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int = -1
    max_tries: int = 0
    try_number: int = 1
    first_rescheduled: datetime | None = None
    pushed: dict[str, Any] = field(default_factory=dict)

    def get_first_reschedule_date(self, context: Any) -> datetime | None:
        """Say when a rescheduled task first ran; None while it has not been rescheduled."""
        return self.first_rescheduled

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep what a task pushes by itself."""
        self.pushed[key] = value


@dataclass
class Supervisor:
    """Airflow's side of the line from a running task, as far as the task asks for its own state.

    :param state: its answer; None for a task that has been cleared.
    """

    state: str | None

    def send(self, question: GetTaskStates) -> TaskStatesResult:
        """Answer a question."""
        (run_id,), (task_id,) = question.run_ids or [], question.task_ids or []
        return TaskStatesResult(task_states={run_id: {task_id: self.state}} if self.state else {})


def changed(context: Any, **changes: Any) -> Any:
    """Give the context of another execution: of another try, after a clear, in another DAG."""
    return {"ti": replace(context["ti"], **changes)}


def deferral(task: BaseOperator, context: Any) -> TaskDeferred:
    """Execute a task that is expected to wait in the triggerer."""
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    return deferred.value


def resume(task: BaseOperator, context: Any, deferred: TaskDeferred, end: str) -> Any:
    """Go on after a wait, as Airflow does: in an instance that knows nothing but what was kept."""
    event = deferred.trigger.event(WaitEnd(end))
    return getattr(task, deferred.method_name)(context, event, **(deferred.kwargs or {}))
