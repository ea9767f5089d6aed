"""The model package group of the champion: missing, access denied and empty are three different cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow_sagemaker_automl.core.gate.quality_gate import QualityGate, gate_as_mapping
from airflow_sagemaker_automl.observability.links import ModelPackageGroupLink, show_group
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS, SageMakerTask, with_clear_errors
from airflow_sagemaker_automl.tasks.champion_group import ask_group, group_violations

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.values.members import Later

R = TypeVar("R")

_MEMBER = "ModelPackageGroupName"
_ARGUMENT = "model_package_group_name"


class SageMakerCheckGroupOperator(SageMakerTask):
    """Check, before training, that a quality gate will find the model package group of its champion.

    Makes the same call of ``ListModelPackages`` as the gate, or none if the gate has no champion rule.

    :param model_package_group_name: name or ARN of the group. (templated)
    :param gate: as for :class:`~airflow_sagemaker_automl.SageMakerQualityGateOperator`.
        (templated)
    :param may_be_new_group: whether a group that does not exist is expected.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every operator.
    """

    template_fields: Sequence[str] = ("model_package_group_name", "gate", *CONNECTION_FIELDS)
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

    @with_clear_errors
    def execute(self, context: Context) -> None:
        """Look up the group.

        :raises InvalidQualityGate: the rendered gate breaks a rule.
        :raises ModelPackageGroupNotFound: the group does not exist, and ``may_be_new_group`` is False.
        :raises ChampionUnreadable: access to the group is denied.
        """
        group = self.model_package_group_name
        wrong = group_violations(group, may_be_new_group=self.may_be_new_group)
        if not QualityGate.read(self.gate, "gate", more=wrong).compares:
            return
        show_group(self, context["ti"])
        ask_group(self, group, lambda hook: hook.require_group(group), may_be_new=self.may_be_new_group)
