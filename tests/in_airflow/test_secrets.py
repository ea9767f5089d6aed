"""Secrets appear nowhere in Airflow."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.settings import engine
from sqlalchemy import MetaData, select

from demo.sandbox import REPOSITORY, airflow_environment
from tests.support.scripts import CANDIDATE, CONTAINERS, script_jobs

if TYPE_CHECKING:
    from pathlib import Path

# Each value is used in one place, and occurs in no other text.
ACCESS_KEY = "canary-key-of-the-connection-61f3"
SESSION = "canary-token-of-the-connection-0b7e"
PROXY = "canary-of-the-proxy-93d2"
VARIABLE = "canary-of-a-container-d84e"
CANARIES = (ACCESS_KEY, SESSION, PROXY, VARIABLE)


@pytest.fixture
def full_of_secrets(emulator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put secrets into a connection, a variable and the containers of a candidate."""
    connection = json.loads(airflow_environment(tmp_path, emulator_url)["AIRFLOW_CONN_AWS_DEFAULT"])
    connection |= {"password": ACCESS_KEY, "extra": {**connection["extra"], "aws_session_token": SESSION}}
    monkeypatch.setenv("AIRFLOW_CONN_SECRETIVE", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_VAR_DETOUR", PROXY)
    container = {**CONTAINERS[0], "Environment": {"PLAIN": VARIABLE, "API_TOKEN": VARIABLE}}
    script_jobs(emulator_url, "secretive-*", {**CANDIDATE, "InferenceContainers": [container]})


def _everything_in_the_database() -> dict[str, str]:
    """Read Airflow's metadata database: table → its rows as text."""
    assert engine is not None
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: "\n".join(str(tuple(row)) for row in connection.execute(select(table)))
            for table in tables.sorted_tables
        }


def test_no_secret_is_in_the_log_or_in_the_database(
    airflow_database: None,
    full_of_secrets: None,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A run, including mapped and deferred tasks, leaves no secret in logs, rendered fields, results or events."""
    caplog.set_level(logging.DEBUG, logger="airflow_sagemaker_automl")
    bag = DagBag(str(REPOSITORY / "tests" / "dags"), load_op_links=False)
    assert not bag.import_errors
    run = bag.dags["secretive"].test()
    assert run.state == "success"
    shown = {**_everything_in_the_database(), "log": "".join(capsys.readouterr()) + caplog.text}
    assert "{'ftp': '***'}" in shown["rendered_task_instance_fields"]
    assert {canary: [name for name, text in shown.items() if canary in text] for canary in CANARIES} == {
        canary: [] for canary in CANARIES
    }
    # Make sure that the search finds existing values.
    for name in ("xcom", "asset_event", "log"):
        assert "model-package/secretive/" in shown[name]
