"""The whole way from a table of data to an approved version, wired by one call."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from airflow.providers.standard.operators.branch import BaseBranchOperator
from airflow.sdk import BaseOperator, TaskGroup
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_sagemaker_automl import assets
from airflow_sagemaker_automl.connection import errors_for_people
from airflow_sagemaker_automl.core.decision import decided_status
from airflow_sagemaker_automl.core.rules.wording import kind_of
from airflow_sagemaker_automl.operators import (
    SageMakerAutoMLJobOperator,
    SageMakerQualityGateOperator,
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
)
from airflow_sagemaker_automl.operators.quality_gate import require_metrics_of

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context, XComArg

    from airflow_sagemaker_automl.core.job_request import AutoMLJobRequest
    from airflow_sagemaker_automl.core.model_card import ModelCard
    from airflow_sagemaker_automl.core.quality_gate import QualityGate

ApprovalMode: TypeAlias = Literal["automatic", "airflow", "studio"]

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
    """Let what follows run if a version is approved, and have it skipped otherwise.

    :param results: what the tasks return that may have got it approved; None of those that were skipped. (templated)
    """

    template_fields: Sequence[str] = ("results",)

    def __init__(self, *, results: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.results = list(results)

    def execute(self, context: Context) -> None:
        """Look at what has become of the version.

        :raises AirflowSkipException: it is not approved.
        """
        for result in filter(None, self.results):
            if result["approval_status"] == "Approved":
                return
            raise AirflowSkipException(f"{result['model_package_arn']} is {result['approval_status']}, not Approved.")
        raise AirflowSkipException("No task before this one says that it has got a version approved.")


def automl_retraining(
    *,
    request: AutoMLJobRequest | Mapping[str, Any] | str | os.PathLike[str],
    model_package_group_name: str,
    gate: QualityGate | Mapping[str, Any] | None = None,
    approval: ApprovalMode | str = "automatic",
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
            gate=QualityGate(champion=BetterThanChampion(margin=0.01)),
            approval="airflow",
            steps={
                "train": {"wait_timeout": timedelta(hours=6)},
                "approve_in_airflow": {"response_timeout": timedelta(days=3)},
            },
            default_args={"aws_conn_id": "aws_production"},
        )

    A candidate that the gate rejects ends it: the rest is skipped, and the verdict stands in the log and the XCom of
    ``judge``. With ``steps={"judge": {"on_rejected": "pass"}}`` it is registered all the same: as ``Rejected`` where
    the verdict decides, else for a person to decide on.

    :param request: what to train, as for
        :class:`~airflow_sagemaker_automl.operators.jobs.SageMakerAutoMLJobOperator`.
    :param model_package_group_name: name or ARN of the model package group. Where it is literal, the tasks tell its
        assets: ``registered(group)`` and ``approved(group)``.
    :param gate: what the candidate has to be, by metrics that the problem type of the request has; None lets every one
        through.
    :param approval: who approves. ``automatic`` (default): the verdict, at registration. ``airflow``: a person, on
        Airflow's pages. ``studio``: a person, in SageMaker Studio or wherever, for whom the run waits. With a
        template, ``{{ params.approval }}`` for example, there are all three ways, and a task chooses one at the start;
        not in a mapped task group.
    :param model_card: the author's part of the model card.
    :param steps: task id without its prefix → further arguments: ``train``, ``judge``, ``register``,
        ``approve_by_verdict``, ``approve_in_airflow``, ``approve_in_studio``.
    :param group_id: id of the task group, and the prefix of its tasks' ids.
    :param kwargs: of :class:`airflow.sdk.TaskGroup`; its ``default_args`` reach every step.
    :raises GateRefusedAtParse: the gate names a metric that the request's problem type does not have.
    :raises ValueError: nobody approves in such a way, it is ``automatic`` without a gate, or ``steps`` are wrong.
    """
    ways = _ways(approval, is_judged=gate is not None)
    arguments = _known(steps or {})
    outlets = _outlets(model_package_group_name)
    with TaskGroup(group_id=group_id, **{"tooltip": "From data to an approved model version", **kwargs}) as group:
        train = SageMakerAutoMLJobOperator(task_id="train", **{"request": request, **arguments["train"]})
        of_candidate = {"job_name": _of(train, "job_name"), "model_package_group_name": model_package_group_name}
        judge = None
        if gate is not None:
            judge = SageMakerQualityGateOperator(
                task_id="judge", **{"gate": gate, **of_candidate, **arguments["judge"]}
            )
            require_metrics_of(judge.gate, train.request, train.extra_request)
        by_verdict = {
            "verdict": judge.output if judge else None,
            # Where a person decides, or who decides is chosen in the run, registration does not.
            "approval_status": None if ways == ["automatic"] else "PendingManualApproval",
        }
        register = SageMakerRegisterCandidateOperator(
            task_id="register",
            **{"model_card": model_card, "outlets": outlets, **by_verdict, **of_candidate, **arguments["register"]},
        )
        approvals = {} if ways == ["automatic"] else _approvals(ways, judge, register, outlets[1:], arguments)
        if len(approvals) > 1:
            _require_unmapped(group)
            _choose(approval, train, approvals)
        RequireApprovalOperator(
            task_id="approved",
            results=[task.output for task in approvals.values() or [register]],
            trigger_rule="none_failed_min_one_success",
        )
    return Retraining(group=group, train=train, judge=judge, register=register, approvals=approvals)


def _of(task: BaseOperator, key: str) -> XComArg:
    """Refer to a member of what a task returns."""
    output: Any = task.output  # Its keys are no part of its type.
    member: XComArg = output[key]
    return member


def _ways(approval: str, *, is_judged: bool) -> list[str]:
    """List in which ways a version can come to be approved."""
    possible = [way for way in _APPROVING if is_judged or way != "automatic"]
    if isinstance(approval, str) and _TEMPLATE.search(approval):
        return possible
    if approval not in possible:
        raise ValueError(_no_such_approval(approval, possible))
    return [approval]


def _no_such_approval(approval: Any, possible: Iterable[str]) -> str:
    if approval == "automatic":
        return "approval = 'automatic' needs a gate, whose verdict decides."
    return f"approval = {approval!r} must be one of {', '.join(possible)}."


def _known(steps: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Give every step its arguments.

    :raises ValueError: some are for a step that there is not, or are no arguments.
    """
    if not isinstance(steps, Mapping):
        raise ValueError(f"steps must be a mapping of task ids to arguments, not {kind_of(steps)}")
    for name, arguments in steps.items():
        if name not in _STEPS:
            close = difflib.get_close_matches(str(name), _STEPS, 1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"steps has no {name!r}, only {', '.join(_STEPS)}{meant}")
        if not isinstance(arguments, Mapping):
            raise ValueError(f"steps[{name!r}] must be a mapping of arguments, not {kind_of(arguments)}")
        if "task_id" in arguments:
            raise ValueError(f"steps[{name!r}] must not have a task_id: it is {name!r} in every group")
    return {name: steps.get(name, {}) for name in _STEPS}


def _outlets(group: str) -> list[Asset]:
    """Name the assets of a group: that of its registrations first. A group that is not known yet has none."""
    if not isinstance(group, str) or _TEMPLATE.search(group):
        return []
    return [assets.registered(group), assets.approved(group)]


def _approvals(
    ways: Sequence[str],
    judge: BaseOperator | None,
    register: SageMakerRegisterCandidateOperator,
    outlets: Sequence[Asset],
    arguments: Mapping[str, Mapping[str, Any]],
) -> dict[str, BaseOperator]:
    """Make the tasks that get the version approved."""
    approvals: dict[str, BaseOperator] = {}
    for way in ways:
        task_id = _APPROVING[way]
        chosen: dict[str, Any] = {"model_package_arn": _of(register, "model_package_arn"), "outlets": list(outlets)}
        if way == "automatic":
            assert judge is not None
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


def _choose(approval: str, train: BaseOperator, approvals: Mapping[str, BaseOperator]) -> None:
    """Put the choice before the training, so that a wrong one costs nothing."""
    choice = ChooseApprovalOperator(
        task_id="choose_approval",
        approval=approval,
        approvals={way: task.task_id for way, task in approvals.items()},
    )
    choice >> [train, *approvals.values()]


def _require_unmapped(group: TaskGroup) -> None:
    """Refuse a choice where none of the ways would be skipped: Airflow 3.3 looks for it in the unmapped task.

    :raises ValueError: the group is in a mapped one.
    """
    if any(group.iter_mapped_task_groups()):
        raise ValueError("approval must not be a template in a mapped task group, where Airflow skips no branch.")
