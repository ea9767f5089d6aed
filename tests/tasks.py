"""A task's context, as far as the operators look at it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass
class TaskInstance:
    """What the operators read of a task instance."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int = -1
    max_tries: int = 0
    try_number: int = 1


def changed(context: Any, **changes: Any) -> Any:
    """Give the context of another execution: of another try, after a clear, in another DAG."""
    return {"ti": replace(context["ti"], **changes)}
