"""A way to an approved version whose tasks are killed at any of their calls: deferred, and in a worker."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    SageMakerAutoMLJobOperator,
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
    Tabular,
    approved,
)

# Of the tasks of one DAG; in the matrix there are many more.
KILLS = int(os.environ.get("LIVE_KILLS", "10")) // 2


def group_of(where: str) -> str:
    """Name the group in which a DAG registers."""
    return f"killed-{where}"


for where, deferrable in (("deferred", True), ("here", False)):
    group = group_of(where)
    with DAG(
        dag_id=f"killed_{where}",
        schedule=None,
        params={"aws_conn_id": "aws_default"},
        default_args={
            "aws_conn_id": "{{ params.aws_conn_id }}",
            # Each kill takes a try, and Airflow itself fails one now and then on a busy machine.
            "retries": 2 * KILLS + 5,
            "retry_delay": timedelta(seconds=1),
        },
    ) as dag:
        train = SageMakerAutoMLJobOperator(
            task_id="train",
            request=AutoMLJobRequest(
                problem_type=Tabular(target="target"),
                training_data="s3://no-such-bucket/data/",
                output="s3://no-such-bucket/models",
                role_arn="arn:aws:iam::123456789012:role/sagemaker-automl",
            ),
            deferrable=deferrable,
            poll_interval=1,
        )
        register = SageMakerRegisterCandidateOperator(
            task_id="register",
            job_name=train.output["job_name"],
            model_package_group_name=group,
            deferrable=deferrable,
            poll_interval=1,
        )
        SageMakerUpdateModelPackageOperator(
            task_id="approve",
            model_package_arn=register.output["model_package_arn"],
            approval_status="Approved",
            outlets=[approved(group)],
        )
    globals()[dag.dag_id] = dag
