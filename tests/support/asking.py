"""People who are asked by the approval operator, and Airflow's side of it, for tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from airflow.sdk.exceptions import TaskAwaitingInput
from airflow.sdk.execution_time.comms import CreateHITLDetailPayload, HITLDetailRequestResult

from airflow_sagemaker_automl import SageMakerModelApprovalOperator
from tests.support.tasks import TaskInstance

ANSWERED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
ADA = {"id": "7", "name": "Ada Lovelace"}
CARD = json.dumps({"intended_uses": {"risk_rating": "Low", "purpose_of_model": "Triage"}})
DAY = timedelta(days=1)


@dataclass
class Asking(TaskInstance):
    """A task instance that asks people, with what it pushes."""

    id: UUID = field(default_factory=uuid4)
    pushed: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep a result."""
        self.pushed[key] = json.loads(json.dumps(value))


@dataclass
class Form:
    """Airflow's side: it shows what the task has asked first, whatever it asks later."""

    shown: CreateHITLDetailPayload | None = None

    def send(self, msg: Any) -> HITLDetailRequestResult | None:
        """Take a question; all else that a task has to say is not answered."""
        if not isinstance(msg, CreateHITLDetailPayload):
            return None
        self.shown = self.shown or msg
        return HITLDetailRequestResult(**self.shown.model_dump(exclude={"type"}))


def operator(arn: str, **arguments: Any) -> SageMakerModelApprovalOperator:
    """Make the operator under test."""
    return SageMakerModelApprovalOperator(
        task_id="approve", model_package_arn=arn, **{"retries": 2, "response_timeout": DAY, **arguments}
    )


def event(option: str = "Approve", comment: str | None = "Better than the last", **members: Any) -> dict[str, Any]:
    """Give what Airflow resumes a task with."""
    return {
        "chosen_options": [option],
        "params_input": {} if comment is None else {"comment": comment},
        "responded_at": ANSWERED,
        "responded_by_user": ADA,
        "timedout": False,
        **members,
    }


NOBODY = {"error": "The response timeout has passed.", "error_type": "timeout"}


def ask(task: SageMakerModelApprovalOperator, context: Any) -> TaskAwaitingInput:
    """Execute a task that is expected to ask."""
    with pytest.raises(TaskAwaitingInput) as asked:
        task.execute(context)
    return asked.value


def answer(arn: str, context: Any, given: dict[str, Any] | None = None, **arguments: Any) -> Any:
    """Ask, and resume with an answer as Airflow does: in an instance that knows nothing but its arguments."""
    asked = ask(operator(arn, **arguments), context)
    return operator(arn, **arguments).execute_complete(context, event=given or event(), **(asked.kwargs or {}))


def again(context: Any, **changes: Any) -> Any:
    """Give the context of another try."""
    ti = replace(context["ti"], **{"try_number": context["ti"].try_number + 1, "id": uuid4(), "pushed": {}, **changes})
    return {**context, "ti": ti, "task_instance": ti}
