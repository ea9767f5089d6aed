"""A task that finds its account full, whose connection the tests name ``private``."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_sagemaker_automl import SageMakerAutoMLJobOperator
from tests.support.jobs import tabular_request

with DAG(dag_id="queue_for_the_quota", schedule=None):
    SageMakerAutoMLJobOperator(
        task_id="train",
        aws_conn_id="private",
        request=tabular_request("s3://no-such-bucket/at-all/"),
        poll_interval=1,
        deferrable=True,
        on_no_candidate="pass",
    )
