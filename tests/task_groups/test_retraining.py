"""The task group as a DAG author meets it: which tasks there are, how they are wired, and what is refused at parse."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, TaskGroup, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DownstreamTasksSkipped

from airflow_sagemaker_automl import (
    BetterThanChampion,
    QualityGate,
    Retraining,
    approved,
    automl_retraining,
    registered,
)
from airflow_sagemaker_automl.core.rules.tabular import OBJECTIVES
from airflow_sagemaker_automl.task_groups.approving import (
    ApproveByVerdictOperator,
    ChooseApprovalOperator,
    RequireApprovalOperator,
)
from airflow_sagemaker_automl.tasks.gate_field import GateRefusedAtParse
from tests.support.jobs import unique
from tests.support.requests import smallest
from tests.support.tasks import TaskInstance
from tests.support.versions import decide, described, make_group, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

GATE = QualityGate(champion=BetterThanChampion(margin=0.01))
GROUP_ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/churn"
# The tasks of every group with a gate that compares with the champion.
JUDGED = {("check_group", "train"), ("train", "judge"), ("train", "register"), ("judge", "register")}


@pytest.fixture
def context(emulator_url: str) -> Any:
    """The context of a task in a run of its own."""
    return {"ti": TaskInstance(dag_id=unique("dag"), task_id="approve", run_id=unique("run"))}


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
    assert edges(dag) == {*JUDGED, ("register", "approved")}
    assert retraining.approvals == {}
    assert retraining.register.approval_status is None
    assert retraining.register.outlets == [registered("churn"), approved("churn")]


@pytest.mark.parametrize(("way", "task_id"), [("airflow", "approve_in_airflow"), ("studio", "approve_in_studio")])
def test_a_person_decides_on_a_version_that_waits(way: str, task_id: str) -> None:
    """One task waits for the person; the version is registered as one that waits for approval."""
    dag, retraining = built(approval=way)
    assert edges(dag) == {*JUDGED, ("register", task_id), (task_id, "approved")}
    assert retraining.register.approval_status == "PendingManualApproval"
    assert retraining.approvals[way].outlets == [approved("churn")]


def test_who_approves_may_be_chosen_in_the_run() -> None:
    """There are all three ways between the choice, which comes before the training, and one end."""
    dag, _ = built(approval="{{ params.approval }}")
    ways = ("approve_by_verdict", "approve_in_airflow", "approve_in_studio")
    assert edges(dag) == {
        *JUDGED,
        ("judge", "approve_by_verdict"),
        ("choose_approval", "check_group"),
        *(("choose_approval", way) for way in ways),
        *(("register", way) for way in ways),
        *((way, "approved") for way in ways),
    }


def test_without_a_gate_somebody_has_to_decide() -> None:
    """Nothing judges and nothing approves by itself; a choice leaves the two that remain."""
    dag, retraining = built(gate=None, approval="airflow")
    assert edges(dag) == {
        ("train", "register"),
        ("register", "approve_in_airflow"),
        ("approve_in_airflow", "approved"),
    }
    assert retraining.judge is None
    _, chosen = built(gate=None, approval="{{ params.approval }}")
    assert set(chosen.approvals) == {"airflow", "studio"}
    with pytest.raises(ValueError, match=r"^retraining: approval = 'automatic' needs a gate, whose verdict decides\.$"):
        built(gate=None)


def test_each_step_takes_further_arguments() -> None:
    """They win over what the group chooses, and default arguments reach every step."""
    dag, retraining = built(
        approval="airflow",
        steps={
            "train": {"poll_interval": 5, "doc_md": "Trains."},
            "judge": {"on_rejected": "fail"},
            "register": {"outlets": [], "description": "Churn"},
            "approve_in_airflow": {"response_timeout": timedelta(days=3)},
        },
        default_args={"aws_conn_id": "production"},
    )
    assert retraining.train.poll_interval == 5
    assert retraining.register.outlets == []
    assert retraining.approvals["airflow"].response_timeout == timedelta(days=3)  # type: ignore[attr-defined]
    assert {vars(task)["aws_conn_id"] for task in dag.tasks if "aws_conn_id" in vars(task)} == {"production"}


@pytest.mark.parametrize(
    ("kind", "config", "metric", "says"),
    [
        (
            "TabularJobConfig",
            {"ProblemType": "Regression"},
            "AUC",
            "Regression; known metrics are MAE, MSE, R2, RMSE, ",
        ),
        (
            "TabularJobConfig",
            {"ProblemType": "BinaryClassification"},
            "MSE",
            "BinaryClassification; known metrics are ",
        ),
        ("TextClassificationJobConfig", {}, "RMSE", "TextClassification; known metrics are Accuracy, "),
    ],
)
def test_a_metric_that_the_problem_type_does_not_have_is_an_import_error(
    kind: str, config: dict[str, str], metric: str, says: str
) -> None:
    """Before anything is trained that no candidate could pass; what is not known yet is not judged."""
    gate = QualityGate(champion=BetterThanChampion(metric=metric))
    request = smallest(kind)
    request["AutoMLProblemTypeConfig"][kind] |= config
    if config:
        request["AutoMLJobObjective"] = {"MetricName": OBJECTIVES[config["ProblemType"]][0]}
    with pytest.raises(GateRefusedAtParse) as refused:
        built(gate=gate, request=request)
    assert f"gate.champion.metric = {metric!r} is not a metric of {says}" in str(refused.value)
    built(gate=gate, request={**request, "AutoMLProblemTypeConfig": "{{ later }}"})
    built(gate=gate, request="request.yaml")


def test_two_groups_fit_into_one_dag() -> None:
    """The id of each group is the prefix of its tasks'; they can be wired on, and handed the version."""
    with DAG(dag_id="models", schedule=None) as dag:
        gate, request = GATE, smallest()
        first = automl_retraining(request=request, model_package_group_name="churn", gate=gate, group_id="churn")
        second = automl_retraining(request=request, model_package_group_name="fraud", gate=gate, group_id="fraud")
        first.group >> second.group
    assert dag.get_task("churn.approved").downstream_task_ids == {"fraud.check_group"}
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
        ({"on_rejected": "pass"}, "on_rejected = 'pass' must be one of skip, fail"),
        ({"steps": {"registre": {}}}, "steps has no 'registre', only train, judge, register; did you mean 'register'?"),
        (
            {"steps": {"approve_in_studio": {}}, "approval": "airflow"},
            "steps has no 'approve_in_studio' with approval = 'airflow', only train, judge, register, "
            "approve_in_airflow; did you mean 'approve_in_airflow'?",
        ),
        (
            {"steps": {"judge": {}}, "approval": "airflow", "gate": None},
            "steps has no 'judge' without a gate, only train, register, approve_in_airflow",
        ),
        (
            {"steps": {"train": {"wait_timout": 60}}},
            "steps['train'] has no 'wait_timout'; did you mean 'wait_timeout'?",
        ),
        (
            {"steps": {"train": {"response_timeout": 60}}, "approval": "airflow"},
            "steps['train'] has no 'response_timeout'; it is an argument of approve_in_airflow: "
            "steps={'approve_in_airflow': {'response_timeout': ...}}",
        ),
        (
            {"steps": {"judge": {"default_args": {"retires": 3, "retries": 3}}}},
            "steps['judge']['default_args'] has no 'retires'; did you mean 'retries'?",
        ),
        (
            {"default_args": {"deferable": True}},
            "default_args has no 'deferable': no step takes it; did you mean 'deferrable'?",
        ),
        ({"default_args": ["owner"]}, "default_args must be a mapping of arguments, not a list"),
        (
            {"modelcard": "card.yaml"},
            "modelcard = 'card.yaml' is not an argument of automl_retraining; did you mean 'model_card'?",
        ),
        (
            {"wait_timeout": 60},
            "wait_timeout = 60 is not an argument of automl_retraining; it is an argument of train: "
            "steps={'train': {'wait_timeout': ...}}",
        ),
        (
            {"deferrable": True},
            "deferrable = True is not an argument of automl_retraining; it is an argument of train, register: "
            "steps={'train': {'deferrable': ...}}, or default_args={'deferrable': ...} for all of them",
        ),
        (
            {"response_timeout": 60},
            "response_timeout = 60 is not an argument of automl_retraining; it is an argument of approve_in_airflow, "
            "which does not exist with approval = 'automatic'",
        ),
        (
            {"wait_timout": 60},
            "wait_timout = 60 is not an argument of automl_retraining; did you mean "
            "steps={'train': {'wait_timeout': ...}}?",
        ),
        ({"steps": ["train"]}, "steps must be a mapping of task ids to arguments, not a list"),
        ({"steps": {"train": None}}, "steps['train'] must be a mapping of arguments, not null"),
        (
            {"steps": {"train": {"task_id": "fit"}}},
            "steps['train'] must not have a task_id: it is 'train' in every group",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_at_parse(arguments: dict[str, Any], message: str) -> None:
    """The message begins with the group and the argument, and names what there is, and where it belongs."""
    with pytest.raises(ValueError, match=f"^retraining: {re.escape(message)}$"):
        built(**arguments)


def test_everything_that_makes_no_sense_is_named_at_once() -> None:
    """With the prefix of the group that it stands in, one thing on each line."""
    with (
        pytest.raises(ValueError, match=r"^outer\.retraining: 2 errors:\n  steps has.*\n  gates = 1") as failed,
        DAG(dag_id="churn", schedule=None),
        TaskGroup("outer"),
    ):
        automl_retraining(
            request="request.yaml", model_package_group_name="churn", gate=GATE, steps={"try": {}}, gates=1
        )
    assert str(failed.value).endswith("gates = 1 is not an argument of automl_retraining; did you mean 'gate'?")


def test_default_args_that_another_approval_would_take_are_let_be() -> None:
    """One mapping may serve several groups, as Airflow's default arguments do."""
    _, retraining = built(default_args={"response_timeout": timedelta(days=1)})
    assert retraining.approvals == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": {"train": {"poll_interval": 0}}}, "train: poll_interval = 0 must be more than 0 s"),
        ({"gate": {"champion": {"marign": 1}}}, "judge: gate.champion.marign = 1 is unknown; did you mean 'margin'?"),
        ({"may_be_new_group": "yes"}, "judge: may_be_new_group = 'yes' must be True or False"),
        (
            {"may_be_new_group": True, "model_package_group_name": GROUP_ARN},
            f"judge: model_package_group_name = {GROUP_ARN!r} must be a name with may_be_new_group=True: a group given "
            "as an ARN is never created",
        ),
        (
            {"request": {**smallest(), "AutoMLJobName": "-"}},
            "train: request.AutoMLJobName = '-' must have 1 to 32 letters",
        ),
        ({"model_card": 5}, "register: model_card = 5 must be"),
        (
            {"approval": "airflow", "steps": {"approve_in_airflow": {"on_timeout": "stop"}}},
            "approve_in_airflow: on_timeout = 'stop' must be one of",
        ),
        (
            {"approval": "studio", "steps": {"approve_in_studio": {"on_rejected": "stop"}}},
            "approve_in_studio: on_rejected = 'stop' must be one of",
        ),
    ],
)
def test_a_step_that_is_refused_begins_with_its_task_and_argument(arguments: dict[str, Any], message: str) -> None:
    """In a DAG with many models, the import error says which task of which group is meant."""
    with pytest.raises(Exception, match=f"^retraining.{re.escape(message)}"):
        built(**arguments)


def test_a_rejection_means_the_same_whoever_rejects() -> None:
    """One argument for the gate, a person in Airflow, a person in Studio and the end; a step may differ."""
    for given, expected in (({}, "skip"), ({"on_rejected": "fail"}, "fail")):
        dag, _ = built(approval="{{ params.approval }}", **given)
        told = {task.task_id: vars(task)["on_rejected"] for task in dag.tasks if "on_rejected" in vars(task)}
        names = ("judge", "approve_in_airflow", "approve_in_studio", "approved")
        assert told == {f"retraining.{name}": expected for name in names}
    dag, retraining = built(on_rejected="fail", steps={"judge": {"on_rejected": "pass"}})
    assert retraining.judge is not None
    assert (retraining.judge.on_rejected, vars(dag.get_task("retraining.approved"))["on_rejected"]) == ("pass", "fail")


@pytest.mark.parametrize(
    ("gate", "is_checked"),
    [
        (GATE, True),
        ({"champion": {}}, True),
        ("{{ params.gate }}", True),
        (QualityGate(most_partial_failures=0), False),
        ({"thresholds": [{"metric": "F1", "minimum": 0.5}]}, False),
    ],
)
def test_a_group_is_looked_for_where_its_champion_is_compared(gate: Any, is_checked: bool) -> None:
    """Before the training, as the gate will ask for it; a gate that compares with nobody needs no group."""
    dag, _ = built(gate=gate, steps={"judge": {"region_name": "eu-west-1", "retries": 7}})
    assert ("retraining.check_group" in dag.task_ids) is is_checked
    if is_checked:
        check = dag.get_task("retraining.check_group")
        assert (vars(check)["region_name"], vars(check)["model_package_group_name"]) == ("eu-west-1", "churn")
        assert check.retries != 7


def test_a_choice_in_a_mapped_task_group_is_refused_at_parse() -> None:
    """Airflow would skip none of the ways, ask a person, and wait for another; one way alone may be mapped."""

    def mapped(approval: str) -> DAG:
        @task_group
        def each(group: str) -> None:
            automl_retraining(request="request.yaml", gate=GATE, approval=approval, model_package_group_name=group)

        with DAG(dag_id="models", schedule=None) as dag:
            each.expand(group=["churn", "fraud"])
        return dag

    assert "each.retraining.approve_in_airflow" in mapped("airflow").task_ids
    message = (
        r"^each.retraining: approval must not be a template in a mapped task group, "
        r"because Airflow does not skip branches there\.$"
    )
    with pytest.raises(ValueError, match=message):
        mapped("{{ params.approval }}")


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ([{"model_package_arn": "arn", "approval_status": "Rejected"}, None], r"^arn is Rejected, not Approved\.$"),
        ([None, {"model_package_arn": "arn", "approval_status": "PendingManualApproval"}], "^arn is Pending"),
        ([None], "^No upstream task returned a version"),
    ],
)
def test_what_follows_is_skipped_unless_a_version_is_approved(results: list[Any], reason: str) -> None:
    """Whatever way it came to be so; a task that was skipped has no say."""
    with pytest.raises(AirflowSkipException, match=reason):
        RequireApprovalOperator(task_id="approved", results=results).execute({})
    approved_one = {"model_package_arn": "arn", "approval_status": "Approved"}
    RequireApprovalOperator(task_id="approved", results=[None, approved_one]).execute({})


def test_the_end_fails_after_a_rejection_if_that_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    """A version that still waits is no rejection."""
    rejected, waiting = (
        RequireApprovalOperator(
            task_id="approved", results=[{"model_package_arn": "arn", "approval_status": status}], on_rejected="fail"
        )
        for status in ("Rejected", "PendingManualApproval")
    )
    with pytest.raises(AirflowFailException, match=r"^arn is Rejected, not Approved\.$"):
        rejected.execute({})
    assert "[warning" in capsys.readouterr().out
    with pytest.raises(AirflowSkipException):
        waiting.execute({})


def test_a_verdict_overturns_nobody(context: Any, sagemaker: SageMakerClient) -> None:
    """A task that is cleared leaves what a person has decided since; what still waits it decides."""
    group = make_group(sagemaker)
    waiting = register(sagemaker, group, ModelApprovalStatus="PendingManualApproval")
    by_verdict: Any = {
        "task_id": "approve",
        "verdict": {"approved": True},
        "approval_status": "Approved",
        "approval_description": "By the gate.",
    }
    assert ApproveByVerdictOperator(model_package_arn=waiting, **by_verdict).execute(context)["changed"]
    decide(sagemaker, waiting, "Rejected", "It is unfair.")
    again = ApproveByVerdictOperator(model_package_arn=waiting, outlets=[approved(group)], **by_verdict)
    result = again.execute(context)
    assert (result["approval_status"], result["changed"], again.outlets) == ("Rejected", [], [])
    assert described(sagemaker, waiting)["ApprovalDescription"] == "It is unfair."
    decide(sagemaker, waiting, "Approved", "It is fair after all.")
    ApproveByVerdictOperator(model_package_arn=waiting, **by_verdict).execute(context)
    assert described(sagemaker, waiting)["ApprovalDescription"] == "It is fair after all."


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
