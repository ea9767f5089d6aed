"""Rules 20 to 26: requests that register a version of a model, or update one.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from airflow_sagemaker_automl.core.rules import customer_metadata, inference
from airflow_sagemaker_automl.core.rules.characters import (
    LONGEST_NAME,
    at_most,
    is_name,
    on_one_line,
    printable,
    without_symbols,
)
from airflow_sagemaker_automl.core.values.environment import concealed
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, at, is_resolved, literal, plain, text
from airflow_sagemaker_automl.core.values.wording import did_you_mean, one_of, type_in_words
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, InvalidModelPackage, Violation

Rules: TypeAlias = tuple[Callable[[Mapping[str, Any]], Iterator[Violation]], ...]

_APPROVALS = ("Approved", "Rejected", "PendingManualApproval")
_CARD_STATUSES = ("Draft", "PendingReview", "Approved", "Archived")
_REGISTRATION_TYPES = ("Logged", "Registered")
_SKIPPED_VALIDATIONS = ("All", "None")
_STAGES = ("Proposal", "Development", "QA", "PreProduction", "Production", "Archived")
_STAGE_STATUSES = ("PendingApproval", "InProgress", "OnHold", "Approved", "Rejected", "Retired")
_MAPPINGS = (
    "InferenceSpecification",
    "CustomerMetadataProperties",
    "ModelLifeCycle",
    "ModelCard",
    "ModelMetrics",
    "MetadataProperties",
)
_LISTS = (
    "AdditionalInferenceSpecifications",
    "AdditionalInferenceSpecificationsToAdd",
    "CustomerMetadataPropertiesToRemove",
)
_PROVENANCE = ("CommitId", "Repository", "GeneratedBy", "ProjectId")

_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]{9,16}:[0-9]{12}:([a-z-]+)/(\S+)")
_NUMBERED = re.compile(r"[^/\s]+/[0-9]+")
_GROUP = "model-package-group"
_VERSION = "model-package"
_EXAMPLE_ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
_TOKEN = re.compile(r"[a-zA-Z0-9-]{1,36}")
_LONGEST_TEXT = 1024
_LONGEST_CARD = 100_000


def violations(request: Mapping[str, Any], *, update: bool = False) -> list[Violation]:
    """Validate a request by all rules, ignoring values that are not known yet.

    :param request: arguments of ``CreateModelPackage``, as dictionaries and lists. Members that an operator adds when
        it runs may be missing.
    :param update: whether they are arguments of ``UpdateModelPackage``. Default: no.
    :return: every broken rule.
    """
    return [violation for rule in (_ON_UPDATE if update else _ON_CREATE) for violation in rule(request)]


def require_literals(
    request: Mapping[str, Any],
    *,
    update: bool = False,
    names: Mapping[str, str] | None = None,
    more: Sequence[Violation] = (),
) -> None:
    """Validate the literal values of a request that is not rendered yet.

    :param request: as for :func:`violations`; any leaf may be a Jinja template or an XComArg.
    :param names: as for :func:`renamed`.
    :param more: further violations to report in the same error.
    :raises InvalidModelPackage: with every rule that the literal values break.
    """
    known = literal(as_tree(request))
    found = [violation for violation in violations(known, update=update) if is_resolved(violation.value)]
    found = [*renamed(found, names or {}), *more]
    if found:
        raise InvalidModelPackage(found)


def as_tree(request: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a request as dictionaries and lists.

    :raises InvalidModelPackage: the request contains itself, or is nested too deep.
    """
    try:
        tree: dict[str, Any] = plain(request)
    except InvalidJobRequest as error:
        raise InvalidModelPackage(error.violations) from None
    return tree


def renamed(found: Sequence[Violation], names: Mapping[str, str]) -> list[Violation]:
    """Replace API members by argument names in violations, and hide values that may be secret.

    :param names: argument names by member, for example ``{"ModelApprovalStatus": "approval_status",
        "ModelCard.ModelCardStatus": "model_card_status"}``. If a path begins with such a member, the argument's name
        replaces it; the longest member wins.
    """
    by_length = sorted(names, key=len, reverse=True)
    return [
        replace(
            violation,
            path=_renamed(violation.path, by_length, names),
            value=concealed(violation.value, violation.path),
        )
        for violation in found
    ]


def _renamed(path: str, members: Sequence[str], names: Mapping[str, str]) -> str:
    for member in members:
        rest = path.removeprefix(member)
        if path.startswith(member) and rest[:1] in ("", ".", "["):
            return names[member] + rest
    return path


def _group(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 20: a version needs a group."""
    path, value = "ModelPackageGroupName", request.get("ModelPackageGroupName")
    what = "must be the name or ARN of a model package group"
    if value is None or value == "":
        yield Violation(path, None, "is required: the group of the version")
    elif not isinstance(value, str):
        return
    elif value.startswith("arn:"):
        kind, name = _parsed_arn(value)
        if kind != _GROUP:
            yield Violation(path, value, f"{what}{_instead(kind, _GROUP)}")
        elif not is_name(name):
            yield Violation(path, value, f"{what}; {name!r} is not a valid group name")
    elif not is_name(value):
        rule = f"{what}: 1 to {LONGEST_NAME} letters, digits and hyphens, with no hyphen at either end"
        yield Violation(path, value, rule)


def _version(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 20, for updates: the version is given by its ARN."""
    path, value = "ModelPackageArn", request.get("ModelPackageArn")
    if value is None or value == "":
        yield Violation(path, None, "is required: the version to change")
    if not isinstance(value, str) or not value:
        return
    what = "must be the ARN of a model package version"
    kind, name = _parsed_arn(value)
    example = f"{what}, for example {_EXAMPLE_ARN}:{_VERSION}/churn/3"
    if not value.startswith("arn:"):
        yield Violation(path, value, f"{example}; this is not an ARN")
    elif kind != _VERSION:
        yield Violation(path, value, f"{what}{_instead(kind, f'{_VERSION}/churn/3')}")
    elif not _NUMBERED.fullmatch(name):
        yield Violation(path, value, f"{example}; this one does not end in a group and a version number")


def _parsed_arn(value: str) -> tuple[str | None, str]:
    """Return type and name of the resource; the type is None if the value is not a SageMaker ARN."""
    match = _ARN.fullmatch(value)
    return (match[1], match[2]) if match else (None, value)


def _instead(kind: str | None, wanted: str) -> str:
    if kind is None:
        example = wanted if "/" in wanted else f"{wanted}/churn"
        return f", for example {_EXAMPLE_ARN}:{example}"
    return f"; this is the ARN of a {kind.replace('-', ' ')}"


def _not_of_versions(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 20: refuse the members that only packages without a group have."""
    name, certify = request.get("ModelPackageName"), request.get("CertifyForMarketplace")
    if name is not None:
        rule = "must be left out: a version of a group has a number, not a name"
        yield Violation("ModelPackageName", name, rule)
    if request.get("Tags") is not None:
        rule = "must be left out: only the group can have tags, not its versions"
        yield Violation("Tags", request["Tags"], rule)
    # The SageMaker Python SDK sends false with every version.
    if certify is not None and str(certify).strip().lower() == "true":
        rule = "must be left out: it is for AWS Marketplace packages, not for versions of a group"
        yield Violation("CertifyForMarketplace", certify, rule)


def _kinds(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Require mappings and lists; a string may be their JSON and is left to the constraints of the service model."""
    for members, wanted, kind in ((_MAPPINGS, Mapping, "a mapping"), (_LISTS, list, "a list")):
        for member in members:
            value = request.get(member)
            if value is not None and value is not UNRESOLVED and not isinstance(value, (wanted, str)):
                yield Violation(member, value, f"must be {kind}, not {type_in_words(value)}")


def _words(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 21, and the other members with a fixed set of values."""
    yield from one_of("ModelApprovalStatus", request.get("ModelApprovalStatus"), _APPROVALS)
    registration = request.get("ModelPackageRegistrationType")
    yield from one_of("ModelPackageRegistrationType", registration, _REGISTRATION_TYPES)
    yield from one_of("SkipModelValidation", request.get("SkipModelValidation"), _SKIPPED_VALIDATIONS)


def _no_approval_description(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 21: a new version cannot have an approval description."""
    value = request.get("ApprovalDescription")
    if value is not None:
        rule = "must be left out: only an update can set the reason for an approval or a rejection"
        yield Violation("ApprovalDescription", value, rule)


def _approval_description(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 21."""
    yield from _line("ApprovalDescription", request.get("ApprovalDescription"))


def _description(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 23."""
    value = request.get("ModelPackageDescription")
    yield from at_most("ModelPackageDescription", value, _LONGEST_TEXT)
    yield from printable("ModelPackageDescription", value)


def _life_cycle(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 23; stages and statuses are free text, for which the service suggests some values."""
    cycle = request.get("ModelLifeCycle")
    if not isinstance(cycle, Mapping) or (cycle and not any(cycle.values())):
        return  # Empty strings leave the whole member out.
    for member, suggested in (("Stage", _STAGES), ("StageStatus", _STAGE_STATUSES)):
        path, value = f"ModelLifeCycle.{member}", cycle.get(member)
        if value is None or value == "":
            yield Violation(path, None, f"is required, for example one of {', '.join(suggested)}")
        elif isinstance(value, str) and not is_name(value):
            hint = did_you_mean(re.sub(r"[\s_]", "", value), suggested)
            rule = f"must have 1 to {LONGEST_NAME} letters, digits and hyphens, and no spaces{hint}"
            yield Violation(path, value, rule)
    yield from _line("ModelLifeCycle.StageDescription", cycle.get("StageDescription"))


def _source(request: Mapping[str, Any]) -> Iterator[Violation]:
    value = request.get("SourceUri")
    yield from at_most("SourceUri", value, _LONGEST_TEXT)
    yield from without_symbols("SourceUri", value)


def _source_alone(request: Mapping[str, Any]) -> Iterator[Violation]:
    """The SageMaker Python SDK has this rule, and sets ``SourceUri`` with an update."""
    if request.get("SourceUri") is not None and request.get("InferenceSpecification") is not None:
        rule = "must be left out with InferenceSpecification; an update can set it afterwards"
        yield Violation("SourceUri", request["SourceUri"], rule)


def _card_on_create(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 26: a new card must not be archived, because an archived card cannot be changed."""
    path, status = "ModelCard.ModelCardStatus", at(request, "ModelCard", "ModelCardStatus")
    if status == "Archived":
        known = ", ".join(_CARD_STATUSES[:-1])
        yield Violation(path, status, f"must be one of {known} for a new card: an archived card cannot be changed")
    else:
        yield from one_of(path, status, _CARD_STATUSES)
    yield from _card_content(request)


def _card_on_update(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 26."""
    yield from one_of("ModelCard.ModelCardStatus", at(request, "ModelCard", "ModelCardStatus"), _CARD_STATUSES)
    yield from _card_content(request)


def _card_content(request: Mapping[str, Any]) -> Iterator[Violation]:
    path, content = "ModelCard.ModelCardContent", at(request, "ModelCard", "ModelCardContent")
    yield from at_most(path, content, _LONGEST_CARD)
    yield from on_one_line(path, content)


def _provenance(request: Mapping[str, Any]) -> Iterator[Violation]:
    for member in _PROVENANCE:
        yield from _line(f"MetadataProperties.{member}", at(request, "MetadataProperties", member))


def _token(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 25."""
    value = text(request.get("ClientToken"))
    if value and not _TOKEN.fullmatch(value):
        yield Violation("ClientToken", value, "must have 1 to 36 letters, digits and hyphens")


def _no_token(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Rule 25: the service accepts a token once, but an update may need several requests."""
    value = request.get("ClientToken")
    if value is not None:
        yield Violation("ClientToken", value, "must be left out: updates are idempotent without it")


def _change(request: Mapping[str, Any]) -> Iterator[Violation]:
    if all(not value for member, value in request.items() if member not in ("ModelPackageArn", "ClientToken")):
        yield Violation("request", None, "must set at least one member to change")


def _line(path: str, value: Any) -> Iterator[Violation]:
    yield from at_most(path, value, _LONGEST_TEXT)
    yield from on_one_line(path, value)


_ON_CREATE: Rules = (
    _group,
    _not_of_versions,
    _kinds,
    _description,
    _words,
    _no_approval_description,
    customer_metadata.on_create,
    _life_cycle,
    inference.on_create,
    _source,
    _source_alone,
    _card_on_create,
    _provenance,
    _token,
)
_ON_UPDATE: Rules = (
    _version,
    _change,
    _not_of_versions,
    _kinds,
    _words,
    _approval_description,
    customer_metadata.on_update,
    _life_cycle,
    inference.on_update,
    _source,
    _card_on_update,
    _no_token,
)
