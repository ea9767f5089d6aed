"""Train a model on a table in S3 every week. Register and approve it only if it is as good as the champion.

The form that opens on "Trigger" has all settings; the defaults fit the data of ``make ui`` and of the tutorial.
It also selects who approves: the quality gate, a person in Airflow, or a person in SageMaker Studio. An approved
version of the group ``breast-cancer`` starts ``automl_deploy_on_approval``, which watches it.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param

from airflow_sagemaker_automl import (
    AdditionalInformation,
    AutoMLJobRequest,
    BetterThanChampion,
    BusinessDetails,
    CompletionCriteria,
    IntendedUses,
    ModelCard,
    QualityGate,
    Tabular,
    automl_retraining,
)

GROUP = "breast-cancer"
# Metric → what a model predicts that has this metric.
OBJECTIVES = {
    "F1": "two classes",
    "AUC": "two classes",
    "Precision": "two classes",
    "Recall": "two classes",
    "Accuracy": "two or more classes",
    "BalancedAccuracy": "two or more classes",
    "F1macro": "three or more classes",
    "PrecisionMacro": "three or more classes",
    "RecallMacro": "three or more classes",
    "RMSE": "a number",
    "MSE": "a number",
    "MAE": "a number",
    "R2": "a number",
}

with DAG(
    dag_id="automl_retraining",
    dag_display_name="1. Train, judge, register, approve",
    description="From a table in S3 to an approved, documented model version",
    # Without a start date and an immediate run, switching the DAG on costs nothing until next Sunday.
    schedule=CronTriggerTimetable("@weekly", timezone="UTC", run_immediately=timedelta(0)),
    # Two challengers at the same time would be compared with the same champion.
    max_active_runs=1,
    tags=["sagemaker", "automl"],
    doc_md=__doc__,
    params={
        "training_data": Param(
            "s3://automl-demo/breast-cancer/",
            type="string",
            pattern="^s3://.+",
            title="Training data",
            description="S3 prefix of the CSV files. Each has a header line; together they need at least 500 rows.",
        ),
        "target": Param(
            "diagnosis",
            type="string",
            title="Target column",
            description="The column that the model predicts.",
            minLength=1,
        ),
        "problem_type": Param(
            "BinaryClassification",
            type="string",
            enum=["BinaryClassification", "MulticlassClassification", "Regression"],
            values_display={
                "BinaryClassification": "two classes",
                "MulticlassClassification": "three or more classes",
                "Regression": "a number",
            },
            title="Problem type",
            description="What the target column contains.",
        ),
        "objective": Param(
            "F1",
            type="string",
            enum=list(OBJECTIVES),
            values_display={metric: f"{metric} ({predicted})" for metric, predicted in OBJECTIVES.items()},
            title="Objective",
            description="The metric that selects the best candidate and compares it with the champion. With a metric "
            "that the problem type does not have, the run fails before it trains.",
        ),
        "model_package_group_name": Param(
            GROUP,
            type="string",
            pattern="^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$",
            examples=[GROUP, f"{GROUP}-trial"],
            title="Model package group",
            description="Where the model is registered, and whose newest approved version is the champion. A new name "
            f"creates a group. Only versions in {GROUP} are deployed when they are approved.",
        ),
        "max_runtime_seconds": Param(
            3600,
            type="integer",
            minimum=60,
            title="Run-time limit",
            description="In seconds. At the limit the job ends with the best model that it has found so far.",
        ),
        "margin": Param(
            0.0,
            type="number",
            minimum=0,
            title="Margin over the champion",
            description="How much better than the champion's metric the model's must be; 0 = a tie is enough.",
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
            description="A model that the quality gate rejects is never registered.",
        ),
        "output": Param(
            "s3://automl-demo/models",
            type="string",
            pattern="^s3://.+",
            title="Output prefix",
            description="S3 prefix for models and reports.",
            section="SageMaker role and output",
        ),
        "role_arn": Param(
            "arn:aws:iam::123456789012:role/sagemaker-automl",
            type="string",
            title="Execution role",
            description="IAM role that SageMaker uses to read the data and to train.",
            section="SageMaker role and output",
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
            tags={"project": "{{ params.model_package_group_name }}"},
        ),
        # With a literal name, the tasks also emit asset events of the group.
        model_package_group_name="{{ params.model_package_group_name }}",
        # A first run creates the group. Remove this line afterwards, so that a wrong region or account is an error.
        may_be_new_group=True,
        gate=QualityGate(champion=BetterThanChampion(margin="{{ params.margin }}"), most_partial_failures=0),
        approval="{{ params.approval }}",
        model_card=ModelCard(
            intended_uses=IntendedUses(
                purpose_of_model="{{ params.purpose }}",
                intended_uses="Training people and trying out the pipeline.",
                risk_rating="{{ params.risk_rating }}",
                explanations_for_risk_rating="The cost of a wrong prediction has not been assessed.",
            ),
            business_details=BusinessDetails(line_of_business="Demonstration"),
            additional_information=AdditionalInformation(
                caveats_and_recommendations="Check the metrics on test data; they come from few rows."
            ),
        ),
        steps={
            "train": {"poll_interval": 10},
            # A regression predicts no labels, so it has no probabilities.
            "register": {
                "inference_response_keys": (
                    "{{ '' if params.problem_type == 'Regression' else 'predicted_label,probability' }}"
                )
            },
            # A retry applies the answer that the person has given.
            "approve_in_airflow": {"response_timeout": timedelta(days=3), "retries": 2},
            "approve_in_studio": {"poke_interval": 10, "timeout": timedelta(days=3).total_seconds()},
        },
        default_args={"deferrable": True},
    )
    # [END howto_retraining]
