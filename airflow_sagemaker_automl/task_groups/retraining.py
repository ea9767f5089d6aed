"""A task group that leads from data to an approved model version, created by one call."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from airflow.sdk import BaseOperator, TaskGroup

from airflow_sagemaker_automl.assets.events import approved, registered
from airflow_sagemaker_automl.core.gate.quality_gate import gate_as_mapping
from airflow_sagemaker_automl.core.rules.quality_gate import EVALUATION, ON_EVALUATION
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, at, literal, sequence, text
from airflow_sagemaker_automl.core.values.wording import one_of
from airflow_sagemaker_automl.operators.check_group import SageMakerCheckGroupOperator
from airflow_sagemaker_automl.operators.judge import SageMakerQualityGateOperator
from airflow_sagemaker_automl.operators.register import SageMakerRegisterCandidateOperator
from airflow_sagemaker_automl.operators.train import SageMakerAutoMLJobOperator
from airflow_sagemaker_automl.task_groups.approving import (
    ApproveByVerdictOperator,
    ChooseApprovalOperator,
    RequireApprovalOperator,
    no_such_approval,
)
from airflow_sagemaker_automl.task_groups.arguments import (
    Steps,
    default_args_violations,
    keyword_violations,
    step_violations,
)
from airflow_sagemaker_automl.tasks.at_parse import full_id
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS
from airflow_sagemaker_automl.tasks.gate_field import require_metrics_of

if TYPE_CHECKING:
    from airflow.sdk import Asset, XComArg

    from airflow_sagemaker_automl.core.card.sections import ModelCard
    from airflow_sagemaker_automl.core.gate.quality_gate import QualityGate
    from airflow_sagemaker_automl.core.jobs.job_request import AutoMLJobRequest
    from airflow_sagemaker_automl.operators.evaluate import SageMakerModelEvaluationOperator

ApprovalMode: TypeAlias = Literal["automatic", "airflow", "studio"]
OnRejected: TypeAlias = Literal["skip", "fail"]

# Approval mode → its task.
_APPROVING: Mapping[str, str] = {
    "automatic": "approve_by_verdict",
    "airflow": "approve_in_airflow",
    "studio": "approve_in_studio",
}
_STEPS = ("train", "evaluate", "judge", "register", *_APPROVING.values())
_TEMPLATE = re.compile(r"\{\{|\{%")


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """The tasks of one retraining, for connecting further tasks.

    :param group: the task group. Tasks after it, as in ``retraining.group >> task``, run if a version was approved.
    :param train: runs the AutoML job.
    :param evaluate: evaluates its best candidate and the champion on the same rows; None without ``evaluation``.
    :param judge: judges its best candidate by the gate; None without a gate.
    :param register: registers the candidate as a version.
    :param approvals: approval mode → its task; empty if registration sets the approval.
    """

    group: TaskGroup
    train: SageMakerAutoMLJobOperator
    evaluate: SageMakerModelEvaluationOperator | None
    judge: SageMakerQualityGateOperator | None
    register: SageMakerRegisterCandidateOperator
    approvals: Mapping[str, BaseOperator]

    @property
    def model_package_arn(self) -> XComArg:
        """ARN of the version, for downstream tasks."""
        return _of(self.register, "model_package_arn")


def automl_retraining(
    *,
    request: AutoMLJobRequest | Mapping[str, Any] | str | os.PathLike[str],
    model_package_group_name: str,
    gate: QualityGate | Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    may_be_new_group: bool = False,
    approval: ApprovalMode | str = "automatic",
    on_rejected: OnRejected = "skip",
    model_card: ModelCard | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    steps: Mapping[str, Mapping[str, Any]] | None = None,
    group_id: str = "retraining",
    **kwargs: Any,
) -> Retraining:
    """Train, judge the best candidate, register it and get it approved: a task group with one task per step.

    ``steps`` passes any argument of its operator to a step, and overrides the arguments set here::

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

    After a rejection, by the gate or by a reviewer, the remaining tasks are skipped and the run succeeds; with
    ``on_rejected="fail"`` the task that found the rejection fails. Its log always has the reason. With
    ``steps={"judge": {"on_rejected": "pass"}}`` a candidate that the gate rejects is still registered: as ``Rejected``
    if the verdict decides, otherwise as pending for a reviewer.

    With ``evaluation`` a further task scores the candidate and the champion on the same labelled rows, and the gate
    decides by that::

        automl_retraining(
            request=AutoMLJobRequest(...),
            model_package_group_name="churn",
            evaluation={"data": "s3://bucket/holdout/", "output_uri": "s3://bucket/evaluations/"},
        )

    If the gate compares with the champion, the task ``check_group`` checks the model package group before training.

    :param request: what to train, as for
        :class:`~airflow_sagemaker_automl.SageMakerAutoMLJobOperator`.
    :param model_package_group_name: name or ARN of the model package group. If it is literal, the tasks emit events on
        its assets ``registered(group)`` and ``approved(group)``.
    :param gate: rules for the candidate, on metrics that the request's problem type has. Default: None, which lets
        every candidate pass. With ``evaluation``, a gate without a rule for the champion gets
        ``BetterThanChampion(on="evaluation")``: the candidate must be shown to be not worse than the champion.
    :param evaluation: arguments of :class:`~airflow_sagemaker_automl.SageMakerModelEvaluationOperator`, at least
        ``data`` and ``output_uri``; ``role_arn`` is by default that of a literal request. Default: None, the recorded
        metrics of the candidate and the champion are compared.
    :param may_be_new_group: True if the group may not exist yet, as in a first run. With False (default) and a gate
        that compares with the champion, ``check_group`` fails if the group does not exist, and suggests the nearest
        name, because the name, the region or the account may be wrong. For a group without an approved version, see
        ``without_champion`` of the gate.
    :param approval: how the version is approved. ``automatic`` (default): by the verdict, at registration.
        ``airflow``: by a reviewer in the Airflow UI. ``studio``: by a reviewer in SageMaker Studio or any other client,
        while the run waits. A template, for example ``{{ params.approval }}``, creates the tasks of all three modes,
        and a task chooses one at the start; not supported in a mapped task group.
    :param on_rejected: what to do after a rejection by the gate or by any user: ``skip`` (default) or ``fail``, for
        the tasks that judge and approve, and for the last task, ``approved``.
    :param model_card: the author's part of the model card.
    :param steps: task id without its prefix → further arguments: ``train``, ``evaluate``, ``judge``, ``register``,
        ``approve_by_verdict``, ``approve_in_airflow``, ``approve_in_studio``.
    :param group_id: id of the task group, and the prefix of its tasks' ids.
    :param kwargs: of :class:`airflow.sdk.TaskGroup`; its ``default_args`` apply to every step.
    :raises InvalidQualityGate: the gate names a metric that the request's problem type does not have.
    :raises ValueError: ``approval`` or ``on_rejected`` has an invalid value, ``approval`` is ``automatic`` without a
        gate, or an argument, a step or an argument of a step does not exist; with all violations.
    """
    if evaluation is not None:
        gate = _on_evaluation(gate)
    elif at(steps, "judge", "evaluation") is None:
        _require_no_evaluation(group_id, gate)
    given = {"approval": approval, "on_rejected": on_rejected, "steps": steps or {}, **kwargs}
    ways = _require_known(group_id, given, is_judged=gate is not None, is_evaluated=evaluation is not None)
    arguments = {name: (steps or {}).get(name, {}) for name in _STEPS}
    outlets = _outlets(model_package_group_name)
    with TaskGroup(group_id=group_id, **{"tooltip": "From data to an approved model version", **kwargs}) as group:
        train = SageMakerAutoMLJobOperator(task_id="train", **{"request": request, **arguments["train"]})
        of_candidate = {"job_name": _of(train, "job_name"), "model_package_group_name": model_package_group_name}
        judge: SageMakerQualityGateOperator | None = None
        first: BaseOperator = train
        new_group = {"may_be_new_group": may_be_new_group}
        evaluate = None
        if evaluation is not None:
            evaluate = _evaluate(train, {**of_candidate, **new_group, **evaluation, **arguments["evaluate"]})
        if gate is not None:
            rules = {"gate": gate, "on_rejected": on_rejected, "evaluation": evaluate.output if evaluate else None}
            judging = {**rules, **new_group, **of_candidate, **arguments["judge"]}
            judge = SageMakerQualityGateOperator(task_id="judge", **judging)
            require_metrics_of(judge.gate, train.request, train.extra_request)
            if evaluate or _compares(judging["gate"]):
                first = _check_group(judging)
                first >> train
        by_verdict = {
            "verdict": judge.output if judge else None,
            # If a reviewer decides, or the approval mode is chosen in the run, registration does not decide.
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
    return Retraining(group=group, train=train, evaluate=evaluate, judge=judge, register=register, approvals=approvals)


def _on_evaluation(gate: Any) -> Any:
    """Let a gate without a rule for the champion compare by the evaluation."""
    known = gate_as_mapping(gate or {})
    if not isinstance(known, Mapping) or known.get("champion") is not None:
        return gate
    return {**known, "champion": {"on": ON_EVALUATION}}


def _require_no_evaluation(group_id: str, gate: Any) -> None:
    """Refuse a literal gate that needs an evaluation if ``evaluation`` is unset, before hours of training.

    :raises ValueError: it does.
    """
    known = literal(gate_as_mapping(gate or {}))
    thresholds = sequence(at(known, "thresholds"))
    if (
        at(known, "champion", "on") == ON_EVALUATION
        or at(known, "slices") not in (None, UNRESOLVED)
        or any(at(each, "data_set") == EVALUATION for each in thresholds)
    ):
        reason = "the gate needs an evaluation: set evaluation={'data': ..., 'output_uri': ...}."
        raise ValueError(f"{full_id(group_id)}: {reason}")


def _evaluate(train: SageMakerAutoMLJobOperator, given: Mapping[str, Any]) -> SageMakerModelEvaluationOperator:
    """Create the task that evaluates, with the role of the training unless another is given."""
    role = text(at(literal(train.request), "RoleArn"))
    of_training = {"role_arn": role} if role else {}
    evaluate: SageMakerModelEvaluationOperator = _evaluation_operator()(task_id="evaluate", **{**of_training, **given})
    return evaluate


def _of(task: BaseOperator, key: str) -> XComArg:
    """Refer to a member of a task's result."""
    output: Any = task.output  # Its keys are no part of its type.
    member: XComArg = output[key]
    return member


def _require_known(group_id: str, given: Mapping[str, Any], *, is_judged: bool, is_evaluated: bool) -> list[str]:
    """Check the arguments, and list the possible approval modes.

    :param given: ``approval``, ``on_rejected``, ``steps``, and the keywords for the task group.
    :raises ValueError: with all violations.
    """
    others = dict(given)
    approval = others.pop("approval")
    possible = [way for way in _APPROVING if is_judged or way != "automatic"]
    ways = possible if isinstance(approval, str) and _TEMPLATE.search(approval) else [approval]
    wrong = []
    if not set(ways) <= set(possible):
        wrong.append(no_such_approval(approval, possible))
        ways = possible
    steps = _steps(ways, approval, is_judged=is_judged, is_evaluated=is_evaluated)
    found = [
        *one_of("on_rejected", others.pop("on_rejected") or "", get_args(OnRejected)),
        *step_violations(steps, others.pop("steps")),
        *default_args_violations(steps, others.get("default_args") or {}),
        *keyword_violations(steps, others, inspect.signature(automl_retraining).parameters),
    ]
    if wrong := [*wrong, *map(str, found)]:
        several = [] if len(wrong) == 1 else [f"{len(wrong)} errors:"]
        raise ValueError(f"{full_id(group_id)}: " + "\n  ".join([*several, *wrong]))
    return ways


def _steps(ways: Sequence[str], approval: str, *, is_judged: bool, is_evaluated: bool) -> Steps:
    """Return the present steps, and why the others are absent."""
    loaders: dict[str, Callable[[], type]] = {
        "train": lambda: SageMakerAutoMLJobOperator,
        "evaluate": _evaluation_operator,
        "judge": lambda: SageMakerQualityGateOperator,
        "register": lambda: SageMakerRegisterCandidateOperator,
        **{task_id: partial(_operator, way) for way, task_id in _APPROVING.items()},
    }
    approving = [] if ways == ["automatic"] else [_APPROVING[way] for way in ways]
    judging = [*(["evaluate"] if is_evaluated else []), *(["judge"] if is_judged else [])]
    present = ["train", *judging, "register", *approving]
    why = dict.fromkeys(_APPROVING.values(), f"with approval = {approval!r}")
    if not is_judged:
        why |= dict.fromkeys(("judge", _APPROVING["automatic"]), "without a gate")
    if not is_evaluated:
        why["evaluate"] = "without evaluation"
    return Steps(
        operators=loaders,
        present=present,
        absent={name: reason for name, reason in why.items() if name not in present},
    )


def _compares(gate: Any) -> bool:
    """Tell whether a gate compares with the champion; True also if this is not known at DAG parse."""
    known = literal(gate_as_mapping(gate))
    return not isinstance(known, Mapping) or known.get("champion") is not None


def _check_group(judging: Mapping[str, Any]) -> BaseOperator:
    """Create the task that checks the champion's group before training, with the gate's arguments."""
    names = ("gate", "model_package_group_name", "may_be_new_group", "default_args", *CONNECTION_FIELDS)
    return SageMakerCheckGroupOperator(
        task_id="check_group", **{name: judging[name] for name in names if name in judging}
    )


def _outlets(group: str) -> list[Asset]:
    """Return the assets of a group, that for registrations first; empty if the group's name is a template."""
    if not isinstance(group, str) or _TEMPLATE.search(group):
        return []
    return [registered(group), approved(group)]


def _approvals(
    ways: Sequence[str],
    judge: BaseOperator | None,
    register: SageMakerRegisterCandidateOperator,
    asked: Mapping[str, Any],
    arguments: Mapping[str, Mapping[str, Any]],
) -> dict[str, BaseOperator]:
    """Create the approval tasks.

    :param asked: ``outlets`` of each, and ``on_rejected`` of those that wait for a reviewer.
    """
    approvals: dict[str, BaseOperator] = {}
    for way in ways:
        task_id = _APPROVING[way]
        chosen: dict[str, Any] = {"model_package_arn": _of(register, "model_package_arn"), **asked}
        chosen["outlets"] = list(asked["outlets"])
        if way == "automatic":
            assert judge is not None
            del chosen["on_rejected"]
            chosen["verdict"] = judge.output
            chosen["approval_status"] = _of(judge, "approval_status")
            chosen["approval_description"] = "By the quality gate, in run {{ run_id }} of DAG {{ dag.dag_id }}."
        approvals[way] = _operator(way)(task_id=task_id, **{**chosen, **arguments[task_id]})
    return approvals


def _evaluation_operator() -> type[SageMakerModelEvaluationOperator]:
    """Load the operator; only when needed, because imports slow down DAG parsing."""
    from airflow_sagemaker_automl.operators.evaluate import SageMakerModelEvaluationOperator

    return SageMakerModelEvaluationOperator


def _operator(way: str) -> type[BaseOperator]:
    """Load the operator of an approval mode; only when needed, because imports slow down DAG parsing."""
    if way == "automatic":
        return ApproveByVerdictOperator
    if way == "airflow":
        from airflow_sagemaker_automl.operators.approve import SageMakerModelApprovalOperator

        return SageMakerModelApprovalOperator
    from airflow_sagemaker_automl.sensors.approval import SageMakerModelPackageApprovalSensor

    return SageMakerModelPackageApprovalSensor


def _choose(approval: str, first: BaseOperator, approvals: Mapping[str, BaseOperator]) -> None:
    """Put the choice before all other tasks, so that an invalid value fails before training."""
    choice = ChooseApprovalOperator(
        task_id="choose_approval",
        approval=approval,
        approvals={way: task.task_id for way, task in approvals.items()},
    )
    choice >> [first, *approvals.values()]


def _require_unmapped(group: TaskGroup) -> None:
    """Reject a choice in a mapped group, where Airflow 3.3 does not skip the tasks that are not chosen.

    :raises ValueError: the group is in a mapped one.
    """
    if any(group.iter_mapped_task_groups()):
        reason = "approval must not be a template in a mapped task group, because Airflow does not skip branches there."
        raise ValueError(f"{group.group_id}: {reason}")
