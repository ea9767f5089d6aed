"""A verdict approves only while its champion is the champion: what is decided between judging and approving counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.task_groups.approving import ApproveByVerdictOperator
from tests.support.gating import BETTER, ended, faulty, figures, gate_task, registration, requests
from tests.support.versions import decide, described, make_group, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def _versions(sagemaker: SageMakerClient, group: str) -> list[str]:
    listed = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    return [summary["ModelPackageArn"] for summary in listed]


def _approve_by(verdict: dict[str, Any], arn: str) -> ApproveByVerdictOperator:
    return ApproveByVerdictOperator(
        task_id="approve", model_package_arn=arn, verdict=verdict, approval_status=verdict["approval_status"]
    )


@pytest.mark.parametrize("had_champion", [True, False])
def test_a_version_that_was_approved_meanwhile_is_not_overtaken(
    had_champion: bool, context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """The candidate was not compared with it: nothing is registered, and a new verdict is."""
    group = make_group(sagemaker)
    old, new, better = (ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.7, 0.8, 0.9))
    champion = registration(old, group, approval_status="Approved").execute(context) if had_champion else None
    verdict = gate_task(new, group).execute(context)
    other = registration(better, group, approval_status="Approved").execute(context)["model_package_arn"]
    before = _versions(sagemaker, group)
    then = f"it was compared with {champion['model_package_arn']}" if champion else "when the group had no approved"
    with pytest.raises(AirflowFailException, match=f"{then}.* and now {other} is the newest approved version") as error:
        registration(new, group, verdict=verdict).execute(context)
    assert "Clear the task that judges" in str(error.value)
    assert _versions(sagemaker, group) == before
    anew = gate_task(new, group, on_rejected="pass").execute(context)
    assert (anew["champion"], anew["approved"]) == (other, False)
    assert registration(new, group, verdict=anew).execute(context)["approval_status"] == "Rejected"


def test_a_champion_that_is_rejected_meanwhile_approves_nobody(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """The one before it is the champion again, and it may be better."""
    group = make_group(sagemaker)
    best, champion, new = (ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.9, 0.7, 0.8))
    kept, withdrawn = (
        registration(job, group, approval_status="Approved").execute(context)["model_package_arn"]
        for job in (best, champion)
    )
    verdict = gate_task(new, group).execute(context)
    decide(sagemaker, withdrawn, "Rejected")
    with pytest.raises(AirflowFailException, match=f"compared with {withdrawn}, and now {kept} is the newest"):
        registration(new, group, verdict=verdict).execute(context)
    decide(sagemaker, kept, "Rejected")
    with pytest.raises(AirflowFailException, match="and now it has no approved version"):
        registration(new, group, verdict=verdict).execute(context)


def test_a_task_that_approves_later_compares_then(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """The version is registered as pending, and stays so if another one was approved in the meantime."""
    group = make_group(sagemaker)
    old, new = (ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.7, 0.8))
    registration(old, group, approval_status="Approved").execute(context)
    verdict = gate_task(new, group).execute(context)
    pending = registration(new, group, verdict=verdict, approval_status="PendingManualApproval").execute(context)
    arn = pending["model_package_arn"]
    other = register(sagemaker, group, ModelApprovalStatus="Approved")
    with pytest.raises(AirflowFailException, match=f"now {other} is the newest approved version"):
        _approve_by(verdict, arn).execute(context)
    assert described(sagemaker, arn)["ModelApprovalStatus"] == "PendingManualApproval"
    decide(sagemaker, other, "Rejected")
    assert _approve_by(verdict, arn).execute(context)["approval_status"] == "Approved"
    # A retry finds it approved, and compares it with nobody.
    assert _approve_by(verdict, arn).execute(context)["changed"] == []


def test_a_verdict_that_rejects_needs_no_champion(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """Nor does one of a gate that does not compare: what was decided meanwhile is not asked for."""
    group = make_group(sagemaker)
    worse, new = (ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.7, 0.8))
    registration(new, group, approval_status="Approved").execute(context)
    rejecting = gate_task(worse, group, on_rejected="pass").execute(context)
    alone = gate_task(worse, group, {"thresholds": [{"metric": "F1", "minimum": 0.5}]}).execute(context)
    register(sagemaker, group, ModelApprovalStatus="Approved")
    assert registration(worse, group, verdict=rejecting).execute(context)["approval_status"] == "Rejected"
    requests(emulator_url)
    assert registration(worse, group, verdict=alone, domain="MACHINE_LEARNING").execute(context)
    assert "ListModelPackages" not in requests(emulator_url)


def test_a_retry_of_the_registration_finds_its_version(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """It was approved when its verdict held; a later approval of another version does not fail the retry."""
    group = make_group(sagemaker)
    new = ended(sagemaker, emulator_url, figures(0.8))
    verdict = gate_task(new, group, BETTER).execute(context)
    first = registration(new, group, verdict=verdict).execute(context)
    register(sagemaker, group, ModelApprovalStatus="Approved")
    context["ti"].try_number = 2
    assert registration(new, group, verdict=verdict).execute(context) == first


def test_who_may_not_see_the_champion_approves_nothing(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """A list that is denied is no empty one."""
    group = make_group(sagemaker)
    new = ended(sagemaker, emulator_url, figures(0.8))
    verdict = gate_task(new, group).execute(context)
    with (
        faulty(emulator_url, DeniedOperations=["ListModelPackages"]),
        pytest.raises(AirflowFailException, match="Allow sagemaker:ListModelPackages"),
    ):
        registration(new, group, verdict=verdict).execute(context)
    assert _versions(sagemaker, group) == []
