"""Convert a DAG author's arguments into members of a request and into the author's part of the model card."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.core.card.author import author_card
from airflow_sagemaker_automl.core.card.schema import card_violations
from airflow_sagemaker_automl.core.jobs.request_file import SUFFIXES, parse_mapping
from airflow_sagemaker_automl.core.rules import registration
from airflow_sagemaker_automl.core.values.documents import Unreadable, parse_json
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, at, is_resolved, literal, merged, plain
from airflow_sagemaker_automl.core.values.wording import type_in_words
from airflow_sagemaker_automl.exceptions import InvalidModelCard, InvalidModelPackage, Violation
from airflow_sagemaker_automl.tasks.request import file_name, file_text

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from airflow_sagemaker_automl.core.card.sections import ModelCard
    from airflow_sagemaker_automl.core.values.shapes import Shape

# The containers are known only after the job has been described.
_FILLED_IN = ("InferenceSpecification.Containers",)
_CARD = "the card's sections"
# Placeholder for members that are not known yet.
_MEMBERS_TO_COME = "extra_request"
# SourceUri is set by an update of the version, whose ARN is known only after registration.
_VERSION_TO_COME = "arn:aws:sagemaker:us-east-1:123456789012:model-package/to-come/1"


class RegistrationRefusedAtParse(InvalidModelPackage, AirflowFailException):
    """A literal value of a registration, or of its model card, breaks a rule: an import error of the DAG."""


def require_allowed_at_parse(
    members: Mapping[str, Any],
    names: Mapping[str, str],
    card: Any,
    *,
    extra: Any = None,
    update: bool = False,
    more: Sequence[Violation] = (),
) -> None:
    """Check literal values at DAG parse.

    :param members: of the request, with templates and XComArgs in any leaf.
    :param names: member → the argument that sets it.
    :param card: the template field of the author's part.
    :param extra: the template field of further members.
    :param more: other violations, to report in the same message.
    :raises RegistrationRefusedAtParse: with all violations found.
    """
    wrong = [*more, *_literal_card_violations(card)]
    try:
        extra = _extra_at_parse(extra)
        members = _with_unknown(merged(members, extra), members, extra)
        together = members if update else _without_source(members)
        wrong += [] if update else _of_source(members, names)
        registration.require_literals(together, names=names, more=wrong, update=update)
    except InvalidModelPackage as error:
        raise RegistrationRefusedAtParse(error.violations) from None


def allowed_registration(
    members: Mapping[str, Any], names: Mapping[str, str], *, more: Sequence[Violation] = ()
) -> dict[str, Any]:
    """Check the author's members, as far as they do not depend on the model, before any call to the service.

    :param more: other violations, to report in the same message.
    :return: the members, converted to the types of the service model.
    :raises InvalidModelPackage: with all violations.
    """
    from airflow_sagemaker_automl.hooks.service_model import checked_model_package

    source, wrong = _checked_source(members, names)
    more = [*wrong, *content_violations(members), *more]
    return {**checked_model_package(_without_source(members), names=names, more=more, later=_FILLED_IN), **source}


def with_extra_members(members: Mapping[str, Any], extra: Any, *, update: bool = False) -> dict[str, Any]:
    """Deep-merge the rendered field of further members over others; either side may be JSON text after rendering.

    :param members: of the request, rendered.
    :param extra: the rendered field: a mapping, its JSON, or empty.
    :return: the members, converted to the types of the service model as far as possible.
    :raises InvalidModelPackage: ``extra`` is neither a mapping nor its JSON.
    """
    from airflow_sagemaker_automl.core.values.shapes.conversion import as_the_model_wants
    from airflow_sagemaker_automl.hooks.service_model import input_shape

    shape = input_shape("UpdateModelPackage" if update else "CreateModelPackage")
    below, above = (_opened(shape, registration.as_tree(part)) for part in (members, extra_members(extra)))
    together: dict[str, Any] = as_the_model_wants(shape, merged(below, above))
    return together


def content_violations(members: Mapping[str, Any]) -> list[Violation]:
    """Check a complete card that is given as a member of the request and replaces the one that would be built."""
    content = at(members, "ModelCard", "ModelCardContent")
    if not isinstance(content, str) or not content:
        return []
    try:
        return card_violations(parse_mapping(content, ".json", of=_CARD))
    except Unreadable as error:
        return [Violation("ModelCard.ModelCardContent", content, str(error))]


def extra_members(extra: Any) -> Mapping[str, Any]:
    """Read the rendered field of further members: a mapping, its JSON, or empty.

    :raises InvalidModelPackage: it is none of these.
    """
    rule = "must be a mapping of members of the request"
    if isinstance(extra, str) and extra.strip():
        try:
            extra = parse_mapping(extra, ".json", of="members of the request")
        except Unreadable as error:
            raise InvalidModelPackage(
                [Violation("extra_request", None, f"{rule}, not {type_in_words(extra)}")]
            ) from error
    if extra and not isinstance(extra, Mapping):
        raise InvalidModelPackage([Violation("extra_request", None, f"{rule}, not {type_in_words(extra)}")])
    return extra if isinstance(extra, Mapping) else {}


def response_keys_of(given: Any) -> list[str]:
    """Read the rendered field of response keys: a list, its JSON, or comma-separated text; empty keys are dropped.

    :raises InvalidModelPackage: it is none of these.
    """
    keys: Any = given or []
    if isinstance(keys, str):
        try:
            keys = parse_json(keys) if keys.strip().startswith("[") else keys.split(",")
        except Unreadable:
            keys = None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise InvalidModelPackage([Violation("inference_response_keys", given, "must be a list of texts")])
    return [key.strip() for key in keys if key.strip()]


def _extra_at_parse(extra: Any) -> Mapping[str, Any]:
    if isinstance(extra, Mapping) or is_resolved(literal(extra)):
        return extra_members(extra)
    return {_MEMBERS_TO_COME: extra}


def _with_unknown(together: Mapping[str, Any], members: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Mark a member as unresolved where a mapping was merged over a template: the result depends on the rendering."""
    known = dict(together)
    for member, more in extra.items():
        given = members.get(member)
        if isinstance(more, Mapping) and isinstance(given, Mapping):
            known[member] = _with_unknown(known[member], given, more)
        elif isinstance(more, Mapping) and given and (isinstance(given, str) or not is_resolved(literal(given))):
            known[member] = UNRESOLVED
    return known


def _opened(shape: Shape, value: Any) -> Any:
    """Parse JSON text where the service model has a mapping; blank text stays, since it leaves a member out."""
    if isinstance(value, str) and shape.type_name in ("structure", "map"):
        try:
            value = parse_mapping(value, ".json", of="members")
        except Unreadable:
            return value
    if not isinstance(value, Mapping):
        return value
    members = shape.members
    return {name: _opened(members[name], item) if name in members else item for name, item in value.items()}


def _checked_source(members: Mapping[str, Any], names: Mapping[str, str]) -> tuple[dict[str, Any], Sequence[Violation]]:
    """Check ``SourceUri`` by the rules of the update that will set it."""
    from airflow_sagemaker_automl.hooks.service_model import checked_model_package

    source = members.get("SourceUri")
    if source is None or source == "":
        return {}, ()
    update = {"ModelPackageArn": _VERSION_TO_COME, "SourceUri": source}
    try:
        return {"SourceUri": checked_model_package(update, update=True, names=names)["SourceUri"]}, ()
    except InvalidModelPackage as error:
        return {}, error.violations


def _without_source(members: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out ``SourceUri``, which a version with containers gets in a separate call."""
    return {member: value for member, value in members.items() if member != "SourceUri"}


def _of_source(members: Mapping[str, Any], names: Mapping[str, str]) -> list[Violation]:
    found = registration.violations({"SourceUri": literal(members.get("SourceUri"))})
    return registration.renamed([violation for violation in found if violation.path == "SourceUri"], names)


def card_as_template_field(card: ModelCard | Mapping[str, Any] | str | os.PathLike[str] | None) -> Any:
    """Copy the author's part of a card into a form that Airflow can render: a dictionary, or the path of a file."""
    if isinstance(card, os.PathLike):
        return os.fspath(card)
    return plain(author_card(card)) if isinstance(card, Mapping) or hasattr(card, "to_api") else card


def _literal_card_violations(card: Any) -> list[Violation]:
    """Check the literal values of a card at DAG parse."""
    if isinstance(card, Mapping):
        return card_violations(card, rendered=False)
    if card is None or not is_resolved(literal(card)):
        return []
    if not _is_json(card):
        return [] if file_name(card) else [_unusable(card)]
    try:
        return card_violations(parse_mapping(card, ".json", of=_CARD))
    except Unreadable as error:
        return [Violation("model_card", card, str(error))]


def rendered_card(operator: BaseOperator, card: Any, context: Context) -> dict[str, Any]:
    """Read the rendered card; render the file if it is a path.

    :param card: the rendered template field: a mapping, a JSON text, or the path of a file.
    :raises InvalidModelCard: it is none of these.
    """
    if isinstance(card, str):
        card = _from_text(operator, card, context) if card.strip() else None
    if card is not None and not isinstance(card, Mapping):
        raise InvalidModelCard([_unusable(card)])
    return author_card(card)


def _from_text(operator: BaseOperator, card: str, context: Context) -> Any:
    try:
        if _is_json(card):
            return parse_mapping(card, ".json", of=_CARD)
        name = file_name(card)
        if name is None:
            raise InvalidModelCard([_unusable(card)])
        rendered = file_text(operator, name, context)
        return rendered if isinstance(rendered, Mapping) else parse_mapping(rendered, Path(name).suffix, of=_CARD)
    except Unreadable as error:
        raise InvalidModelCard([Violation("model_card", card, str(error))]) from error


def _is_json(card: Any) -> bool:
    return isinstance(card, str) and card.strip().startswith("{")


def _unusable(card: Any) -> Violation:
    rule = f"must be a ModelCard, a mapping of {_CARD}, or the path of a {', '.join(SUFFIXES)} file that holds one"
    return Violation("model_card", card, rule)
