"""A person's answer in a live Airflow, over REST: asked, answered, kept, applied, and told of."""

from __future__ import annotations

import json
import urllib.error
from typing import TYPE_CHECKING

import pytest

from airflow_sagemaker_automl.assets.events import ModelVersion
from demo.sandbox import sagemaker_client
from tests.live.asking import conf, form
from tests.live.dags.approving import GROUP
from tests.live.lineage import last_event
from tests.live.rest import followed, wait_until
from tests.support.versions import described, register

if TYPE_CHECKING:
    from tests.live.components import WholeAirflow
    from tests.live.rest import Api
    from tests.live.service import Service

pytestmark = pytest.mark.live

CARD = json.dumps({"intended_uses": {"risk_rating": "Low", "purpose_of_model": "Triage"}})


def test_an_answer_approves_and_starts_another_dag(live_airflow: WholeAirflow, api: Api, service: Service) -> None:
    """The form tells of the version; name and comment of who has answered are in the registry afterwards."""
    sagemaker = sagemaker_client(service.url)
    arn = register(sagemaker, GROUP, ModelCard={"ModelCardContent": CARD, "ModelCardStatus": "PendingReview"})
    api.switch_on("follow_answer")
    run = api.trigger("approve", conf(service, arn))
    shown = form(run)
    assert shown["subject"] == "Approve approving, version 1?"
    assert "**F1 0.7500**" in shown["body"]
    assert "- **Risk rating:** Low" in shown["body"]
    assert (shown["options"], list(shown["params"])) == (["Approve", "Reject"], ["comment"])
    run.answer("ask", "Approve", "Better than\nthe last")
    assert run.wait_for_end() == "success"
    version = described(sagemaker, arn)
    assert version["ModelApprovalStatus"] == "Approved"
    words = version["ApprovalDescription"]
    assert words.startswith("Approved by admin at 20")
    assert words.endswith(f' UTC (Airflow DAG approve, run {run.run_id}). Comment: "Better than the last"')
    assert version["ModelCard"]["ModelCardStatus"] == "Approved"
    assert version["ModelLifeCycle"] == {"Stage": "Production", "StageStatus": "Approved"}
    result = run.xcom("ask")
    assert (result["outcome"], result["decided_by"], result["approval_description"]) == ("approved", "admin", words)

    # Other answers start runs of the same DAG.
    approved = ModelVersion.from_description(version).to_extra()
    wait_until(lambda: approved in followed(api, "follow_answer"), "nobody follows")

    told = last_event(live_airflow.logs, run, "ask")
    name = version["ModelPackageArn"].partition("123456789012:")[2]
    assert told.outputs == [
        f"arn:aws:sagemaker:us-east-1:123456789012 {name}",
        "sagemaker://model-package-groups approving/approved",
    ]
    assert told.output_facets(name)["sageMakerAutoML_modelVersion"]["approvalStatus"] == "Approved"


@pytest.mark.matrix
def test_a_failing_update_asks_nobody_again(api: Api, service: Service) -> None:
    """The answer is kept before AWS is called: the retry applies it as soon as the service lets it."""
    sagemaker = sagemaker_client(service.url)
    arn = register(sagemaker, GROUP)
    run = api.trigger("approve", conf(service, arn))
    form(run)
    service.disturb(DeniedOperations=["UpdateModelPackage"])
    run.answer("ask", "Reject", "Too slow")
    wait_until(lambda: run.task("ask")["try_number"] == 2, "there is no retry")
    service.recover()
    assert run.wait_for_end() == "success"
    assert run.task("ask")["state"] == "skipped"
    version = described(sagemaker, arn)
    assert version["ModelApprovalStatus"] == "Rejected"
    assert version["ApprovalDescription"].startswith("Rejected by admin at 20")
    assert version["ApprovalDescription"].endswith('). Comment: "Too slow"')
    assert run.xcom("ask")["outcome"] == "rejected"
    assert "Rejected by admin at 20" in run.log("ask", 1)
    assert f"Applying the answer that an earlier try received about {arn}: Rejected by admin" in run.log("ask", 2)


@pytest.mark.matrix
def test_a_task_that_is_cleared_asks_anew(api: Api, service: Service) -> None:
    """The answer of before does not count any more; a version that is decided on already is not asked about."""
    sagemaker = sagemaker_client(service.url)
    arn = register(sagemaker, GROUP)
    run = api.trigger("approve", conf(service, arn))
    form(run)
    run.answer("ask", "Approve", "First")
    run.wait_for_task("ask", "success")
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="PendingManualApproval")
    run.clear("ask")
    assert form(run)["response_received"] is False
    run.answer("ask", "Approve", "Second")
    run.wait_for_task("ask", "success")
    assert described(sagemaker, arn)["ApprovalDescription"].endswith('). Comment: "Second"')
    run.clear("ask")
    wait_until(lambda: run.task("ask")["try_number"] == 3 and run.task("ask")["state"] == "success", "it does not end")
    assert run.xcom("ask")["outcome"] == "approved_elsewhere"
    with pytest.raises(urllib.error.HTTPError):
        run.answer("ask", "Reject", "Third")


@pytest.mark.matrix
def test_a_form_never_shows_one_version_and_decides_on_another(api: Api, service: Service) -> None:
    """Airflow keeps the form of before a clear: the task fails for good, and says what to do."""
    sagemaker = sagemaker_client(service.url)
    older, newer = register(sagemaker, GROUP), register(sagemaker, GROUP)
    api.call("POST", "/variables", {"key": "version_to_approve", "value": older})
    run = api.trigger("approve_named", service.conf)
    assert form(run)["subject"] == "Approve approving, version 1?"
    api.call("PATCH", "/variables/version_to_approve", {"key": "version_to_approve", "value": newer})
    run.clear("ask")
    run.wait_for_task("ask", "failed")
    assert run.task("ask")["try_number"] == 2
    assert run.question("ask")["subject"] == "Approve approving, version 1?"


def test_nobody_answers_in_time(api: Api, service: Service) -> None:
    """The default decides, and the registry says that it was nobody."""
    sagemaker = sagemaker_client(service.url)
    arn = register(sagemaker, GROUP)
    run = api.trigger("approve_in_time", conf(service, arn))
    assert run.wait_for_end() == "success"
    assert run.xcom("ask")["outcome"] == "rejected_by_default"
    words = described(sagemaker, arn)["ApprovalDescription"]
    assert words.startswith("Rejected by default at 20")
    assert ", because nobody answered within 8 seconds (Airflow DAG approve_in_time, run " in words
