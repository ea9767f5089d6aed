"""A version that takes its time, in a live Airflow: registered, waited for, approved, and told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_sagemaker_automl.assets.events import ModelVersion
from demo.sandbox import REGION, sagemaker_client
from tests.live.dags.registering import GROUP
from tests.live.lineage import last_event
from tests.live.rest import followed, wait_until
from tests.live.service import FIRST_KEY, TRAINING_JOB
from tests.support.scripts import hold, let_go
from tests.support.versions import described

if TYPE_CHECKING:
    from tests.live.components import WholeAirflow
    from tests.live.rest import Api, Run
    from tests.live.service import Service

pytestmark = pytest.mark.live


def test_a_version_is_registered_once_and_its_approval_starts_another_dag(
    live_airflow: WholeAirflow, api: Api, service: Service
) -> None:
    """The task waits in the triggerer; cleared, it finds its version, approved as it is by then.

    Where there is a console, the task has its links while it waits, and the same ones when it has ended.
    """
    sagemaker = sagemaker_client(service.url)
    api.switch_on("follow_approval")
    service.rehearse(1)
    hold(service.url, GROUP)
    api.connect_as_if_to_aws("aws-console", service.url, REGION, FIRST_KEY)
    run = api.trigger("register_and_approve", {"aws_conn_id": "aws-console"})
    run.wait_for_task("register", "deferred")
    job_links, links = run.links("train"), run.links("register")
    job_name = run.xcom("train")["job_name"]
    service.wait_until_asked("ListModelPackages")
    let_go(service.url, GROUP)
    assert run.wait_for_end() == "success"
    assert_lead_to_the_console(job_links, job_name)
    assert_lead_to_the_console(links, job_name)
    assert len(job_links) < len(links)
    assert (run.links("train"), run.links("register")) == (job_links, links)
    assert run.links("approve") == {name: links[name] for name in ("Model package group", "Model package version")}
    result = run.xcom("register")
    version = described(sagemaker, result["model_package_arn"])
    assert (version["ModelPackageStatus"], version["ModelApprovalStatus"]) == ("Completed", "Approved")
    assert version["ApprovalDescription"] == f"By {run.run_id}"
    assert version["CustomerMetadataProperties"]["dag_id"] == "register_and_approve"

    approved = ModelVersion.from_description(version).to_extra()
    wait_until(lambda: followed(api, "follow_approval") == [approved], "nobody follows")
    _lineage_is_told_after_the_deferrals(live_airflow, run)

    run.clear("register")
    run.wait_for_task("register", "success")
    assert run.xcom("register") == {**result, "approval_status": "Approved"}
    assert run.links("register") == links
    listed = sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    assert [entry["ModelPackageArn"] for entry in listed] == [result["model_package_arn"]]


def assert_lead_to_the_console(links: dict[str, str | None], job_name: str) -> None:
    """Check that a task has all its links, those of the job among them."""
    sagemaker = f"https://{REGION}.console.aws.amazon.com/sagemaker/home?region={REGION}"
    assert links["AutoML job"] == f"{sagemaker}#/jobs"
    assert links["Candidate's training job"] == f"{sagemaker}#/jobs/{TRAINING_JOB}"
    assert str(links["CloudWatch logs"]).endswith(f"TrainingJobs$3FlogStreamNameFilter$3D{job_name}")
    studio = {str(links[name]) for name in links if name.startswith("Model package")}
    assert studio <= {f"{sagemaker}#/studio-landing"}


def _lineage_is_told_after_the_deferrals(live_airflow: WholeAirflow, run: Run) -> None:
    """What the tasks knew before they were deferred is told at their end all the same."""
    trained, registered = (last_event(live_airflow.logs, run, task) for task in ("train", "register"))
    assert trained.inputs == ["s3://no-such-bucket data"]
    assert trained.outputs == registered.inputs == ["s3://bucket model.tar.gz"]
    job = trained.job_facets["sageMakerAutoML_job"]
    assert (job["bestCandidate"], job["bestObjectiveValue"]) == ("best", 0.75)
    assert registered.job_facets["sageMakerAutoML_job"]["jobArn"] == job["jobArn"]
    version = "arn:aws:sagemaker:us-east-1:123456789012 model-package/registering/1"
    assert registered.outputs == [version, "sagemaker://model-package-groups registering"]
