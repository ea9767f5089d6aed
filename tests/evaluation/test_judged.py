"""From two models and labelled rows to a verdict, a version and its card: figures that flatter decide nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import BetterThanChampion, QualityGate, Threshold
from airflow_sagemaker_automl.core.gate.rules import NoSliceWorse
from tests.evaluation.conftest import Jobs
from tests.evaluation.test_comparing import evaluation
from tests.support.customers import LABEL, customers, leaking
from tests.support.gating import gate_task, registration
from tests.support.jobs import put_table, start, tabular_request, unique, wait
from tests.support.tasks import changed
from tests.support.trained import QUICK
from tests.support.versions import decide, described

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

RECORDED = QualityGate(champion=BetterThanChampion())
SAME_ROWS = QualityGate(champion=BetterThanChampion(on="evaluation"))


@pytest.fixture(scope="session")
def flattering(sagemaker: SageMakerClient, s3: S3Client, jobs: Jobs) -> str:
    """Name of a job with the best figures of all: a column of its training data tells the label, later it does not."""
    name = start(sagemaker, tabular_request(put_table(s3, unique("leaking"), leaking()), LABEL, **QUICK))
    assert wait(sagemaker, name)["AutoMLJobStatus"] == "Completed"
    return name


def _champion(job: str, context: Any) -> str:
    """Register a model as the approved version of a new group, and return the group."""
    other = changed(context, task_id="champion")
    version = registration(job, unique("group"), approval_status="Approved").execute(other)
    return str(version["model_package_group_name"])


def _verdict(job: str, group: str, gate: QualityGate, context: Any, evaluated: Any = None) -> dict[str, Any]:
    task = gate_task(job, group, gate, on_rejected="pass", evaluation=evaluated)
    found: dict[str, Any] = task.execute(changed(context, task_id="judge"))
    return found


def test_a_flattering_figure_approves_nobody(
    context: Any, jobs: Jobs, flattering: str, place: str, sagemaker: SageMakerClient
) -> None:
    """By its own validation data the challenger is better, on the same rows it is worse, and so it is rejected."""
    group = _champion(jobs.good, context)
    assert _verdict(flattering, group, RECORDED, context)["approved"]
    result = evaluation(flattering, group, jobs.held_out, place).execute(context)
    verdict = _verdict(flattering, group, SAME_ROWS, context, result)
    assert not verdict["approved"]
    (rule,) = verdict["rules"]
    assert "on the same rows" in rule["name"]
    assert "worse" in rule["reason"]
    assert "95 % interval" in rule["reason"]
    version = registration(flattering, group, verdict=verdict).execute(changed(context, task_id="register"))
    assert version["approval_status"] == "Rejected"
    card = json.loads(described(sagemaker, version["model_package_arn"])["ModelCard"]["ModelCardContent"])
    evaluations = {item["name"]: item for item in card["evaluation_details"]}
    groups = {group["name"] for group in evaluations["Evaluation on the same rows"]["metric_groups"]}
    assert groups == {"Holdout data", "Champion on holdout data", "Improvement"}


def test_a_modest_figure_rejects_nobody(context: Any, jobs: Jobs, flattering: str, place: str) -> None:
    """By its own validation data the challenger is worse, on the same rows it is better, and so it is approved."""
    group = _champion(flattering, context)
    assert not _verdict(jobs.good, group, RECORDED, context)["approved"]
    result = evaluation(jobs.good, group, jobs.held_out, place, slices=["region"]).execute(context)
    strict = QualityGate(
        champion=BetterThanChampion(on="evaluation", margin=0.05),
        thresholds=[Threshold(metric="F1", data_set="Evaluation", minimum=0.6, confidence=0.95)],
        slices=NoSliceWorse(by=["region"], margin=0.1),
    )
    verdict = _verdict(jobs.good, group, strict, context, json.dumps(result))
    assert verdict["approved"], verdict
    version = registration(jobs.good, group, verdict=verdict).execute(changed(context, task_id="register"))
    assert version["approval_status"] == "Approved"


def test_a_tie_ends_as_the_options_say(
    context: Any, jobs: Jobs, place: str, sagemaker: SageMakerClient, s3: S3Client
) -> None:
    """The same model, registered under another job, is not worse; it is not better either."""
    group = _champion(jobs.good, context)
    twin = start(sagemaker, tabular_request(jobs.training, LABEL, **QUICK))
    assert wait(sagemaker, twin)["AutoMLJobStatus"] == "Completed"
    result = evaluation(twin, group, jobs.held_out, place).execute(context)
    assert all(each["difference"]["improvement"] == 0 for each in result["metrics"])
    assert _verdict(twin, group, SAME_ROWS, context, result)["approved"]
    better = QualityGate(champion=BetterThanChampion(on="evaluation", require="better"))
    assert not _verdict(twin, group, better, context, result)["approved"]


def test_too_few_rows_to_tell_end_as_the_options_say(
    context: Any, jobs: Jobs, place: str, s3: S3Client, sagemaker: SageMakerClient
) -> None:
    """A slightly different model is inconclusive on forty rows."""
    group = _champion(jobs.good, context)
    other = start(sagemaker, tabular_request(put_table(s3, unique("customers"), customers(600, 12)), LABEL, **QUICK))
    assert wait(sagemaker, other)["AutoMLJobStatus"] == "Completed"
    few = put_table(s3, unique("few"), jobs.rows[:40])
    result = evaluation(other, group, few, place, minimum_rows=30).execute(context)
    gates = {
        option: QualityGate(champion=BetterThanChampion(on="evaluation", metric="AUC", on_inconclusive=option))
        for option in ("reject", "pass")
    }
    verdicts = {option: _verdict(other, group, gate, context, result) for option, gate in gates.items()}
    assert "inconclusive" in verdicts["reject"]["rules"][0]["reason"]
    assert {option: verdict["approved"] for option, verdict in verdicts.items()} == {"reject": False, "pass": True}


def test_an_evaluation_of_another_champion_decides_nothing(
    context: Any, jobs: Jobs, place: str, sagemaker: SageMakerClient
) -> None:
    """Whoever was approved meanwhile is the one to beat; the gate says which task to clear."""
    group = _champion(jobs.bad, context)
    result = evaluation(jobs.good, group, jobs.held_out, place).execute(context)
    decide(sagemaker, result["champion"], "Rejected")
    with pytest.raises(AirflowFailException, match="Clear the task that evaluates"):
        _verdict(jobs.good, group, SAME_ROWS, context, result)


def test_a_report_that_was_changed_decides_nothing(context: Any, jobs: Jobs, place: str, s3: S3Client) -> None:
    """Nor does a missing report, or another value in place of the result."""
    group = _champion(jobs.bad, context)
    result = evaluation(jobs.good, group, jobs.held_out, place).execute(context)
    bucket, _, key = result["report"].removeprefix("s3://").partition("/")
    report = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    report["metrics"][0]["candidate"] = 1.0
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(report).encode())
    with pytest.raises(AirflowFailException, match="was changed since"):
        _verdict(jobs.good, group, SAME_ROWS, context, result)
    s3.delete_object(Bucket=bucket, Key=key)
    for wrong, reason in ((result, "cannot be read"), ("{", "must be the result"), ({"rows": 1}, "must be the result")):
        with pytest.raises(AirflowFailException, match=reason):
            _verdict(jobs.good, group, SAME_ROWS, context, wrong)
    with pytest.raises(AirflowFailException, match="SageMakerModelEvaluationOperator"):
        _verdict(jobs.good, group, SAME_ROWS, context)
