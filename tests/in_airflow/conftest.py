"""A migrated metadata database in the test session's Airflow home."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def airflow_database(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Create the database for ``dag.test()``: one process migrates it, the others copy it."""
    own = Path(os.environ["AIRFLOW_HOME"], "airflow.db")
    folder = tmp_path_factory.getbasetemp()
    migrated = (folder.parent if hasattr(pytestconfig, "workerinput") else folder) / "migrated.db"
    with migrated.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if migrated.exists():
            shutil.copy(migrated, own)
            return
        ended = subprocess.run(["airflow", "db", "migrate"], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        shutil.copy(own, migrated)
