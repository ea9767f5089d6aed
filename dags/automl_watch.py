"""Wait for an AutoML job that somebody has started elsewhere, in Studio for example; stop it when time is over."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Param

from airflow_sagemaker_automl.operators import SageMakerStopAutoMLJobOperator
from airflow_sagemaker_automl.sensors import SageMakerAutoMLJobSensor

with DAG(
    dag_id="automl_watch",
    description="Wait for a job of somebody else, and stop it when its time is over",
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
    # A teardown: it runs whatever became of the wait, and the run is judged by the wait.
    stop = SageMakerStopAutoMLJobOperator(task_id="stop", job_name="{{ params.job_name }}").as_teardown()
    watch >> stop
    # [END howto_watch_job]
