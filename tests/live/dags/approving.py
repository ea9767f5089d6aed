"""A DAG that asks a person whether a version is approved, and one that starts when it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from airflow_sagemaker_automl import SageMakerModelApprovalOperator, approved, approved_version

GROUP = "approving"

with DAG(
    dag_id="approve",
    schedule=None,
    params={"aws_conn_id": "aws_default", "model_package_arn": ""},
    default_args={
        "aws_conn_id": "{{ params.aws_conn_id }}",
        "retries": 2,
        "retry_delay": timedelta(seconds=1),
        "execution_timeout": timedelta(minutes=5),
    },
) as approve:
    SageMakerModelApprovalOperator(
        task_id="ask",
        model_package_arn="{{ params.model_package_arn }}",
        model_life_cycle_if_approved={"Stage": "Production", "StageStatus": "Approved"},
        outlets=[approved(GROUP)],
    )

with DAG(dag_id="approve_in_time", schedule=None, params=approve.params, default_args=approve.default_args):
    SageMakerModelApprovalOperator(
        task_id="ask",
        model_package_arn="{{ params.model_package_arn }}",
        response_timeout=timedelta(seconds=8),
        defaults="Reject",
        on_rejected="pass",
    )

with DAG(dag_id="approve_named", schedule=None, params=approve.params, default_args=approve.default_args):
    SageMakerModelApprovalOperator(task_id="ask", model_package_arn="{{ var.value.version_to_approve }}")

with DAG(dag_id="follow_answer", schedule=approved(GROUP)) as follow_answer:

    @task
    def follow(triggering_asset_events: Any = None) -> dict[str, Any]:
        """Say what was approved."""
        return approved_version(triggering_asset_events).to_extra()

    follow()
