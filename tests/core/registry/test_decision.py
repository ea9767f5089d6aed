"""A response becomes a description that the service accepts, and an update that changes nothing else."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl.core.registry.decision import (
    Answer,
    ApprovalOutcome,
    Consequence,
    decided_elsewhere,
    decided_status,
    decision_members,
    duration,
    is_decided_by,
    outcome_elsewhere,
    why_card_differs,
)
from airflow_sagemaker_automl.core.rules import registration

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3"
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
RUN: dict[str, Any] = {"dag_id": "retrain", "run_id": "manual__1", "response_timeout": None}
ANY_TEXT = st.text(st.characters(codec=None), max_size=2000)


def event(**members: Any) -> dict[str, Any]:
    """Make the event that Airflow resumes a task with."""
    return {
        "chosen_options": ["Approve"],
        "params_input": {},
        "responded_at": NOON,
        "responded_by_user": None,
    } | members


def described(**members: Any) -> dict[str, Any]:
    """Describe a version with pending approval."""
    return {"ModelPackageArn": ARN, "ModelApprovalStatus": "PendingManualApproval"} | members


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            {"responded_by_user": {"id": "7", "name": "Ada"}, "params_input": {"comment": " Good\n\tenough "}},
            'Approved by 7 ("Ada") at 2026-03-01 10:00:00 UTC (Airflow DAG retrain, run manual__1). '
            'Comment: "Good enough"',
        ),
        (
            {"responded_by_user": {"id": "ada", "name": "ada"}, "chosen_options": ["Reject"]},
            "Rejected by ada at 2026-03-01 10:00:00 UTC (Airflow DAG retrain, run manual__1)",
        ),
        ({}, "Approved by a user unknown to Airflow at 2026-03-01 10:00:00 UTC (Airflow DAG retrain, run manual__1)"),
        (
            {"timedout": True},
            "Approved by default at 2026-03-01 10:00:00 UTC, because nobody answered in time "
            "(Airflow DAG retrain, run manual__1)",
        ),
    ],
    ids=["with-comment", "one-name", "nobody-named", "default"],
)
def test_a_description_says_who_when_where_and_why(members: Any, words: str) -> None:
    """In UTC, on one line, and without a reason if none was given."""
    assert Answer.from_event(event(**members)).description(**RUN) == words


@given(comment=ANY_TEXT, name=ANY_TEXT, dag_id=ANY_TEXT, run_id=ANY_TEXT)
def test_whatever_is_typed_the_service_takes_the_description(comment: str, name: str, dag_id: str, run_id: str) -> None:
    """A text that is too long is cut in the comment; the facts before it are kept."""
    given_event = event(responded_by_user={"id": "7", "name": name}, params_input={"comment": comment})
    words = Answer.from_event(given_event).description(dag_id=dag_id, run_id=run_id, response_timeout=None)
    assert len(words.encode("utf-16-le")) <= 2 * 1024
    assert not [character for character in words if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")]
    members, _ = decision_members(
        described(), status="Approved", description=words, consequence=Consequence(option="Approve")
    )
    assert registration.violations(members, update=True) == []
    assert " at 2026-03-01 10:00:00 UTC (Airflow DAG " in words


_SAID = re.compile(
    r'(Approved|Rejected) by (\S+|"[^"]*")( \("[^"]*"\))? at 2026-03-01 10:00:00 UTC '
    r'\(Airflow DAG (\S+|"[^"]*"), run (\S+|"[^"]*")\)(\. Comment: "[^"]*")?'
)


@given(key=ANY_TEXT.filter(str.strip), name=ANY_TEXT, comment=ANY_TEXT, run_id=ANY_TEXT)
def test_neither_name_nor_comment_can_forge_what_is_said(key: str, name: str, comment: str, run_id: str) -> None:
    """Name and comment are always in quotation marks, and contain none."""
    given_event = event(responded_by_user={"id": key, "name": name}, params_input={"comment": comment})
    answer = Answer.from_event(given_event)
    words = answer.description(dag_id="retrain", run_id=run_id, response_timeout=None)
    assert answer.person is None or _SAID.fullmatch(words)


def test_a_display_name_cannot_pass_for_another_approval() -> None:
    """The ID of the responder comes first, and the display name is marked as a name."""
    name = "Grace Hopper (grace) at 2026-04-30 09:00:00 UTC (Airflow DAG retrain, run r): reviewed"
    given_event = event(responded_by_user={"id": "eve", "name": name}, params_input={"comment": 'ok". Rejected by ada'})
    assert Answer.from_event(given_event).description(**RUN) == (
        'Approved by eve ("Grace Hopper (grace) at 2026-04-30 09:00:00 UTC (Airflow DAG retrain, run r): r…") '
        'at 2026-03-01 10:00:00 UTC (Airflow DAG retrain, run manual__1). Comment: "ok\'. Rejected by ada"'
    )


_STUDIO = {"UserProfileName": "ada", "DomainId": "d-1", "IamIdentity": {"Arn": "arn:aws:sts::1:assumed-role/x/ada"}}
_ADA = 'arn:aws:sts::1:assumed-role/x/ada (Studio user profile "ada", domain d-1)'


@pytest.mark.parametrize(
    ("members", "who", "when"),
    [
        ({"LastModifiedBy": _STUDIO, "LastModifiedTime": NOON}, _ADA, "2026-03-01T10:00:00+00:00"),
        ({"CreatedBy": _STUDIO, "CreationTime": NOON}, _ADA, "2026-03-01T10:00:00+00:00"),
        ({"CreatedBy": _STUDIO, "CreationTime": NOON, "LastModifiedTime": NOON}, None, "2026-03-01T10:00:00+00:00"),
        ({}, None, None),
    ],
    ids=["changed", "registered-so", "changed-by-nobody-known", "nothing-known"],
)
def test_who_has_decided_elsewhere_is_who_has_changed_the_version_last(
    members: Any, who: str | None, when: str | None
) -> None:
    """The user who last changed the version or, if never changed, registered it; unknown users are not guessed."""
    decided = described(ModelApprovalStatus="Rejected", **members)
    assert decided_elsewhere(decided) == {"decided_by": who, "decided_at": when}
    assert decided_elsewhere(described(**members)) == {"decided_by": None, "decided_at": None}


@pytest.mark.parametrize(
    ("status", "card", "is_explained"),
    [
        ("Approved", "Draft", True),
        ("Approved", "PendingReview", True),
        ("Approved", "Approved", False),
        ("Approved", "Archived", False),
        ("Approved", None, False),
        ("Rejected", "Approved", True),
        ("Rejected", "Draft", False),
        ("PendingManualApproval", "Draft", False),
    ],
)
def test_a_card_that_does_not_follow_the_decision_is_explained(status: str, card: Any, is_explained: bool) -> None:
    """The explanation says how to change it."""
    version = described(ModelApprovalStatus=status, ModelCard={"ModelCardStatus": card})
    why = why_card_differs(version)
    assert bool(why) == is_explained
    assert why is None or f"The version is {status}, but its model card is still {card}, because" in why


def test_a_long_comment_is_cut_and_says_so() -> None:
    """By the larger of the two counts that the service may use."""
    who = {"id": "7", "name": "N" * 300}
    answer = Answer.from_event(event(responded_by_user=who, params_input={"comment": "\N{GRINNING FACE}" * 600}))
    words = answer.description(dag_id="d" * 250, run_id="r" * 250, response_timeout=None)
    assert words.endswith('\N{GRINNING FACE}\N{HORIZONTAL ELLIPSIS}"')
    assert 1021 <= len(words.encode("utf-16-le")) // 2 <= 1024


@pytest.mark.parametrize(
    ("members", "outcome"),
    [
        ({}, ApprovalOutcome.APPROVED),
        ({"chosen_options": ["Reject"]}, ApprovalOutcome.REJECTED),
        ({"timedout": True}, ApprovalOutcome.APPROVED_BY_DEFAULT),
        ({"timedout": True, "chosen_options": ["Reject"]}, ApprovalOutcome.REJECTED_BY_DEFAULT),
    ],
)
def test_every_answer_has_its_outcome(members: Any, outcome: ApprovalOutcome) -> None:
    """A default response is distinguished from a user's response."""
    assert Answer.from_event(event(**members)).outcome == outcome


def test_nobody_and_others_have_outcomes_too() -> None:
    """A timeout without a default, and a decision outside Airflow, have outcomes too."""
    nobody = Answer.from_event({"error": "The response timeout has passed.", "error_type": "timeout"})
    assert (nobody.outcome, nobody.option) == (ApprovalOutcome.TIMED_OUT, None)
    assert [outcome_elsewhere(status) for status in ("Approved", "Rejected")] == [
        ApprovalOutcome.APPROVED_ELSEWHERE,
        ApprovalOutcome.REJECTED_ELSEWHERE,
    ]


@given(comment=ANY_TEXT, timed_out=st.booleans())
def test_an_answer_is_the_same_after_it_was_kept(comment: str, timed_out: bool) -> None:
    """A retry writes the same description, by which it recognizes its own update."""
    answer = Answer.from_event(event(params_input={"comment": comment}, timedout=timed_out))
    kept = Answer.from_json(json.loads(json.dumps(answer.to_json())))
    assert kept == answer
    assert kept.description(**RUN) == answer.description(**RUN)


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"answered": 1},
        {"answered": "soon"},
        {"answered": NOON.isoformat(), "option": "Maybe"},
        {"option": "Reject"},
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(kept: Any) -> None:
    """The store may contain data of another version of this package."""
    with pytest.raises(ValueError, match=r"answer|option|isoformat"):
        Answer.from_json(kept)


def test_members_follow_what_the_version_has() -> None:
    """A card is only updated if there is one that accepts the change; a reason is only set where required."""
    asked: dict[str, Any] = {
        "status": "Approved",
        "description": "Good",
        "consequence": Consequence(
            option="Approve", card_status="Approved", life_cycle={"Stage": "Production", "StageStatus": "Approved"}
        ),
    }
    card = {"ModelCardContent": "{}", "ModelCardStatus": "PendingReview"}
    expected = {
        "ModelPackageArn": ARN,
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "Good",
        "ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"},
    }
    with_card = {**expected, "ModelCard": {"ModelCardStatus": "Approved"}}
    assert decision_members(described(ModelCard=card), **asked) == (with_card, None)
    assert decision_members(described(), **asked) == (expected, "the version has none")
    archived, why = decision_members(described(ModelCard={**card, "ModelCardStatus": "Archived"}), **asked)
    assert (archived, why) == (expected, "it is archived and cannot be changed")
    approved_card = described(ModelCard={**card, "ModelCardStatus": "Approved"})
    assert decision_members(approved_card, **asked) == (expected, None)
    of_version_only = replace(asked["consequence"], card_status=None)
    untouched = decision_members(described(ModelCard=card), **{**asked, "consequence": of_version_only})
    assert untouched == (expected, None)


def test_a_decision_is_known_as_ones_own_by_status_and_words() -> None:
    """The same status with another description is another user's decision."""
    mine = {"ModelApprovalStatus": "Approved", "ApprovalDescription": "Good"}
    assert is_decided_by(described(**mine), mine)
    assert not is_decided_by(described(**{**mine, "ApprovalDescription": "Fine"}), mine)
    assert not is_decided_by(described(**{**mine, "ModelApprovalStatus": "Rejected"}), mine)
    assert [decided_status(described(ModelApprovalStatus=status)) for status in ("Approved", "Rejected")] == [
        "Approved",
        "Rejected",
    ]
    assert decided_status(described()) is None
    assert decided_status({}) is None


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(days=2), "2 days"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(seconds=90), "90 seconds"),
    ],
)
def test_a_duration_is_told_without_a_rest(time: timedelta, words: str) -> None:
    """In the largest unit without a remainder."""
    assert duration(time) == words
