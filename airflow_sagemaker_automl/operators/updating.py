"""The operator that changes a version of a model package group."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.assets import tell_of_update
from airflow_sagemaker_automl.connection import CONNECTION_FIELDS, ConnectsToSageMaker, errors_for_people
from airflow_sagemaker_automl.core.decision import STATUSES, decided_elsewhere
from airflow_sagemaker_automl.core.literals import at, merged, plain
from airflow_sagemaker_automl.core.model_card import card_violations
from airflow_sagemaker_automl.core.model_package import compact, written
from airflow_sagemaker_automl.core.package_change import UPDATE_MEMBERS, Change, package_change
from airflow_sagemaker_automl.exceptions import ModelCardOverwritten
from airflow_sagemaker_automl.lineage import TellsOfVersion
from airflow_sagemaker_automl.links import VERSION_LINKS, show_version
from airflow_sagemaker_automl.operators.author import (
    card_as_template_field,
    content_violations,
    rendered_card,
    require_allowed_at_parse,
    with_extra_members,
)
from airflow_sagemaker_automl.operators.changing import change_and_describe

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.model_card import ModelCard

# The card is read, changed and sent as a whole: what another sends in between is lost, or takes ours away.
_MOST_ROUNDS = 3
_NAMES: Mapping[str, str] = {member: name for name, member in UPDATE_MEMBERS.items()}
# A template is not judged.
_CONTENT_TO_COME = "{{ model_card }}"


class SageMakerUpdateModelPackageOperator(TellsOfVersion, ConnectsToSageMaker):
    """Change a version of a model package group: approve or reject it, move it on, document it.

    Only what is given is changed, and only where it is not so already; the log and the result say what changed from
    what to what: of a card its short leaves, of an environment its keys. Members of ``UpdateModelPackage`` that an
    argument is named after are given as boto3 takes them.

    The service takes a card as a whole. What another update of the same card takes away meanwhile is laid over it
    again, three times at most; an update that comes later can still take it away. Tasks that document one version are
    best put in a row.

    :param model_package_arn: ARN of the version, ``…:model-package/GROUP/NUMBER``. (templated)
    :param approval_status: ``Approved``, ``Rejected`` or ``PendingManualApproval``. (templated)
    :param approval_description: why, at most 1024 characters on one line; best given together with the status that
        it is about. Alone it leaves the status as it is, whoever has set it. (templated)
    :param customer_metadata_properties: keys to set; all others stay. (templated)
    :param customer_metadata_properties_to_remove: keys to take away. (templated)
    :param additional_inference_specifications: further ways to serve it, each under a name of its own. (templated)
    :param inference_specification: takes the place of what there is. (templated)
    :param source_uri: where the model comes from. (templated)
    :param model_card: sections to lay over the card's: a
        :class:`~airflow_sagemaker_automl.core.model_card.ModelCard`, a mapping in the card's own schema, or the path
        of a ``.json``, ``.yaml`` or ``.yml`` file, as for
        :class:`~airflow_sagemaker_automl.operators.registry.SageMakerRegisterCandidateOperator`. (templated)
    :param model_card_status: ``Draft``, ``PendingReview``, ``Approved`` or ``Archived``; an archived card takes no
        change any more. (templated)
    :param model_life_cycle: ``Stage``, ``StageStatus`` and ``StageDescription``. (templated)
    :param registration_type: ``Registered`` or ``Logged``. (templated)
    :param extra_request: members of ``UpdateModelPackage`` to put over all others, mapping by mapping; for what a
        newer boto3 knows and this package does not. It takes no ``ClientToken``: an update is repeatable by itself.
        (templated)
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and
        those of every operator. ``outlets`` may have :func:`~airflow_sagemaker_automl.assets.approved` of the group.
    :return: (XCom) ``model_package_arn``, ``model_package_group_name``, ``model_package_version``,
        ``approval_status``, ``approval_description``; ``decided_by`` and ``decided_at`` (ISO 8601, UTC): the AWS
        identity that changed the version last, and when, without what this task has changed beside its approval;
        and ``changed``: a list of ``member``, ``before`` and ``after``, long values cut.
    """

    template_fields: Sequence[str] = (*UPDATE_MEMBERS, "model_card", "extra_request", *CONNECTION_FIELDS)
    template_fields_renderers: ClassVar[dict[str, str]] = {"model_card": "json", "extra_request": "json"}
    ui_color = "#d9e2f3"
    operator_extra_links = VERSION_LINKS

    def __init__(
        self,
        *,
        model_package_arn: str,
        approval_status: str | None = None,
        approval_description: str | None = None,
        customer_metadata_properties: Mapping[str, str] | None = None,
        customer_metadata_properties_to_remove: Sequence[str] | None = None,
        additional_inference_specifications: Sequence[Mapping[str, Any]] | None = None,
        inference_specification: Mapping[str, Any] | None = None,
        source_uri: str | None = None,
        model_card: ModelCard | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        model_card_status: str | None = None,
        model_life_cycle: Mapping[str, str] | None = None,
        registration_type: str | None = None,
        extra_request: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.model_package_arn = model_package_arn
        self.approval_status = approval_status
        self.approval_description = approval_description
        self.customer_metadata_properties = plain(customer_metadata_properties)
        self.customer_metadata_properties_to_remove = plain(customer_metadata_properties_to_remove)
        self.additional_inference_specifications = plain(additional_inference_specifications)
        self.inference_specification = plain(inference_specification)
        self.source_uri = source_uri
        self.model_card = card = card_as_template_field(model_card)
        self.model_card_status = model_card_status
        self.model_life_cycle = plain(model_life_cycle)
        self.registration_type = registration_type
        self.extra_request = plain(extra_request)
        members = self._members(_CONTENT_TO_COME if model_card else None)
        require_allowed_at_parse(members, _NAMES, card, extra=self.extra_request, update=True)

    @errors_for_people
    def execute(self, context: Context) -> dict[str, Any]:
        """Make the changes that are needed, all of them checked before the first."""
        card = rendered_card(self, self.model_card, context)
        asked = self._asked(card)
        described = self._described(asked["ModelPackageArn"])
        # Not before: a role that cannot be assumed for a while is waited for by what asks.
        show_version(self, context["ti"])
        before = described
        described, changes = self._changed(before, asked, card)
        self.remember_version(described)
        for line in changes or ("everything is as it is asked for",):
            self.log.info("%s: %s", described["ModelPackageArn"], line)
        tell_of_update(self, context, described, asked.get("ModelApprovalStatus"))
        return {
            "model_package_arn": described["ModelPackageArn"],
            "model_package_group_name": described.get("ModelPackageGroupName"),
            "model_package_version": described.get("ModelPackageVersion"),
            "approval_status": _approval(described),
            "approval_description": described.get("ApprovalDescription"),
            # Whoever changes something else has not decided.
            **decided_elsewhere(before if _approval(before) == _approval(described) else described),
            "changed": [line.to_json() for line in changes],
        }

    def _changed(
        self, described: Mapping[str, Any], asked: Mapping[str, Any], card: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], list[Change]]:
        """Make the changes, and lay the card's sections over it again while another takes them away.

        :param described: the version as it is.
        :return: the version as it is then, and every change, each once.
        :raises ModelCardOverwritten: the card does not keep its sections.
        """
        from airflow_sagemaker_automl.validation import checked_model_package

        arn, changes = asked["ModelPackageArn"], dict[str, Change]()
        change = package_change(described, asked, card)
        # A whole card that the author gives takes the place of sections.
        sections = {} if at(asked, "ModelCard", "ModelCardContent") else card
        for _ in range(_MOST_ROUNDS):
            if not change.requests:
                break
            for request in [checked_model_package(each, update=True, names=_NAMES) for each in change.requests]:
                described = change_and_describe(self, request, described)
                if "ModelApprovalStatus" in request:
                    _count_decision(change.changes)
            changes |= {line.member: line for line in change.changes if line.member not in changes}
            # All other members are replaced as they are: if they are not as asked for, somebody has decided so since.
            change = package_change(described, {"ModelPackageArn": arn}, sections)
        if change.requests:
            raise ModelCardOverwritten(arn, [line.member for line in change.changes])
        return described, list(changes.values())

    def _described(self, arn: str) -> Mapping[str, Any]:
        return self.patiently(lambda hook: hook.describe_model_package(arn))

    def _members(self, card_content: str | None) -> dict[str, Any]:
        """Give what the author asks for by name as members of ``UpdateModelPackage``.

        :param card_content: stands for the content of the card, which is known when the version has been looked at.
        """
        to_come = {"ModelCard": {"ModelCardContent": card_content}} if card_content else {}
        return merged(to_come, written(vars(self), UPDATE_MEMBERS))

    def _asked(self, card: Mapping[str, Any]) -> dict[str, Any]:
        """Read what Airflow has rendered.

        :raises InvalidModelPackage: it breaks rules, the card's included.
        """
        from airflow_sagemaker_automl.validation import checked_model_package

        content = compact(card) if card else None
        members = with_extra_members(self._members(content), self.extra_request, update=True)
        is_built = content and at(members, "ModelCard", "ModelCardContent") == content
        more = card_violations(card) if is_built else [*card_violations(card), *content_violations(members)]
        asked = checked_model_package(members, update=True, names=_NAMES, more=more)
        if content and asked["ModelCard"].get("ModelCardContent") == content:
            del asked["ModelCard"]["ModelCardContent"]
        return asked


def _approval(described: Mapping[str, Any]) -> Any:
    return described.get("ModelApprovalStatus")


def _count_decision(changes: Sequence[Change]) -> None:
    for line in changes:
        if line.member == "ModelApprovalStatus" and line.after in STATUSES.values():
            metrics.count(metrics.DECIDED, str(line.after).lower())
