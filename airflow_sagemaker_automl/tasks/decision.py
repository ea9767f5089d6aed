"""Apply the answer to an approval request to its version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from airflow_sagemaker_automl.core.registry.decision import (
    STATUSES,
    Answer,
    ApprovalOutcome,
    Consequence,
    decided_elsewhere,
    decided_status,
    decision_members,
    is_decided_by,
    line,
    outcome_elsewhere,
)
from airflow_sagemaker_automl.core.registry.model_package import is_finished
from airflow_sagemaker_automl.core.registry.package_change import package_change
from airflow_sagemaker_automl.exceptions import (
    AutoMLError,
    ModelPackageDecidedElsewhere,
    ModelPackageGone,
    ModelPackageUnfinished,
    escaped,
)
from airflow_sagemaker_automl.hooks.errors import is_invalid
from airflow_sagemaker_automl.tasks.changing import update_and_describe

if TYPE_CHECKING:
    from airflow_sagemaker_automl.tasks.base import SageMakerTask

OnDecidedElsewhere: TypeAlias = Literal["accept", "fail"]

_ELSEWHERE = (ApprovalOutcome.APPROVED_ELSEWHERE, ApprovalOutcome.REJECTED_ELSEWHERE)


@dataclass(frozen=True, kw_only=True)
class Decided:
    """The decision on a version.

    :param described: the response of ``DescribeModelPackage``.
    :param answer: the answer that was applied; None if the decision was made elsewhere, or there is none.
    :param conflict: why the task must fail although the version is decided.
    """

    outcome: ApprovalOutcome
    described: Mapping[str, Any]
    answer: Answer | None = None
    conflict: AutoMLError | None = None

    @property
    def reason(self) -> str:
        """The approval description, on one line."""
        return line(self.described.get("ApprovalDescription"))

    def to_json(self) -> dict[str, Any]:
        """Return the result of the task."""
        described, answer = self.described, self.answer
        elsewhere = decided_elsewhere(described) if self.outcome in _ELSEWHERE else {}
        return {
            "model_package_arn": described["ModelPackageArn"],
            "model_package_group_name": described.get("ModelPackageGroupName"),
            "model_package_version": described.get("ModelPackageVersion"),
            "approval_status": described.get("ModelApprovalStatus"),
            "approval_description": described.get("ApprovalDescription"),
            "outcome": self.outcome.value,
            "decided_by": answer.person if answer else elsewhere.get("decided_by"),
            "decided_at": answer.to_json()["answered"] if answer else elsewhere.get("decided_at"),
            "comment": answer.comment if answer else None,
        }


def describe_for_decision(task: SageMakerTask, arn: str) -> dict[str, Any]:
    """Describe a version that is to be approved or rejected.

    :return: the response of ``DescribeModelPackage``.
    :raises ModelPackageGone: the version does not exist.
    :raises ModelPackageFailed: the version failed.
    :raises ModelPackageUnfinished: the version is not completed yet.
    """
    try:
        described = task.call_with_retries(lambda hook: hook.describe_model_package(arn))
    except Exception as error:
        if is_invalid(error):
            raise ModelPackageGone(arn, str(error)) from error
        raise
    task.lineage = task.lineage.with_version(described)
    if not is_finished(described):
        reason = "It can be approved or rejected when it is Completed; a retry checks again."
        raise ModelPackageUnfinished(arn, described["ModelPackageStatus"], reason)
    return described


def apply_answer(
    task: SageMakerTask,
    described: Mapping[str, Any],
    answer: Answer,
    *,
    words: str,
    consequences: Mapping[str, Consequence],
    on_decided_elsewhere: OnDecidedElsewhere,
) -> Decided:
    """Update a version by an answer, unless it was decided elsewhere; send only what differs.

    :param described: the version.
    :param words: the approval description.
    :param consequences: option → what follows from choosing it.
    :param on_decided_elsewhere: whether a contradicting decision is a conflict.
    """
    decided = decided_status(described)
    if answer.option is None:
        return Decided(
            outcome=outcome_elsewhere(decided) if decided else ApprovalOutcome.TIMED_OUT, described=described
        )
    consequence = consequences[answer.option]
    members, untouched = decision_members(
        described, status=STATUSES[answer.option], description=words, consequence=consequence
    )
    if decided and not is_decided_by(described, members):
        is_conflict = on_decided_elsewhere == "fail" and decided != answer.status
        return _keep_decision(task, described, decided, words, is_conflict=is_conflict)
    if untouched:
        task.log.warning("The model card of %s is left unchanged: %s", described["ModelPackageArn"], untouched)
    return Decided(outcome=answer.outcome, described=_updated(task, described, members, consequence), answer=answer)


def _keep_decision(
    task: SageMakerTask, described: Mapping[str, Any], decided: str, words: str, *, is_conflict: bool
) -> Decided:
    """Keep a decision that was made elsewhere while the task waited."""
    kept = Decided(outcome=outcome_elsewhere(decided), described=described)
    arn = described["ModelPackageArn"]
    if is_conflict:
        conflict = ModelPackageDecidedElsewhere(arn, words, decided, kept.reason)
        return Decided(outcome=kept.outcome, described=described, conflict=conflict)
    text = "%s was decided elsewhere in the meantime and stays %s: %s. The answer given here is not applied: %s"
    task.log.warning(text, arn, decided, escaped(kept.reason), words)
    return kept


def _updated(
    task: SageMakerTask, described: Mapping[str, Any], members: Mapping[str, Any], consequence: Consequence
) -> Mapping[str, Any]:
    """Send what an update changes.

    :raises ModelPackageGone: the version was deleted in the meantime.
    """
    from airflow_sagemaker_automl.hooks.service_model import checked_model_package

    change = package_change(described, checked_model_package(members, update=True, names=consequence.argument_names))
    for request in change.requests:
        try:
            described = update_and_describe(task, request, described)
        except Exception as error:
            if is_invalid(error):
                describe_for_decision(task, request["ModelPackageArn"])
            raise
    for changed in change.changes:
        task.log.info("%s: %s", described["ModelPackageArn"], changed)
    task.lineage = task.lineage.with_version(described)
    return described
