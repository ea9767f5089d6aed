"""Waiting for decisions in Airflow's test runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow.dag_processing.dagbag import DagBag

from airflow_sagemaker_automl import approved
from airflow_sagemaker_automl.assets.events import ModelVersion
from demo.sandbox import REPOSITORY, sagemaker_client
from tests.dags.deciding import GROUP
from tests.in_airflow.test_telling import told_by
from tests.in_airflow.test_watching import states
from tests.support.plain_http import once_answered
from tests.support.versions import decide, described, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType


@pytest.mark.parametrize(
    ("status", "failing", "skipping"),
    [("Approved", "success", "success"), pytest.param("Rejected", "failed", "skipped", marks=pytest.mark.matrix)],
)
def test_a_decision_made_elsewhere_ends_both_waits(
    status: ModelApprovalStatusType,
    failing: str,
    skipping: str,
    airflow_database: None,
    alone: str,
) -> None:
    """One waits in the triggerer, one in the worker; a rejection is not retried, and downstream tasks see why."""
    sagemaker = sagemaker_client(alone)
    arn = register(sagemaker, GROUP)
    bag = DagBag(str(REPOSITORY / "tests" / "dags"), load_op_links=False)
    assert not bag.import_errors
    decision = once_answered(alone, "DescribeModelPackage", lambda: decide(sagemaker, arn, status, "It is what it is"))
    run = bag.dags["decide"].test(run_conf={"version": arn})
    decision.join()
    assert states(run) == {
        ("wait_or_fail", -1): (failing, 1),
        ("wait_or_skip", -1): (skipping, 1),
        ("tell_fail", -1): ("success", 1),
        ("tell_skip", -1): ("success", 1),
    }
    for name in ("fail", "skip"):
        read = run.get_task_instance(f"tell_{name}").xcom_pull(task_ids=f"tell_{name}")
        assert read == [status, "It is what it is"]
    extra = ModelVersion.from_description(described(sagemaker, arn)).to_extra()
    told = {approved(GROUP).uri: extra} if status == "Approved" else {}
    assert [told_by(run)[f"wait_or_{name}", -1] for name in ("fail", "skip")] == [told, told]
