"""What Airflow's database says of a task at this moment, for those who have been told to stop what it runs."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import Any

# In these the task goes on, or will: here, in a triggerer, or in another worker.
STILL_WANTED = frozenset({"scheduled", "queued", "running", "deferred", "up_for_retry", "up_for_reschedule"})


def task_state(ti: Any) -> str | None:
    """Ask for a task's state, from a worker or from a trigger; never on an event loop.

    :param ti: names the task: ``dag_id``, ``run_id``, ``task_id`` and ``map_index``.
    :return: None where the task has been cleared, and waits to run again.
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states: dict[str, dict[str, str | None]] = RuntimeTaskInstance.get_task_states(
        dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id], map_index=ti.map_index
    )
    # The inner key has the map index, where there is one.
    return next(iter(states.get(ti.run_id, {}).values()), None)


def task_state_within(seconds: float, ti: Any) -> str | None:
    """Ask for a task's state from a signal's handler, which may have interrupted somebody who was asking Airflow.

    :param seconds: how long to wait for the answer.
    :raises Exception: Airflow could not be asked, or has not answered in time.
    """
    answer: Future[str | None] = Future()

    def ask() -> None:
        try:
            answer.set_result(task_state(ti))
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, daemon=True).start()
    return answer.result(seconds)
