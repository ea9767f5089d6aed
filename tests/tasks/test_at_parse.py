"""What an operator refuses when a DAG is parsed begins with the task, and a name that does not exist has a nearest."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, TaskGroup

from airflow_sagemaker_automl import SageMakerAutoMLJobOperator
from airflow_sagemaker_automl.tasks.at_parse import argument_names
from tests.support.task_classes import TASKS


@pytest.mark.parametrize("operator", TASKS, ids=lambda operator: operator.__name__)
def test_an_unknown_argument_is_named_with_the_task_and_the_nearest_one(operator: type[BaseOperator]) -> None:
    """Of every operator and sensor, in the task group that it is made in."""
    says = f"^models.watch: {operator.__name__} has no argument 'aws_con_id'; did you mean 'aws_conn_id'\\?$"
    with pytest.raises(TypeError, match=says), DAG("dag", schedule=None), TaskGroup("models"):
        operator(task_id="watch", aws_con_id="aws_production")


@pytest.mark.parametrize("operator", TASKS, ids=lambda operator: operator.__name__)
def test_a_missing_argument_is_named_with_the_task(operator: type[BaseOperator]) -> None:
    """Airflow itself names the argument only."""
    with pytest.raises(TypeError, match=r"^watch: missing keyword argument"), DAG("dag", schedule=None):
        operator(task_id="watch")


def test_every_violation_of_a_request_is_named_below_its_argument() -> None:
    """And the error arrives as it was at whoever shows import errors."""
    request: Any = {"AutoMLJobName": "-", "RoleArn": "admin"}
    with pytest.raises(Exception, match=r"^train: \d errors:\n  request\.") as failed:
        SageMakerAutoMLJobOperator(task_id="train", request=request)
    lines = str(failed.value).splitlines()
    assert all(line.startswith("  request.") for line in lines[1:])
    assert str(pickle.loads(pickle.dumps(failed.value))) == str(failed.value)  # noqa: S301


def test_a_subclass_may_take_arguments_of_its_own() -> None:
    """They are not taken for mistakes, whether its constructor names them or reads them."""

    class Reading(SageMakerAutoMLJobOperator):
        def __init__(self, **kwargs: Any) -> None:
            self.read = kwargs.pop("read")
            super().__init__(**kwargs)

    class Naming(SageMakerAutoMLJobOperator):
        def __init__(self, *, named: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.named = named

    assert Reading(task_id="train", request="request.yaml", read=1).read == 1
    assert Naming(task_id="train", request="request.yaml", named=1).named == 1
    assert {"named", "request", "aws_conn_id", "retries"} <= set(argument_names(Naming))
