"""Turn a reviewer's answer into members of ``UpdateModelPackage``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from airflow_sagemaker_automl.core.card.limits import cut, text
from airflow_sagemaker_automl.core.registry.model_version import ModelVersion
from airflow_sagemaker_automl.core.registry.people import airflow_user, aws_identity, identifier, quoted, units
from airflow_sagemaker_automl.core.values.literals import at, mapping, sequence

APPROVE = "Approve"
REJECT = "Reject"
# The chosen option → the version's ``ModelApprovalStatus``.
STATUSES: Mapping[str, str] = {APPROVE: "Approved", REJECT: "Rejected"}
COMMENT = "comment"

LONGEST_COMMENT = 600
_LONGEST_DESCRIPTION = 1024
# Airflow's own limit for the ids of DAGs and runs.
_LONGEST_ID = 250
_ARCHIVED = "Archived"
# The version's approval status → statuses of its card that contradict it.
_UNLIKE: Mapping[str, tuple[str, ...]] = {"Approved": ("Draft", "PendingReview"), "Rejected": ("Approved",)}
# These change the direction of the text that follows.
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


class ApprovalOutcome(StrEnum):
    """The outcome of asking for approval."""

    APPROVED = "approved"
    REJECTED = "rejected"
    APPROVED_BY_DEFAULT = "approved_by_default"
    REJECTED_BY_DEFAULT = "rejected_by_default"
    APPROVED_ELSEWHERE = "approved_elsewhere"
    REJECTED_ELSEWHERE = "rejected_elsewhere"
    TIMED_OUT = "timed_out"


REJECTIONS = (ApprovalOutcome.REJECTED, ApprovalOutcome.REJECTED_BY_DEFAULT, ApprovalOutcome.REJECTED_ELSEWHERE)


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What follows from choosing an option.

    :param option: ``Approve`` or ``Reject``.
    :param card_status: new status of the model card; None does not change it.
    :param life_cycle: new life cycle of the version; None does not change it.
    """

    option: str
    card_status: str | None = None
    life_cycle: Mapping[str, str] | None = None

    @property
    def argument_names(self) -> dict[str, str]:
        """The members of the update → the operator's arguments that set them."""
        suffix = "approved" if self.option == APPROVE else "rejected"
        return {
            "ModelPackageArn": "model_package_arn",
            "ModelCard.ModelCardStatus": f"model_card_status_if_{suffix}",
            "ModelLifeCycle": f"model_life_cycle_if_{suffix}",
        }

    def members(self, model_package_arn: str) -> dict[str, Any]:
        """Return the members of the update that do not depend on the version and the answer."""
        members: dict[str, Any] = {"ModelPackageArn": model_package_arn, "ModelApprovalStatus": STATUSES[self.option]}
        if self.card_status is not None:
            members["ModelCard"] = {"ModelCardStatus": self.card_status}
        if self.life_cycle is not None:
            members["ModelLifeCycle"] = self.life_cycle
        return members

    def in_words(self, described: Mapping[str, Any]) -> str:
        """Describe the update of a version, in the service's words."""
        status = STATUSES[self.option]
        members, _ = decision_members(described, status=status, description="", consequence=self)
        card, cycle = at(members, "ModelCard", "ModelCardStatus"), members.get("ModelLifeCycle")
        more = f", its model card {card}" if card else ""
        more += f", its life cycle {cycle.get('Stage')}: {cycle.get('StageStatus')}" if cycle else ""
        return f"{self.option}: the version becomes {status}{more}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to an approval request.

    :param option: ``Approve`` or ``Reject``; None if nobody answered in time and there are no ``defaults``.
    :param answered: time of the answer, or of the timeout.
    :param person: the reviewer, with the id first, for example ``7 ("Ada Lovelace")``; None if nobody answered, or if
        Airflow does not know who did.
    :param comment: the reviewer's comment, on one line.
    :param timed_out: whether nobody answered in time.
    """

    option: str | None
    answered: datetime
    person: str | None = None
    comment: str = ""
    timed_out: bool = False

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Answer:
        """Read the event with which Airflow resumes the task.

        :param event: ``chosen_options``, ``params_input``, ``responded_at``, ``responded_by_user`` and ``timedout``,
            all of them unchecked; or ``error`` if nobody answered in time.
        """
        options = sequence(event.get("chosen_options"))
        answered = event.get("responded_at")
        return cls(
            option=options[0] if options else None,
            answered=answered if isinstance(answered, datetime) else datetime.now(UTC),
            person=airflow_user(event.get("responded_by_user")),
            comment=line(at(event, "params_input", COMMENT), LONGEST_COMMENT),
            timed_out=bool(event.get("timedout") or event.get("error")),
        )

    @property
    def status(self) -> str | None:
        """The ``ModelApprovalStatus`` that the answer asks for; None if there is no option."""
        return STATUSES[self.option] if self.option else None

    @property
    def outcome(self) -> ApprovalOutcome:
        """The outcome, if this answer decides on the version."""
        if self.option is None:
            return ApprovalOutcome.TIMED_OUT
        approves = self.option == APPROVE
        if self.timed_out:
            return ApprovalOutcome.APPROVED_BY_DEFAULT if approves else ApprovalOutcome.REJECTED_BY_DEFAULT
        return ApprovalOutcome.APPROVED if approves else ApprovalOutcome.REJECTED

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON, to save it."""
        return {**vars(self), "answered": self.answered.astimezone(UTC).isoformat()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Answer:
        """Read what :meth:`to_json` returned.

        :raises ValueError: the value is not an answer.
        """
        try:
            answer = cls(**{**kept, "answered": datetime.fromisoformat(kept["answered"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is not an answer: {error!r}") from error
        if answer.option is not None and answer.option not in STATUSES:
            raise ValueError(f"{answer.option!r} is not one of the options {', '.join(STATUSES)}")
        return answer

    def description(self, *, dag_id: str, run_id: str, response_timeout: timedelta | None) -> str:
        """Write the ``ApprovalDescription``: who decided, when, in which DAG run, and why.

        For example ``Approved by 7 ("Ada") at 2026-03-01 10:00:00 UTC (Airflow DAG retrain, run manual__1). Comment:
        "Good"``. Names cannot contain a fake ``Comment:``. If the text is too long, the comment is shortened first.
        """
        moment = f"{self.answered.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        where = f"Airflow DAG {identifier(dag_id, _LONGEST_ID)}, run {identifier(run_id, _LONGEST_ID)}"
        if self.timed_out:
            waited = f" within {duration(response_timeout)}" if response_timeout else " in time"
            facts = f"{self.status} by default at {moment}, because nobody answered{waited} ({where})"
        else:
            facts = f"{self.status} by {self.person or 'a user unknown to Airflow'} at {moment} ({where})"
        if not self.comment:
            return facts
        before = f"{facts}. Comment: "
        return before + quoted(self.comment, _LONGEST_DESCRIPTION - units(before) - len('""'))


def outcome_elsewhere(status: str) -> ApprovalOutcome:
    """Return the outcome for a decision made outside this task.

    :param status: ``Approved`` or ``Rejected``.
    """
    return ApprovalOutcome.APPROVED_ELSEWHERE if status == STATUSES[APPROVE] else ApprovalOutcome.REJECTED_ELSEWHERE


def decided_status(described: Mapping[str, Any]) -> str | None:
    """Return ``Approved`` or ``Rejected``; None if the version is still pending.

    :param described: answer of ``DescribeModelPackage``.
    """
    status = described.get("ModelApprovalStatus")
    return status if status in STATUSES.values() else None


def ranking_figure(described: Mapping[str, Any]) -> str:
    """Write the metric that a version's candidate was ranked by, with its value; empty if unknown.

    :param described: answer of ``DescribeModelPackage`` for a version of a group.
    """
    version = ModelVersion.from_description(described)
    if not version.objective_metric or version.objective_value is None:
        return ""
    return f"{version.objective_metric} {version.objective_value:.4g}"


def decided_elsewhere(described: Mapping[str, Any]) -> dict[str, str | None]:
    """Return who decided on a version and when, as far as the service tells: the identity of the last change.

    :param described: answer of ``DescribeModelPackage``. For a version that was never changed, this is the identity
        that registered it.
    :return: ``decided_by``, and ``decided_at`` in ISO 8601, UTC; None if unknown or still pending.
    """
    if decided_status(described) is None:
        return {"decided_by": None, "decided_at": None}
    is_changed = bool(described.get("LastModifiedTime") or described.get("LastModifiedBy"))
    by, at_time = ("LastModifiedBy", "LastModifiedTime") if is_changed else ("CreatedBy", "CreationTime")
    moment = described.get(at_time)
    return {
        "decided_by": aws_identity(described.get(by)),
        "decided_at": moment.astimezone(UTC).isoformat() if isinstance(moment, datetime) else None,
    }


def why_card_differs(described: Mapping[str, Any]) -> str | None:
    """Explain in one sentence why the status of the model card contradicts the decision.

    :param described: answer of ``DescribeModelPackage``.
    :return: None if the two agree, or the version is still pending.
    """
    decided, card = decided_status(described), at(described, "ModelCard", "ModelCardStatus")
    if card not in _UNLIKE.get(decided or "", ()):
        return None
    return (
        f"The version is {decided}, but its model card is still {card}, because only the approval task in Airflow "
        "changes both. To change the card, use SageMakerUpdateModelPackageOperator(model_card_status=...)."
    )


def is_decided_by(described: Mapping[str, Any], members: Mapping[str, Any]) -> bool:
    """Tell whether an earlier try has already made this update."""
    return all(described.get(key) == members[key] for key in ("ModelApprovalStatus", "ApprovalDescription"))


def decision_members(
    described: Mapping[str, Any], *, status: str, description: str, consequence: Consequence
) -> tuple[dict[str, Any], str | None]:
    """Write the members of ``UpdateModelPackage`` for a decision.

    :param described: response of ``DescribeModelPackage``.
    :param consequence: what else changes; the card's status only if the version has a card that can be changed.
    :return: the members; and the reason if the card cannot be changed, else None.
    """
    members: dict[str, Any] = {
        "ModelPackageArn": described["ModelPackageArn"],
        "ModelApprovalStatus": status,
        "ApprovalDescription": description,
    }
    if consequence.life_cycle:
        members["ModelLifeCycle"] = dict(consequence.life_cycle)
    card, card_status = mapping(described.get("ModelCard")), consequence.card_status
    if not card_status or card.get("ModelCardStatus") == card_status:
        return members, None
    if not card:
        return members, "the version has none"
    if card.get("ModelCardStatus") == _ARCHIVED:
        return members, "it is archived and cannot be changed"
    return {**members, "ModelCard": {"ModelCardStatus": card_status}}, None


def line(value: Any, longest: int = 10_000) -> str:
    """Write a text on one line, without invisible characters, and shortened to ``longest`` characters."""
    return cut(" ".join(_DIRECTIONS.sub("", text(value)).split()), longest)


def duration(time: timedelta) -> str:
    """Write a duration in the largest unit that has no remainder, for example "36 hours"."""
    seconds = round(time.total_seconds())
    name, size = next((name, size) for name, size in _UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {name}{'' if count == 1 else 's'}"
