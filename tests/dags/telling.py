"""Tasks that tell of a version that exists, as operators do that have registered or changed it, and who hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, task

from airflow_sagemaker_automl import approved, approved_version, registered
from airflow_sagemaker_automl.assets.events import emit_approval_event, emit_registration_events
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS, SageMakerTask

if TYPE_CHECKING:
    from airflow.sdk import Context

GROUP = "telling"
# Airflow may fail a task whose trigger fires earlier.
_PAUSE = timedelta(seconds=5)


class Tell(SageMakerTask):
    """Tell of a version at the end, as the register operator does, or the update operator.

    :param model_package_arn: the version. (templated)
    :param asked_for: the approval status that an update was for; ``registration`` for a registration.
    :param deferrable: whether it waits in the triggerer before.
    """

    template_fields: Sequence[str] = ("model_package_arn", *CONNECTION_FIELDS)

    def __init__(
        self,
        *,
        model_package_arn: str = "{{ params.model_package_arn }}",
        asked_for: str = "registration",
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model_package_arn = model_package_arn
        self.asked_for = asked_for
        self.deferrable = deferrable

    def execute(self, context: Context) -> None:
        """Tell, or wait first."""
        if self.deferrable:
            self.defer(trigger=TimeDeltaTrigger(_PAUSE), method_name="execute_complete")
        self._tell(context)

    def execute_complete(self, context: Context, event: Any) -> None:
        """Tell after the wait."""
        self._tell(context)

    def _tell(self, context: Context) -> None:
        description = self.hook.describe_model_package(self.model_package_arn)
        if self.asked_for == "registration":
            emit_registration_events(self, context, description)
        else:
            emit_approval_event(self, context, description, self.asked_for)


with DAG(
    dag_id="tell",
    schedule=None,
    default_args={"aws_conn_id": "{{ params.aws_conn_id }}", "outlets": [registered(GROUP), approved(GROUP)]},
    params={"aws_conn_id": "aws_default", "model_package_arn": "arn"},
) as tell:
    Tell(task_id="here")
    Tell(task_id="deferred", deferrable=True)
    Tell.partial(task_id="mapped").expand(model_package_arn=["{{ params.model_package_arn }}"])
    Tell(task_id="approve", asked_for="Approved")
    Tell(task_id="other_group", outlets=[approved("other")])

with DAG(
    dag_id="hear",
    schedule=approved(GROUP),
    user_defined_macros={"approved_version": approved_version},
) as hear:

    @task
    def read(triggering_asset_events: Any = None) -> dict[str, Any]:
        """Read what was approved."""
        return approved_version(triggering_asset_events).to_extra()

    @task
    def take(model_package_arn: str) -> str:
        """Use it in a template."""
        return model_package_arn

    read()
    take("{{ approved_version(triggering_asset_events).model_package_arn }}")
