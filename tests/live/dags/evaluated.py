"""A retraining whose gate decides on the same labelled rows, and an evaluation that is killed at one of its calls."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from airflow_sagemaker_automl import AutoMLJobRequest, SageMakerModelEvaluationOperator, Tabular, automl_retraining

ROLE = "arn:aws:iam::123456789012:role/sagemaker-automl"

with DAG(
    dag_id="evaluated",
    schedule=None,
    max_active_runs=1,
    default_args={"deferrable": True, "poll_interval": 1},
    params={"training_data": Param("", type="string"), "group": Param("", type="string"), "approval": "automatic"},
):
    automl_retraining(
        request=AutoMLJobRequest(
            problem_type=Tabular(target="churned", mode="ENSEMBLING", algorithms=["linear-learner"]),
            training_data="{{ params.training_data }}",
            output="s3://automl-demo/models",
            role_arn=ROLE,
        ),
        model_package_group_name="{{ params.group }}",
        may_be_new_group=True,
        approval="{{ params.approval }}",
        evaluation={
            "data": "s3://automl-demo/customers-held-out/",
            "output_uri": "s3://automl-demo/customers-evaluated/",
            "slices": ["region"],
            "cluster_columns": ["customer"],
        },
    )

for where, deferrable in (("deferred", True), ("here", False)):
    with DAG(
        dag_id=f"evaluated_{where}",
        schedule=None,
        max_active_runs=4,
        params={"aws_conn_id": "aws_default", "job_name": "", "group": "", "data": "", "output_uri": ""},
    ) as dag:
        SageMakerModelEvaluationOperator(
            task_id="evaluate",
            aws_conn_id="{{ params.aws_conn_id }}",
            job_name="{{ params.job_name }}",
            model_package_group_name="{{ params.group }}",
            data="{{ params.data }}",
            output_uri="{{ params.output_uri }}",
            role_arn=ROLE,
            deferrable=deferrable,
            poll_interval=1,
            # Each run is killed once, and Airflow itself fails a try now and then on a busy machine.
            retries=5,
            retry_delay=timedelta(seconds=1),
        )
    globals()[dag.dag_id] = dag
