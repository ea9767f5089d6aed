"""Asset events that Airflow's test runner creates for the outlets of tasks that emit version events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.utils.session import create_session
from sqlalchemy import select

from airflow_sagemaker_automl import approved, registered
from airflow_sagemaker_automl.assets.events import ModelVersion
from demo.sandbox import REPOSITORY
from tests.dags.telling import GROUP
from tests.support.versions import described, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType

_REGISTERED, _APPROVED = registered(GROUP).uri, approved(GROUP).uri


def told_by(run: Any) -> dict[tuple[str | None, int | None], dict[str, Any]]:
    """List the events of a run: task and map index → URI → ``extra``."""
    told: dict[tuple[str | None, int | None], dict[str, Any]] = {
        (task.task_id, task.map_index): {} for task in run.get_task_instances()
    }
    with create_session() as session:
        for event in session.scalars(select(AssetEvent).where(AssetEvent.source_run_id == run.run_id)):
            told[event.source_task_id, event.source_map_index][event.asset.uri] = event.extra
    return told


@pytest.mark.parametrize("status", ["PendingManualApproval", "Approved"])
def test_a_task_tells_of_what_it_did_only(
    status: ModelApprovalStatusType, airflow_database: None, sagemaker: SageMakerClient, capsys: Any
) -> None:
    """Registered, after a wait, mapped, or approved: the version is in ``extra``, and ``approved`` only if it is."""
    arn = register(sagemaker, GROUP, ModelApprovalStatus=status)
    bag = DagBag(str(REPOSITORY / "tests" / "dags"), load_op_links=False)
    run = bag.dags["tell"].test(run_conf={"model_package_arn": arn})
    assert run.state == "success"
    extra = ModelVersion.from_description(described(sagemaker, arn)).to_extra()
    approval = {_APPROVED: extra} if status == "Approved" else {}
    assert told_by(run) == {
        ("here", -1): {_REGISTERED: extra, **approval},
        ("deferred", -1): {_REGISTERED: extra, **approval},
        ("mapped", 0): {_REGISTERED: extra, **approval},
        ("approve", -1): approval,
        ("other_group", -1): {},
    }
    assert f"belongs to model package group '{GROUP}', the outlet to 'other'" in capsys.readouterr().out
