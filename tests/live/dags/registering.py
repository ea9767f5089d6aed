"""A DAG that trains, registers and approves, and one that starts when that approval is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    SageMakerAutoMLJobOperator,
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
    Tabular,
    approved,
    approved_version,
    registered,
)

GROUP = "registering"

with DAG(
    dag_id="register_and_approve",
    schedule=None,
    params={"aws_conn_id": "aws_default"},
    default_args={"aws_conn_id": "{{ params.aws_conn_id }}", "retry_delay": timedelta(seconds=1)},
) as register_and_approve:
    train = SageMakerAutoMLJobOperator(
        task_id="train",
        request=AutoMLJobRequest(
            problem_type=Tabular(target="target"),
            training_data="s3://no-such-bucket/data/",
            output="s3://no-such-bucket/models",
            role_arn="arn:aws:iam::123456789012:role/sagemaker-automl",
        ),
        deferrable=True,
        poll_interval=1,
    )
    register = SageMakerRegisterCandidateOperator(
        task_id="register",
        job_name=train.output["job_name"],
        model_package_group_name=GROUP,
        outlets=[registered(GROUP), approved(GROUP)],
        deferrable=True,
        poll_interval=1,
    )
    SageMakerUpdateModelPackageOperator(
        task_id="approve",
        model_package_arn=register.output["model_package_arn"],
        approval_status="Approved",
        approval_description="By {{ run_id }}",
        outlets=[approved(GROUP)],
    )

with DAG(dag_id="follow_approval", schedule=approved(GROUP)) as follow_approval:

    @task
    def follow(triggering_asset_events: Any = None) -> dict[str, Any]:
        """Say what was approved."""
        return approved_version(triggering_asset_events).to_extra()

    follow()
