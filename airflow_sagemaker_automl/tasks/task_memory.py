"""A task instance's record of its jobs in Airflow's task state store, and the job names derived from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk.configuration import conf

from airflow_sagemaker_automl.core.jobs.job_name import TaskIdentity
from airflow_sagemaker_automl.core.jobs.task_record import Attempts, TaskRecord

if TYPE_CHECKING:
    from airflow.sdk import Context

_KEY = "sagemaker_automl_jobs"


class TaskMemory:
    """The record of the running task instance.

    :param context: of the execution.
    :param retries: of the task.
    :ivar record: the current record; it is stored before the first job is created.
    :ivar is_new: whether the store had no record. The task may have run before: Airflow after 3.3 empties the store
        when a task is cleared.
    """

    def __init__(self, context: Context, retries: int | None) -> None:
        from airflow.sdk.execution_time.context import NEVER_EXPIRE

        self._store: Any = context["task_state_store"]
        self._retention = NEVER_EXPIRE
        self._ti, run = context["ti"], context["dag_run"]
        attempts = Attempts(max_tries=self._ti.max_tries, retries=retries or 0, clear_number=run.clear_number or 0)
        kept: Any = self._store.get(_KEY)
        self.is_new = kept is None
        if kept is None:
            self.keep(TaskRecord.begun(attempts, run.start_date))
        else:
            self.record = TaskRecord.from_json(kept)
            if self.record.seen != attempts:
                self.keep(self.record.at(attempts))

    @property
    def has_run_before(self) -> bool:
        """Whether this is not the first try."""
        return bool(self._ti.try_number > 1)

    def keep(self, record: TaskRecord) -> None:
        """Store a record for as long as the run exists."""
        self._store.set(_KEY, record.to_json(), retention=self._retention)
        self.record = record

    def settle(self, generation: int, taken: str | None) -> None:
        """Record that no job of an older generation runs any more.

        :param taken: their job that was adopted.
        """
        if (self.record.settled, self.record.taken) != (generation, taken):
            self.keep(replace(self.record, settled=generation, taken=taken))

    def identity(self, *, each_try: bool) -> TaskIdentity:
        """Return the owner of the jobs.

        :param each_try: whether each try trains again.
        """
        ti = self._ti
        return TaskIdentity(
            deployment=deployment() or conf.get("api", "base_url", fallback=""),
            dag_id=ti.dag_id,
            task_id=ti.task_id,
            run_id=ti.run_id,
            map_index=ti.map_index if ti.map_index is not None else -1,
            nonce=self.record.nonce,
            generation=ti.try_number - 1 if each_try else self.record.generation,
            grows_with="tries" if each_try else "clears",
        )


def deployment() -> str:
    """Return the configured name of this installation; empty if unset."""
    return str(conf.get("sagemaker_automl", "deployment", fallback=""))
