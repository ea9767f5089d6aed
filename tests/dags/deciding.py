"""A sensor for decisions, mapped over the versions that are given to the run, and what comes after it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param, TriggerRule, task

from airflow_sagemaker_automl import SageMakerModelPackageApprovalSensor, approved

GROUP = "deciding"

with DAG(
    dag_id="decide",
    schedule=None,
    default_args={"poke_interval": 1, "timeout": timedelta(minutes=3), "retries": 2, "retry_delay": timedelta(0)},
    params={"version": Param(type="string", default="arn")},
) as decide:

    @task(trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def tell(status: str, description: str | None) -> list[Any]:
        """Use two members of the sensor's result, whatever became of the task."""
        return [status, description]

    ways: dict[str, dict[str, Any]] = {
        "fail": {"deferrable": True, "on_rejected": "fail"},
        "skip": {"deferrable": False},
    }
    for name, arguments in ways.items():
        sensor = SageMakerModelPackageApprovalSensor(
            task_id=f"wait_or_{name}",
            model_package_arn="{{ params.version }}",
            outlets=[approved(GROUP)],
            **arguments,
        )
        tell.override(task_id=f"tell_{name}")(sensor.output["approval_status"], sensor.output["approval_description"])
