"""The main job in a whole Airflow: API server, scheduler, DAG processor, triggerer and workers of their own."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from demo.standalone import Airflow, free_port, standalone

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sagemaker import SageMakerClient

DAG_ID = "automl_retraining"
GROUP = "live-breast-cancer"


class Api:
    """The REST API as a user of it sees it."""

    def __init__(self, airflow: Airflow) -> None:
        self._airflow = airflow
        self._token = airflow.token()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call with the user's token."""
        return self._airflow.request(method, f"/api/v2{path}", body, self._token)

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Trigger a run as the form in the UI does, without a logical date.

        :return: its run id.
        """
        self._wait(lambda: dag_id in [dag["dag_id"] for dag in self.call("GET", "/dags")["dags"]], 60)
        self.call("PATCH", f"/dags/{dag_id}", {"is_paused": False})
        run = self.call("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})
        return str(run["dag_run_id"])

    def task_state(self, dag_id: str, run_id: str, task_id: str) -> str | None:
        """Ask for a task's state."""
        answer = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")
        state: str | None = answer["state"]
        return state

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Ask for a run's state."""
        return str(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def xcom(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """Read what a task returned."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value?deserialize=true"
        return self.call("GET", path)["value"]

    @staticmethod
    def _wait(condition: Any, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "not so in time"
            time.sleep(0.5)


def _processes_of(home: Path) -> list[list[str]]:
    """List the command lines of processes whose AIRFLOW_HOME is below a folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # Other people's processes do not tell, and some end meanwhile.
            if process.environ().get("AIRFLOW_HOME", "").startswith(str(home)):
                found.append(process.cmdline())
    return found


@pytest.mark.live
def test_the_retraining_dag_runs_in_a_whole_airflow(
    tmp_path: Path, emulator_url: str, sagemaker: SageMakerClient, breast_cancer: str
) -> None:
    """Triggered over REST, the task is seen deferred, the run succeeds, and the registry has the documented version."""
    with standalone(tmp_path / "airflow", emulator_url, free_port()) as airflow:
        api = Api(airflow)
        run_id = api.trigger(DAG_ID, {"model_package_group": GROUP, "training_data": breast_cancer})
        seen: set[str | None] = set()
        deadline = time.monotonic() + 150
        while api.run_state(DAG_ID, run_id) in ("queued", "running"):
            assert time.monotonic() < deadline, f"still running; task states seen: {seen}"
            seen.add(api.task_state(DAG_ID, run_id, "train"))
            time.sleep(0.3)
        assert api.run_state(DAG_ID, run_id) == "success"
        assert "deferred" in seen
        trained, registered = api.xcom(DAG_ID, run_id, "train"), api.xcom(DAG_ID, run_id, "register")
    job = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=trained["job_name"])
    assert trained["best_candidate"]["name"] == job["BestCandidate"]["CandidateName"]
    version = sagemaker.describe_model_package(ModelPackageName=registered["model_package_arn"])
    assert version["ModelApprovalStatus"] == registered["approval_status"] == "PendingManualApproval"
    assert version["CustomerMetadataProperties"]["run_id"] == run_id
    assert version["InferenceSpecification"]["Containers"] == job["BestCandidate"]["InferenceContainers"]
    assert '"model_artifact"' in version["ModelCard"]["ModelCardContent"]
    assert _processes_of(tmp_path) == []
