"""The main job on live AWS: what no emulator can answer. Run with ``pytest -m aws``."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    CompletionCriteria,
    SageMakerAutoMLJobOperator,
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
    Tabular,
)
from demo.sandbox import breast_cancer_files
from tests.support.jobs import unique
from tests.support.tasks import new_context

HALF_AN_HOUR = 1800


@pytest.mark.aws
def test_the_service_takes_and_keeps_what_we_send(aws_credentials: None) -> None:
    """A real job trains, its best candidate is registered with a card, and the registry gives back what was sent."""
    role, bucket = (os.environ.get(name) for name in ("AUTOML_AWS_ROLE_ARN", "AUTOML_AWS_BUCKET"))
    assert role, "AUTOML_AWS_ROLE_ARN is needed: the role that SageMaker trains with"
    assert bucket, "AUTOML_AWS_BUCKET is needed: a bucket that this role may read and write"
    prefix, group = unique("airflow-sagemaker-automl"), unique("airflow-sagemaker-automl")
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    for name, body in breast_cancer_files():
        s3.put_object(Bucket=bucket, Key=f"{prefix}/train/{name}", Body=body)
    request = AutoMLJobRequest(
        problem_type=Tabular(
            target="diagnosis",
            mode="ENSEMBLING",
            completion=CompletionCriteria(max_job_seconds=HALF_AN_HOUR, max_training_job_seconds=HALF_AN_HOUR),
        ),
        training_data=f"s3://{bucket}/{prefix}/train/",
        output=f"s3://{bucket}/{prefix}/out",
        role_arn=role,
    )
    context: Any = new_context(unique("dag"), "train", unique("run"))
    trained = SageMakerAutoMLJobOperator(
        task_id="train", request=request, deferrable=False, poll_interval=30, aws_conn_id=None
    ).execute(context)
    registration = SageMakerRegisterCandidateOperator(
        task_id="register", job_name=trained["job_name"], model_package_group_name=group, aws_conn_id=None
    )
    registered = registration.execute(context)
    arn = registered["model_package_arn"]
    try:
        # Another DAG run's: what the service says to a token that comes with another content is not documented.
        another: Any = new_context(unique("dag"), "register", unique("run"))
        assert registration.execute(context)["model_package_arn"] == arn
        assert registration.execute(another)["model_package_arn"] == arn
        version = sagemaker.describe_model_package(ModelPackageName=arn)
        best = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=trained["job_name"])["BestCandidate"]
        assert (
            version["InferenceSpecification"]["Containers"][0]["Environment"]
            == (best["InferenceContainers"][0]["Environment"])
        )
        assert version["ModelCard"]["ModelCardStatus"] == "Draft"
        assert version["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].endswith("/statistics.json")
        decision = SageMakerUpdateModelPackageOperator(
            task_id="decide",
            model_package_arn=arn,
            approval_status="Rejected",
            approval_description="Only a test",
            model_card={"intended_uses": {"risk_rating": "Low"}},
            model_card_status="PendingReview",
            model_life_cycle={"Stage": "Development", "StageStatus": "Rejected"},
            source_uri=trained["job_arn"],
            aws_conn_id=None,
        )
        assert decision.execute(context)["approval_status"] == "Rejected"
        assert decision.execute(context)["changed"] == []
    finally:
        sagemaker.delete_model_package(ModelPackageName=arn)
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
