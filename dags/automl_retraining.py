"""Train a model on a table in S3 and register it, with a model card, as a version that waits for approval.

The form that opens on "Trigger" asks for everything; the defaults fit the data that ``make ui`` puts into its emulator.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param

from airflow_sagemaker_automl.assets import registered
from airflow_sagemaker_automl.core.job_request import AutoMLJobRequest
from airflow_sagemaker_automl.core.model_card import AdditionalInformation, BusinessDetails, IntendedUses, ModelCard
from airflow_sagemaker_automl.core.problem_types import Tabular
from airflow_sagemaker_automl.operators import SageMakerAutoMLJobOperator, SageMakerRegisterCandidateOperator

with DAG(
    dag_id="automl_retraining",
    description="From a table in S3 to a registered, documented model version",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    tags=["sagemaker", "automl"],
    doc_md=__doc__,
    params={
        "training_data": Param(
            "s3://automl-demo/breast-cancer/",
            type="string",
            pattern="^s3://.+",
            title="Training data",
            description="S3 prefix of CSV files with a header line, at least 500 rows in all.",
        ),
        "target": Param("diagnosis", type="string", title="Target column", minLength=1),
        "problem_type": Param(
            "BinaryClassification",
            type="string",
            enum=["BinaryClassification", "MulticlassClassification", "Regression"],
            title="Problem type",
        ),
        "objective": Param("F1", type="string", title="Objective", description="Metric to rank candidates by."),
        "output": Param("s3://automl-demo/models", type="string", pattern="^s3://.+", title="Output prefix"),
        "role_arn": Param(
            "arn:aws:iam::123456789012:role/sagemaker-automl",
            type="string",
            title="Execution role",
            description="The role that SageMaker reads the data and trains with.",
        ),
        "model_package_group": Param("breast-cancer", type="string", title="Model package group"),
        "purpose": Param(
            "Demonstrates a retraining pipeline on a public table; not for clinical use.",
            type="string",
            title="Purpose of the model",
            description="Goes into the model card.",
        ),
        "risk_rating": Param(
            "Unknown", type="string", enum=["High", "Medium", "Low", "Unknown"], title="Risk rating of the model"
        ),
    },
) as dag:
    train = SageMakerAutoMLJobOperator(
        task_id="train",
        request=AutoMLJobRequest(
            problem_type=Tabular(
                target="{{ params.target }}", problem_type="{{ params.problem_type }}", mode="ENSEMBLING"
            ),
            objective="{{ params.objective }}",
            training_data="{{ params.training_data }}",
            output="{{ params.output }}",
            role_arn="{{ params.role_arn }}",
            tags={"project": "{{ params.model_package_group }}"},
        ),
        deferrable=True,
        poll_interval=10,
    )

    SageMakerRegisterCandidateOperator(
        task_id="register",
        job_name=train.output["job_name"],
        model_package_group_name="{{ params.model_package_group }}",
        model_card=ModelCard(
            intended_uses=IntendedUses(
                purpose_of_model="{{ params.purpose }}",
                intended_uses="Training people, and trying the pipeline.",
                risk_rating="{{ params.risk_rating }}",
                explanations_for_risk_rating="Nobody has examined what a wrong answer would cost.",
            ),
            business_details=BusinessDetails(line_of_business="Demonstration"),
            additional_information=AdditionalInformation(
                caveats_and_recommendations="Look at the figures on test data; they are from few rows."
            ),
        ),
        # A regression has no labels whose probability it could tell.
        inference_response_keys=("{{ '' if params.problem_type == 'Regression' else 'predicted_label,probability' }}"),
        outlets=[registered("breast-cancer")],
        deferrable=True,
    )
