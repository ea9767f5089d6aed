"""A scoring whose task is killed at one of its calls: deferred, and in a worker."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from airflow_sagemaker_automl import SageMakerBatchScoringOperator

for where, deferrable in (("deferred", True), ("here", False)):
    with DAG(
        dag_id=f"scored_{where}",
        schedule=None,
        max_active_runs=4,
        params={"aws_conn_id": "aws_default", "version": "", "data": "", "output_uri": ""},
    ) as dag:
        SageMakerBatchScoringOperator(
            task_id="score",
            aws_conn_id="{{ params.aws_conn_id }}",
            model_package_arn="{{ params.version }}",
            data="{{ params.data }}",
            output_uri="{{ params.output_uri }}",
            role_arn="arn:aws:iam::123456789012:role/sagemaker-automl",
            key_columns=["patient"],
            deferrable=deferrable,
            poll_interval=1,
            # Each run is killed once, and Airflow itself fails a try now and then on a busy machine.
            retries=5,
            retry_delay=timedelta(seconds=1),
        )
    globals()[dag.dag_id] = dag
