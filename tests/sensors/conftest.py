"""The context of a task, an account, and the ways of waiting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from demo.sandbox import sagemaker_client
from tests.support.jobs import unique
from tests.support.plain_http import hold_jobs
from tests.support.tasks import TaskInstance
from tests.support.watching import MODES

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.fixture
def context() -> Any:
    """The context of a task in a run of its own."""
    return {"ti": TaskInstance(dag_id=unique("dag"), task_id="watch", run_id=unique("run"))}


@pytest.fixture
def account(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account whose jobs stay in progress."""
    hold_jobs(private_url)
    return sagemaker_client(private_url)


@pytest.fixture(params=list(MODES))
def mode(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The arguments for each way of waiting."""
    return MODES[request.param]


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> str:
    """Id of a connection to where nobody answers."""
    extra = {"region_name": "us-east-1", "endpoint_url": "http://127.0.0.1:9"}
    connection = {"conn_type": "aws", "login": "a", "password": "b", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_NOWHERE", json.dumps(connection))
    return "nowhere"
