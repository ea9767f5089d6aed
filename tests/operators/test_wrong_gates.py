"""A gate that cannot judge is an error of the DAG file as far as it is literal, and of the task before any call."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import BetterThanChampion, QualityGate, SageMakerQualityGateOperator, Threshold
from airflow_sagemaker_automl.tasks.gate_field import GateRefusedAtParse
from tests.support.gates import WRONG_GATES
from tests.support.gating import gate_task, requests

LATER: Any = "{{ later }}"


@pytest.mark.parametrize(("gate", "says"), WRONG_GATES)
def test_a_wrong_gate_is_refused_at_parse_and_before_any_call(
    gate: Any, says: list[str], context: Any, emulator_url: str
) -> None:
    """With everything that is wrong with it, the names of job and group included."""
    with pytest.raises(GateRefusedAtParse) as parsed:
        gate_task("job", "a_group", gate)
    first, *others = map(str, parsed.value.violations)
    assert first.startswith("model_package_group_name = 'a_group' must be the name or ARN")
    assert others == says
    task = gate_task(LATER, LATER, LATER, candidate_name=LATER)
    task.job_name, task.model_package_group_name, task.gate = "a_job", None, gate  # type: ignore[assignment]
    task.candidate_name = 5  # type: ignore[assignment]
    requests(emulator_url)
    with pytest.raises(AirflowFailException) as failed:
        task.execute(context)
    assert [line.strip() for line in str(failed.value).splitlines()[1:]] == [
        "job_name = 'a_job' must have 1 to 32 letters, digits and hyphens, with no hyphen at either end",
        "model_package_group_name is required: the group of the version",
        "candidate_name = 5 must be the name of a candidate, not an integer",
        *says,
    ]
    assert requests(emulator_url) == {}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("on_rejected", "stop", "on_rejected = 'stop' must be one of skip, fail, pass"),
        ("on_rejected", None, "on_rejected = '' must be one of skip, fail, pass"),
        ("model_package_group_name", 5, "must be the name or ARN of a model package group, not an integer"),
        ("model_package_group_name", "", "model_package_group_name is required"),
        (
            "model_package_group_name",
            "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/1",
            "must be the name or ARN of a model package group; this is the ARN of a model package",
        ),
    ],
)
def test_a_wrong_argument_is_refused_at_parse(name: str, value: Any, says: str) -> None:
    """Beside the gate."""
    given: dict[str, Any] = {"job_name": "job", "model_package_group_name": "churn", "gate": {"champion": {}}}
    with pytest.raises(GateRefusedAtParse, match=says):
        SageMakerQualityGateOperator(task_id="judge", **{**given, name: value})


def test_a_gate_is_plain_for_airflow_and_its_authors_object_stays() -> None:
    """Templates and XComArgs in it are found, and tasks that give them come first."""
    with DAG("dag", schedule=None):
        earlier: Any = BaseOperator(task_id="earlier").output
        limit = earlier["limit"]
        gate = QualityGate(
            thresholds=[Threshold(metric="F1", minimum=limit)],
            champion=BetterThanChampion(margin="{{ params.margin }}"),
        )
        before = copy.copy(gate)
        task = gate_task("{{ params.job }}", "{{ params.group }}", gate)
    assert task.upstream_task_ids == {"earlier"}
    assert gate == before
    (threshold,) = task.gate["thresholds"]
    assert (threshold["metric"], threshold["minimum"], threshold["data_set"]) == ("F1", limit, "Validation")
    assert task.gate["champion"]["margin"] == "{{ params.margin }}"
