"""What the approval operator takes for arguments when a DAG is parsed, and what it refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk import DAG

from airflow_sagemaker_automl import InvalidModelPackage, SageMakerModelApprovalOperator
from tests.support.asking import operator


def test_wrong_arguments_are_refused_at_parse_all_at_once() -> None:
    """An import error of the DAG, in the words of who has written it."""
    with pytest.raises(InvalidModelPackage) as error:
        operator(
            "churn",
            response_timeout=60,
            defaults="Accept",
            assigned_users=["ada"],
            options=["Yes"],
            on_rejected="ignore",
            on_timeout="wait",
            on_decided_elsewhere="overrule",
            model_card_status_if_approved="Fine",
            model_life_cycle_if_rejected={"Stage": "In use"},
            params={"more": 1},
        )
    said = str(error.value)
    for part in (
        "model_package_arn = 'churn' must be the ARN",
        "response_timeout = 60 must be a timedelta",
        "defaults = 'Accept' must be Approve or Reject",
        "assigned_users = ['ada'] must be users like",
        "options = ['Yes'] must be left out",
        "on_rejected = 'ignore' must be one of skip, fail, pass",
        "on_timeout = 'wait' must be one of skip, fail, pass",
        "on_decided_elsewhere = 'overrule' must be one of accept, fail",
        "model_card_status_if_approved = 'Fine'",
        "model_life_cycle_if_rejected.Stage = 'In use'",
        "model_life_cycle_if_rejected.StageStatus is required",
        "params = ['more'] must be left out",
    ):
        assert said.count(part) == 1, part


def test_execution_timeout_is_not_about_the_person(recwarn: pytest.WarningsRecorder) -> None:
    """It stays what it is, even as a default argument."""
    with DAG("dag", schedule=None, default_args={"execution_timeout": timedelta(minutes=5)}):
        task = SageMakerModelApprovalOperator(task_id="approve", model_package_arn="{{ params.arn }}")
    assert (task.execution_timeout, task.response_timeout) == (timedelta(minutes=5), None)
    assert not recwarn.list
