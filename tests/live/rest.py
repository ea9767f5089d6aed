"""Airflow's REST API as a user of it sees it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.consoles import extra_with_console

if TYPE_CHECKING:
    from demo.standalone import Airflow

# In all connections to AWS, and in the environment of containers: nothing may show it.
CANARY = "canary-of-the-live-airflow-5e0c"
ENDED = ("success", "failed")
_REPORT = "Received executor event with state "
# What is waited for comes within seconds; on a busy machine it may take minutes, and that is no failure.
_LONGEST_WAIT_SECONDS = 600.0
_LOOKED_EVERY_SECONDS = 1.0
_LOOKED_SELDOM_SECONDS = 4.0


class Api:
    """The REST API, called as the user who may do everything."""

    def __init__(self, airflow: Airflow) -> None:
        self._airflow = airflow
        self._token = airflow.token()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call with the user's token.

        :param path: below ``/api/v2``.
        """
        return self._airflow.request(method, f"/api/v2{path}", body, self._token)

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> Run:
        """Trigger a run as the form in the UI does, without a logical date."""
        self.switch_on(dag_id)
        run = self.call("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})
        return Run(self, dag_id, str(run["dag_run_id"]))

    def switch_on(self, dag_id: str) -> None:
        """Unpause a DAG, as soon as Airflow knows it."""
        wait_until(lambda: dag_id in [dag["dag_id"] for dag in self.call("GET", "/dags")["dags"]], f"no DAG {dag_id}")
        self.call("PATCH", f"/dags/{dag_id}", {"is_paused": False})

    def switch_off(self, dag_id: str) -> None:
        """Pause a DAG."""
        self.call("PATCH", f"/dags/{dag_id}", {"is_paused": True})

    def read_again(self, dag_id: str) -> None:
        """Have a DAG's file read again, which is when Airflow sees that a watching DAG is paused, or no more."""
        token = self.call("GET", f"/dags/{dag_id}")["file_token"]
        self.call("PUT", f"/parseDagFile/{token}")

    def runs(self, dag_id: str) -> list[Run]:
        """List the runs of a DAG."""
        listed: list[dict[str, Any]] = self.call("GET", f"/dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        return [Run(self, dag_id, run["dag_run_id"]) for run in listed]

    def connect_to_aws(self, aws_conn_id: str, url: str, region: str, access_key: str) -> None:
        """Make an AWS connection that points at an emulator."""
        extra = {"region_name": region, "endpoint_url": url}
        connection = {"connection_id": aws_conn_id, "conn_type": "aws", "login": access_key, "password": CANARY}
        self.call("POST", "/connections", {**connection, "extra": json.dumps(extra)})

    def connect_as_if_to_aws(self, aws_conn_id: str, url: str, region: str, access_key: str) -> None:
        """Make an AWS connection that looks as if it pointed at AWS, which has a console."""
        connection = {"connection_id": aws_conn_id, "conn_type": "aws", "login": access_key, "password": "emulator"}
        self.call("POST", "/connections", {**connection, "extra": json.dumps(extra_with_console(url, region))})

    def renew_key(self, aws_conn_id: str, access_key: str) -> None:
        """Give a connection another access key, as whoever keeps its credentials fresh does."""
        connection = {"connection_id": aws_conn_id, "conn_type": "aws", "login": access_key}
        self.call("PATCH", f"/connections/{aws_conn_id}?update_mask=login", connection)

    def reports(self, key: str, since: str = "") -> int:
        """Count the executor's reports in what the scheduler prints.

        :param key: members of a ``TaskInstanceKey``, as Python writes it.
        :param since: the earliest time that counts, in ISO 8601.
        """
        logs = Path(self._airflow.environment["AIRFLOW_HOME"]).glob("*.log")
        lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
        return sum(_REPORT in line and key in line and line[: len(since)] >= since for line in lines)

    def triggerers(self) -> set[int]:
        """List the triggerers that have ever been started, by their job ids."""
        return {job["id"] for job in self.call("GET", "/jobs?job_type=TriggererJob&limit=100")["jobs"]}


class Run:
    """A run of a DAG.

    :ivar run_id: as Airflow has named it.
    """

    def __init__(self, api: Api, dag_id: str, run_id: str) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        self._api = api
        self._path = f"/dags/{dag_id}/dagRuns/{run_id}"

    def state(self) -> str:
        """Ask for the run's state."""
        return str(self._api.call("GET", self._path)["state"])

    def tasks(self, task_id: str) -> list[dict[str, Any]]:
        """Ask for all instances of a task, with or without map index."""
        path = f"{self._path}/taskInstances?task_id={task_id}&limit=100&order_by=map_index"
        instances = self._api.call("GET", path)["task_instances"]
        return [instance for instance in instances if instance["task_id"] == task_id]

    def task(self, task_id: str) -> dict[str, Any]:
        """Ask for the one instance of a task that is not mapped."""
        instance: dict[str, Any] = self._api.call("GET", f"{self._path}/taskInstances/{task_id}")
        return instance

    def xcom(self, task_id: str, map_index: int = -1) -> Any:
        """Read what a task returned."""
        path = f"{self._path}/taskInstances/{task_id}/xcomEntries/return_value?deserialize=true&map_index={map_index}"
        return self._api.call("GET", path)["value"]

    def links(self, task_id: str) -> dict[str, str | None]:
        """List the links of a task that is not mapped: name → URL, or None where there is none."""
        links: dict[str, str | None] = self._api.call("GET", f"{self._path}/taskInstances/{task_id}/links")[
            "extra_links"
        ]
        return links

    def log(self, task_id: str, try_number: int = 1) -> str:
        """Read what a task that is not mapped has logged, in workers and triggerers."""
        path = f"{self._path}/taskInstances/{task_id}/logs/{try_number}?full_content=true"
        return "\n".join(str(line["event"]) for line in self._api.call("GET", path)["content"])

    def clear(self, task_id: str) -> None:
        """Clear a task, whatever its state, so that it runs again."""
        if self.task(task_id)["state"] != "running":
            self.wait_until_reported(task_id)
        body = {"dry_run": False, "only_failed": False, "dag_run_id": self.run_id, "task_ids": [task_id]}
        cleared = self._api.call("POST", f"/dags/{self.dag_id}/clearTaskInstances", body)
        assert cleared["total_entries"] == 1

    def question(self, task_id: str) -> dict[str, Any]:
        """Read what Airflow asks a person on behalf of a task."""
        question: dict[str, Any] = self._api.call("GET", f"{self._path}/taskInstances/{task_id}/-1/hitlDetails")
        return question

    def answer(self, task_id: str, option: str, comment: str) -> None:
        """Answer for a person, as the page does."""
        self.wait_until_reported(task_id)
        answer = {"chosen_options": [option], "params_input": {"comment": comment}}
        self._api.call("PATCH", f"{self._path}/taskInstances/{task_id}/-1/hitlDetails", answer)

    def wait_until_reported(self, task_id: str) -> None:
        """Wait until the scheduler knows from its executor that the process of a task has ended.

        What is done to the task earlier meets that report, by which Airflow 3.3 fails the task. A person takes longer.
        """
        task = self.task(task_id)
        key = f"dag_id='{self.dag_id}', task_id='{task_id}', run_id='{self.run_id}', try_number={task['try_number']},"
        since = task["end_date"] if task["state"] in ENDED else ""
        wait_until(lambda: self._api.reports(key, since) > 0, f"the executor does not report {task_id}")

    def wait_until_all_are_reported(self, task_id: str, count: int) -> None:
        """Wait for that of so many mapped tasks."""
        key = f"dag_id='{self.dag_id}', task_id='{task_id}', run_id='{self.run_id}',"
        wait_until(lambda: self._api.reports(key) >= count, f"the executor does not report {count} of {task_id}")

    def mark(self, task_id: str, state: str) -> None:
        """Mark a task as failed or successful."""
        self._api.call("PATCH", f"{self._path}/taskInstances/{task_id}", {"new_state": state})

    def wait_for_task(self, task_id: str, state: str, seconds: float = _LONGEST_WAIT_SECONDS) -> None:
        """Wait until a task that is not mapped is in a state."""
        wait_until(lambda: self.task(task_id)["state"] == state, f"{task_id} is not {state}", seconds)

    def count(self, state: str | None = None) -> int:
        """Count the run's task instances, all or those in a state; far cheaper than to look at them."""
        filtered = f"&state={state}" if state else ""
        return int(self._api.call("GET", f"{self._path}/taskInstances?limit=1{filtered}")["total_entries"])

    def wait_for_tasks(self, count: int, state: str, seconds: float = _LONGEST_WAIT_SECONDS) -> None:
        """Wait until so many task instances, or more, are in a state; none may fail meanwhile."""

        def are_enough() -> bool:
            assert not self.count("failed"), f"a task of {self.run_id} has failed"
            return self.count(state) >= count

        wait_until(are_enough, f"not {count} are {state}", seconds)

    def waiting_at(self, triggerer: int) -> int:
        """Count the tasks of the run that wait in a triggerer.

        :param triggerer: its job id.
        """
        instances = self._api.call("GET", f"{self._path}/taskInstances?state=deferred&limit=100")["task_instances"]
        return sum((instance["triggerer_job"] or {}).get("id") == triggerer for instance in instances)

    def wait_for_end(self, seconds: float = _LONGEST_WAIT_SECONDS) -> str:
        """Wait until the run has ended.

        :return: its state.
        """
        wait_until(lambda: self.state() in ENDED, f"{self.run_id} has not ended", seconds)
        return self.state()


def followed(api: Api, dag_id: str) -> list[Any]:
    """List what the tasks ``follow`` of a DAG have returned, in all runs that have ended well."""
    return [run.xcom("follow") for run in api.runs(dag_id) if run.state() == "success"]


def wait_until(condition: Callable[[], bool], otherwise: str, seconds: float = _LONGEST_WAIT_SECONDS) -> None:
    """Look again and again until something is so, more and more seldom: each look costs Airflow's API server some work.

    :param otherwise: what to say when it is not in time.
    """
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        assert waited < seconds, f"After {seconds:.0f} s: {otherwise}"
        time.sleep(min(_LOOKED_EVERY_SECONDS + waited / 10, _LOOKED_SELDOM_SECONDS))
