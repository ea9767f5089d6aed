"""Approve or reject a version of a model package group.

The form has the version, the decision and the reason. An approved version starts ``automl_deploy_on_approval``.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param

from airflow_sagemaker_automl import AdditionalInformation, ModelCard, SageMakerUpdateModelPackageOperator, approved

GROUP = "breast-cancer"

with DAG(
    dag_id="automl_release",
    dag_display_name="2. Approve or reject a version",
    description="Approves or rejects a model version, with a reason",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    tags=["sagemaker", "automl"],
    doc_md=__doc__,
    params={
        "model_package_arn": Param(
            f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP}/1",
            type="string",
            pattern="^arn:aws[a-z-]*:sagemaker:.+:model-package/.+",
            title="Version",
            description="ARN of the model package version.",
        ),
        "decision": Param("Approved", type="string", enum=["Approved", "Rejected"], title="Decision"),
        "reason": Param(
            "The metrics on the card are good enough.",
            type="string",
            minLength=1,
            maxLength=1024,
            title="Reason",
            description="Stored with the version, as its approval description.",
        ),
    },
) as dag:
    # [START howto_decide]
    SageMakerUpdateModelPackageOperator(
        task_id="decide",
        model_package_arn="{{ params.model_package_arn }}",
        approval_status="{{ params.decision }}",
        approval_description="{{ params.reason }}",
        model_card=ModelCard(
            additional_information=AdditionalInformation(custom_details={"Decided in DAG run": "{{ run_id }}"})
        ),
        model_card_status="{{ 'Approved' if params.decision == 'Approved' else 'PendingReview' }}",
        model_life_cycle={
            "Stage": "{{ 'Production' if params.decision == 'Approved' else 'Development' }}",
            "StageStatus": "{{ params.decision }}",
        },
        outlets=[approved(GROUP)],
    )
    # [END howto_decide]
