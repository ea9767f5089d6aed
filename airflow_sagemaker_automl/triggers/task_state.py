"""Ask Airflow whether a task continues, here or elsewhere."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import Any

# In these states the task continues, now or later: here, in a triggerer, or in another worker.
STILL_WANTED = frozenset({"scheduled", "queued", "running", "deferred", "up_for_retry", "up_for_reschedule"})


def task_state(ti: Any) -> str | None:
    """Read a task's state, from a worker or from a trigger; never on an event loop.

    :param ti: identifies the task: ``dag_id``, ``run_id``, ``task_id`` and ``map_index``.
    :return: None if the task waits to run again, or its run has been deleted.
    """
    return next(iter(_states(ti).values()), None)


def why_unwanted(ti: Any, clear_number: int) -> str | None:
    """Find out, from a worker, whether its task continues.

    :param clear_number: of the DAG run when the task started in this worker.
    :return: why it does not continue; None if it does.
    """
    states = _states(ti)
    if not states:
        return "its run has been deleted"
    (state,) = states.values()
    if state in STILL_WANTED:
        return None
    if state is not None:
        return f"it is {state}"
    # Airflow also removes the state of a task whose worker or scheduler was lost, and runs it again, but does not count
    # that as a clear.
    return "it has been cleared" if _clear_number(ti) > clear_number else None


def why_unwanted_within(seconds: float, ti: Any, clear_number: int) -> str | None:
    """Find out the same from a signal handler, which may have interrupted another request to Airflow.

    :param seconds: how long to wait for the response.
    :raises Exception: the request to Airflow failed, or there was no response in time.
    """
    answer: Future[str | None] = Future()

    def ask() -> None:
        try:
            answer.set_result(why_unwanted(ti, clear_number))
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, daemon=True).start()
    return answer.result(seconds)


def _states(ti: Any) -> dict[str, str | None]:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states: dict[str, dict[str, str | None]] = RuntimeTaskInstance.get_task_states(
        dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id], map_index=ti.map_index
    )
    # The inner key contains the map index of a mapped task.
    return states.get(ti.run_id, {})


def _clear_number(ti: Any) -> int:
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.comms import GetDagRun

    run: Any = task_runner.SUPERVISOR_COMMS.send(GetDagRun(dag_id=ti.dag_id, run_id=ti.run_id))
    return int(run.clear_number or 0)
