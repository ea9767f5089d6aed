"""What a live Airflow tells OpenLineage of its tasks: what was made of what, what has come of it, and no secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.sandbox import sagemaker_client
from tests.live.dags.lineage import FAILING_JOB
from tests.live.lineage import events, last_event, text_of_all
from tests.live.rest import CANARY
from tests.support.scripts import script_jobs
from tests.support.versions import described

if TYPE_CHECKING:
    from tests.live.components import WholeAirflow
    from tests.live.rest import Api, Run
    from tests.live.service import Service

pytestmark = pytest.mark.live

ARN = "arn:aws:sagemaker:us-east-1:123456789012"
DATA = ["s3://no-such-bucket lineage/train", "s3://no-such-bucket lineage/validation"]
MODEL = ["s3://bucket model.tar.gz"]
OUTLETS = ["sagemaker://model-package-groups lineage", "sagemaker://model-package-groups lineage/approved"]
REASON = "The data is not there."


def test_lineage_leads_from_the_data_to_the_version(live_airflow: WholeAirflow, api: Api, service: Service) -> None:
    """Each task's events name what it read and wrote; a failed one has its data and the service's reason."""
    home = live_airflow.logs
    service.rehearse(1)
    script_jobs(service.url, FAILING_JOB, AutoMLJobStatus="Failed", FailureReason=REASON)
    run = api.trigger("lineage", service.conf)
    assert run.wait_for_end() == "failed"
    assert [event.type for event in events(home, run, "train")][:1] == ["START"]
    start, trained = last_event(home, run, "train", "START"), last_event(home, run, "train")
    assert (start.inputs, start.outputs) == (DATA, [])
    assert (trained.inputs, trained.outputs) == (DATA, MODEL)
    job = trained.job_facets["sageMakerAutoML_job"]
    name = run.xcom("train")["job_name"]
    assert (job["jobName"], job["jobArn"]) == (name, f"{ARN}:automl-job/{name}")
    assert (job["problemType"], job["objectiveMetric"], job["bestObjectiveValue"]) == ("Tabular", "Accuracy", 0.75)
    assert trained.run_facets["externalQuery"]["externalQueryId"] == job["jobArn"]
    assert trained.run_facets["sageMakerAutoML_ending"]["outcome"] == "model"

    judged = last_event(home, run, "judge")
    assert (judged.inputs, judged.outputs) == (MODEL, [])
    assert judged.run_facets["sageMakerAutoML_verdict"]["approved"] is True
    _is_told_of_the_version(live_airflow, run, service)
    _is_told_of_the_failure(live_airflow, run)

    by_hand = last_event(home, run, "by_hand")
    assert by_hand.inputs == ["s3://bucket by-hand.tar.gz", "s3://no-such-bucket by-hand"]
    assert by_hand.outputs == [f"{ARN} model-package/by-hand/1"]
    assert CANARY not in text_of_all(home)


def _is_told_of_the_version(live_airflow: WholeAirflow, run: Run, service: Service) -> None:
    home, result = live_airflow.logs, run.xcom("register")
    registered, approved = last_event(home, run, "register"), last_event(home, run, "approve")
    assert registered.inputs == MODEL
    assert registered.outputs == [f"{ARN} model-package/lineage/1", *OUTLETS]
    assert approved.outputs == [f"{ARN} model-package/lineage/1", OUTLETS[1]]
    assert registered.job_facets["sageMakerAutoML_job"]["jobName"] == run.xcom("train")["job_name"]
    facets = registered.output_facets("model-package/lineage/1")
    assert (facets["datasetType"]["datasetType"], facets["version"]["datasetVersion"]) == ("MODEL", "1")
    version = facets["sageMakerAutoML_modelVersion"]
    assert (version["modelPackageArn"], version["objectiveValue"]) == (result["model_package_arn"], 0.75)
    status = described(sagemaker_client(service.url), result["model_package_arn"])["ModelApprovalStatus"]
    assert version["approvalStatus"] == status == "Approved"


def _is_told_of_the_failure(live_airflow: WholeAirflow, run: Run) -> None:
    failed = last_event(live_airflow.logs, run, "fail", "FAIL")
    assert (failed.inputs, failed.outputs) == (DATA, [])
    assert REASON in failed.run_facets["errorMessage"]["message"]
    assert failed.run_facets["sageMakerAutoML_ending"]["failureReason"] == REASON
    assert failed.job_facets["sageMakerAutoML_job"]["jobName"] == FAILING_JOB
