"""Evaluations in an account whose transform jobs a test answers itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from airflow_sagemaker_automl import SageMakerModelEvaluationOperator
from airflow_sagemaker_automl.tasks.task_memory import TaskMemory
from tests.support.jobs import ROLE
from tests.support.scoring import Account
from tests.support.tasks import deferral, resume
from tests.support.transforms import wait_for_transform

ROWS = 40
ROLES = ("candidate", "champion")
LABELS = ["yes" if number % 2 else "no" for number in range(ROWS)]
Predict = Callable[[Sequence[str]], str]


def guess(row: Sequence[str]) -> str:
    """Answer the label, which is wrong for each tenth row, and what it is chosen by."""
    age = int(row[0])
    # Account.rows() makes persons of 21 years and more.
    is_yes = (age % 2 == 1) != (age % 10 == 0)
    return f"""{"yes" if is_yes else "no"},"{"[0.2, 0.8]" if is_yes else "[0.7, 0.3]"}","['no', 'yes']\""""


def operator(**arguments: Any) -> SageMakerModelEvaluationOperator:
    """Make the operator under test; it waits in the triggerer unless told otherwise."""
    defaults = {"task_id": "evaluate", "role_arn": ROLE, "deferrable": True, "poll_interval": 0.2, "minimum_rows": 30}
    return SageMakerModelEvaluationOperator(**{**defaults, **arguments})


def job_of(context: Any, role: str, attempt: int = 1) -> str:
    """Name the job that will score for a role."""
    return TaskMemory(context, 0).identity(each_try=False).of_part(role).job_name(attempt)


def hold(account: Account, context: Any, role: str, status: str = "Completed") -> str:
    """Let the job of a role work until :func:`end`.

    :param status: with which it ends then.
    :return: its name.
    """
    name = job_of(context, role)
    account.script({"Held": True, "Ending": {"TransformJobStatus": status}}, name)
    return name


def end(account: Account, name: str, predict: Predict = guess) -> None:
    """Answer a job, and let it end; the others work on."""
    account.answer(name, predict)
    account.script({"Ending": {"TransformJobStatus": "Completed"}}, name)
    wait_for_transform(account.sagemaker, name, seconds=30)


def finish(account: Account, predict: Predict = guess) -> None:
    """Answer all jobs that work, and let them end; those that are created later are held again."""
    working = [name for name, status in account.jobs().items() if status == "InProgress"]
    for name in working:
        account.answer(name, predict)
    account.end()
    for name in working:
        wait_for_transform(account.sagemaker, name)
    account.hold()


def evaluated(account: Account, context: Any, **given: Any) -> dict[str, Any]:
    """Evaluate to the end, over the deferral."""
    account.hold()
    deferred = deferral(operator(**given), context)
    finish(account)
    result: dict[str, Any] = resume(operator(**given), context, deferred, "finished")
    return result


def left(account: Account, output: str) -> list[str]:
    """List what is below an output, without the names of runs, groups and candidates."""
    return sorted(f"{name.split('/')[0]}/{name.rpartition('/')[2]}" for name in account.names(output))


# What an evaluation of two models leaves.
WHOLE = [
    "evaluations/evaluation.json",
    "evaluations/plan.json",
    "evaluations/statistics.json",
    "history/used",
    "scores/_SUCCESS",
    "scores/_SUCCESS",
    "scores/scores.parquet",
    "scores/scores.parquet",
]
