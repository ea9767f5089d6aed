"""The task group as a DAG author meets it: which tasks there are, how they are wired, and what is refused at parse."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

from airflow_sagemaker_automl.assets import approved, registered
from airflow_sagemaker_automl.core.quality_gate import BetterThanChampion, QualityGate
from airflow_sagemaker_automl.task_groups import ChooseApprovalOperator, Retraining, automl_retraining
from tests.core.requests import smallest

GATE = QualityGate(champion=BetterThanChampion(margin=0.01))


def built(**arguments: Any) -> tuple[DAG, Retraining]:
    """Build a DAG with nothing but the group."""
    with DAG(dag_id="churn", schedule=None) as dag:
        retraining = automl_retraining(
            **{"request": "request.yaml", "model_package_group_name": "churn", "gate": GATE, **arguments}
        )
    return dag, retraining


def edges(dag: DAG) -> set[tuple[str, str]]:
    """List what follows what, without the group's prefix."""
    return {
        (task.task_id.removeprefix("retraining."), after.removeprefix("retraining."))
        for task in dag.tasks
        for after in task.downstream_task_ids
    }


def test_the_verdict_approves_at_registration() -> None:
    """Automatic approval needs no task of its own; the register task tells of both."""
    dag, retraining = built()
    assert edges(dag) == {("train", "judge"), ("train", "register"), ("judge", "register")}
    assert retraining.approvals == {}
    assert retraining.register.approval_status is None  # type: ignore[attr-defined]
    assert retraining.register.outlets == [registered("churn"), approved("churn")]


@pytest.mark.parametrize(("way", "task_id"), [("airflow", "approve_in_airflow"), ("studio", "approve_in_studio")])
def test_a_person_decides_on_a_version_that_waits(way: str, task_id: str) -> None:
    """One task waits for the person; the version is registered as one that waits for approval."""
    dag, retraining = built(approval=way)
    assert edges(dag) == {("train", "judge"), ("train", "register"), ("judge", "register"), ("register", task_id)}
    assert retraining.register.approval_status == "PendingManualApproval"  # type: ignore[attr-defined]
    assert retraining.approvals[way].outlets == [approved("churn")]


def test_who_approves_may_be_chosen_in_the_run() -> None:
    """There are all three ways between the choice, which comes before the training, and one end."""
    dag, _ = built(approval="{{ params.approval }}")
    ways = ("approve_by_verdict", "approve_in_airflow", "approve_in_studio")
    assert edges(dag) == {
        ("train", "judge"),
        ("train", "register"),
        ("judge", "register"),
        ("judge", "approve_by_verdict"),
        ("choose_approval", "train"),
        *(("choose_approval", way) for way in ways),
        *(("register", way) for way in ways),
        *((way, "approved") for way in ways),
    }


def test_without_a_gate_somebody_has_to_decide() -> None:
    """Nothing judges and nothing approves by itself; a choice leaves the two that remain."""
    dag, retraining = built(gate=None, approval="airflow")
    assert edges(dag) == {("train", "register"), ("register", "approve_in_airflow")}
    assert retraining.judge is None
    _, chosen = built(gate=None, approval="{{ params.approval }}")
    assert set(chosen.approvals) == {"airflow", "studio"}
    with pytest.raises(ValueError, match=r"^approval = 'automatic' needs a gate, whose verdict decides\.$"):
        built(gate=None)


def test_each_step_takes_further_arguments() -> None:
    """They win over what the group chooses, and default arguments reach every step."""
    dag, retraining = built(
        approval="airflow",
        steps={
            "train": {"poll_interval": 5, "doc_md": "Trains."},
            "judge": {"on_reject": "fail"},
            "register": {"outlets": [], "description": "Churn"},
            "approve_in_airflow": {"response_timeout": timedelta(days=3)},
        },
        default_args={"aws_conn_id": "production"},
    )
    assert retraining.train.poll_interval == 5
    assert retraining.register.outlets == []
    assert retraining.approvals["airflow"].response_timeout == timedelta(days=3)  # type: ignore[attr-defined]
    assert {vars(task)["aws_conn_id"] for task in dag.tasks} == {"production"}


def test_two_groups_fit_into_one_dag() -> None:
    """The id of each group is the prefix of its tasks'; they can be wired on, and handed the version."""
    with DAG(dag_id="models", schedule=None) as dag:
        gate, request = GATE, smallest()
        first = automl_retraining(request=request, model_package_group_name="churn", gate=gate, group_id="churn")
        second = automl_retraining(request=request, model_package_group_name="fraud", gate=gate, group_id="fraud")
        first.group >> second.group
    assert dag.get_task("churn.register").downstream_task_ids == {"fraud.train"}
    assert first.model_package_arn.operator.task_id == "churn.register"  # type: ignore[attr-defined]


def test_a_group_that_is_known_in_the_run_only_has_no_assets() -> None:
    """Assets are known at parse; nothing is told of a templated group unless the author says what."""
    _, retraining = built(model_package_group_name="{{ params.group }}")
    assert retraining.register.outlets == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"approval": "manual"}, "approval = 'manual' must be one of automatic, airflow, studio."),
        ({"approval": None}, "approval = None must be one of automatic, airflow, studio."),
        (
            {"steps": {"registre": {}}},
            "steps has no 'registre', only train, judge, register, approve_by_verdict, approve_in_airflow, "
            "approve_in_studio; did you mean 'register'?",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_at_parse(arguments: dict[str, Any], message: str) -> None:
    """The message names what there is."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        built(**arguments)


def test_a_wrong_choice_fails_before_anything_is_trained() -> None:
    """And for good: another try would choose the same."""
    choice = ChooseApprovalOperator(task_id="choose", approval="nobody", approvals={"airflow": "a", "studio": "s"})
    with pytest.raises(AirflowFailException, match=r"^approval = 'nobody' must be one of airflow, studio\.$"):
        choice.execute({})


@pytest.mark.parametrize("chosen", ["automatic", "airflow", "studio"])
def test_the_ways_that_are_not_chosen_are_skipped(chosen: str) -> None:
    """The two others, though the training that is not skipped leads to them."""
    dag, retraining = built(approval="{{ params.approval }}")
    choice: Any = dag.get_task("retraining.choose_approval")
    choice.approval = chosen
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(map_index=-1, xcom_push=lambda key, value: pushed.update({key: value}))
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        choice.execute({"ti": ti})
    others = {task.task_id for way, task in retraining.approvals.items() if way != chosen}
    assert set(skipped.value.tasks) == others
    assert set(pushed["skipmixin_key"]["skipped"]) == others
