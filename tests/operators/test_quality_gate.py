"""The quality gate operator against the emulator: what it compares with, what it says, and what becomes of the task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_sagemaker_automl.core.quality_gate import BetterThanChampion, QualityGate, Threshold
from airflow_sagemaker_automl.operators import SageMakerQualityGateOperator, SageMakerRegisterCandidateOperator
from tests.jobs import start, tabular_request, unique, wait
from tests.scripts import CANDIDATE, script_jobs
from tests.versions import decide, described, make_group

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

BETTER = QualityGate(champion=BetterThanChampion())


def gate_task(job_name: str, group: str, gate: Any = BETTER, **arguments: Any) -> SageMakerQualityGateOperator:
    """Make the operator under test."""
    return SageMakerQualityGateOperator(
        task_id="judge", job_name=job_name, model_package_group_name=group, gate=gate, **arguments
    )


def registration(job_name: str, group: str, **arguments: Any) -> SageMakerRegisterCandidateOperator:
    """Make the operator that follows a gate."""
    return SageMakerRegisterCandidateOperator(
        task_id="register", job_name=job_name, model_package_group_name=group, deferrable=False, **arguments
    )


def figures(f1: float, **members: Any) -> dict[str, Any]:
    """Describe a candidate that was ranked by F1, in the service's words."""
    metrics = [
        {"MetricName": "F1", "StandardMetricName": "F1", "Value": f1, "Set": "Validation"},
        {"StandardMetricName": "LogLoss", "Value": 1 - f1, "Set": "Validation"},
        {"MetricName": "F1", "StandardMetricName": "F1", "Value": f1 - 0.05, "Set": "Test"},
    ]
    return {
        **CANDIDATE,
        "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Type": "Maximize", "Value": f1},
        "CandidateProperties": {
            "CandidateArtifactLocations": {"Explainability": "s3://automl-demo/none"},
            "CandidateMetrics": metrics,
        },
        **members,
    }


def ended(sagemaker: SageMakerClient, url: str, *candidates: dict[str, Any], **ending: Any) -> str:
    """Let a job end.

    :param candidates: the first is the best.
    :return: its name.
    """
    name = unique()
    script_jobs(url, name, *candidates, **ending)
    start(sagemaker, tabular_request("s3://automl-demo/none/"), name)
    wait(sagemaker, name)
    return name


def test_the_first_of_a_group_that_is_not_there_is_approved(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """It has nothing to beat, and the group is not created."""
    group, job = unique("group"), ended(sagemaker, emulator_url, figures(0.9))
    verdict = gate_task(job, group).execute(context)
    assert verdict == {
        "approved": True,
        "approval_status": "Approved",
        "champion": None,
        "rules": [
            {
                "name": "F1 on validation data at least as good as that of the champion",
                "passed": True,
                "value": 0.9,
                "limit": None,
                "reason": "the group has no approved version to beat",
            }
        ],
        "job_name": job,
        "candidate_name": "best",
    }
    assert not sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]


def test_a_verdict_approves_registers_and_is_the_next_ones_champion(
    context: Any, sagemaker: SageMakerClient, emulator_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gate, register, gate: the verdict is in metadata and card, and the next candidate is held against it."""
    group = make_group(sagemaker)
    first, worse = (ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.9, 0.8))
    verdict = gate_task(first, group).execute(context)
    version = registration(first, group, verdict=verdict).execute(context)
    assert version["approval_status"] == "Approved"
    kept = described(sagemaker, version["model_package_arn"])
    assert kept["CustomerMetadataProperties"]["verdict"] == "approved - 1 of 1 rules are kept"
    card = json.loads(kept["ModelCard"]["ModelCardContent"])
    assert "Quality gate" in {item["name"] for item in card["evaluation_details"]}
    capsys.readouterr()
    with pytest.raises(AirflowSkipException, match=r"worse by 0\.1"):
        gate_task(worse, group).execute(context)
    rejected = context["ti"].pushed["return_value"]
    assert (rejected["approved"], rejected["champion"]) == (False, version["model_package_arn"])
    assert version["model_package_arn"] in capsys.readouterr().out
    decide(sagemaker, version["model_package_arn"], "Rejected")
    assert gate_task(worse, group).execute(context)["champion"] is None


def test_a_gate_does_not_compare_a_model_with_itself(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Cleared after its candidate was approved, it compares with the champion before."""
    group, gate = make_group(sagemaker), QualityGate(champion=BetterThanChampion(margin=0.05))
    old, new = (ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.8, 0.9))
    champion = registration(old, group, approval_status="Approved").execute(context)["model_package_arn"]
    verdict = gate_task(new, group, gate).execute(context)
    assert registration(new, group, verdict=verdict).execute(context)["approval_status"] == "Approved"
    again = gate_task(new, group, gate).execute(context)
    assert again == verdict
    assert again["champion"] == champion


@pytest.mark.parametrize(("on_reject", "error"), [("skip", AirflowSkipException), ("fail", AirflowFailException)])
def test_the_verdict_is_kept_whatever_becomes_of_the_task(
    on_reject: Any, error: type[Exception], context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Each of its members, and the whole, as after a success."""
    job = ended(sagemaker, emulator_url, figures(0.9))
    gate = QualityGate(thresholds=[Threshold(metric="F1", minimum=0.95), Threshold(metric="F1", maximum=1)])
    with pytest.raises(error, match=r"Rejected: 1 of 2 rules are kept\n  failed: F1 on validation data at least 0.95"):
        gate_task(job, "churn", gate, on_reject=on_reject).execute(context)
    pushed = dict(context["ti"].pushed)
    assert pushed.pop("return_value") == pushed
    assert [rule["passed"] for rule in pushed["rules"]] == [False, True]
    passed = gate_task(job, "churn", gate, on_reject="pass").execute(context)
    assert passed == pushed


def test_a_rejected_candidate_can_be_registered_as_such(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """The metadata name the rules that it does not keep; what the author asks for wins over the verdict."""
    group, job = unique("group"), ended(sagemaker, emulator_url, figures(0.9))
    gate = {"thresholds": [{"metric": "F1", "minimum": 0.95}], "champion": {"margin": 0.01, "is_relative": True}}
    verdict = gate_task(job, group, gate, on_reject="pass").execute(context)
    version = registration(job, group, verdict=json.dumps(verdict)).execute(context)
    assert version["approval_status"] == "Rejected"
    metadata = described(sagemaker, version["model_package_arn"])["CustomerMetadataProperties"]
    expected = "rejected - 1 of 2 rules are kept - not kept: F1 on validation data at least 0.95"
    assert metadata["verdict"] == expected
    other = registration(job, unique("group"), verdict=verdict, approval_status="PendingManualApproval")
    assert other.execute(context)["approval_status"] == "PendingManualApproval"
