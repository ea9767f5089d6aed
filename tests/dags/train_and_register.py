"""The main job with everything templated, for ``dag.test()``: once deferred, once in the worker."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    CompletionCriteria,
    SageMakerAutoMLJobOperator,
    SageMakerRegisterCandidateOperator,
    Tabular,
)

for deferrable in (True, False):
    with DAG(
        dag_id=f"train_and_register_{'deferred' if deferrable else 'here'}",
        schedule=None,
        params={
            "target": "diagnosis",
            "group": "group",
            "data": "s3://automl-demo/breast-cancer/",
            "response_keys": "",
        },
    ) as dag:
        train = SageMakerAutoMLJobOperator(
            task_id="train",
            request=AutoMLJobRequest(
                problem_type=Tabular(target="{{ params.target }}", completion=CompletionCriteria(max_candidates=1)),
                training_data="{{ params.data }}",
                output="s3://automl-demo/{{ dag.dag_id }}",
                role_arn="arn:aws:iam::123456789012:role/sagemaker-automl",
            ),
            poll_interval=1,
            deferrable=deferrable,
        )
        SageMakerRegisterCandidateOperator(
            task_id="register",
            job_name=train.output["job_name"],
            model_package_group_name="{{ params.group }}",
            model_card={"intended_uses": {"purpose_of_model": "Run {{ run_id }}"}},
            inference_response_keys="{{ params.response_keys }}",
        )
    globals()[dag.dag_id] = dag
