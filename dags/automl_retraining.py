"""Train a model on a table in S3 every week; only one that keeps up with today's gets to be a version, and be approved.

The form that opens on "Trigger" asks for everything; the defaults fit the data of ``make ui`` and of the tutorial.
Who approves is chosen there too: the quality gate's verdict, a person on Airflow's pages, or a person in SageMaker
Studio, for whom the run waits. An approved version starts ``automl_deploy_on_approval``.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param

from airflow_sagemaker_automl.core.job_request import AutoMLJobRequest
from airflow_sagemaker_automl.core.model_card import AdditionalInformation, BusinessDetails, IntendedUses, ModelCard
from airflow_sagemaker_automl.core.problem_types import CompletionCriteria, Tabular
from airflow_sagemaker_automl.core.quality_gate import BetterThanChampion, QualityGate
from airflow_sagemaker_automl.task_groups import automl_retraining

GROUP = "breast-cancer"

with DAG(
    dag_id="automl_retraining",
    description="From a table in S3 to an approved, documented model version",
    # Without a start date, and without a run at once, switching it on costs nothing until next Sunday.
    schedule=CronTriggerTimetable("@weekly", timezone="UTC", run_immediately=timedelta(0)),
    # Two challengers at once would be judged by the same champion.
    max_active_runs=1,
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
        "max_runtime_seconds": Param(
            3600,
            type="integer",
            minimum=60,
            title="Run-time limit",
            description="Seconds after which the job ends with the best model that it has.",
        ),
        "margin": Param(
            0.0,
            type="number",
            minimum=0,
            title="Margin over the champion",
            description="By how much the objective has to beat the newest approved version's; 0 takes an equal one.",
        ),
        "approval": Param(
            "automatic",
            type="string",
            enum=["automatic", "airflow", "studio"],
            values_display={
                "automatic": "the quality gate",
                "airflow": "a person, in Airflow",
                "studio": "a person, in SageMaker Studio",
            },
            title="Who approves",
            description="What the quality gate rejects is never registered, whoever approves.",
        ),
        "output": Param(
            "s3://automl-demo/models",
            type="string",
            pattern="^s3://.+",
            title="Output prefix",
            section="Where SageMaker works",
        ),
        "role_arn": Param(
            "arn:aws:iam::123456789012:role/sagemaker-automl",
            type="string",
            title="Execution role",
            description="The role that SageMaker reads the data and trains with.",
            section="Where SageMaker works",
        ),
        "purpose": Param(
            "Demonstrates a retraining pipeline on a public table; not for clinical use.",
            type="string",
            title="Purpose of the model",
            section="Model card",
        ),
        "risk_rating": Param(
            "Unknown",
            type="string",
            enum=["High", "Medium", "Low", "Unknown"],
            title="Risk rating of the model",
            section="Model card",
        ),
    },
) as dag:
    # [START howto_retraining]
    automl_retraining(
        request=AutoMLJobRequest(
            problem_type=Tabular(
                target="{{ params.target }}",
                problem_type="{{ params.problem_type }}",
                mode="ENSEMBLING",
                completion=CompletionCriteria(max_job_seconds="{{ params.max_runtime_seconds }}"),
            ),
            objective="{{ params.objective }}",
            training_data="{{ params.training_data }}",
            output="{{ params.output }}",
            role_arn="{{ params.role_arn }}",
            tags={"project": GROUP},
        ),
        model_package_group_name=GROUP,
        # The first run makes the group. Take this out afterwards: then a wrong region or account is an error.
        may_be_new_group=True,
        gate=QualityGate(champion=BetterThanChampion(margin="{{ params.margin }}"), most_partial_failures=0),
        approval="{{ params.approval }}",
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
        steps={
            "train": {"poll_interval": 10},
            # A regression has no labels whose probability it could tell.
            "register": {
                "inference_response_keys": (
                    "{{ '' if params.problem_type == 'Regression' else 'predicted_label,probability' }}"
                )
            },
            # What a person has answered is kept for the retries.
            "approve_in_airflow": {"response_timeout": timedelta(days=3), "retries": 2},
            "approve_in_studio": {"poke_interval": 10, "timeout": timedelta(days=3).total_seconds()},
        },
        default_args={"deferrable": True},
    )
    # [END howto_retraining]
