"""A DAG of all that lineage is told of, in the worker: a version comes of it, a job fails, and code uses the hook."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, task

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    QualityGate,
    SageMakerAutoMLJobOperator,
    SageMakerQualityGateOperator,
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
    Tabular,
    Threshold,
    approved,
    registered,
)

GROUP = "lineage"
FAILING_JOB = "fails"
_ROLE = "arn:aws:iam::123456789012:role/sagemaker-automl"

with DAG(
    dag_id="lineage",
    schedule=None,
    params={"aws_conn_id": "aws_default"},
    default_args={"aws_conn_id": "{{ params.aws_conn_id }}"},
) as lineage:
    request = AutoMLJobRequest(
        problem_type=Tabular(target="target"),
        training_data="s3://no-such-bucket/{{ dag.dag_id }}/train/",
        validation_data="s3://no-such-bucket/{{ dag.dag_id }}/validation/",
        output="s3://no-such-bucket/models",
        role_arn=_ROLE,
    )
    train = SageMakerAutoMLJobOperator(task_id="train", request=request, deferrable=False, poll_interval=1)
    judge = SageMakerQualityGateOperator(
        task_id="judge",
        job_name=train.output["job_name"],
        model_package_group_name=GROUP,
        gate=QualityGate(thresholds=[Threshold(metric="Accuracy", minimum=0.5)]),
    )
    register = SageMakerRegisterCandidateOperator(
        task_id="register",
        job_name=judge.output["job_name"],
        model_package_group_name=GROUP,
        verdict=judge.output,
        outlets=[registered(GROUP), approved(GROUP)],
        deferrable=False,
        poll_interval=1,
    )
    SageMakerUpdateModelPackageOperator(
        task_id="approve",
        model_package_arn=register.output["model_package_arn"],
        approval_status="Approved",
        outlets=[approved(GROUP)],
    )
    SageMakerAutoMLJobOperator(
        task_id="fail", request=request, job_name=FAILING_JOB, deferrable=False, poll_interval=1, retries=0
    )

    @task
    def by_hand(params: Any = None) -> None:
        """Use the hook as custom code does."""
        from airflow_sagemaker_automl import SageMakerAutoMLHook

        hook = SageMakerAutoMLHook(aws_conn_id=params["aws_conn_id"])
        channel = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://no-such-bucket/by-hand/"}}}
        hook.create_job(
            {
                "AutoMLJobName": "by-hand",
                "AutoMLJobInputDataConfig": [{"ChannelType": "training", **channel}],
                "OutputDataConfig": {"S3OutputPath": "s3://no-such-bucket/models"},
                "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "target"}},
                "RoleArn": _ROLE,
            }
        )
        hook.ensure_group("by-hand")
        specification = {
            "Containers": [{"Image": "image:1", "ModelDataUrl": "s3://bucket/by-hand.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        hook.create_model_package({"ModelPackageGroupName": "by-hand", "InferenceSpecification": specification})

    by_hand()
