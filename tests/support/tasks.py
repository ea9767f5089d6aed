"""A task's context, as far as operators and sensors look at it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.execution_time.comms import GetDagRun, GetTaskStates, TaskStatesResult

from airflow_sagemaker_automl.triggers.base import WaitEnd


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


@dataclass(frozen=True)
class DagRun:
    """What operators read of a DAG run; no two begin at the same microsecond."""

    start_date: datetime = field(default_factory=lambda: datetime.now(UTC))
    clear_number: int = 0


@dataclass
class Store:
    """The task state store of a task instance, which outlives its tries; it has no room where a test says so."""

    kept: dict[str, Any] = field(default_factory=dict)
    is_full: bool = False

    def get(self, key: str, default: Any = None) -> Any:
        """Read."""
        return self.kept.get(key, default)

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        """Write."""
        if self.is_full:
            raise OSError("no room")
        self.kept[key] = json.loads(json.dumps(value))


def new_context(dag_id: str, task_id: str, run_id: str) -> Any:
    """Make the context of a task's first try."""
    return {
        "ti": TaskInstance(dag_id=dag_id, task_id=task_id, run_id=run_id),
        "dag_run": DagRun(),
        "task_state_store": Store(),
    }


@dataclass
class Supervisor:
    """Airflow's side of the line from a running task, as far as the task asks for its own state.

    :param state: its answer; None for a task that waits to run again, ``deleted`` for one whose run is gone.
    :param clear_number: how often tasks of the run have been cleared.
    """

    state: str | None
    clear_number: int = 0

    def send(self, question: GetTaskStates | GetDagRun) -> Any:
        """Answer a question."""
        if isinstance(question, GetDagRun):
            return DagRun(clear_number=self.clear_number)
        (run_id,), (task_id,) = question.run_ids or [], question.task_ids or []
        return TaskStatesResult(task_states={} if self.state == "deleted" else {run_id: {task_id: self.state}})


def changed(context: Any, **changes: Any) -> Any:
    """Give the context of another execution of the same run: another try, after a clear; or of another task."""
    ti = replace(context["ti"], **changes)
    is_same = (ti.dag_id, ti.task_id, ti.run_id, ti.map_index) == _names(context["ti"])
    store = context.get("task_state_store") if is_same else None
    return {**context, "ti": ti, "task_state_store": store or Store()}


def elsewhere(context: Any, **changes: Any) -> Any:
    """Give the context of the same task in another installation, or here when all was forgotten.

    :param changes: of the task instance.
    """
    return {**changed(context, **changes), "dag_run": DagRun(), "task_state_store": Store()}


def _names(ti: TaskInstance) -> tuple[str, str, str, int]:
    return ti.dag_id, ti.task_id, ti.run_id, ti.map_index


def deferral(task: BaseOperator, context: Any) -> TaskDeferred:
    """Execute a task that is expected to wait in the triggerer."""
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    return deferred.value


def resume(task: BaseOperator, context: Any, deferred: TaskDeferred, end: str) -> Any:
    """Go on after a wait, as Airflow does: in an instance that knows nothing but what was kept."""
    event = deferred.trigger.event(WaitEnd(end))
    return getattr(task, deferred.method_name)(context, event, **(deferred.kwargs or {}))
