"""The sensor in each mode, mapped over the jobs that are given to the run, and what comes after it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param, task

from airflow_sagemaker_automl import SageMakerAutoMLJobSensor

defaults: dict[str, Any] = {
    "poke_interval": 1,
    "timeout": timedelta(minutes=3),
    "on_no_candidate": "skip",
    "retries": 2,
    "retry_delay": timedelta(0),
}


@task
def started_elsewhere(params: dict[str, Any] | None = None) -> list[str]:
    """Find out which jobs to wait for, when the run knows."""
    return list((params or {})["jobs"])


@task
def objective_value(best_candidate: dict[str, Any], outcome: str) -> list[Any]:
    """Use two members of the sensor's result, each an XCom of its own."""
    return [outcome, best_candidate["objective_value"]]


modes: dict[str, dict[str, Any]] = {
    "poke": {"deferrable": False, "mode": "poke"},
    "reschedule": {"deferrable": False, "mode": "reschedule"},
    "deferrable": {"deferrable": True},
}
for name, arguments in modes.items():
    with DAG(
        dag_id=f"watch_{name}",
        schedule=None,
        default_args={**defaults, **arguments},
        params={"jobs": Param(type="array", default=["job"])},
    ) as dag:
        watch = SageMakerAutoMLJobSensor(task_id="watch", job_name="{{ params.jobs[0] }}")
        objective_value(watch.output["best_candidate"], watch.output["outcome"])
        jobs = started_elsewhere()
        watch >> jobs
        SageMakerAutoMLJobSensor.partial(task_id="watch_all").expand(job_name=jobs)
    globals()[dag.dag_id] = dag
