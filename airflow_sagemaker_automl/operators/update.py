"""The operator that changes a version of a model package group."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sagemaker_automl.assets.events import emit_approval_event
from airflow_sagemaker_automl.core.card.schema import card_violations
from airflow_sagemaker_automl.core.registry.decision import STATUSES, decided_elsewhere
from airflow_sagemaker_automl.core.registry.model_package import written
from airflow_sagemaker_automl.core.registry.package_change import UPDATE_MEMBERS, Change, package_change
from airflow_sagemaker_automl.core.values.canonical import compact
from airflow_sagemaker_automl.core.values.literals import at, merged, plain
from airflow_sagemaker_automl.exceptions import ModelCardOverwritten
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.observability.links import VERSION_LINKS, show_version
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS, SageMakerTask, with_clear_errors
from airflow_sagemaker_automl.tasks.changing import update_and_describe
from airflow_sagemaker_automl.tasks.registration_fields import (
    card_as_template_field,
    content_violations,
    rendered_card,
    require_allowed_at_parse,
    with_extra_members,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.card.sections import ModelCard

# The card is read, changed and sent as a whole, so concurrent updates of it overwrite each other.
_MOST_ROUNDS = 3
_NAMES: Mapping[str, str] = {member: name for name, member in UPDATE_MEMBERS.items()}
# A template is not checked at DAG parse.
_CONTENT_TO_COME = "{{ model_card }}"


class SageMakerUpdateModelPackageOperator(SageMakerTask):
    """Update a version of a model package group: approve or reject it, change its life cycle, document it.

    The task sends only the given members, and only if they differ from the current values. The log and the result list
    each change with its old and new value; of a card only its short values, of an environment only its keys. Arguments
    named after members of ``UpdateModelPackage`` take the values that boto3 takes.

    The service replaces a card as a whole. If another update of the same card removes the given sections, the task
    sends them again, up to three times; a later update can still remove them. Run tasks that document the same version
    one after the other.

    :param model_package_arn: ARN of the version, ``…:model-package/GROUP/NUMBER``. (templated)
    :param approval_status: ``Approved``, ``Rejected`` or ``PendingManualApproval``. (templated)
    :param approval_description: the reason, at most 1024 characters on one line. Give it together with the status that
        it explains; without ``approval_status`` the status stays unchanged. (templated)
    :param customer_metadata_properties: keys to set; all others stay. (templated)
    :param customer_metadata_properties_to_remove: keys to remove. (templated)
    :param additional_inference_specifications: additional ways to serve the model, each with a unique name. (templated)
    :param inference_specification: replaces the current one. (templated)
    :param source_uri: source of the model. (templated)
    :param model_card: sections to merge over the current card: a
        :class:`~airflow_sagemaker_automl.ModelCard`, a mapping in the card's own schema, or the path
        of a ``.json``, ``.yaml`` or ``.yml`` file, as for
        :class:`~airflow_sagemaker_automl.SageMakerRegisterCandidateOperator`. (templated)
    :param model_card_status: ``Draft``, ``PendingReview``, ``Approved`` or ``Archived``; an archived card cannot be
        changed any more. (templated)
    :param model_life_cycle: ``Stage``, ``StageStatus`` and ``StageDescription``. (templated)
    :param registration_type: ``Registered`` or ``Logged``. (templated)
    :param extra_request: members of ``UpdateModelPackage`` to deep-merge over all others, for members that a newer
        boto3 knows and this package does not. ``ClientToken`` is not accepted: updates are idempotent. (templated)
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every operator. ``outlets`` may contain :func:`~airflow_sagemaker_automl.approved` of the group.
    :return: (XCom) ``model_package_arn``, ``model_package_group_name``, ``model_package_version``,
        ``approval_status``, ``approval_description``; ``decided_by`` and ``decided_at`` (ISO 8601, UTC): the AWS
        identity that last changed the version, and when, not counting changes of this task other than the approval
        status; and ``changed``: a list of ``member``, ``before`` and ``after``, with long values cut.
    """

    template_fields: Sequence[str] = (*UPDATE_MEMBERS, "model_card", "extra_request", *CONNECTION_FIELDS)
    template_fields_renderers: ClassVar[dict[str, str]] = {"model_card": "json", "extra_request": "json"}
    writes = ("version",)
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
        super().__init__(**kwargs)
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

    @with_clear_errors
    def execute(self, context: Context) -> dict[str, Any]:
        """Send the changes that are needed, after all of them have been checked."""
        card = rendered_card(self, self.model_card, context)
        asked = self._asked(card)
        described = self._described(asked["ModelPackageArn"])
        # Only after a call: calls retry if a role temporarily cannot be assumed, show_version() does not.
        show_version(self, context["ti"])
        before = described
        described, changes = self._changed(before, asked, card)
        self.lineage = self.lineage.with_version(described)
        for line in changes or ("no change, all values are already as requested",):
            self.log.info("%s: %s", described["ModelPackageArn"], line)
        emit_approval_event(self, context, described, asked.get("ModelApprovalStatus"))
        return {
            "model_package_arn": described["ModelPackageArn"],
            "model_package_group_name": described.get("ModelPackageGroupName"),
            "model_package_version": described.get("ModelPackageVersion"),
            "approval_status": _approval(described),
            "approval_description": described.get("ApprovalDescription"),
            # A change of other members is not a decision.
            **decided_elsewhere(before if _approval(before) == _approval(described) else described),
            "changed": [line.to_json() for line in changes],
        }

    def _changed(
        self, described: Mapping[str, Any], asked: Mapping[str, Any], card: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], list[Change]]:
        """Send the changes, and send the card's sections again if another update removed them.

        :param described: the version before.
        :return: the version afterwards, and every change, each once.
        :raises ModelCardOverwritten: other updates keep removing the sections.
        """
        from airflow_sagemaker_automl.hooks.service_model import checked_model_package

        arn, changes = asked["ModelPackageArn"], dict[str, Change]()
        change = package_change(described, asked, card)
        # A complete card in extra_request replaces the sections.
        sections = {} if at(asked, "ModelCard", "ModelCardContent") else card
        for _ in range(_MOST_ROUNDS):
            if not change.requests:
                break
            for request in [checked_model_package(each, update=True, names=_NAMES) for each in change.requests]:
                described = update_and_describe(self, request, described)
                if "ModelApprovalStatus" in request:
                    _count_decision(change.changes)
            changes |= {line.member: line for line in change.changes if line.member not in changes}
            # All other members are set independently: if one differs now, another user has changed it since.
            change = package_change(described, {"ModelPackageArn": arn}, sections)
        if change.requests:
            raise ModelCardOverwritten(arn, [line.member for line in change.changes])
        return described, list(changes.values())

    def _described(self, arn: str) -> Mapping[str, Any]:
        return self.call_with_retries(lambda hook: hook.describe_model_package(arn))

    def _members(self, card_content: str | None) -> dict[str, Any]:
        """Return the author's arguments as members of ``UpdateModelPackage``.

        :param card_content: placeholder for the content of the card, which depends on the current version.
        """
        to_come = {"ModelCard": {"ModelCardContent": card_content}} if card_content else {}
        return merged(to_come, written(vars(self), UPDATE_MEMBERS))

    def _asked(self, card: Mapping[str, Any]) -> dict[str, Any]:
        """Read the rendered arguments.

        :raises InvalidModelPackage: with all violations, including those of the card.
        """
        from airflow_sagemaker_automl.hooks.service_model import checked_model_package

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
