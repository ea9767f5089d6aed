"""The whole way from a table of data to an approved version, wired by one call."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from airflow.providers.standard.operators.branch import BaseBranchOperator
from airflow.sdk import BaseOperator, TaskGroup
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_sagemaker_automl import assets
from airflow_sagemaker_automl.at_parse import full_id
from airflow_sagemaker_automl.connection import CONNECTION_FIELDS, errors_for_people
from airflow_sagemaker_automl.core.decision import decided_status
from airflow_sagemaker_automl.core.literals import literal
from airflow_sagemaker_automl.core.quality_gate import gate_as_mapping
from airflow_sagemaker_automl.core.rules.wording import one_of
from airflow_sagemaker_automl.operators import (
    SageMakerAutoMLJobOperator,
    SageMakerQualityGateOperator,
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
)
from airflow_sagemaker_automl.operators.champion_group import SageMakerCheckGroupOperator
from airflow_sagemaker_automl.operators.quality_gate import require_metrics_of
from airflow_sagemaker_automl.retraining_arguments import (
    Steps,
    default_args_violations,
    keyword_violations,
    step_violations,
)

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context, XComArg

    from airflow_sagemaker_automl.core.job_request import AutoMLJobRequest
    from airflow_sagemaker_automl.core.model_card import ModelCard
    from airflow_sagemaker_automl.core.quality_gate import QualityGate

ApprovalMode: TypeAlias = Literal["automatic", "airflow", "studio"]
OnRejected: TypeAlias = Literal["skip", "fail"]

# Who approves → the task that sees to it.
_APPROVING: Mapping[str, str] = {
    "automatic": "approve_by_verdict",
    "airflow": "approve_in_airflow",
    "studio": "approve_in_studio",
}
_STEPS = ("train", "judge", "register", *_APPROVING.values())
_TEMPLATE = re.compile(r"\{\{|\{%")


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """The tasks of one retraining, to be wired on.

    :param group: the task group. What follows it, as in ``retraining.group >> task``, runs if a version was approved.
    :param train: runs the AutoML job.
    :param judge: holds its best candidate against the champion; None where there is no gate.
    :param register: makes it a version.
    :param approvals: who approves → the task that sees to it; none where registration itself does.
    """

    group: TaskGroup
    train: SageMakerAutoMLJobOperator
    judge: SageMakerQualityGateOperator | None
    register: SageMakerRegisterCandidateOperator
    approvals: Mapping[str, BaseOperator]

    @property
    def model_package_arn(self) -> XComArg:
        """ARN of the version, for tasks that follow."""
        return _of(self.register, "model_package_arn")


class ChooseApprovalOperator(BaseBranchOperator):
    """Decide which task is to get the version approved, before anything is trained for it.

    A branch as Airflow knows it would skip nothing here: what it follows, the training, leads to all approvals.

    :param approval: ``automatic``, ``airflow`` or ``studio``. (templated)
    :param approvals: who approves → id of the task that sees to it, of those that there are. The others are skipped.
    """

    template_fields: Sequence[str] = ("approval",)
    ui_color = "#e6e0f0"

    def __init__(self, *, approval: str, approvals: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.approval = approval
        self.approvals = dict(approvals)

    def execute(self, context: Context) -> None:
        """Skip the tasks that are not chosen.

        :raises AirflowFailException: nobody approves in this way here.
        """
        if self.approval not in self.approvals:
            raise AirflowFailException(_no_such_approval(self.approval, self.approvals))
        self.log.info("The version is to be approved by %s", self.approvals[self.approval])
        others = [task_id for way, task_id in self.approvals.items() if way != self.approval]
        self.skip(context["ti"], [self.dag.get_task(task_id) for task_id in others])


class ApproveByVerdictOperator(SageMakerUpdateModelPackageOperator):
    """Decide on a version as the quality gate has; what somebody has decided already stays, as at registration.

    Takes the arguments of :class:`~airflow_sagemaker_automl.operators.updating.SageMakerUpdateModelPackageOperator`.
    """

    @errors_for_people
    def execute(self, context: Context) -> dict[str, Any]:
        """Leave a decision that there is, and change the rest as it is asked for."""
        described = self._described(self.model_package_arn)
        decided = decided_status(described)
        if decided:
            text = "%s is %s already, and stays so; by the verdict it would be %s"
            self.log.info(text, described["ModelPackageArn"], decided, self.approval_status)
            self.approval_status, self.approval_description = decided, None
        return super().execute(context)


class RequireApprovalOperator(BaseOperator):
    """Let what follows run if a version is approved, and have it skipped, or fail, otherwise.

    :param results: what the tasks return that may have got it approved; None of those that were skipped. (templated)
    :param on_rejected: what follows from a rejection: ``skip`` (default) or ``fail``.
    """

    template_fields: Sequence[str] = ("results",)

    def __init__(self, *, results: Sequence[Any], on_rejected: OnRejected = "skip", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.results = list(results)
        self.on_rejected = on_rejected

    def execute(self, context: Context) -> None:
        """Look at what has become of the version.

        :raises AirflowSkipException: it is not approved.
        :raises AirflowFailException: it is rejected, and the task is to fail then.
        """
        for result in filter(None, self.results):
            if result["approval_status"] == "Approved":
                return
            reason = f"{result['model_package_arn']} is {result['approval_status']}, not Approved."
            if result["approval_status"] == "Rejected":
                self.log.warning(reason)
                if self.on_rejected == "fail":
                    raise AirflowFailException(reason)
            raise AirflowSkipException(reason)
        raise AirflowSkipException("No task before this one says that it has got a version approved.")


def automl_retraining(
    *,
    request: AutoMLJobRequest | Mapping[str, Any] | str | os.PathLike[str],
    model_package_group_name: str,
    gate: QualityGate | Mapping[str, Any] | None = None,
    may_be_new_group: bool = False,
    approval: ApprovalMode | str = "automatic",
    on_rejected: OnRejected = "skip",
    model_card: ModelCard | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    steps: Mapping[str, Mapping[str, Any]] | None = None,
    group_id: str = "retraining",
    **kwargs: Any,
) -> Retraining:
    """Train, judge the best candidate, register it and get it approved: a task group with a task for each.

    Whatever its operator takes, a step can be given, over what is chosen here::

        automl_retraining(
            request=AutoMLJobRequest(...),
            model_package_group_name="churn",
            may_be_new_group=True,
            gate=QualityGate(champion=BetterThanChampion(margin=0.01)),
            approval="airflow",
            steps={
                "train": {"wait_timeout": timedelta(hours=6)},
                "approve_in_airflow": {"response_timeout": timedelta(days=3)},
            },
            default_args={"aws_conn_id": "aws_production"},
        )

    A rejection, by the gate or by a person, ends it: the rest is skipped, and the run succeeds; with
    ``on_rejected="fail"`` the task fails that was told of the rejection. Its log has the reason in any case. With
    ``steps={"judge": {"on_rejected": "pass"}}`` a candidate that the gate rejects is registered all the same: as
    ``Rejected`` where the verdict decides, else for a person to decide on.

    Where the gate compares with the champion, the task ``check_group`` looks for the model package group before
    anything is trained.

    :param request: what to train, as for
        :class:`~airflow_sagemaker_automl.operators.jobs.SageMakerAutoMLJobOperator`.
    :param model_package_group_name: name or ARN of the model package group. Where it is literal, the tasks tell its
        assets: ``registered(group)`` and ``approved(group)``.
    :param gate: what the candidate has to be, by metrics that the problem type of the request has; None lets every one
        through.
    :param may_be_new_group: True where the group need not exist yet, as in a first run. By default (False) a gate that
        compares with the champion fails ``check_group`` if there is no such group, with the nearest name: the name, the
        region or the account may be wrong. A group without an approved version is another thing: that follows the
        gate's ``without_champion``.
    :param approval: who approves. ``automatic`` (default): the verdict, at registration. ``airflow``: a person, on
        Airflow's pages. ``studio``: a person, in SageMaker Studio or wherever, for whom the run waits. With a
        template, ``{{ params.approval }}`` for example, there are all three ways, and a task chooses one at the start;
        not in a mapped task group.
    :param on_rejected: what follows from a rejection, whoever rejects: ``skip`` (default) or ``fail``, for the tasks
        that judge and approve, and for the last one, ``approved``.
    :param model_card: the author's part of the model card.
    :param steps: task id without its prefix → further arguments: ``train``, ``judge``, ``register``,
        ``approve_by_verdict``, ``approve_in_airflow``, ``approve_in_studio``.
    :param group_id: id of the task group, and the prefix of its tasks' ids.
    :param kwargs: of :class:`airflow.sdk.TaskGroup`; its ``default_args`` reach every step.
    :raises GateRefusedAtParse: the gate names a metric that the request's problem type does not have.
    :raises ValueError: nobody approves in such a way, it is ``automatic`` without a gate, ``on_rejected`` has no such
        value, or an argument, a step or an argument of a step does not exist; with everything that is wrong.
    """
    given = {"approval": approval, "on_rejected": on_rejected, "steps": steps or {}, **kwargs}
    ways = _require_known(group_id, given, is_judged=gate is not None)
    arguments = {name: (steps or {}).get(name, {}) for name in _STEPS}
    outlets = _outlets(model_package_group_name)
    with TaskGroup(group_id=group_id, **{"tooltip": "From data to an approved model version", **kwargs}) as group:
        train = SageMakerAutoMLJobOperator(task_id="train", **{"request": request, **arguments["train"]})
        of_candidate = {"job_name": _of(train, "job_name"), "model_package_group_name": model_package_group_name}
        judge: SageMakerQualityGateOperator | None = None
        first: BaseOperator = train
        if gate is not None:
            rules = {"gate": gate, "may_be_new_group": may_be_new_group, "on_rejected": on_rejected}
            judging = {**rules, **of_candidate, **arguments["judge"]}
            judge = SageMakerQualityGateOperator(task_id="judge", **judging)
            require_metrics_of(judge.gate, train.request, train.extra_request)
            if _compares(judging["gate"]):
                first = _check_group(judging)
                first >> train
        by_verdict = {
            "verdict": judge.output if judge else None,
            # Where a person decides, or who decides is chosen in the run, registration does not.
            "approval_status": None if ways == ["automatic"] else "PendingManualApproval",
        }
        register = SageMakerRegisterCandidateOperator(
            task_id="register",
            **{"model_card": model_card, "outlets": outlets, **by_verdict, **of_candidate, **arguments["register"]},
        )
        asked = {"outlets": outlets[1:], "on_rejected": on_rejected}
        approvals = {} if ways == ["automatic"] else _approvals(ways, judge, register, asked, arguments)
        if len(approvals) > 1:
            _require_unmapped(group)
            _choose(approval, first, approvals)
        RequireApprovalOperator(
            task_id="approved",
            results=[task.output for task in approvals.values() or [register]],
            on_rejected=on_rejected,
            trigger_rule="none_failed_min_one_success",
        )
    return Retraining(group=group, train=train, judge=judge, register=register, approvals=approvals)


def _of(task: BaseOperator, key: str) -> XComArg:
    """Refer to a member of what a task returns."""
    output: Any = task.output  # Its keys are no part of its type.
    member: XComArg = output[key]
    return member


def _require_known(group_id: str, given: Mapping[str, Any], *, is_judged: bool) -> list[str]:
    """Refuse what does not exist among the arguments, and list in which ways a version can come to be approved.

    :param given: ``approval``, ``on_rejected``, ``steps``, and the keywords for the task group.
    :raises ValueError: with everything that is wrong.
    """
    others = dict(given)
    approval = others.pop("approval")
    possible = [way for way in _APPROVING if is_judged or way != "automatic"]
    ways = possible if isinstance(approval, str) and _TEMPLATE.search(approval) else [approval]
    wrong = []
    if not set(ways) <= set(possible):
        wrong.append(_no_such_approval(approval, possible))
        ways = possible
    steps = _steps(ways, approval, is_judged=is_judged)
    found = [
        *one_of("on_rejected", others.pop("on_rejected") or "", get_args(OnRejected)),
        *step_violations(steps, others.pop("steps")),
        *default_args_violations(steps, others.get("default_args") or {}),
        *keyword_violations(steps, others, inspect.signature(automl_retraining).parameters),
    ]
    if wrong := [*wrong, *map(str, found)]:
        several = [] if len(wrong) == 1 else [f"{len(wrong)} things are wrong:"]
        raise ValueError(f"{full_id(group_id)}: " + "\n  ".join([*several, *wrong]))
    return ways


def _no_such_approval(approval: Any, possible: Iterable[str]) -> str:
    if approval == "automatic":
        return "approval = 'automatic' needs a gate, whose verdict decides."
    return f"approval = {approval!r} must be one of {', '.join(possible)}."


def _steps(ways: Sequence[str], approval: str, *, is_judged: bool) -> Steps:
    """Say which steps there are, and why the others are not there."""
    loaders: dict[str, Callable[[], type]] = {
        "train": lambda: SageMakerAutoMLJobOperator,
        "judge": lambda: SageMakerQualityGateOperator,
        "register": lambda: SageMakerRegisterCandidateOperator,
        **{task_id: partial(_operator, way) for way, task_id in _APPROVING.items()},
    }
    approving = [] if ways == ["automatic"] else [_APPROVING[way] for way in ways]
    present = ["train", *(["judge"] if is_judged else []), "register", *approving]
    why = dict.fromkeys(_APPROVING.values(), f"with approval = {approval!r}")
    if not is_judged:
        why |= dict.fromkeys(("judge", _APPROVING["automatic"]), "without a gate")
    return Steps(
        operators=loaders,
        present=present,
        absent={name: reason for name, reason in why.items() if name not in present},
    )


def _compares(gate: Any) -> bool:
    """Tell whether a gate compares with the champion, or may do so: what is not literal is not known yet."""
    known = literal(gate_as_mapping(gate))
    return not isinstance(known, Mapping) or known.get("champion") is not None


def _check_group(judging: Mapping[str, Any]) -> BaseOperator:
    """Look for the group of the champion before anything is trained for it, in the way in which the gate will."""
    names = ("gate", "model_package_group_name", "may_be_new_group", "default_args", *CONNECTION_FIELDS)
    return SageMakerCheckGroupOperator(
        task_id="check_group", **{name: judging[name] for name in names if name in judging}
    )


def _outlets(group: str) -> list[Asset]:
    """Name the assets of a group: that of its registrations first. A group that is not known yet has none."""
    if not isinstance(group, str) or _TEMPLATE.search(group):
        return []
    return [assets.registered(group), assets.approved(group)]


def _approvals(
    ways: Sequence[str],
    judge: BaseOperator | None,
    register: SageMakerRegisterCandidateOperator,
    asked: Mapping[str, Any],
    arguments: Mapping[str, Mapping[str, Any]],
) -> dict[str, BaseOperator]:
    """Make the tasks that get the version approved.

    :param asked: ``outlets`` of each, and ``on_rejected`` of those that wait for a person.
    """
    approvals: dict[str, BaseOperator] = {}
    for way in ways:
        task_id = _APPROVING[way]
        chosen: dict[str, Any] = {"model_package_arn": _of(register, "model_package_arn"), **asked}
        chosen["outlets"] = list(asked["outlets"])
        if way == "automatic":
            assert judge is not None
            del chosen["on_rejected"]
            chosen["approval_status"] = _of(judge, "approval_status")
            chosen["approval_description"] = "By the quality gate, in run {{ run_id }} of DAG {{ dag.dag_id }}."
        approvals[way] = _operator(way)(task_id=task_id, **{**chosen, **arguments[task_id]})
    return approvals


def _operator(way: str) -> type[BaseOperator]:
    """Load what gets a version approved; each costs a DAG that does not need it."""
    if way == "automatic":
        return ApproveByVerdictOperator
    if way == "airflow":
        from airflow_sagemaker_automl.operators import SageMakerModelApprovalOperator

        return SageMakerModelApprovalOperator
    from airflow_sagemaker_automl.sensors import SageMakerModelPackageApprovalSensor

    return SageMakerModelPackageApprovalSensor


def _choose(approval: str, first: BaseOperator, approvals: Mapping[str, BaseOperator]) -> None:
    """Put the choice before all other tasks, so that a wrong one costs nothing."""
    choice = ChooseApprovalOperator(
        task_id="choose_approval",
        approval=approval,
        approvals={way: task.task_id for way, task in approvals.items()},
    )
    choice >> [first, *approvals.values()]


def _require_unmapped(group: TaskGroup) -> None:
    """Refuse a choice where none of the ways would be skipped: Airflow 3.3 looks for it in the unmapped task.

    :raises ValueError: the group is in a mapped one.
    """
    if any(group.iter_mapped_task_groups()):
        reason = "approval must not be a template in a mapped task group, where Airflow skips no branch."
        raise ValueError(f"{group.group_id}: {reason}")
