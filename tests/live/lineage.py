"""What a live Airflow has told OpenLineage, whose own client writes each event to a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.live.rest import wait_until

if TYPE_CHECKING:
    from tests.live.rest import Run

# Of all others no event is made, as it would take each of a hundred tasks a moment.
_TOLD_OF = ("approve", "lineage", "register_and_approve")
_FOLDER = "openlineage"


def lineage_environment(home: Path) -> dict[str, str]:
    """Switch OpenLineage on, with as much told of each task as can be.

    :param home: ``AIRFLOW_HOME``.
    """
    (home / _FOLDER).mkdir()
    controls = {"emit_dag_events": False, "emit_task_events": True, "include_full_task_info": True}
    policy = [
        {"scope": {}, "controls": {"emit": False}},
        *({"scope": {"dag_id": dag_id}, "controls": controls} for dag_id in _TOLD_OF),
    ]
    return {
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps({"type": "file", "log_file_path": str(home / _FOLDER / "event")}),
        "AIRFLOW__OPENLINEAGE__EMISSION_POLICY": json.dumps(policy),
    }


@dataclass(frozen=True)
class Event:
    """An event about a task.

    :param document: as it was written.
    """

    document: dict[str, Any]

    @property
    def type(self) -> str:
        """``START``, ``COMPLETE`` or ``FAIL``."""
        return str(self.document["eventType"])

    @property
    def inputs(self) -> list[str]:
        """Names of what was read, with their namespaces before them."""
        return sorted(f"{each['namespace']} {each['name']}" for each in self.document["inputs"])

    @property
    def outputs(self) -> list[str]:
        """Names of what was written, with their namespaces before them."""
        return sorted(f"{each['namespace']} {each['name']}" for each in self.document["outputs"])

    @property
    def run_facets(self) -> dict[str, Any]:
        """What is told of the task's run."""
        return dict(self.document["run"]["facets"])

    @property
    def job_facets(self) -> dict[str, Any]:
        """What is told of the task."""
        return dict(self.document["job"]["facets"])

    def output_facets(self, name: str) -> dict[str, Any]:
        """What is told of one thing that was written."""
        (facets,) = [each["facets"] for each in self.document["outputs"] if each["name"] == name]
        return dict(facets)


def last_event(home: Path, run: Run, task_id: str, kind: str = "COMPLETE") -> Event:
    """Wait for the last event of a kind about a task, which comes a moment after the task's end."""
    found: list[Event] = []

    def is_told() -> bool:
        found[:] = [event for event in events(home, run, task_id) if event.type == kind]
        return bool(found)

    wait_until(is_told, f"no {kind} of {task_id} is told")
    return found[-1]


def events(home: Path, run: Run, task_id: str) -> list[Event]:
    """List the events about a task, in the order in which they were made."""
    told = []
    for file in sorted((home / _FOLDER).iterdir()):
        text = file.read_text()
        # A file that is being written may be empty still.
        document = json.loads(text) if text.endswith("\n") else {}
        about = document.get("run", {}).get("facets", {}).get("airflow", {})
        is_of_run = about.get("dagRun", {}).get("run_id") == run.run_id
        if is_of_run and document["job"]["name"] == f"{run.dag_id}.{task_id}":
            told.append(Event(document))
    return told


def text_of_all(home: Path) -> str:
    """Give all that was ever told."""
    return "".join(file.read_text() for file in (home / _FOLDER).iterdir())
