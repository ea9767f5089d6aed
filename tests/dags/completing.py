"""A task that waits until versions are completed, mapped over those that are given to the run, and what comes after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param, task

from airflow_sagemaker_automl.tasks.base import with_clear_errors
from airflow_sagemaker_automl.tasks.completion import Completion
from airflow_sagemaker_automl.tasks.waiting import WaitingTask

if TYPE_CHECKING:
    from airflow.sdk import Context


_TIMEOUT_SECONDS = 180


class CompletionOperator(WaitingTask):
    """Wait until a version is completed."""

    template_fields: Sequence[str] = ("arn",)

    def __init__(self, *, arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arn = arn

    @with_clear_errors
    def execute(self, context: Context) -> dict[str, Any]:
        """Wait, here or in the triggerer."""
        return _result(Completion(task=self, timeout=_TIMEOUT_SECONDS).wait(self.arn))

    @with_clear_errors
    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on after the wait in the triggerer."""
        return _result(Completion(task=self, timeout=_TIMEOUT_SECONDS).after(event))


def _result(described: dict[str, Any]) -> dict[str, Any]:
    return {"arn": described["ModelPackageArn"], "status": described["ModelPackageStatus"]}


@task
def registered_elsewhere(params: dict[str, Any] | None = None) -> list[str]:
    """Find out which versions to wait for, when the run knows."""
    return list((params or {})["versions"])


with DAG(dag_id="complete", schedule=None, params={"versions": Param(type="array", default=["arn"])}):
    CompletionOperator.partial(
        task_id="complete",
        deferrable=True,
        poll_interval=1,
        retries=2,
        retry_delay=timedelta(0),
    ).expand(arn=registered_elsewhere())
