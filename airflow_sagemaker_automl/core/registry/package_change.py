"""Builds the arguments of ``UpdateModelPackage`` for the members that differ from the requested ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.core.card.size import merged as card_of
from airflow_sagemaker_automl.core.values.canonical import compact
from airflow_sagemaker_automl.core.values.comparison import FILLED_IN, differing, dropped, shown
from airflow_sagemaker_automl.core.values.environment import concealed
from airflow_sagemaker_automl.core.values.literals import at, mapping, sequence
from airflow_sagemaker_automl.exceptions import InvalidModelPackage, ModelCardUnchangeable, Violation, escaped

# Arguments of the update operator → members of UpdateModelPackage.
UPDATE_MEMBERS: Mapping[str, str] = {
    "model_package_arn": "ModelPackageArn",
    "approval_status": "ModelApprovalStatus",
    "approval_description": "ApprovalDescription",
    "customer_metadata_properties": "CustomerMetadataProperties",
    "customer_metadata_properties_to_remove": "CustomerMetadataPropertiesToRemove",
    "additional_inference_specifications": "AdditionalInferenceSpecificationsToAdd",
    "inference_specification": "InferenceSpecification",
    "source_uri": "SourceUri",
    "model_card_status": "ModelCard.ModelCardStatus",
    "model_life_cycle": "ModelLifeCycle",
    "registration_type": "ModelPackageRegistrationType",
}

_ARCHIVED = "Archived"
# All other members replace the current value.
_NOT_REPLACED = frozenset(
    {
        "ModelPackageArn",
        "ModelCard",
        "CustomerMetadataProperties",
        "CustomerMetadataPropertiesToRemove",
        "AdditionalInferenceSpecificationsToAdd",
    }
)
_CONTENT = "ModelCardContent"
_LONGEST_SHOWN = 200
_LONGEST_LEAF = 60
_MOST_LEAVES = 20


@dataclass(frozen=True)
class Change:
    """One difference between a version and the request; its values must not contain secrets.

    :param member: path of the API's member; below ``ModelCard`` also of the card's schema.
    :param before: the current value; None if it is unset.
    :param after: the requested value; None if it is to be removed.
    """

    member: str
    before: Any
    after: Any

    def __str__(self) -> str:
        after = shown(self.after) if self.after is not None else "removed"
        return escaped(f"{self.member}: {shown(self.before)} → {after}")

    def to_json(self) -> dict[str, Any]:
        """Return it shortened and JSON-safe."""
        return {"member": self.member, "before": _short(self.before), "after": _short(self.after)}


@dataclass(frozen=True)
class PackageChange:
    """All changes to a version.

    :param changes: the changes, for logs and results.
    :param requests: the calls that make them, in order; empty if nothing has to change.
    """

    changes: tuple[Change, ...]
    requests: tuple[dict[str, Any], ...]


def package_change(
    described: Mapping[str, Any], asked: Mapping[str, Any], card: Mapping[str, Any] | None = None
) -> PackageChange:
    """Compare a version with the requested members.

    :param described: response of ``DescribeModelPackage``.
    :param asked: arguments of ``UpdateModelPackage``.
    :param card: sections to merge over the model card's. Default: none.
    :raises ModelCardUnchangeable: the card would have to change, but is archived; or sections cannot be merged, because
        the current content is not a card.
    :raises InvalidModelPackage: the version has another additional inference specification of the same name.
    """
    card_members = _card_members(described, mapping(asked.get("ModelCard")), card or {})
    found = [*_replaced(described, asked), *_metadata(described, asked), *_additional(described, asked)]
    changes = [change for _, change in found]
    for member, value in card_members.items():
        before = at(described, "ModelCard", member)
        changes += _of_content(before, value) if member == _CONTENT else [Change(f"ModelCard.{member}", before, value)]
    members: dict[str, Any] = {}
    for part, _ in found:
        members |= part
    shown_changes = (
        Change(change.member, concealed(change.before, change.member), concealed(change.after, change.member))
        for change in changes
    )
    return PackageChange(tuple(shown_changes), tuple(_requests(described, asked, members, card_members)))


def _replaced(described: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Change]]:
    for member, after in asked.items():
        if member not in _NOT_REPLACED and after is not None:
            for change in _unlike(after, described.get(member), member):
                yield {member: after}, change


def _unlike(asked: Any, found: Any, path: str) -> Iterator[Change]:
    """List the differences between a structure and the requested one, including additional members."""
    for place, here, there in differing(asked, found, path):
        yield Change(place, there, here)
    for place, there in dropped(asked, found, path, FILLED_IN):
        yield Change(place, there, None)


def _metadata(described: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Change]]:
    properties = described.get("CustomerMetadataProperties", {})
    wanted = mapping(asked.get("CustomerMetadataProperties"))
    different = {key: value for key, value in wanted.items() if properties.get(key) != value}
    for key, value in different.items():
        change = Change(f"CustomerMetadataProperties.{key}", properties.get(key), value)
        yield {"CustomerMetadataProperties": different}, change
    unwanted = [key for key in asked.get("CustomerMetadataPropertiesToRemove") or [] if key in properties]
    for key in unwanted:
        change = Change(f"CustomerMetadataProperties.{key}", properties[key], None)
        yield {"CustomerMetadataPropertiesToRemove": unwanted}, change


def _additional(described: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Change]]:
    known = {entry["Name"]: entry for entry in described.get("AdditionalInferenceSpecifications", [])}
    wanted = asked.get("AdditionalInferenceSpecificationsToAdd") or []
    taken = [
        Violation(f"additional_inference_specifications[{position}].Name", entry["Name"], "must be an unused name")
        for position, entry in enumerate(wanted)
        if entry["Name"] in known and any(_unlike(entry, known[entry["Name"]], entry["Name"]))
    ]
    if taken:
        raise InvalidModelPackage(taken)
    lacking = [entry for entry in wanted if entry["Name"] not in known]
    for entry in lacking:
        change = Change(f"AdditionalInferenceSpecifications.{entry['Name']}", None, entry["Containers"])
        yield {"AdditionalInferenceSpecificationsToAdd": lacking}, change


def _card_members(
    described: Mapping[str, Any], asked: Mapping[str, Any], sections: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the members of the card that have to change."""
    there = mapping(described.get("ModelCard"))
    wanted = dict(asked)
    if sections and not wanted.get(_CONTENT):
        before = _content(described)
        if (after := _laid_over(before, sections)) != before:
            wanted[_CONTENT] = compact(after)
    different = {member: value for member, value in wanted.items() if value is not None and there.get(member) != value}
    if different and there.get("ModelCardStatus") == _ARCHIVED:
        reason = f"is archived, so {' and '.join(sorted(different))} can no longer be changed"
        advice = "Leave out the card, or register the model again."
        raise ModelCardUnchangeable(described["ModelPackageArn"], reason, advice)
    return different


def _content(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read the card of a version.

    :raises ModelCardUnchangeable: the content is not a JSON object.
    """
    content = _parsed(at(described, "ModelCard", _CONTENT))
    if content is None:
        reason = "is not a JSON object, so its sections cannot be changed"
        advice = "Pass a whole card as ModelCard.ModelCardContent in extra_request, without model_card."
        raise ModelCardUnchangeable(described["ModelPackageArn"], reason, advice)
    return content


def _parsed(content: str | None) -> Mapping[str, Any] | None:
    try:
        card = json.loads(content or "{}")
    except (ValueError, RecursionError):
        return None
    return card if isinstance(card, Mapping) else None


def _laid_over(card: Mapping[str, Any], sections: Mapping[str, Any]) -> Any:
    """Merge sections over a card's; an evaluation replaces the one of the same name."""
    named = {item["name"] for item in sections.get("evaluation_details", [])}
    kept = {
        key: [item for item in sequence(section) if at(item, "name") not in named]
        if key == "evaluation_details"
        else section
        for key, section in card.items()
    }
    return card_of(kept, sections)


def _of_content(before: str | None, after: str) -> list[Change]:
    """List a card's changes without its full text: short leaves by value, everything else by size."""
    old, new = _parsed(before), _parsed(after)
    if old is None or new is None:
        return [Change(f"ModelCard.{_CONTENT}", _size(before), _size(after))]
    leaves = list(_leaves(old, new, "ModelCard"))
    if len(leaves) <= _MOST_LEAVES:
        return leaves
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return [Change(f"ModelCard.{key}", _size(old.get(key)), _size(new.get(key))) for key in changed]


def _leaves(before: Any, after: Any, path: str) -> Iterator[Change]:
    if isinstance(after, Mapping) and isinstance(before, Mapping | None):
        before = before or {}
        for key in {**before, **after}:
            yield from _leaves(before.get(key), after.get(key), f"{path}.{key}")
    elif before != after:
        yield Change(path, _size(before), _size(after))


def _size(value: Any) -> Any:
    """Return a short leaf as it is, and the size of any longer value."""
    if isinstance(value, Mapping | list):
        return f"({len(value)} {'entry' if len(value) == 1 else 'entries'})"
    return f"({len(value)} characters)" if isinstance(value, str) and len(value) > _LONGEST_LEAF else value


def _requests(
    described: Mapping[str, Any], asked: Mapping[str, Any], members: dict[str, Any], card: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    arn = {"ModelPackageArn": described["ModelPackageArn"]}
    if "ApprovalDescription" in members:
        # The description is the reason for the status, so both are sent together. A status that was not requested is
        # not sent, because it may have changed since it was read.
        members |= {key: asked[key] for key in ("ModelApprovalStatus",) if asked.get(key)}
    # It is not documented whether the service accepts a card's content and status in one update.
    first, *rest = [{"ModelCard": {member: card[member]}} for member in sorted(card)] or [{}]
    if members or first:
        yield {**arn, **members, **first}
    for request in rest:
        yield {**arn, **request}


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]} …"
