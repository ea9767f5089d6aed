"""Whether anybody still wants what a task is to return: what Airflow says of it at this moment."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import Any

# In these the task goes on, or will: here, in a triggerer, or in another worker.
STILL_WANTED = frozenset({"scheduled", "queued", "running", "deferred", "up_for_retry", "up_for_reschedule"})


def task_state(ti: Any) -> str | None:
    """Ask for a task's state, from a worker or from a trigger; never on an event loop.

    :param ti: names the task: ``dag_id``, ``run_id``, ``task_id`` and ``map_index``.
    :return: None where the task waits to run again, and where its run has been deleted.
    """
    return next(iter(_states(ti).values()), None)


def why_unwanted(ti: Any, clear_number: int) -> str | None:
    """Ask, from a worker, whether its task is to go on.

    :param clear_number: of the DAG run when the task began to run here.
    :return: why it is not; None where it is.
    """
    states = _states(ti)
    if not states:
        return "its run has been deleted"
    (state,) = states.values()
    if state in STILL_WANTED:
        return None
    if state is not None:
        return f"it is {state}"
    # Airflow also takes the state of a task whose worker or scheduler it has lost, and runs it again; no clear counts
    # that.
    return "it has been cleared" if _clear_number(ti) > clear_number else None


def why_unwanted_within(seconds: float, ti: Any, clear_number: int) -> str | None:
    """Ask the same from a signal's handler, which may have interrupted somebody who was asking Airflow.

    :param seconds: how long to wait for the answer.
    :raises Exception: Airflow could not be asked, or has not answered in time.
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
    # The inner key has the map index, where there is one.
    return states.get(ti.run_id, {})


def _clear_number(ti: Any) -> int:
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.comms import GetDagRun

    run: Any = task_runner.SUPERVISOR_COMMS.send(GetDagRun(dag_id=ti.dag_id, run_id=ti.run_id))
    return int(run.clear_number or 0)
