"""Train on the same table for each of six objectives, which are more jobs than the account's quota allows.

The quota paces the mapped tasks: refused tasks wait in the triggerer, and start one by one as jobs end.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Param

from airflow_sagemaker_automl import AutoMLJobRequest, CompletionCriteria, SageMakerAutoMLJobOperator, Tabular

with DAG(
    dag_id="automl_objectives",
    dag_display_name="5. Train for several objectives",
    description="Trains one model for each objective, paced by the account's quota",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    tags=["sagemaker", "automl"],
    doc_md=__doc__,
    params={
        "training_data": Param("s3://automl-demo/breast-cancer/", type="string", pattern="^s3://.+"),
        "target": Param("diagnosis", type="string", minLength=1),
        "max_candidates": Param(2, type="integer", minimum=1, maximum=750),
        "output": Param("s3://automl-demo/models", type="string", pattern="^s3://.+"),
        "role_arn": Param("arn:aws:iam::123456789012:role/sagemaker-automl", type="string"),
    },
) as dag:
    # [START howto_mapped_training]
    SageMakerAutoMLJobOperator.partial(
        task_id="train",
        map_index_template="{{ task.request['AutoMLJobObjective']['MetricName'] }}",
        deferrable=True,
        poll_interval=10,
        capacity_timeout=timedelta(hours=12),
        # If the run is cleared, jobs that have succeeded are not trained again.
        reuse_job="clears",
    ).expand(
        request=[
            AutoMLJobRequest(
                problem_type=Tabular(
                    target="{{ params.target }}",
                    problem_type="BinaryClassification",
                    mode="ENSEMBLING",
                    completion=CompletionCriteria(max_candidates="{{ params.max_candidates }}"),
                ),
                objective=objective,
                training_data="{{ params.training_data }}",
                output="{{ params.output }}",
                role_arn="{{ params.role_arn }}",
            )
            for objective in ("F1", "AUC", "Accuracy", "BalancedAccuracy", "Precision", "Recall")
        ]
    )
    # [END howto_mapped_training]
