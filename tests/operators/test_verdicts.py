"""Registering with a verdict: what it decides, where it is recorded, and that it makes no other version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, BaseOperator, TaskGroup
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import OutletEventAccessors

from airflow_sagemaker_automl import SageMakerRegisterCandidateOperator, approved, registered
from airflow_sagemaker_automl.assets.events import ModelVersion
from airflow_sagemaker_automl.core.card.schema import require_valid
from airflow_sagemaker_automl.tasks.registration_fields import RegistrationRefusedAtParse
from tests.support.gating import ended, figures, gate_task, registration, requests
from tests.support.jobs import unique
from tests.support.scripts import hold, let_go
from tests.support.tasks import changed, deferral, resume
from tests.support.versions import decide, described

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

APPROVING: dict[str, Any] = {"approved": True, "champion": None, "rules": []}
REJECTING = {**APPROVING, "approved": False}


@pytest.fixture
def job(sagemaker: SageMakerClient, emulator_url: str) -> str:
    """Name of a job that has ended with two candidates."""
    return ended(sagemaker, emulator_url, figures(0.9), figures(0.8, CandidateName="other"))


def test_a_rejected_candidate_can_be_registered_as_such(context: Any, job: str, sagemaker: SageMakerClient) -> None:
    """Metadata and card name the rules that it does not keep; the verdict may come as JSON."""
    group = unique("group")
    gate = {"thresholds": [{"metric": "F1", "minimum": 0.95}], "champion": {"margin": 0.01, "is_relative": True}}
    verdict = gate_task(job, group, gate, may_be_new_group=True, on_rejected="pass").execute(context)
    version = registration(job, group, verdict=json.dumps(verdict)).execute(context)
    assert version["approval_status"] == "Rejected"
    kept = described(sagemaker, version["model_package_arn"])
    expected = "rejected - 1 of 2 rules passed - failed: F1 on validation data at least 0.95"
    assert kept["CustomerMetadataProperties"]["verdict"] == expected
    card = json.loads(kept["ModelCard"]["ModelCardContent"])
    require_valid(card)
    (item,) = (item for item in card["evaluation_details"] if item["name"] == "Quality gate")
    assert item["evaluation_observation"] == "The quality gate has not approved this model."
    assert item["metadata"] == {"job_name": job, "candidate_name": "best"}
    rules = {rule["name"]: rule["value"] for rule in item["metric_groups"][0]["metric_data"]}
    assert rules == {
        "F1 on validation data at least 0.95": False,
        "F1 on validation data better than that of the champion by at least 1 percent": True,
    }


@pytest.mark.parametrize(
    ("verdict", "asked", "status"),
    [
        (None, None, "PendingManualApproval"),
        (None, "", "PendingManualApproval"),
        (None, "Approved", "Approved"),
        ("", None, "PendingManualApproval"),
        (APPROVING, None, "Approved"),
        (APPROVING, "", "Approved"),
        (REJECTING, None, "Rejected"),
        (APPROVING, "PendingManualApproval", "PendingManualApproval"),
        (REJECTING, "Approved", "Approved"),
    ],
)
def test_the_author_decides_then_the_verdict_then_a_person(
    verdict: Any, asked: Any, status: str, context: Any, job: str
) -> None:
    """An approval status that is given wins, and without a verdict the version waits."""
    task = registration(job, unique("group"), verdict=verdict, approval_status=asked)
    assert task.execute(context)["approval_status"] == status


def test_further_members_decide_too(context: Any, job: str) -> None:
    """They are put over all others, and over the verdict."""
    task = registration(job, unique("group"), verdict=APPROVING, extra_request={"ModelApprovalStatus": "Rejected"})
    assert task.execute(context)["approval_status"] == "Rejected"


def test_another_verdict_makes_no_other_version(
    context: Any, job: str, sagemaker: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor does none: the version is found with the approval that it has, and the log says where the two differ."""
    group, retry = unique("group"), changed(context, try_number=2)
    first = registration(job, group).execute(context)
    assert registration(job, group, approval_status="PendingManualApproval").execute(context) == first
    for task_context in (context, retry):
        capsys.readouterr()
        assert registration(job, group, verdict=APPROVING).execute(task_context) == first
        assert "although the verdict would make it Approved" in capsys.readouterr().out
    decide(sagemaker, first["model_package_arn"], "Approved")
    again = registration(job, group, verdict=APPROVING).execute(retry)
    assert again == {**first, "approval_status": "Approved"}
    assert "although the verdict" not in capsys.readouterr().out
    assert registration(job, group, verdict=REJECTING).execute(retry) == again
    assert "stays Approved, although the verdict would make it Rejected" in capsys.readouterr().out
    assert registration(job, group, approval_status="Approved").execute(retry)["model_package_version"] == 2


def test_a_verdict_decides_after_a_wait_too(
    context: Any, job: str, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """The task goes on in another process, and the approval is told of as one."""
    group = unique("group")
    hold(emulator_url, group)
    outlets = [registered(group), approved(group)]
    task = SageMakerRegisterCandidateOperator(
        task_id="register",
        job_name=job,
        model_package_group_name=group,
        verdict=APPROVING,
        deferrable=True,
        poll_interval=1,
        outlets=outlets,
    )
    deferred = deferral(task, context)
    let_go(emulator_url, group)
    events = OutletEventAccessors()
    result = resume(task, {**context, "outlet_events": events}, deferred, "finished")
    assert result["approval_status"] == "Approved"
    version = ModelVersion.from_description(described(sagemaker, result["model_package_arn"]))
    assert events[approved(group)].extra == version.to_extra()


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        ({**APPROVING, "job_name": "another"}, r"verdict\.job_name = 'another' must be '.+', which is registered"),
        (
            {**APPROVING, "candidate_name": "best"},
            r"verdict\.candidate_name = 'best' must be '.+', which is registered",
        ),
        ("{'approved': True}", "must be a quality gate's verdict, or its JSON; in a template use"),
        ({"approved": "perhaps"}, r"verdict\.approved = 'perhaps' must be true or false"),
        (["approved"], "must be a mapping, not a list"),
    ],
)
def test_a_verdict_that_is_none_or_about_another_is_refused_before_any_call(
    verdict: Any, says: str, context: Any, job: str, emulator_url: str
) -> None:
    """With all else that is wrong."""
    task = registration(job, "group", verdict="{{ later }}", candidate_name="other", approval_status="{{ later }}")
    task.verdict, task.approval_status = verdict, "Perhaps"
    requests(emulator_url)
    with pytest.raises(AirflowFailException, match=says) as refused:
        task.execute(context)
    assert "2 errors" in str(refused.value)
    assert requests(emulator_url) == {}


def test_a_verdict_about_another_candidate_registers_nothing(
    context: Any, job: str, sagemaker: SageMakerClient
) -> None:
    """Where the best one is registered, which one that is shows when the job is looked at."""
    group = unique("group")
    verdict = gate_task(job, group, candidate_name="other", may_be_new_group=True).execute(context)
    with pytest.raises(AirflowFailException, match=r"verdict\.candidate_name = 'other' must be 'be"):
        registration(job, group, verdict=verdict).execute(context)
    assert not sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]
    named = registration(job, group, verdict=verdict, candidate_name="other").execute(context)
    assert named["approval_status"] == "Approved"


def test_rules_of_any_number_and_length_can_be_recorded(context: Any, job: str, sagemaker: SageMakerClient) -> None:
    """Metadata take 256 characters of certain kinds, and the card is cut to its limits."""
    rule = {"name": "über % 'alles' " * 100, "passed": False, "value": 0.5, "limit": None, "reason": "x" * 5000}
    verdict = {**REJECTING, "rules": [rule] * 200, "note": "n" * 5000}
    version = registration(job, unique("group"), verdict=verdict).execute(context)
    kept = described(sagemaker, version["model_package_arn"])
    line = kept["CustomerMetadataProperties"]["verdict"]
    assert line.startswith("rejected - 0 of 200 rules passed - failed: über _ _alles_ ")
    assert len(line) == 256
    require_valid(json.loads(kept["ModelCard"]["ModelCardContent"]))


def test_what_is_no_verdict_is_an_import_error_of_the_dag() -> None:
    """As far as it is literal; a template or an XCom may become one."""
    with pytest.raises(RegistrationRefusedAtParse, match="verdict = 'Approved' must be a quality gate's verdict"):
        registration("job", "group", verdict="Approved")
    with pytest.raises(RegistrationRefusedAtParse, match=r"verdict\.approved = 1 must be true or false"):
        registration("job", "group", verdict={"approved": 1})
    with DAG("dag", schedule=None):
        judge = BaseOperator(task_id="judge")
        for number, later in enumerate(("{{ later }}", {"approved": "{{ later }}"}, judge.output)):
            with TaskGroup(f"register{number}"):
                assert registration("job", "group", verdict=later).verdict == later
