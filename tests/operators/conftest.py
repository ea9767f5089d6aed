"""The context of a task, and a job that has completed once for all tests that look at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.execution_time import task_runner

from tests.jobs import start, tabular_request, unique, wait
from tests.tasks import Supervisor, TaskInstance

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.fixture
def context(emulator_url: str) -> Any:
    """The context of a task in a run of its own."""
    return {"ti": TaskInstance(dag_id=unique("dag"), task_id="train", run_id=unique("run"))}


@pytest.fixture
def airflow_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Let Airflow have a state for the task that asks, from now on."""

    def say(state: str | None) -> None:
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(state), raising=False)

    return say


@pytest.fixture(scope="session")
def completed_job(sagemaker: SageMakerClient, breast_cancer: str) -> str:
    """Name of a job that has completed with two candidates."""
    name = start(sagemaker, tabular_request(breast_cancer, CompletionCriteria={"MaxCandidates": 2}))
    assert wait(sagemaker, name)["AutoMLJobStatus"] == "Completed"
    return name
