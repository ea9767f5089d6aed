"""What a person says of a version: their answer becomes members of ``UpdateModelPackage``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from airflow_sagemaker_automl.core.card.limits import cut, text
from airflow_sagemaker_automl.core.literals import at, mapping, sequence
from airflow_sagemaker_automl.core.model_version import ModelVersion
from airflow_sagemaker_automl.core.people import airflow_user, aws_identity, identifier, quoted, units

APPROVE = "Approve"
REJECT = "Reject"
# What a person chooses → the version's ``ModelApprovalStatus``.
STATUSES: Mapping[str, str] = {APPROVE: "Approved", REJECT: "Rejected"}
COMMENT = "comment"

LONGEST_COMMENT = 600
_LONGEST_DESCRIPTION = 1024
# Airflow allows ids of DAGs and runs as many characters.
_LONGEST_ID = 250
_ARCHIVED = "Archived"
# How a version is decided on → statuses of its card that suggest another decision.
_UNLIKE: Mapping[str, tuple[str, ...]] = {"Approved": ("Draft", "PendingReview"), "Rejected": ("Approved",)}
# They turn the direction of all text that follows.
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


class Outcome(StrEnum):
    """How the question ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    APPROVED_BY_DEFAULT = "approved_by_default"
    REJECTED_BY_DEFAULT = "rejected_by_default"
    APPROVED_ELSEWHERE = "approved_elsewhere"
    REJECTED_ELSEWHERE = "rejected_elsewhere"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of the question.

    :param option: ``Approve`` or ``Reject``; None where nobody has answered in time, and nothing is said for this case.
    :param answered: when, or when the time was over.
    :param person: who has answered, the id first, such as ``7 ("Ada Lovelace")``; None where nobody has, or Airflow
        does not know.
    :param comment: on one line.
    :param timed_out: nobody has answered in time.
    """

    option: str | None
    answered: datetime
    person: str | None = None
    comment: str = ""
    timed_out: bool = False

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Answer:
        """Read what Airflow resumes a task with.

        :param event: ``chosen_options``, ``params_input``, ``responded_at``, ``responded_by_user`` and ``timedout``,
            all of them unchecked; or ``error``, when nobody has answered in time.
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
        """``ModelApprovalStatus`` that it asks for; None for none."""
        return STATUSES[self.option] if self.option else None

    @property
    def outcome(self) -> Outcome:
        """What it is called, if it is what decides on the version."""
        if self.option is None:
            return Outcome.TIMED_OUT
        approves = self.option == APPROVE
        if self.timed_out:
            return Outcome.APPROVED_BY_DEFAULT if approves else Outcome.REJECTED_BY_DEFAULT
        return Outcome.APPROVED if approves else Outcome.REJECTED

    def to_json(self) -> dict[str, Any]:
        """Write it JSON-safe, to be kept."""
        return {**vars(self), "answered": self.answered.astimezone(UTC).isoformat()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Answer:
        """Read what :meth:`to_json` has written.

        :raises ValueError: it is nothing of the kind.
        """
        try:
            answer = cls(**{**kept, "answered": datetime.fromisoformat(kept["answered"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no answer: {error!r}") from error
        if answer.option is not None and answer.option not in STATUSES:
            raise ValueError(f"{answer.option!r} is no option")
        return answer

    def description(self, *, dag_id: str, run_id: str, response_timeout: timedelta | None) -> str:
        """Say who has decided, when, in which run of which DAG and why, as ``ApprovalDescription`` takes it.

        For example ``Approved by 7 ("Ada") at 2026-03-01 10:00:00 UTC (Airflow DAG retrain, run manual__1). Comment:
        "Good"``. Whatever names and comment hold, only the comment comes after ``Comment:``, which is cut before
        anything else.
        """
        moment = f"{self.answered.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        where = f"Airflow DAG {identifier(dag_id, _LONGEST_ID)}, run {identifier(run_id, _LONGEST_ID)}"
        if self.timed_out:
            waited = f" within {duration(response_timeout)}" if response_timeout else " in time"
            facts = f"{self.status} by default at {moment}, since nobody answered{waited} ({where})"
        else:
            facts = f"{self.status} by {self.person or 'a person unknown to Airflow'} at {moment} ({where})"
        if not self.comment:
            return facts
        before = f"{facts}. Comment: "
        return before + quoted(self.comment, _LONGEST_DESCRIPTION - units(before) - len('""'))


def outcome_elsewhere(status: str) -> Outcome:
    """Name what another has decided.

    :param status: ``Approved`` or ``Rejected``.
    """
    return Outcome.APPROVED_ELSEWHERE if status == STATUSES[APPROVE] else Outcome.REJECTED_ELSEWHERE


def decided_status(described: Mapping[str, Any]) -> str | None:
    """Read how a version has been decided on; None where it still waits for a decision.

    :param described: answer of ``DescribeModelPackage``.
    """
    status = described.get("ModelApprovalStatus")
    return status if status in STATUSES.values() else None


def ranking_figure(described: Mapping[str, Any]) -> str:
    """Name the metric that a version's candidate was ranked by, and its value; empty where nothing says it.

    :param described: answer of ``DescribeModelPackage`` for a version of a group.
    """
    version = ModelVersion.from_description(described)
    if not version.objective_metric or version.objective_value is None:
        return ""
    return f"{version.objective_metric} {version.objective_value:.4g}"


def decided_elsewhere(described: Mapping[str, Any]) -> dict[str, str | None]:
    """Say who has decided on a version and when, as far as the service tells: who has changed it last.

    :param described: answer of ``DescribeModelPackage``. A version that was never changed was decided on by whoever
        registered it.
    :return: ``decided_by``, and ``decided_at`` in ISO 8601, UTC; None for what is not known, or not decided.
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
    """Explain in one sentence why the status of the model card is not what the decision suggests.

    :param described: answer of ``DescribeModelPackage``.
    :return: None where the two agree, or nothing is decided.
    """
    decided, card = decided_status(described), at(described, "ModelCard", "ModelCardStatus")
    if card not in _UNLIKE.get(decided or "", ()):
        return None
    return (
        f"The version is {decided}, and its model card is still {card}, because only Airflow's approval task changes "
        "both; SageMakerUpdateModelPackageOperator(model_card_status=...) changes the card."
    )


def is_decided_by(described: Mapping[str, Any], members: Mapping[str, Any]) -> bool:
    """Tell whether a version is as an earlier try of the same update has left it."""
    return all(described.get(key) == members[key] for key in ("ModelApprovalStatus", "ApprovalDescription"))


def decision_members(
    described: Mapping[str, Any],
    *,
    status: str,
    description: str,
    card_status: str | None,
    life_cycle: Mapping[str, str] | None,
) -> tuple[dict[str, Any], str | None]:
    """Write the members of ``UpdateModelPackage`` for a decision.

    :param described: answer of ``DescribeModelPackage``.
    :param card_status: for the model card, if the version has one that still takes changes; None leaves it alone.
    :param life_cycle: for the version; None leaves it alone.
    :return: the members, and why the card is left alone although it was not to be; None if it is not.
    """
    members: dict[str, Any] = {
        "ModelPackageArn": described["ModelPackageArn"],
        "ModelApprovalStatus": status,
        "ApprovalDescription": description,
    }
    if life_cycle:
        members["ModelLifeCycle"] = dict(life_cycle)
    card = mapping(described.get("ModelCard"))
    if not card_status or card.get("ModelCardStatus") == card_status:
        return members, None
    if not card:
        return members, "the version has none"
    if card.get("ModelCardStatus") == _ARCHIVED:
        return members, "it is archived, and takes no change any more"
    return {**members, "ModelCard": {"ModelCardStatus": card_status}}, None


def line(value: Any, longest: int = 10_000) -> str:
    """Write a text on one line, without characters that cannot be seen, and of at most so many characters."""
    return cut(" ".join(_DIRECTIONS.sub("", text(value)).split()), longest)


def duration(time: timedelta) -> str:
    """Say how long something took, in the largest unit that leaves no rest, such as "36 hours"."""
    seconds = round(time.total_seconds())
    name, size = next((name, size) for name, size in _UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {name}{'' if count == 1 else 's'}"
