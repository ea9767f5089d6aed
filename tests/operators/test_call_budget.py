"""How many calls to AWS a way from data to an approved version may make: none is made twice for one fact."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_sagemaker_automl import (
    BetterThanChampion,
    QualityGate,
    SageMakerAutoMLJobOperator,
    SageMakerQualityGateOperator,
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
)
from tests.support.gating import requests
from tests.support.jobs import tabular_request, unique
from tests.support.plain_http import hold_jobs
from tests.support.recorded import script
from tests.support.tasks import changed

# Sixteen in all.
BUDGET = {
    "CreateAutoMLJobV2": 1,
    # When it is created, judged and registered.
    "DescribeAutoMLJobV2": 3,
    # The leaderboard of the card.
    "ListCandidatesForAutoMLJob": 1,
    # The champion.
    "ListModelPackages": 1,
    # Whether the group is there: for the gate, before it is created, and until it is to be seen.
    "DescribeModelPackageGroup": 3,
    "CreateModelPackageGroup": 1,
    "CreateModelPackage": 1,
    # What was registered, whether it is completed, and how it is before and after its approval.
    "DescribeModelPackage": 4,
    "UpdateModelPackage": 1,
}


@pytest.fixture
def completing(emulator_url: str) -> None:
    """All jobs complete at once, as one that was trained did."""
    hold_jobs(emulator_url, **script("binary"), Stages=[])


@pytest.mark.usefixtures("completing")
def test_a_whole_way_keeps_to_its_budget(context: Any, emulator_url: str) -> None:
    """One training, judged, registered and approved, in a worker; polls are those of a job that ends at once."""
    requests(emulator_url)
    train = SageMakerAutoMLJobOperator(
        task_id="train", request=tabular_request("s3://no-such-bucket/"), deferrable=False, poll_interval=0.1
    )
    job = train.execute(context)["job_name"]
    group = unique("group")
    judge = SageMakerQualityGateOperator(
        task_id="judge",
        job_name=job,
        gate=QualityGate(champion=BetterThanChampion()),
        model_package_group_name=group,
        may_be_new_group=True,
    )
    verdict = judge.execute(changed(context, task_id="judge"))
    register = SageMakerRegisterCandidateOperator(
        task_id="register",
        job_name=job,
        model_package_group_name=group,
        verdict=verdict,
        approval_status="PendingManualApproval",
        deferrable=False,
    )
    arn = register.execute(changed(context, task_id="register"))["model_package_arn"]
    approve = SageMakerUpdateModelPackageOperator(task_id="approve", model_package_arn=arn, approval_status="Approved")
    assert approve.execute(changed(context, task_id="approve"))["approval_status"] == "Approved"
    assert requests(emulator_url) == BUDGET
