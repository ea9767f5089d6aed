"""The update operator changes what is given, says what changed, and leaves alone what is so already."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import (
    IntendedUses,
    InvalidModelPackage,
    ModelCard,
    ModelCardOverwritten,
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
)
from tests.support.jobs import unique
from tests.support.plain_http import send
from tests.support.versions import decide, decision_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType


def operator(arn: str, **arguments: Any) -> SageMakerUpdateModelPackageOperator:
    """Make the operator under test."""
    return SageMakerUpdateModelPackageOperator(task_id="update", model_package_arn=arn, **arguments)


def card_of(sagemaker: SageMakerClient, arn: str) -> dict[str, Any]:
    """Read the card of a version."""
    content = sagemaker.describe_model_package(ModelPackageName=arn)["ModelCard"]["ModelCardContent"]
    card: dict[str, Any] = json.loads(content)
    return card


@contextmanager
def rewriting(sagemaker: SageMakerClient, arn: str, times: int, approval: ModelApprovalStatusType) -> Iterator[None]:
    """Be another who has read a card before, and sends it so often as soon as a risk rating has been laid over it.

    No update is answered before that has been done, so that who has sent one looks at the card after this.
    """
    faults = f"{sagemaker.meta.endpoint_url}/automl-emulator/faults"
    before = card_of(sagemaker, arn)

    def hold_answers() -> None:
        """Send the answers that are held back, and hold those to come."""
        late = {"LatencySeconds": 3600, "Operations": ["UpdateModelPackage"]}
        assert send(faults, "PUT", late)[0] == 200

    def until(condition: Callable[[dict[str, Any]], bool]) -> None:
        deadline = time.monotonic() + 300
        while not condition(card_of(sagemaker, arn)):
            assert time.monotonic() < deadline, "the card has not become what it should be"
            time.sleep(0.05)

    def rewrite() -> None:
        for turn in range(1, times + 1):
            until(lambda card: "intended_uses" in card)
            rewritten = {**before, "business_details": {"line_of_business": str(turn)}}
            change: Any = {"ModelCard": {"ModelCardContent": json.dumps(rewritten)}, "ModelApprovalStatus": approval}
            with ThreadPoolExecutor() as pool:
                update = pool.submit(sagemaker.update_model_package, ModelPackageArn=arn, **change)
                until(lambda card: card == rewritten)  # noqa: B023  # Waited for within the turn.
                if turn < times:
                    hold_answers()
                else:
                    send(faults, "DELETE")
                update.result()

    hold_answers()
    other = Thread(target=rewrite)
    other.start()
    try:
        yield
    finally:
        other.join()
        send(faults, "DELETE")


@pytest.fixture
def version(context: Any, completed_job: str) -> str:
    """ARN of a version that was registered a moment ago."""
    result = SageMakerRegisterCandidateOperator(
        task_id="register", job_name=completed_job, model_package_group_name=unique("group")
    ).execute(context)
    return str(result["model_package_arn"])


def test_a_version_is_approved_with_a_reason(context: Any, version: str, sagemaker: SageMakerClient) -> None:
    """The result and the log say from what to what; evidence and provenance stay."""
    before = sagemaker.describe_model_package(ModelPackageName=version)
    result = operator(
        version,
        approval_status="Approved",
        approval_description="Better than the last",
        model_card={"intended_uses": {"risk_rating": "Low"}},
        model_card_status="Approved",
        model_life_cycle={"Stage": "Production", "StageStatus": "Approved"},
    ).execute(context)
    after = sagemaker.describe_model_package(ModelPackageName=version)
    assert result["approval_status"] == after["ModelApprovalStatus"] == "Approved"
    assert {"member": "ModelApprovalStatus", "before": "PendingManualApproval", "after": "Approved"} in result[
        "changed"
    ]
    assert after["ApprovalDescription"] == "Better than the last"
    assert after["ModelCard"]["ModelCardStatus"] == "Approved"
    assert after["CustomerMetadataProperties"] == before["CustomerMetadataProperties"]
    old, new = (json.loads(described["ModelCard"]["ModelCardContent"]) for described in (before, after))
    assert new == {**old, "intended_uses": {"risk_rating": "Low"}}
    assert result["approval_description"] == "Better than the last"
    assert result | decision_of(sagemaker, version) == result
    json.dumps(result)


def test_who_documents_a_version_has_not_decided_on_it(context: Any, version: str, sagemaker: SageMakerClient) -> None:
    """The result keeps who has changed it before; one that nobody has decided on has nobody."""
    undecided = operator(version, customer_metadata_properties={"ticket": "1"}).execute(context)
    assert (undecided["decided_by"], undecided["decided_at"]) == (None, None)
    decide(sagemaker, version, why="Said in Studio")
    before = decision_of(sagemaker, version)
    noted = operator(version, customer_metadata_properties={"ticket": "2"}).execute(context)
    assert noted | before | {"approval_description": "Said in Studio"} == noted
    assert decision_of(sagemaker, version)["decided_at"] > before["decided_at"]


def test_nothing_is_sent_for_what_is_so_already(
    context: Any, version: str, emulator_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A retry after an answer that was lost, or a second approval, is no change and no error."""
    task = operator(version, approval_status="Approved", approval_description="Good")
    assert len(task.execute(context)["changed"]) == 2
    send(f"{emulator_url}/automl-emulator/requests", "DELETE")
    assert task.execute(context)["changed"] == []
    assert "UpdateModelPackage" not in send(f"{emulator_url}/automl-emulator/requests", "GET")[1]["Requests"]
    assert "no change, all values are already as requested" in capsys.readouterr().out


def test_a_section_that_another_takes_away_meanwhile_is_laid_over_again(
    context: Any, version: str, sagemaker: SageMakerClient
) -> None:
    """Two updates that have read the same card leave both sections, and of two decisions the later one."""
    task = operator(version, approval_status="Approved", model_card={"intended_uses": {"risk_rating": "Low"}})
    with rewriting(sagemaker, version, times=1, approval="Rejected"):
        result = task.execute(context)
    assert result["approval_status"] == "Rejected"
    card = card_of(sagemaker, version)
    assert (card["intended_uses"], card["business_details"]) == ({"risk_rating": "Low"}, {"line_of_business": "1"})
    assert result["changed"] == [
        {"member": "ModelApprovalStatus", "before": "PendingManualApproval", "after": "Approved"},
        {"member": "ModelCard.intended_uses.risk_rating", "before": None, "after": "Low"},
    ]


def test_a_whole_card_takes_the_place_of_sections(context: Any, version: str, sagemaker: SageMakerClient) -> None:
    """Nothing is laid over it, neither at first nor afterwards."""
    whole = {"intended_uses": {"purpose_of_model": "Triage"}}
    extra = {"ModelCard": {"ModelCardContent": json.dumps(whole)}}
    operator(version, model_card={"intended_uses": {"risk_rating": "Low"}}, extra_request=extra).execute(context)
    assert card_of(sagemaker, version) == whole


def test_a_card_that_another_writes_again_and_again_is_an_error(
    context: Any, version: str, sagemaker: SageMakerClient
) -> None:
    """It ends, says which section is missing, and may be tried again."""
    with (
        rewriting(sagemaker, version, times=3, approval="Approved"),
        pytest.raises(ModelCardOverwritten, match=r"The change of ModelCard\.intended_uses\.risk_rating"),
    ):
        operator(version, model_card={"intended_uses": {"risk_rating": "Low"}}).execute(context)
    assert card_of(sagemaker, version)["business_details"] == {"line_of_business": "3"}


def test_a_note_leaves_the_decision_alone(context: Any, version: str, sagemaker: SageMakerClient) -> None:
    """No status is sent with it, since somebody may have set another since it was read."""
    operator(version, approval_status="Rejected").execute(context)
    result = operator(version, approval_description="Seen by Ada").execute(context)
    described = sagemaker.describe_model_package(ModelPackageName=version)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Rejected", "Seen by Ada")
    assert [line["member"] for line in result["changed"]] == ["ApprovalDescription"]


def test_no_value_of_an_environment_gets_into_log_or_result(
    context: Any, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They may be secrets; the keys are told."""
    container = {"Image": "image:1", "Environment": {"HF_TOKEN": "a-secret", "MODEL_NAME": "a-secret"}}
    result = operator(
        version, additional_inference_specifications=[{"Name": "hub", "Containers": [container]}]
    ).execute(context)
    shown = capsys.readouterr().out + json.dumps(result)
    assert "a-secret" not in shown
    assert "HF_TOKEN, MODEL_NAME" in shown


def test_an_archived_card_is_refused_before_any_change(context: Any, version: str, sagemaker: SageMakerClient) -> None:
    """Not even the rest of what was asked for is done."""
    operator(version, model_card_status="Archived").execute(context)
    with pytest.raises(AirflowFailException, match="is archived, so ModelCardContent can no longer be changed"):
        operator(version, approval_status="Approved", model_card={"intended_uses": {"risk_rating": "Low"}}).execute(
            context
        )
    with pytest.raises(AirflowFailException, match="so ModelCardStatus can no longer be changed"):
        operator(version, approval_status="Approved", model_card_status="Draft").execute(context)
    assert sagemaker.describe_model_package(ModelPackageName=version)["ModelApprovalStatus"] == "PendingManualApproval"
    assert operator(version, model_card_status="Archived").execute(context)["changed"] == []


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_sections_come_from_a_file_too(
    context: Any, version: str, sagemaker: SageMakerClient, tmp_path: Path, suffix: str
) -> None:
    """Its text is rendered; a typed card says the same."""
    text = {
        ".yaml": "intended_uses: {purpose_of_model: 'For {{ ti.dag_id }}'}",
        ".json": '{"intended_uses": {"purpose_of_model": "For {{ ti.dag_id }}"}}',
    }[suffix]
    file = tmp_path / f"card{suffix}"
    file.write_text(text)
    with DAG("dag", schedule=None):
        task = operator(version, model_card=file)
    assert len(task.execute(context)["changed"]) == 1
    described = sagemaker.describe_model_package(ModelPackageName=version)
    uses = json.loads(described["ModelCard"]["ModelCardContent"])["intended_uses"]
    assert uses == {"purpose_of_model": f"For {context['ti'].dag_id}"}
    typed = ModelCard(intended_uses=IntendedUses(purpose_of_model=f"For {context['ti'].dag_id}"))
    assert operator(version, model_card=typed).execute(context)["changed"] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "request must set at least one member to change"),
        ({"approval_status": "approved"}, "did you mean 'Approved'"),
        ({"model_card": {"intended_uses": {"risk": "Low"}}}, r"model_card\.intended_uses\.risk"),
        ({"model_card": "card.txt"}, "or the path of a .json"),
        ({"customer_metadata_properties": {}}, "customer_metadata_properties"),
        ({"approval_status": "Approved", "extra_request": {"ClientToken": "a"}}, "ClientToken = 'a' must be left out"),
    ],
)
def test_what_is_wrong_is_said_when_the_dag_is_parsed(arguments: dict[str, Any], says: str) -> None:
    """In the words of the operator's own arguments."""
    with pytest.raises(InvalidModelPackage, match=says):
        operator("arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/1", **arguments)


def test_a_package_without_a_number_is_no_version() -> None:
    """It has no approval to change."""
    arn = "arn:aws:sagemaker:us-east-1:123456789012:model-package/alone"
    with pytest.raises(InvalidModelPackage, match="this one does not end"):
        operator(arn, approval_description="Good")


def test_a_version_that_is_not_there_fails_for_good(context: Any, emulator_url: str) -> None:
    """It cannot come back."""
    arn = "arn:aws:sagemaker:us-east-1:123456789012:model-package/no-such-group/1"
    with pytest.raises(AirflowFailException, match="does not exist"):
        operator(arn, approval_status="Approved").execute(context)
