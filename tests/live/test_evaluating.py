"""A gate that decides on the same labelled rows, in a whole Airflow: figures that flatter approve nobody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from demo.sandbox import s3_client, sagemaker_client, upload_breast_cancer
from tests.live.rest import Api, Run
from tests.support.customers import customers, leaking
from tests.support.jobs import put_table, unique
from tests.support.versions import described

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

pytestmark = pytest.mark.live

DAG_ID = "evaluated"
_GOOD, _FLATTERING, _HELD_OUT = "customers-good", "customers-leaking", "customers-held-out"
_SECTION = "Evaluation on the same rows"


def test_models_are_compared_on_rows_that_neither_has_seen(api: Api, default_url: str) -> None:
    """The better one takes over although its own figure is lower, and the worse one is stopped although it is higher.

    Both can be read in the log, in the model card, and by whoever is asked for approval.
    """
    upload_breast_cancer(default_url)  # Creates the bucket.
    for name, table in ((_GOOD, customers(1200, 1)), (_FLATTERING, leaking()), (_HELD_OUT, customers(600, 2))):
        put_table(s3_client(default_url), name, table)
    sagemaker, group = sagemaker_client(default_url), unique("group")
    first = _run(api, group, _FLATTERING, "success")
    assert first.xcom("retraining.evaluate")["outcome"] == "without_champion"
    flattering = first.xcom("retraining.register")["model_package_arn"]
    second = _run(api, group, _GOOD, "success")
    assert _approved_on_the_same_rows(second, sagemaker, flattering) > 0
    good = second.xcom("retraining.register")["model_package_arn"]
    _is_stopped(_run(api, group, _FLATTERING, "success"), good)
    _is_asked_with_the_evaluation(api, group)
    assert _figure(sagemaker, flattering) > _figure(sagemaker, good)


def _run(api: Api, group: str, table: str, state: str) -> Run:
    run = api.trigger(DAG_ID, {"training_data": f"s3://automl-demo/{table}/", "group": group})
    assert run.wait_for_end() == state
    return run


def _figure(sagemaker: SageMakerClient, arn: str) -> float:
    """Return the figure that a version's candidate was ranked by, on validation data of its own job."""
    return float(described(sagemaker, arn)["CustomerMetadataProperties"]["objective_value"])


def _approved_on_the_same_rows(run: Run, sagemaker: SageMakerClient, champion: str) -> float:
    """Check log, verdict and card, and return the lower end of the improvement of F1."""
    verdict = run.xcom("retraining.judge")
    assert (verdict["approved"], verdict["champion"]) == (True, champion)
    (rule,) = verdict["rules"]
    assert "on the same rows" in rule["name"]
    assert rule["reason"] in run.log("retraining.judge")
    assert "95 % interval" in run.log("retraining.evaluate", try_number=1)
    version = described(sagemaker, run.xcom("retraining.register")["model_package_arn"])
    assert version["ModelApprovalStatus"] == "Approved"
    card: dict[str, Any] = json.loads(version["ModelCard"]["ModelCardContent"])
    (section,) = [item for item in card["evaluation_details"] if item["name"] == _SECTION]
    assert section["evaluation_observation"].startswith("600 labelled rows, scored by both models.")
    (metric,) = [each for each in verdict["evaluation"]["metrics"] if each["metric"] == "F1"]
    return float(metric["difference"]["low"])


def _is_stopped(run: Run, champion: str) -> None:
    assert run.task("retraining.register")["state"] == "skipped"
    verdict = run.xcom("retraining.judge")
    assert (verdict["approved"], verdict["champion"]) == (False, champion)
    (rule,) = verdict["rules"]
    assert "worse" in rule["reason"]
    assert rule["reason"] in run.log("retraining.judge")


def _is_asked_with_the_evaluation(api: Api, group: str) -> None:
    """A person who is asked for approval reads the values of both models, and the interval."""
    conf = {"training_data": f"s3://automl-demo/{_GOOD}/", "group": group, "approval": "airflow"}
    run = api.trigger(DAG_ID, conf)
    task = "retraining.approve_in_airflow"
    run.wait_for_task(task, "awaiting_input")
    body = run.question(task)["body"]
    assert "on the same rows" in body
    assert "95 % interval" in body
    run.answer(task, "Reject", "One of these is enough.")
    assert run.wait_for_end() == "success"
