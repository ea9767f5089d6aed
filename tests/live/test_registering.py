"""A version that takes its time, in a live Airflow: registered, waited for, approved, and told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_sagemaker_automl.assets import ModelVersion
from demo.sandbox import sagemaker_client
from tests.live.dags.registering import GROUP
from tests.live.rest import ENDED, wait_until
from tests.scripts import hold, let_go
from tests.versions import described

if TYPE_CHECKING:
    from tests.live.rest import Api
    from tests.live.service import Service

pytestmark = pytest.mark.live


def test_a_version_is_registered_once_and_its_approval_starts_another_dag(api: Api, service: Service) -> None:
    """The task waits in the triggerer; cleared, it finds its version, approved as it is by then."""
    sagemaker = sagemaker_client(service.url)
    api.switch_on("follow_approval")
    service.rehearse(1)
    hold(service.url, GROUP)
    run = api.trigger("register_and_approve", service.conf)
    run.wait_for_task("register", "deferred")
    service.wait_until_asked("ListModelPackages")
    let_go(service.url, GROUP)
    assert run.wait_for_end() == "success"
    result = run.xcom("register")
    version = described(sagemaker, result["model_package_arn"])
    assert (version["ModelPackageStatus"], version["ModelApprovalStatus"]) == ("Completed", "Approved")
    assert version["ApprovalDescription"] == f"By {run.run_id}"
    assert version["CustomerMetadataProperties"]["dag_id"] == "register_and_approve"

    wait_until(lambda: any(each.state() in ENDED for each in api.runs("follow_approval")), "nobody follows")
    (follower,) = api.runs("follow_approval")
    assert follower.xcom("follow") == ModelVersion.from_description(version).to_extra()

    run.clear("register")
    run.wait_for_task("register", "success")
    assert run.xcom("register") == {**result, "approval_status": "Approved"}
    listed = sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    assert [entry["ModelPackageArn"] for entry in listed] == [result["model_package_arn"]]
