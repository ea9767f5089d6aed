"""A version, a group or a job of another region than the connection's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import (
    OtherRegion,
    SageMakerAutoMLHook,
    SageMakerAutoMLJobSensor,
    SageMakerModelApprovalOperator,
    SageMakerModelPackageApprovalSensor,
    SageMakerQualityGateOperator,
    SageMakerRegisterCandidateOperator,
    SageMakerStopAutoMLJobOperator,
    SageMakerUpdateModelPackageOperator,
)
from tests.support.plain_http import send
from tests.support.versions import make_group, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ELSEWHERE = "arn:aws:sagemaker:eu-west-1:123456789012"
VERSION, GROUP, JOB = (
    f"{ELSEWHERE}:model-package/churn/1",
    f"{ELSEWHERE}:model-package-group/churn",
    f"{ELSEWHERE}:automl-job/x",
)
TASKS: dict[str, tuple[Any, dict[str, Any]]] = {
    "approval operator": (SageMakerModelApprovalOperator, {"model_package_arn": VERSION}),
    "approval sensor": (SageMakerModelPackageApprovalSensor, {"model_package_arn": VERSION}),
    "update operator": (
        SageMakerUpdateModelPackageOperator,
        {"model_package_arn": VERSION, "approval_status": "Approved"},
    ),
    "register operator": (SageMakerRegisterCandidateOperator, {"job_name": "x", "model_package_group_name": GROUP}),
    "gate operator": (
        SageMakerQualityGateOperator,
        {"job_name": "x", "model_package_group_name": GROUP, "gate": {"champion": {"margin": 0}}},
    ),
    "job sensor": (SageMakerAutoMLJobSensor, {"job_name": JOB}),
    "stop operator": (SageMakerStopAutoMLJobOperator, {"job_name": JOB}),
}


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("given", [{"region_name": "us-east-1"}, {}])
def test_what_is_of_another_region_is_named_as_such(
    name: str, given: dict[str, Any], context: Any, emulator_url: str
) -> None:
    """Whether the task or the connection says the region, both are named before any call, and no retry is used up."""
    task, arguments = TASKS[name]
    counted = f"{emulator_url}/automl-emulator/requests"
    before = send(counted, "GET")[1]
    with pytest.raises(AirflowFailException, match=r"is in region eu-west-1, but this connection uses us-east-1\."):
        task(task_id="task", **arguments, **given).execute(context)
    assert send(counted, "GET")[1] == before


def test_an_arn_of_another_account_is_left_to_the_service(sagemaker: SageMakerClient, emulator_url: str) -> None:
    """A registry may be shared between accounts, and not between regions; the hook of one's own code says the same."""
    hook = SageMakerAutoMLHook(aws_conn_id="aws_default")
    group = make_group(sagemaker)
    arn = register(sagemaker, group)
    assert hook.describe_model_package(arn)["ModelPackageArn"] == arn
    hook.require_region("arn:aws:sagemaker:us-east-1:999999999999:model-package/churn/1")
    for ask in (
        lambda: hook.describe_model_package(VERSION),
        lambda: hook.update_model_package({"ModelPackageArn": VERSION}),
        lambda: hook.create_model_package({"ModelPackageGroupName": GROUP}),
        lambda: hook.newest_versions(GROUP),
        lambda: hook.approved_versions(GROUP),
        lambda: hook.has_group(GROUP),
        lambda: hook.describe_job(JOB),
        lambda: hook.stop_job(JOB),
    ):
        with pytest.raises(OtherRegion):
            ask()
