"""Tasks that are killed at any of their calls to AWS, before it is sent or after it was answered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from airflow_sagemaker_automl import approved
from demo.sandbox import REGION, sagemaker_client
from tests.live.dags.killed import KILLS, group_of
from tests.live.killer import Killer, killing
from tests.live.service import FIRST_KEY
from tests.live.test_told import events
from tests.support.jobs import unique

if TYPE_CHECKING:
    from tests.live.rest import Api
    from tests.live.service import Service

pytestmark = pytest.mark.live

_SEED = int(os.environ.get("LIVE_KILLS_SEED", "1"))


@pytest.mark.parametrize("where", ["deferred", pytest.param("here", marks=pytest.mark.matrix)])
def test_one_job_and_one_version_however_often_its_tasks_are_killed(where: str, api: Api, service: Service) -> None:
    """Each run trains once, registers once, is approved and told once, and stops nothing."""
    service.rehearse(1)
    killer = Killer(service.url, KILLS, _SEED)
    runs = 0
    with killing(killer) as url:
        aws_conn_id = unique("aws-killed")
        api.connect_to_aws(aws_conn_id, url, REGION, FIRST_KEY)
        while not killer.is_done:
            run = api.trigger(f"killed_{where}", {"aws_conn_id": aws_conn_id})
            assert run.wait_for_end() == "success", killer.killed
            runs += 1
            assert service.endings(run) == ["Completed"], killer.killed
            assert len(events(api, approved(group_of(where)), run)) == 1, killer.killed
    assert len(killer.killed) == KILLS
    versions = sagemaker_client(service.url).list_model_packages(ModelPackageGroupName=group_of(where), MaxResults=100)
    approvals = [version["ModelApprovalStatus"] for version in versions["ModelPackageSummaryList"]]
    assert approvals == ["Approved"] * runs, killer.killed
    assert service.asked("StopAutoMLJob") == 0, killer.killed
