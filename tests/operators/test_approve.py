"""The approval operator asks once, keeps the answer, applies it, and leaves alone what others have decided."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, Param
from airflow.sdk.definitions.param import process_params
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time import task_runner

from airflow_sagemaker_automl import AnswerNotApplied, ModelPackageUnfinished, approved
from tests.support.asking import (
    CARD,
    DAY,
    NOBODY,
    Asking,
    Form,
    again,
    answer,
    ask,
    event,
    operator,
)
from tests.support.jobs import unique
from tests.support.plain_http import send
from tests.support.scripts import FAILED, hold, let_go, script_versions
from tests.support.tasks import Store
from tests.support.versions import decide, decision_of, described, make_group, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.fixture
def form(monkeypatch: pytest.MonkeyPatch) -> Form:
    """What Airflow shows."""
    form = Form()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", form, raising=False)
    return form


@pytest.fixture
def context(emulator_url: str, form: Form) -> Any:
    """The context of a task that has two retries, at its first try."""
    ti = Asking(dag_id=unique("dag"), task_id="approve", run_id=unique("run"), max_tries=2)
    return {"ti": ti, "task_instance": ti, "task_state_store": Store(), "outlet_events": {}}


@pytest.fixture
def version(sagemaker: SageMakerClient) -> str:
    """ARN of a version with a model card, that nobody has decided on."""
    return register(
        sagemaker, make_group(sagemaker), ModelCard={"ModelCardContent": CARD, "ModelCardStatus": "PendingReview"}
    )


@pytest.fixture
def faults(emulator_url: str) -> Iterator[Callable[..., None]]:
    """Let things go wrong at the emulator; they do so until the test ends, or no more."""
    address = f"{emulator_url}/automl-emulator/faults"

    def put(**faults: Any) -> None:
        assert send(address, "PUT", faults)[0] in (200, 201)

    yield put
    send(address, "DELETE")


def test_an_answer_becomes_a_decision_with_its_reason(
    context: Any, version: str, sagemaker: SageMakerClient, form: Form
) -> None:
    """The description names who, when, where and why; the card follows; the result is small and JSON-safe."""
    ti = context["ti"]
    asked = ask(operator(version), context)
    assert (asked.method_name, asked.timeout) == ("execute_complete", DAY)
    assert form.shown
    assert form.shown.options == ["Approve", "Reject"]
    assert form.shown.subject == f"Approve {version.split('/')[-2]}, version 1?"
    assert form.shown.body
    assert form.shown.body.endswith(f"Model package: `{version}`")
    result = operator(version).execute_complete(context, event(comment="Better\nthan the last"))
    words = (
        f'Approved by 7 ("Ada Lovelace") at 2026-03-01 09:30:00 UTC (Airflow DAG {ti.dag_id}, run {ti.run_id}). '
        'Comment: "Better than the last"'
    )
    after = described(sagemaker, version)
    assert (after["ModelApprovalStatus"], after["ApprovalDescription"]) == ("Approved", words)
    assert after["ModelCard"] == {"ModelCardContent": CARD, "ModelCardStatus": "Approved"}
    assert json.loads(json.dumps(result)) == {
        "model_package_arn": version,
        "model_package_group_name": after["ModelPackageGroupName"],
        "model_package_version": 1,
        "approval_status": "Approved",
        "approval_description": words,
        "outcome": "approved",
        "decided_by": '7 ("Ada Lovelace")',
        "decided_at": "2026-03-01T09:30:00+00:00",
        "comment": "Better than the last",
    }


@pytest.mark.parametrize(
    ("given", "status", "outcome", "who"),
    [
        (event(comment=None), "Approved", "approved", 'Approved by 7 ("Ada Lovelace") at'),
        (event("Reject", None), "Rejected", "rejected", 'Rejected by 7 ("Ada Lovelace") at'),
        (
            event("Reject", "", responded_by_user=None, timedout=True),
            "Rejected",
            "rejected_by_default",
            "Rejected by default at 2026-03-01 09:30:00 UTC, because nobody answered within 1 day (Airflow DAG",
        ),
        (
            event(responded_by_user={"id": "ada", "name": "ada"}, params_input={"other": 1}),
            "Approved",
            "approved",
            "Approved by ada at",
        ),
    ],
    ids=["without-comment", "rejected", "by-default", "by-rest"],
)
def test_every_answer_decides(
    context: Any, version: str, sagemaker: SageMakerClient, given: Any, status: str, outcome: str, who: str
) -> None:
    """A comment may be left out, and a client of the REST API may send others; the default is told as such."""
    result = answer(version, context, given, defaults="Reject", on_rejected="pass")
    after = described(sagemaker, version)
    assert (after["ModelApprovalStatus"], result["outcome"]) == (status, outcome)
    assert after["ApprovalDescription"].startswith(who)
    assert after["ApprovalDescription"].endswith(f"run {context['ti'].run_id})")


def test_card_and_life_cycle_follow_by_option(context: Any, version: str, sagemaker: SageMakerClient) -> None:
    """Each answer has its own; what is not asked for stays."""
    stages = {option: {"Stage": "Production", "StageStatus": option} for option in ("Approved", "Rejected")}
    arguments = {
        "model_card_status_if_rejected": "Draft",
        "model_life_cycle_if_approved": stages["Approved"],
        "model_life_cycle_if_rejected": stages["Rejected"],
        "on_rejected": "pass",
    }
    answer(version, context, event("Reject"), **arguments)
    after = described(sagemaker, version)
    assert after["ModelCard"]["ModelCardStatus"] == "Draft"
    assert after["ModelLifeCycle"] == stages["Rejected"]


@pytest.mark.parametrize("card", [{}, {"ModelCard": {"ModelCardContent": CARD, "ModelCardStatus": "Archived"}}])
def test_a_card_that_cannot_follow_keeps_no_version_from_being_approved(
    context: Any, sagemaker: SageMakerClient, card: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The person's answer counts; the log says why the card is left alone."""
    arn = register(sagemaker, make_group(sagemaker), **card)
    assert answer(arn, context)["outcome"] == "approved"
    assert described(sagemaker, arn).get("ModelCard") == card.get("ModelCard")
    assert "is left unchanged: " in capsys.readouterr().out


def test_a_retry_applies_the_answer_that_was_kept(
    context: Any, version: str, sagemaker: SageMakerClient, faults: Callable[..., None], emulator_url: str
) -> None:
    """However the update failed, nobody is asked again, and the description is that of the first answer."""
    ask(operator(version), context)
    faults(DeniedOperations=["UpdateModelPackage"])
    with pytest.raises(AnswerNotApplied, match="The answer is saved: a retry applies it without asking again") as error:
        operator(version).execute_complete(context, event())
    assert 'Approved by 7 ("Ada Lovelace")' in str(error.value)
    assert "AccessDeniedException" in str(error.value)
    assert described(sagemaker, version)["ModelApprovalStatus"] == "PendingManualApproval"
    send(f"{emulator_url}/automl-emulator/faults", "DELETE")
    context = again(context)
    result = operator(version).execute(context)
    assert (result["outcome"], result["comment"]) == ("approved", "Better than the last")
    assert described(sagemaker, version)["ApprovalDescription"] == result["approval_description"]

    send(f"{emulator_url}/automl-emulator/requests", "DELETE")
    assert operator(version).execute(again(context)) == result
    assert "UpdateModelPackage" not in send(f"{emulator_url}/automl-emulator/requests", "GET")[1]["Requests"]


def test_an_update_whose_answer_was_lost_is_known_as_its_own(
    context: Any, version: str, sagemaker: SageMakerClient
) -> None:
    """A retry after a crash finds the version decided on, and knows that this task has done it."""
    first = answer(version, context)
    assert operator(version).execute(again(context)) == first


def test_a_cleared_task_asks_again_about_what_is_not_decided(
    context: Any, version: str, sagemaker: SageMakerClient
) -> None:
    """The store outlives a clear, and what was answered before it does not count any more."""
    answer(version, context)
    sagemaker.update_model_package(ModelPackageArn=version, ModelApprovalStatus="PendingManualApproval")
    assert ask(operator(version), again(context, max_tries=5)).method_name == "execute_complete"


def test_a_form_that_shows_another_version_decides_nothing(
    context: Any, version: str, sagemaker: SageMakerClient
) -> None:
    """Airflow keeps the form of before a clear; who reads one version must not approve another."""
    ask(operator(version), context)
    newer = register(sagemaker, version.split("/")[-2])
    with pytest.raises(AirflowFailException, match="the form still shows the version from before the task was cleared"):
        operator(newer).execute(again(context, max_tries=5))


def test_the_same_version_is_asked_about_with_the_older_text(
    context: Any, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log says that Airflow shows what was written before."""
    ask(operator(version), context)
    ask(operator(version, subject="Well?", body="Look at **it**."), again(context, max_tries=5))
    assert "Airflow still shows the form from before the clear" in capsys.readouterr().out


def test_an_answer_is_about_the_version_that_was_shown(
    context: Any, version: str, sagemaker: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """The template may have become another version's ARN while the person was thinking."""
    asked = ask(operator(version), context)
    newer = register(sagemaker, version.split("/")[-2])
    result = operator(newer).execute_complete(context, event=event(), **(asked.kwargs or {}))
    assert result["model_package_arn"] == version
    statuses = [described(sagemaker, arn)["ModelApprovalStatus"] for arn in (version, newer)]
    assert statuses == ["Approved", "PendingManualApproval"]
    assert f"the version in the form; model_package_arn is now {newer}" in capsys.readouterr().out


def test_own_words_take_the_place_of_what_is_read(context: Any, version: str, form: Form) -> None:
    """Under them stands which version is decided on."""
    ask(operator(version, subject="Well?", body="Look at **it**."), context)
    assert form.shown
    assert (form.shown.subject, form.shown.body) == ("Well?", f"Look at **it**.\n\nModel package: `{version}`")


@pytest.mark.parametrize(
    ("status", "outcome"), [("Approved", "approved_elsewhere"), ("Rejected", "rejected_elsewhere")]
)
def test_nobody_is_asked_about_a_decided_version(
    context: Any, version: str, sagemaker: SageMakerClient, form: Form, status: Any, outcome: str
) -> None:
    """Its decision stays, and the task ends by it."""
    decide(sagemaker, version, status, "Said in Studio")
    result = operator(version, on_rejected="pass").execute(context)
    assert (result["outcome"], result["approval_description"]) == (outcome, "Said in Studio")
    assert result | decision_of(sagemaker, version) | {"comment": None} == result
    assert form.shown is None


def test_a_decision_made_elsewhere_meanwhile_stays(context: Any, version: str, sagemaker: SageMakerClient) -> None:
    """It is a named outcome, or a clear failure where that is wanted and the answer was another."""
    ask(operator(version), context)
    decide(sagemaker, version, "Rejected", "Said in Studio")
    result = operator(version, on_rejected="pass").execute_complete(context, event())
    assert result | decision_of(sagemaker, version) | {"outcome": "rejected_elsewhere"} == result
    with pytest.raises(AirflowFailException, match=r"it is Rejected \(Said in Studio\).*Approved by 7"):
        operator(version, on_decided_elsewhere="fail").execute_complete(context, event())
    assert context["ti"].pushed["outcome"] == "rejected_elsewhere"
    agreeing = operator(version, on_decided_elsewhere="fail", on_rejected="pass")
    assert agreeing.execute_complete(context, event("Reject"))["outcome"] == "rejected_elsewhere"
    assert described(sagemaker, version)["ApprovalDescription"] == "Said in Studio"


def test_a_version_that_was_deleted_is_said_so(context: Any, version: str, sagemaker: SageMakerClient) -> None:
    """Before somebody is asked and after; no retry helps."""
    ask(operator(version), context)
    sagemaker.delete_model_package(ModelPackageName=version)
    gone = f"Model package {version} does not exist or was deleted"
    with pytest.raises(AirflowFailException, match=gone):
        operator(version).execute_complete(context, event())
    with pytest.raises(AirflowFailException, match=gone):
        operator(version).execute(again(context, max_tries=5))


def test_a_rejection_skips_with_its_result(context: Any, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What follows by its trigger rule can read who has said no, and why; the log has a warning with the figure."""
    with pytest.raises(AirflowSkipException, match="is Rejected: Rejected by 7 "):
        answer(version, context, event("Reject", "Too slow"))
    pushed = context["ti"].pushed
    assert (pushed["outcome"], pushed["comment"]) == ("rejected", "Too slow")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "is Rejected: " in line]
    assert f"{version.split('/')[1]} version 1 (F1 0.75) is Rejected: Rejected by 7 (" in line
    assert "[warning" in line
    assert pushed["return_value"]["approval_status"] == "Rejected"


def test_a_rejection_can_fail_the_task(context: Any, version: str) -> None:
    """A retry would not make it another answer."""
    with pytest.raises(AirflowFailException, match=r'is Rejected: Rejected by 7 \("Ada Lovelace"\).*Too slow'):
        answer(version, context, event("Reject", "Too slow"), on_rejected="fail")
    assert context["ti"].pushed["return_value"]["outcome"] == "rejected"


def test_nobody_answers(context: Any, version: str, sagemaker: SageMakerClient) -> None:
    """The version is as it was, and the task ends as it is told to; a decision made elsewhere counts."""
    with pytest.raises(AirflowFailException, match=r"Nobody approved or rejected model package .* within 1 day"):
        answer(version, context, NOBODY)
    with pytest.raises(AirflowSkipException):
        operator(version, on_timeout="skip").execute_complete(context, NOBODY)
    result = operator(version, on_timeout="pass").execute_complete(context, NOBODY)
    assert (result["outcome"], result["approval_status"]) == ("timed_out", "PendingManualApproval")
    decide(sagemaker, version)
    assert operator(version).execute_complete(context, NOBODY)["outcome"] == "approved_elsewhere"


def test_a_store_without_room_loses_nothing_but_the_retry(
    context: Any, version: str, faults: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer is applied; where that fails too, the error says that a retry asks again."""
    context["task_state_store"].is_full = True
    faults(DeniedOperations=["UpdateModelPackage"])
    ask(operator(version), context)
    with pytest.raises(AnswerNotApplied, match="could not be saved: a retry asks again"):
        operator(version).execute_complete(context, event())
    faults()
    assert operator(version).execute_complete(context, event())["outcome"] == "approved"
    assert "The answer could not be saved, so a retry would ask again: OSError('no room')" in capsys.readouterr().out


def test_without_a_store_somebody_is_asked(context: Any, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The log says that it is not known whether somebody was."""
    del context["task_state_store"]
    ask(operator(version), context)
    assert "Could not read whether an earlier try was answered" in capsys.readouterr().out


def test_a_version_that_is_not_finished_waits_for_a_retry(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """One that has failed does not."""
    group = make_group(sagemaker)
    hold(emulator_url, group)
    arn = register(sagemaker, group)
    with pytest.raises(
        ModelPackageUnfinished, match=r"is InProgress\. It can be approved or rejected when it is Completed"
    ):
        operator(arn).execute(context)
    let_go(emulator_url, group)
    group = make_group(sagemaker)
    script_versions(emulator_url, group, FAILED)
    failed = register(sagemaker, group)
    with pytest.raises(AirflowFailException, match="failed: smoke: It exited with status 1"):
        operator(failed).execute(context)


def test_an_approval_is_told_and_a_rejection_is_not(context: Any, version: str) -> None:
    """A DAG that waits for approvals hears of nothing else."""
    asset = approved(version.split("/")[-2])

    @dataclass
    class Event:
        extra: dict[str, Any] = field(default_factory=dict)

    context["outlet_events"] = {asset: Event()}
    rejecting = operator(version, outlets=[asset], on_rejected="pass")
    rejecting.execute_complete(context, event("Reject"))
    assert rejecting.outlets == []
    approving = operator(version, outlets=[asset])
    approving.hook.update_model_package({"ModelPackageArn": version, "ModelApprovalStatus": "PendingManualApproval"})
    approving.execute_complete(context, event())
    assert context["outlet_events"][asset].extra["approval_status"] == "Approved"


def test_what_is_rendered_is_judged_before_somebody_is_asked(context: Any, version: str, form: Form) -> None:
    """An answer is not wasted on what cannot be sent."""
    task = operator(version, model_card_status_if_rejected="{{ params.status }}")
    task.model_card_status_if_rejected = "Fine"
    with pytest.raises(AirflowFailException, match="model_card_status_if_rejected = 'Fine'"):
        task.execute(context)
    assert form.shown is None


def test_the_form_and_the_params_of_the_dag_do_not_meet(context: Any, version: str, form: Form) -> None:
    """The form has its comment alone, and a run may be triggered with a comment of its own, whatever it is."""
    with DAG("dag", schedule=None, params={"of_the_dag": 1, "comment": Param(5, type="integer")}) as dag:
        task = operator(version)
    assert process_params(dag, task, {"comment": 7}, suppress_exception=False) == {"of_the_dag": 1, "comment": 7}
    ask(task, context)
    assert form.shown is not None
    assert list(form.shown.params or {}) == ["comment"]
