"""Two DAGs that start when somebody approves a version, wherever that is."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, task

from airflow_sagemaker_automl import approvals_watched, approved, approved_version

GROUP = "watched"
# There is no such connection, and nothing is watched, but in the scenario that makes it and unpauses these DAGs.
CONNECTION = "aws-watched"
WATCHED = approvals_watched(GROUP, aws_conn_id=CONNECTION, poll_interval=2)


@task
def read(triggering_asset_events: Any = None) -> list[dict[str, Any]]:
    """Read what was approved: the version that counts, and each that was told."""
    told = [event for events in triggering_asset_events.values() for event in events]
    return [approved_version(each).to_extra() for each in (triggering_asset_events, *told)]


with DAG(dag_id="follow_watched", schedule=WATCHED) as follow_watched:
    read()

with DAG(dag_id="follow_both", schedule=WATCHED | approved(GROUP)) as follow_both:
    read()
