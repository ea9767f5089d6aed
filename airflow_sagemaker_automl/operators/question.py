"""A question to a person: how it may be asked, what Airflow shows of it, and where its answer is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from airflow_sagemaker_automl.core.decision import APPROVE, STATUSES, Answer
from airflow_sagemaker_automl.core.literals import at
from airflow_sagemaker_automl.exceptions import InvalidModelPackage, Violation

if TYPE_CHECKING:
    from airflow.providers.standard.operators.hitl import HITLOperator
    from airflow.sdk import BaseOperator, Context

Ending: TypeAlias = Literal["skip", "fail", "pass"]
WhenDecided: TypeAlias = Literal["accept", "fail"]

FIXED = ("options", "multiple")
ENDINGS: Mapping[str, str] = {
    "skip": "this task and what depends on it are skipped",
    "fail": "this task fails",
    "pass": "this task succeeds, and what depends on it goes on",
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "on_rejected": get_args(Ending),
    "on_timeout": get_args(Ending),
    "on_decided_elsewhere": get_args(WhenDecided),
}
_KEPT = "approval_answer"


def argument_names(option: str) -> dict[str, str]:
    """Give the members of an answer's ``UpdateModelPackage`` and the arguments that they come from."""
    suffix = "approved" if option == APPROVE else "rejected"
    return {
        "ModelPackageArn": "model_package_arn",
        "ModelCard.ModelCardStatus": f"model_card_status_if_{suffix}",
        "ModelLifeCycle": f"model_life_cycle_if_{suffix}",
    }


def wrong_arguments(
    response_timeout: Any, defaults: Any, assigned_users: Any, others: Mapping[str, Any]
) -> Iterator[Violation]:
    """Judge at DAG parse what ``HITLOperator`` says one thing at a time of, or nothing until somebody is asked.

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
        yield Violation("response_timeout", response_timeout, "must be a timedelta of more than nothing")
    users = [assigned_users] if isinstance(assigned_users, Mapping) else assigned_users
    if users is not None and not (isinstance(users, list | tuple) and all(map(_is_user, users))):
        yield Violation("assigned_users", assigned_users, 'must be users like {"id": "7", "name": "Ada"}')


def wrong_choices(arguments: Mapping[str, Any]) -> Iterator[Violation]:
    """Judge arguments that have a few known values."""
    for name, allowed in _CHOICES.items():
        if arguments[name] not in allowed:
            yield Violation(name, arguments[name], f"must be one of {', '.join(allowed)}")


def wrong_in_either(judge: Callable[[str], object]) -> list[Violation]:
    """Collect what is wrong in the updates of both answers, each thing once.

    :param judge: is given the option, and raises :class:`InvalidModelPackage`.
    """
    wrong: list[Violation] = []
    for option in STATUSES:
        try:
            judge(option)
        except InvalidModelPackage as error:
            wrong += [violation for violation in error.violations if violation not in wrong]
    return wrong


def told_consequence(option: str, members: Mapping[str, Any]) -> str:
    """Say what an answer does, in the words of the service.

    :param members: of its ``UpdateModelPackage``.
    """
    card, cycle = at(members, "ModelCard", "ModelCardStatus"), members.get("ModelLifeCycle")
    more = f", its model card {card}" if card else ""
    more += f", its life cycle {cycle.get('Stage')}: {cycle.get('StageStatus')}" if cycle else ""
    return f"{option}: the version becomes {STATUSES[option]}{more}"


def _is_user(user: Any) -> bool:
    return all(isinstance(at(user, key), str) for key in ("id", "name"))


def shown_body(task: HITLOperator, context: Context) -> str | None:
    """Write a task's question, unless Airflow has one of it already: that stays as it was first written.

    :return: the body of the question that Airflow shows.
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
    """Keep an answer for retries: Airflow erases it when one begins.

    :param task: logs if it cannot be kept.
    :param question: names the question, in JSON.
    :return: whether a retry will know it.
    """
    try:
        context["task_state_store"].set(_KEPT, {"question": dict(question), "answer": answer.to_json()})
    except Exception as error:
        task.log.warning("The answer could not be kept, so that a retry would ask again: %r", error)
        return False
    return True


def kept_answer(task: BaseOperator, context: Context, question: Mapping[str, Any]) -> Answer | None:
    """Find the answer to a question.

    :param task: logs if it is not known whether there is one.
    :return: None where none is kept.
    """
    try:
        kept: Any = context["task_state_store"].get(_KEPT)
        return Answer.from_json(kept["answer"]) if at(kept, "question") == question else None
    except Exception as error:
        task.log.warning("Whether an earlier try was answered is not known, so that somebody is asked: %r", error)
        return None
