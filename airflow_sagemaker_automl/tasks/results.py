"""How a task ends that is not simply successful: its result in XCom, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from airflow.sdk.exceptions import AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from airflow_sagemaker_automl.exceptions import AutoMLError

OnRejected: TypeAlias = Literal["skip", "fail", "pass"]


def end_as_chosen(
    task: BaseOperator, context: Context, result: dict[str, Any], why: AutoMLError, chosen: OnRejected
) -> dict[str, Any]:
    """End a task in the way that its author chose: ``pass`` returns the result, ``skip`` and ``fail`` raise.

    The result is in XCom in any case; Airflow itself pushes it only for a task that succeeds.

    :param result: the task's result, in JSON.
    :param why: the reason not to succeed.
    :raises AirflowSkipException: from the reason, if the task is skipped.
    :raises AutoMLError: the reason itself, if it fails.
    """
    if chosen == "pass":
        return result
    if task.do_xcom_push:
        members = result if task.multiple_outputs else {}
        for key, value in {**members, "return_value": dict(result)}.items():
            context["ti"].xcom_push(key=key, value=value)
    if chosen == "skip":
        raise AirflowSkipException(str(why)) from why
    raise why


def wait_abandoned(event: Mapping[str, Any], permission: str) -> str:
    """Explain why a triggerer stopped waiting although the wait is not over.

    :param event: of the trigger, with its reason.
    :param permission: the IAM action that the triggerer needs.
    """
    why = event.get("reason") or "it cannot describe what it waits for"
    return (
        f"The triggerer stopped waiting: {why}. It needs the connection, and an AWS identity that is allowed "
        f"{permission}; or wait with deferrable=False."
    )
