"""The group that has the champion: absent, not visible and empty are three different answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow_sagemaker_automl.connection import CONNECTION_FIELDS, ConnectsToSageMaker, errors_for_people
from airflow_sagemaker_automl.core.literals import is_resolved
from airflow_sagemaker_automl.core.quality_gate import QualityGate, gate_as_mapping
from airflow_sagemaker_automl.core.rules import registration
from airflow_sagemaker_automl.core.rules.wording import kind_of, nearest
from airflow_sagemaker_automl.exceptions import (
    ChampionUnreadable,
    ModelPackageGroupNotFound,
    Violation,
)
from airflow_sagemaker_automl.links import ModelPackageGroupLink, show_group
from airflow_sagemaker_automl.service_errors import is_denied

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.members import Later
    from airflow_sagemaker_automl.hooks import SageMakerAutoMLHook

R = TypeVar("R")

_MEMBER = "ModelPackageGroupName"
_ARGUMENT = "model_package_group_name"


class SageMakerCheckGroupOperator(ConnectsToSageMaker):
    """Make sure, before anything is trained, that a quality gate will find the group of its champion.

    One call of ``ListModelPackages``, as the gate will make it; none where the gate compares with no champion.

    :param model_package_group_name: name or ARN of the group. (templated)
    :param gate: as for :class:`~airflow_sagemaker_automl.operators.quality_gate.SageMakerQualityGateOperator`.
        (templated)
    :param may_be_new_group: whether a group that does not exist is expected.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and
        those of every operator.
    """

    template_fields: Sequence[str] = (_ARGUMENT, "gate", *CONNECTION_FIELDS)
    template_fields_renderers: ClassVar[dict[str, str]] = {"gate": "json"}
    ui_color = "#fdf0d0"
    operator_extra_links = (ModelPackageGroupLink(),)

    def __init__(
        self,
        *,
        model_package_group_name: str,
        gate: QualityGate | Mapping[str, Any] | str | Later,
        may_be_new_group: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model_package_group_name = model_package_group_name
        self.gate = gate_as_mapping(gate)
        self.may_be_new_group = may_be_new_group

    @errors_for_people
    def execute(self, context: Context) -> None:
        """Look for the group.

        :raises InvalidQualityGate: the gate is wrong, as rendered, and could not judge.
        :raises ModelPackageGroupNotFound: the group does not exist, and may not be new.
        :raises ChampionUnreadable: it is not visible.
        """
        group = self.model_package_group_name
        wrong = group_violations(group, may_be_new_group=self.may_be_new_group)
        if QualityGate.read(self.gate, "gate", more=wrong).champion is None:
            return
        show_group(self, context["ti"])
        ask_group(self, group, lambda hook: hook.require_group(group), may_be_new=self.may_be_new_group)


def ask_group(
    task: ConnectsToSageMaker, group: str, ask: Callable[[SageMakerAutoMLHook], R], *, may_be_new: bool
) -> R | None:
    """Ask for the versions of the group that has the champion.

    :param group: name or ARN of it.
    :param ask: makes the call.
    :param may_be_new: whether the author expects a group that does not exist.
    :return: the answer; None where the group does not exist, and may be new.
    :raises ModelPackageGroupNotFound: it does not exist, and may not be new; with the nearest name.
    :raises ChampionUnreadable: access to it is denied.
    :raises OtherRegion: its ARN is of another region.
    """
    try:
        return task.patiently(ask)
    except ModelPackageGroupNotFound as error:
        if may_be_new:
            text = "Model package group %s does not exist in region %s yet, as may_be_new_group allows"
            task.log.info(text, group, error.region)
            return None
        raise ModelPackageGroupNotFound(group, error.region, _nearest(task, group)) from error
    except Exception as error:
        if not is_denied(error):
            raise
        reason = (
            "Access is denied, so the group may or may not exist. Allow sagemaker:ListModelPackages, "
            "sagemaker:DescribeModelPackage and sagemaker:DescribeModelPackageGroup; for a group of another account, "
            f"its resource policy must allow them too. The service says: {error}"
        )
        raise ChampionUnreadable(group, reason) from error


def group_violations(name: Any, *, may_be_new_group: Any = False) -> list[Violation]:
    """Judge the name of a group as far as it is known, and whether it may be new.

    :param name: :data:`~airflow_sagemaker_automl.core.literals.UNRESOLVED` for one that is not known yet.
    """
    wrong = []
    if not isinstance(may_be_new_group, bool):
        wrong.append(Violation("may_be_new_group", may_be_new_group, "must be True or False"))
    if not is_resolved(name):
        return wrong
    if name is not None and not isinstance(name, str):
        rule = f"must be the name or ARN of a model package group, not {kind_of(name)}"
        return [Violation(_ARGUMENT, name, rule), *wrong]
    found = [each for each in registration.violations({_MEMBER: name}) if each.path == _MEMBER]
    if not found and may_be_new_group is True and isinstance(name, str) and name.startswith("arn:"):
        rule = "must be a name with may_be_new_group=True: a group that is given as ARN is never created"
        found.append(Violation(_MEMBER, name, rule))
    return [*registration.renamed(found, {_MEMBER: _ARGUMENT}), *wrong]


def _nearest(task: ConnectsToSageMaker, group: str) -> str | None:
    """Find the existing group that is most like one that does not exist, in the account of an ARN.

    :return: its name, or its ARN for an ARN; None where none is like it, or the groups may not be listed.
    """
    try:
        listed = task.patiently(lambda hook: hook.newest_groups())
    except Exception as error:
        if not is_denied(error):
            raise
        task.log.info("Model package groups may not be listed, so no name is suggested: %s", error)
        return None
    prefix, _, name = group.rpartition("/")
    known = {each: arn for each, arn in listed.items() if arn.startswith(prefix)}
    found = nearest(name, known)
    return known[found] if found and prefix else found
