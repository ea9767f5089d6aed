"""Decide on a version of a model package group, and start what follows an approval.

``automl_release`` asks in its form for the version, the decision and the reason. An approved version starts
``automl_released``, which knows neither account nor region, only the group's name.
"""

from __future__ import annotations

import logging
from typing import Any

import pendulum
from airflow.sdk import DAG, Param, task

from airflow_sagemaker_automl.assets import approved, approved_version
from airflow_sagemaker_automl.core.model_card import AdditionalInformation, ModelCard
from airflow_sagemaker_automl.operators import SageMakerUpdateModelPackageOperator

GROUP = "breast-cancer"

with DAG(
    dag_id="automl_release",
    description="Approve or reject a version of a model, with a reason",
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
            "The figures on the card are good enough.",
            type="string",
            minLength=1,
            maxLength=1024,
            title="Reason",
            description="Is kept with the version.",
        ),
    },
):
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

with DAG(
    dag_id="automl_released",
    description="Starts when a version is approved, and says which",
    schedule=approved(GROUP),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    tags=["sagemaker", "automl"],
    doc_md=__doc__,
):

    @task
    def announce(triggering_asset_events: Any = None) -> str:
        """Say which version is to be taken from now on."""
        version = approved_version(triggering_asset_events)
        logging.getLogger(__name__).info(
            "Version %s of %s is approved: %s %s",
            version.model_package_version,
            version.model_package_group_name,
            version.objective_metric,
            version.objective_value,
        )
        return version.model_package_arn

    announce()
