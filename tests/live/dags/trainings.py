"""DAGs of scripted trainings; what is to happen to them is up to the tests."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from airflow_sagemaker_automl import AutoMLJobRequest, SageMakerAutoMLJobOperator, Tabular

# Ten times as many as there are places; more show more.
MANY = int(os.environ.get("LIVE_TRAININGS", "16"))
# Where a busy scheduler hears of a deferral later than of the trigger's event, Airflow 3.3 fails the try.
_RETRIES = 2
_ARGUMENTS: dict[str, Any] = {
    "task_id": "train",
    "aws_conn_id": "{{ params.aws_conn_id }}",
    "poll_interval": 1,
    "retry_delay": timedelta(seconds=1),
}


def _request(number: int) -> AutoMLJobRequest:
    return AutoMLJobRequest(
        problem_type=Tabular(target="target"),
        training_data=f"s3://no-such-bucket/{number}/",
        output="s3://no-such-bucket/models",
        role_arn="arn:aws:iam::123456789012:role/sagemaker-automl",
    )


def _dag(dag_id: str) -> DAG:
    return DAG(dag_id=dag_id, schedule=None, params={"aws_conn_id": "aws_default"}, max_active_tasks=200)


for where, deferrable, retries in (
    ("deferred", True, 0),
    ("deferred", True, 1),
    ("here", False, 0),
    ("here", False, 1),
):
    with _dag(f"one_{where}_retries_{retries}") as one:
        SageMakerAutoMLJobOperator(request=_request(0), deferrable=deferrable, retries=retries, **_ARGUMENTS)
    globals()[one.dag_id] = one

for count in (20, MANY):
    with _dag(f"many_{count}") as many:
        SageMakerAutoMLJobOperator.partial(deferrable=True, retries=_RETRIES, **_ARGUMENTS).expand(
            request=[_request(number) for number in range(count)]
        )
    globals()[many.dag_id] = many
