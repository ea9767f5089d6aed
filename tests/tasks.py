"""A task's context, as far as operators and sensors look at it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


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

    def get_first_reschedule_date(self, context: Any) -> datetime | None:
        """Say when a rescheduled task first ran; None while it has not been rescheduled."""
        return self.first_rescheduled


def changed(context: Any, **changes: Any) -> Any:
    """Give the context of another execution: of another try, after a clear, in another DAG."""
    return {"ti": replace(context["ti"], **changes)}
