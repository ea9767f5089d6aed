"""From a training to a decision, by a connection that is full of secrets, with a template that holds another."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from airflow_sagemaker_automl import (
    QualityGate,
    SageMakerAutoMLJobOperator,
    SageMakerModelPackageApprovalSensor,
    SageMakerQualityGateOperator,
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
    Threshold,
    approved,
    registered,
)
from tests.support.jobs import tabular_request

GROUP = "secretive"
# No request goes by a proxy for this scheme.
_DETOUR: dict[str, Any] = {"proxies": {"ftp": "http://somebody:{{ var.value.detour }}@proxy:3128"}}

with DAG(dag_id="secretive", schedule=None, default_args={"aws_conn_id": "secretive"}) as secretive:
    train = SageMakerAutoMLJobOperator.partial(task_id="train", deferrable=True, poll_interval=0.5).expand(
        request=[tabular_request("s3://no-such-bucket/at-all/")]
    )
    judge = SageMakerQualityGateOperator(
        task_id="judge",
        job_name="{{ ti.xcom_pull('train', map_indexes=0).job_name }}",
        model_package_group_name=GROUP,
        gate=QualityGate(thresholds=[Threshold(metric="F1", minimum=0.5)]),
        botocore_config=_DETOUR,
    )
    register = SageMakerRegisterCandidateOperator(
        task_id="register",
        job_name=judge.output["job_name"],
        model_package_group_name=GROUP,
        deferrable=True,
        outlets=[registered(GROUP)],
    )
    arn: Any = register.output["model_package_arn"]
    approve = SageMakerUpdateModelPackageOperator(
        task_id="approve",
        model_package_arn=arn,
        approval_status="Approved",
        outlets=[approved(GROUP)],
    )
    wait = SageMakerModelPackageApprovalSensor(
        task_id="wait",
        model_package_arn=arn,
        deferrable=False,
        outlets=[approved(GROUP)],
        botocore_config=_DETOUR,
    )
    train >> judge
    approve >> wait
