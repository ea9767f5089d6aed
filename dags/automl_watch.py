"""Wait for an AutoML job that was started elsewhere, for example in Studio, and stop it when the timeout is reached."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Param

from airflow_sagemaker_automl import SageMakerAutoMLJobSensor, SageMakerStopAutoMLJobOperator

with DAG(
    dag_id="automl_watch",
    dag_display_name="7. Wait for a job started elsewhere",
    description="Waits for a job that was started elsewhere, and stops it at the timeout",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    tags=["sagemaker", "automl"],
    doc_md=__doc__,
    params={"job_name": Param(type="string", pattern="^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}$", title="AutoML job")},
) as dag:
    # [START howto_watch_job]
    watch = SageMakerAutoMLJobSensor(
        task_id="watch",
        job_name="{{ params.job_name }}",
        deferrable=True,
        poke_interval=10,
        timeout=timedelta(hours=8),
    )
    # A teardown runs whether the wait succeeds or fails, and does not change the state of the DAG run.
    stop = SageMakerStopAutoMLJobOperator(task_id="stop", job_name="{{ params.job_name }}").as_teardown()
    watch >> stop
    # [END howto_watch_job]
