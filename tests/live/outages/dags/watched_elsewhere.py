"""A DAG file of somebody else, which names the assets of the group ``watched`` as they are, and has it watched, too."""

from __future__ import annotations

from airflow.sdk import DAG, task

from airflow_sagemaker_automl import approvals_watched, approved, approved_version, registered

with DAG(dag_id="tell_elsewhere", schedule=None) as tell_elsewhere:

    @task(outlets=[registered("watched"), approved("watched")])
    def tell() -> None:
        """Have outlets that Airflow reads again and again; nobody runs this."""

    tell()

with DAG(
    dag_id="follow_elsewhere",
    schedule=approvals_watched("watched", aws_conn_id="aws-watched", poll_interval=2),
    user_defined_macros={"approved_version": approved_version},
) as follow_elsewhere:

    @task
    def read(model_package_arn: str) -> str:
        """Read what was approved, in a template."""
        return model_package_arn

    read("{{ approved_version(triggering_asset_events).model_package_arn }}")
