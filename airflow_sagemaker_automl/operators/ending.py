"""How the task that asks for a decision ends: what it says, and whether what depends on it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.assets import tell_of_update
from airflow_sagemaker_automl.core.decision import Answer, Outcome, decided_elsewhere, duration, line, ranking_figure
from airflow_sagemaker_automl.exceptions import AutoMLError, ModelPackageRejected, ModelPackageUndecided

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.operators.approval import SageMakerModelApprovalOperator
    from airflow_sagemaker_automl.operators.question import Ending

_ELSEWHERE = (Outcome.APPROVED_ELSEWHERE, Outcome.REJECTED_ELSEWHERE)
_REJECTIONS = (Outcome.REJECTED, Outcome.REJECTED_BY_DEFAULT, Outcome.REJECTED_ELSEWHERE)


def end_task(
    task: SageMakerModelApprovalOperator,
    outcome: Outcome,
    described: Mapping[str, Any],
    context: Context,
    answer: Answer | None = None,
) -> dict[str, Any]:
    """Tell the outcome, and end as it is wanted.

    :param described: answer of ``DescribeModelPackage``.
    :param answer: the one that has counted.
    :return: what the task returns.
    :raises AirflowSkipException: the version is rejected, or nobody has decided, and the task is to be skipped.
    :raises ModelPackageRejected: the first, and the task is to fail.
    :raises ModelPackageUndecided: the second, and the task is to fail.
    """
    arn, result = described["ModelPackageArn"], decision_result(outcome, described, answer)
    if outcome not in _REJECTIONS:
        task.log.info("%s: %s", arn, outcome.value)
    metrics.count(metrics.DECIDED, outcome.value)
    if outcome == Outcome.TIMED_OUT:
        waited = duration(task.response_timeout) if task.response_timeout else "the time that was given"
        require_going_on(task, task.on_timeout, ModelPackageUndecided(arn, waited), result, context)
    elif outcome in _REJECTIONS:
        rejected = ModelPackageRejected(arn, reason_of(described), ranking_figure(described))
        task.log.warning("%s: %s", rejected, outcome.value)
        require_going_on(task, task.on_rejected, rejected, result, context)
    tell_of_update(task, context, described, described.get("ModelApprovalStatus"))
    return result


def require_going_on(
    task: SageMakerModelApprovalOperator,
    ending: Ending,
    error: AutoMLError,
    result: Mapping[str, Any],
    context: Context,
) -> None:
    """Skip or fail the task, unless it is to succeed; its result is there all the same.

    :param error: why.
    """
    if ending == "pass":
        return
    # Airflow keeps what a task returns only if it succeeds.
    if task.do_xcom_push:
        for key, value in {**result, "return_value": dict(result)}.items():
            context["ti"].xcom_push(key=key, value=value)
    if ending == "skip":
        raise AirflowSkipException(str(error)) from error
    raise error


def decision_result(outcome: Outcome, described: Mapping[str, Any], answer: Answer | None = None) -> dict[str, Any]:
    """Give what the task returns, in JSON.

    :param described: answer of ``DescribeModelPackage``.
    :param answer: the one that has counted.
    """
    elsewhere = decided_elsewhere(described) if outcome in _ELSEWHERE else {}
    return {
        "model_package_arn": described["ModelPackageArn"],
        "model_package_group_name": described.get("ModelPackageGroupName"),
        "model_package_version": described.get("ModelPackageVersion"),
        "approval_status": described.get("ModelApprovalStatus"),
        "approval_description": described.get("ApprovalDescription"),
        "outcome": outcome.value,
        "decided_by": answer.person if answer else elsewhere.get("decided_by"),
        "decided_at": answer.to_json()["answered"] if answer else elsewhere.get("decided_at"),
        "comment": answer.comment if answer else None,
    }


def reason_of(described: Mapping[str, Any]) -> str:
    """Say what whoever decided on a version has said, on one line."""
    return line(described.get("ApprovalDescription"))
