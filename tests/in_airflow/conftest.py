"""A migrated metadata database in the session's Airflow home."""

from __future__ import annotations

import subprocess

import pytest


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Create the database that ``dag.test()`` writes to."""
    migrated = subprocess.run(["airflow", "db", "migrate"], capture_output=True, text=True)
    assert migrated.returncode == 0, migrated.stderr
