"""A DAG that tells of a version, and one that starts when an approval is told."""

from __future__ import annotations

# Airflow looks for DAGs in files that have both words: airflow, dag.
from tests.dags.telling import hear, tell

__all__ = ["hear", "tell"]
