"""The whole way over the REST API of a whole Airflow: a first model, one that is no better, one that takes over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from demo.sandbox import BUCKET, sagemaker_client, upload_breast_cancer
from tests.live.rest import Api, Run, wait_until
from tests.support.versions import described

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

pytestmark = pytest.mark.live

RETRAINING = "automl_retraining"
DEPLOYMENT = "automl_deploy_on_approval"
GROUP = "breast-cancer"
COMMENT = "Good enough to begin with."


@pytest.fixture
def url(api: Api, default_url: str) -> Iterator[str]:
    """URL of the emulator where the shipped DAGs work, with the tables; they are switched off again."""
    upload_breast_cancer(default_url)
    for dag_id in (RETRAINING, DEPLOYMENT):
        api.switch_on(dag_id)
    api.read_again(DEPLOYMENT)
    yield default_url
    for dag_id in (RETRAINING, DEPLOYMENT):
        api.switch_off(dag_id)
    api.read_again(DEPLOYMENT)


def test_from_data_to_a_model_in_charge(api: Api, url: str) -> None:
    """A person approves the first; the gate stops a worse one and says why; a better one, approved elsewhere, is used.

    An approval starts the deployment by itself, and the endpoint answers with what the new model predicts.
    """
    sagemaker = sagemaker_client(url)
    first = _the_first_is_approved_on_airflows_pages(api, sagemaker)
    _is_deployed(api, first)
    _a_worse_one_is_stopped(api, sagemaker, first)
    second = _a_better_one_is_approved_in_studio(api, sagemaker, first)
    answer = _is_deployed(api, second)
    assert answer["predicted_label"] in ("benign", "malignant")
    assert 0 <= float(answer["probability"]) <= 1
    endpoint = sagemaker.describe_endpoint(EndpointName=answer["endpoint_name"])
    assert endpoint["EndpointStatus"] == "InService"


def _retrain(api: Api, table: str, **conf: Any) -> Run:
    return api.trigger(RETRAINING, {"training_data": f"s3://{BUCKET}/{table}/", **conf})


def _the_first_is_approved_on_airflows_pages(api: Api, sagemaker: SageMakerClient) -> str:
    """Labels that were given in haste make a model that is approved for want of another one."""
    run = _retrain(api, "breast-cancer-in-haste", approval="airflow")
    run.wait_for_task("retraining.train", "deferred")
    task = "retraining.approve_in_airflow"
    run.wait_for_task(task, "awaiting_input")
    question = run.question(task)
    assert GROUP in question["subject"]
    assert "the group has no approved version to beat" in question["body"]
    run.answer(task, "Approve", COMMENT)
    assert run.wait_for_end() == "success"
    version = described(sagemaker, run.xcom("retraining.register")["model_package_arn"])
    assert version["ModelApprovalStatus"] == "Approved"
    for word in (COMMENT, "admin", run.run_id, RETRAINING):
        assert word in version["ApprovalDescription"]
    assert '"model_artifact"' in version["ModelCard"]["ModelCardContent"]
    return str(version["ModelPackageArn"])


def _a_worse_one_is_stopped(api: Api, sagemaker: SageMakerClient, champion: str) -> None:
    run = _retrain(api, "breast-cancer-damaged", approval="airflow")
    assert run.wait_for_end() == "success"
    states = {task: run.task(f"retraining.{task}")["state"] for task in ("judge", "register", "approve_in_airflow")}
    assert set(states.values()) == {"skipped"}
    verdict = run.xcom("retraining.judge")
    assert (verdict["approved"], verdict["champion"]) == (False, champion)
    (broken,) = [rule for rule in verdict["rules"] if not rule["passed"]]
    assert broken["value"] < broken["limit"]
    assert "worse by" in broken["reason"]
    assert broken["reason"] in run.log("retraining.judge")
    assert len(sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]) == 1


def _a_better_one_is_approved_in_studio(api: Api, sagemaker: SageMakerClient, champion: str) -> str:
    run = _retrain(api, "breast-cancer", approval="studio", margin=0.01)
    run.wait_for_task("retraining.approve_in_studio", "deferred")
    verdict, arn = run.xcom("retraining.judge"), run.xcom("retraining.register")["model_package_arn"]
    assert (verdict["approved"], verdict["champion"]) == (True, champion)
    assert described(sagemaker, arn)["ModelApprovalStatus"] == "PendingManualApproval"
    sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="Seen in Studio."
    )
    assert run.wait_for_end() == "success"
    result = run.xcom("retraining.approve_in_studio")
    assert (result["approval_status"], result["approval_description"]) == ("Approved", "Seen in Studio.")
    return str(arn)


def _is_deployed(api: Api, arn: str) -> dict[str, Any]:
    """Wait for a run of the other DAG that nobody has triggered, and give what its endpoint has answered."""
    deployed: dict[str, Any] = {}

    def is_deployed() -> bool:
        for run in api.runs(DEPLOYMENT):
            state = run.state()
            assert state != "failed", f"{run.run_id} has failed"
            if state == "success" and run.task("predict")["state"] == "success":
                deployed.update(run.xcom("predict"))
        return deployed.get("model_package_arn") == arn

    wait_until(is_deployed, f"nobody has deployed {arn}")
    return deployed
