"""The approval form: its arguments, its text in Airflow, and where its answer is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

from airflow_sagemaker_automl.core.registry.decision import STATUSES, Answer, Consequence
from airflow_sagemaker_automl.core.values.literals import at
from airflow_sagemaker_automl.exceptions import InvalidModelPackage, Violation
from airflow_sagemaker_automl.tasks.decision import OnDecidedElsewhere
from airflow_sagemaker_automl.tasks.results import OnRejected

if TYPE_CHECKING:
    from airflow.providers.standard.operators.hitl import HITLOperator
    from airflow.sdk import BaseOperator, Context

FIXED = ("options", "multiple")
ENDINGS: Mapping[str, str] = {
    "skip": "this task and its downstream tasks are skipped",
    "fail": "this task fails",
    "pass": "this task succeeds, and its downstream tasks run",
}
_KEPT = "approval_answer"


def wrong_arguments(
    response_timeout: Any, defaults: Any, assigned_users: Any, others: Mapping[str, Any]
) -> Iterator[Violation]:
    """Check at DAG parse what ``HITLOperator`` reports one violation at a time, or only when the task asks.

    :param others: all other arguments by name.
    """
    for name in FIXED:
        if name in others:
            yield Violation(name, others[name], f"must be left out: the options are {' and '.join(STATUSES)}")
    chosen = defaults if isinstance(defaults, list) else [defaults]
    if defaults is not None and chosen not in [[option] for option in STATUSES]:
        yield Violation("defaults", defaults, f"must be {' or '.join(STATUSES)}")
    is_time = isinstance(response_timeout, timedelta) and response_timeout > timedelta(0)
    if response_timeout is not None and not is_time:
        yield Violation("response_timeout", response_timeout, "must be a timedelta greater than zero")
    users = [assigned_users] if isinstance(assigned_users, Mapping) else assigned_users
    if users is not None and not (isinstance(users, list | tuple) and all(map(_is_user, users))):
        yield Violation("assigned_users", assigned_users, 'must be users like {"id": "7", "name": "Ada"}')


def wrong_choices(**chosen: Any) -> Iterator[Violation]:
    """Check arguments that have a fixed set of values."""
    for name, value in chosen.items():
        allowed = get_args(OnDecidedElsewhere if name == "on_decided_elsewhere" else OnRejected)
        if value not in allowed:
            yield Violation(name, value, f"must be one of {', '.join(allowed)}")


def wrong_in_any(
    consequences: Iterable[Consequence],
    model_package_arn: str,
    judge: Callable[[Mapping[str, Any], Consequence], object],
) -> list[Violation]:
    """Collect the violations in the updates of all options, without duplicates.

    :param judge: takes the members of the update; raises :class:`InvalidModelPackage`.
    """
    wrong: list[Violation] = []
    for consequence in consequences:
        try:
            judge(consequence.members(model_package_arn), consequence)
        except InvalidModelPackage as error:
            wrong += [violation for violation in error.violations if violation not in wrong]
    return wrong


def _is_user(user: Any) -> bool:
    return all(isinstance(at(user, key), str) for key in ("id", "name"))


def shown_body(task: HITLOperator, context: Context) -> str | None:
    """Create a task's form, unless Airflow already has one for it, which stays unchanged.

    :return: the body of the form that Airflow shows.
    """
    from airflow.sdk.api.datamodels._generated import HITLUser
    from airflow.sdk.execution_time.comms import CreateHITLDetailPayload, HITLDetailRequestResult
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    question = CreateHITLDetailPayload(
        ti_id=context["ti"].id,
        options=task.options,
        subject=task.subject,
        body=task.body,
        defaults=task.defaults,
        params=task.serialized_params,
        assigned_users=[HITLUser(id=user["id"], name=user["name"]) for user in task.assigned_users or []],
    )
    written = SUPERVISOR_COMMS.send(msg=question)
    return written.body if isinstance(written, HITLDetailRequestResult) else task.body


def keep_answer(task: BaseOperator, context: Context, question: Mapping[str, Any], answer: Answer) -> bool:
    """Save an answer for retries: Airflow erases its own copy when a retry begins.

    :param task: logs if it cannot be saved.
    :param question: identifies the question, in JSON.
    :return: whether a retry will find it.
    """
    try:
        context["task_state_store"].set(_KEPT, {"question": dict(question), "answer": answer.to_json()})
    except Exception as error:
        task.log.warning("The answer could not be saved, so a retry would ask again: %r", error)
        return False
    return True


def kept_answer(task: BaseOperator, context: Context, question: Mapping[str, Any]) -> Answer | None:
    """Read the saved answer to a question.

    :param task: logs if it cannot be read.
    :return: None if no answer is saved.
    """
    try:
        kept: Any = context["task_state_store"].get(_KEPT)
        return Answer.from_json(kept["answer"]) if at(kept, "question") == question else None
    except Exception as error:
        task.log.warning("Could not read whether an earlier try was answered, so the task asks: %r", error)
        return None
