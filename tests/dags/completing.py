"""A task that waits until versions are completed, mapped over those that are given to the run, and what comes after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param, task

from airflow_sagemaker_automl.completion import WaitsForModelPackage
from airflow_sagemaker_automl.connection import errors_for_people

if TYPE_CHECKING:
    from airflow.sdk import Context


class CompletionOperator(WaitsForModelPackage):
    """Wait until a version is completed."""

    template_fields: Sequence[str] = ("arn",)

    def __init__(self, *, arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arn = arn

    @errors_for_people
    def execute(self, context: Context) -> dict[str, Any]:
        """Wait, here or in the triggerer."""
        return _result(self.completed(self.arn, context))

    @errors_for_people
    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on after the wait in the triggerer."""
        return _result(self.after_completion(event))


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
        completion_timeout=timedelta(minutes=3),
        retries=2,
        retry_delay=timedelta(0),
    ).expand(arn=registered_elsewhere())
