"""The assets of a model package group, and their events.

A group has two assets. Their URIs contain only its name, so a DAG file needs neither an account nor a region:

- ``registered("churn")`` = ``sagemaker://model-package-groups/churn``: a version was registered;
- ``approved("churn")`` = ``sagemaker://model-package-groups/churn/approved``: a version was approved.

Tasks emit events on them. For approvals made elsewhere, see
:func:`~airflow_sagemaker_automl.approvals_watched`.

One DAG emits events, another one is scheduled on them::

    SageMakerRegisterCandidateOperator(..., model_package_group_name="churn", outlets=[registered("churn")])
    SageMakerUpdateModelPackageOperator(..., approval_status="Approved", outlets=[approved("churn")])

    with DAG("deploy", schedule=approved("churn")):
        @task
        def deploy(triggering_asset_events=None):
            version = approved_version(triggering_asset_events)
            print(version.model_package_arn, version.objective_value)

In a template, with ``DAG(..., user_defined_macros={"approved_version": approved_version})``::

    model_package_arn="{{ approved_version(triggering_asset_events).model_package_arn }}"

The data of an event is in its ``extra``, in the form of
:class:`~airflow_sagemaker_automl.ModelVersion`. Events are emitted at least once: a cleared task
that finds its earlier result emits the event again. Use ``deduplication_key`` to process an event only once.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from airflow.sdk import Asset

from airflow_sagemaker_automl.core.registry.model_version import ModelVersion, is_same_group
from airflow_sagemaker_automl.core.values.comparison import shown
from airflow_sagemaker_automl.exceptions import escaped

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from airflow.sdk import BaseOperator, Context

__all__ = [
    "ModelVersion",
    "approved",
    "approved_version",
    "approved_versions",
    "create_asset",
    "emit_approval_event",
    "emit_registration_events",
    "registered",
    "registered_version",
    "sanitize_uri",
    "uri_of_watched_approvals",
]

log = logging.getLogger(__name__)

_GROUPS = "model-package-groups"
_NAME = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_GROUP = re.compile(rf"(?:arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{{12}}:model-package-group/)?(?P<name>{_NAME})")
_PATH = re.compile(rf"/(?P<group>{_NAME})(?P<approved>/approved(?:/watched(?:/[^/]+)+)?)?")
_URI = re.compile(rf"sagemaker://{_GROUPS}{_PATH.pattern}")
_SCORED_PATH = re.compile(rf"/{_NAME}/scored")
_APPROVED = "Approved"
_COMPLETED = "Completed"
# A DAG author may have added a key "extra" to an event's extra.
_MARKS_OF_AN_EXTRA = frozenset({"model_package_arn", "from_trigger"})
_MOST_FAULTS_SHOWN = 3
_DEEPEST = 3


def registered(group: str) -> Asset:
    """Return the asset for registrations in a group.

    :param group: name of the model package group, or its ARN, of which only the name is used.
    :raises ValueError: it is neither, or a template.
    """
    return Asset(uri=_GroupAsset(name_of_group(group), is_for_approvals=False).uri)


def approved(group: str) -> Asset:
    """Return the asset for approvals in a group.

    :param group: name of the model package group, or its ARN, of which only the name is used.
    :raises ValueError: it is neither, or a template.
    """
    return Asset(uri=_GroupAsset(name_of_group(group), is_for_approvals=True).uri)


def uri_of_watched_approvals(group: str, *watched_by: str) -> str:
    """Return the URI of the asset on which a watcher emits events for approvals in a group.

    :param group: name of the model package group, or its ARN.
    :param watched_by: parts that distinguish the watchers of this group.
    :raises ValueError: the group is neither, or a template.
    """
    uri = _GroupAsset(name_of_group(group), is_for_approvals=True).uri
    *owner, _ = group.split(":")
    return "/".join([uri, "watched", *(quote(part, safe="") for part in (*watched_by, *owner[3:]))])


def approved_version(source: Any, group: str | None = None) -> ModelVersion:
    """Read the approved version from asset events.

    Of several events, the one whose version was modified last is used.

    :param source: ``triggering_asset_events`` of a run's context, of which only the approval events are used; or
        events, or one event, or its ``extra``.
    :param group: name or ARN of the group; required only if approvals in several groups have started the run.
    :raises ValueError: there is no approval event, none that can be read, or there are events of several groups.
    """
    return _approved(_last_changed(_versions(source, group, approvals=True)))


def approved_versions(source: Any, group: str | None = None) -> list[ModelVersion]:
    """Read the approved versions from asset events, newest first.

    While a DAG has ``max_active_runs`` running, Airflow collects events and starts one run for all of them. Check the
    current approval status of each version: if the latest approval was withdrawn, an earlier version may still be
    approved.

    :param source: as for :func:`approved_version`.
    :param group: name or ARN of the group; required only if approvals in several groups have started the run.
    :raises ValueError: there is no approval event, none that can be read, or there are events of several groups.
    """
    in_time = sorted(_versions(source, group, approvals=True), key=lambda version: version.modified)
    emitted = {version.model_package_arn: version for version in in_time}
    return sorted(map(_approved, emitted.values()), key=lambda version: version.model_package_version, reverse=True)


def registered_version(source: Any, group: str | None = None) -> ModelVersion:
    """Read the registered version from asset events; like :func:`approved_version`, for ``registered(group)``.

    :param source: ``triggering_asset_events`` of a run's context; or events, or one event, or its ``extra``.
    :param group: name or ARN of the group; required only if registrations in several groups have started the run.
    :raises ValueError: there is no registration event, none that can be read, or there are events of several groups.
    """
    return _last_changed(_versions(source, group, approvals=False))


def emit_registration_events(operator: BaseOperator, context: Context, description: Mapping[str, Any]) -> None:
    """Emit the asset events of a registration, when the task succeeds.

    ``registered(group)`` always gets an event, even if an earlier try registered the version; ``approved(group)`` only
    if the version is approved.

    :param operator: the running task; outlets that get no event are removed from it.
    :param description: the response of ``DescribeModelPackage``.
    """

    def why_not(outlet: _GroupAsset) -> str | None:
        return None if not outlet.is_for_approvals else _why_not_approved(description)

    _emit(operator, context, description, why_not)


def emit_approval_event(
    operator: BaseOperator, context: Context, description: Mapping[str, Any], approval_status: str | None
) -> None:
    """Emit the asset events of an update, when the task succeeds.

    ``approved(group)`` gets an event if the task requested the approval and the version is approved now, even if it was
    approved before. ``registered(group)`` gets none, because an update does not register a version.

    :param operator: the running task; outlets that get no event are removed from it.
    :param description: the response of ``DescribeModelPackage`` after the update.
    :param approval_status: the status that the task requested; None if it requested none.
    """
    arn = description["ModelPackageArn"]

    def why_not(outlet: _GroupAsset) -> str | None:
        if not outlet.is_for_approvals:
            return f"this task did not register {arn}"
        return f"this task did not approve {arn}" if approval_status != _APPROVED else _why_not_approved(description)

    _emit(operator, context, description, why_not)


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Check a URI of the scheme ``sagemaker``; Airflow calls this for each asset with such a URI.

    :return: the same URI, with its case-insensitive part in lower case.
    :raises ValueError: there is no such asset.
    """
    checked = uri._replace(netloc=uri.netloc.lower())
    is_known = _PATH.fullmatch(checked.path) or _SCORED_PATH.fullmatch(checked.path)
    if checked.netloc != _GROUPS or checked.query or checked.fragment or not is_known:
        right = f"sagemaker://{_GROUPS}/<group>"
        wanted = f"{right}, {right}/approved or {right}/scored"
        raise ValueError(f"{uri.geturl()!r} is not a SageMaker asset: it must be {wanted}.")
    return checked


def create_asset(*, model_package_group: str, only_approved: bool = False, extra: Any = None) -> Asset:
    """Create an asset for Airflow's hook lineage, which identifies it by scheme and arguments.

    :param model_package_group: name or ARN of the model package group.
    :param only_approved: whether it is the asset for approvals.
    :param extra: stored with the asset.
    """
    asset = approved(model_package_group) if only_approved else registered(model_package_group)
    asset.extra = extra
    return asset


class _GroupAsset(NamedTuple):
    """One of a group's two kinds of assets: for registrations or for approvals."""

    group: str
    is_for_approvals: bool

    @property
    def uri(self) -> str:
        """The asset's URI."""
        return f"sagemaker://{_GROUPS}/{self.group}{'/approved' if self.is_for_approvals else ''}"

    @classmethod
    def of(cls, asset: Any) -> _GroupAsset | None:
        """Read it from an asset or a reference to one; None for any other outlet."""
        known = asset if isinstance(asset, Mapping) else {name: getattr(asset, name, None) for name in ("uri", "name")}
        match = _URI.fullmatch(str(known.get("uri") or known.get("name") or ""))
        return cls(match["group"], bool(match["approved"])) if match else None


def name_of_group(group: Any) -> str:
    """Return the name of a group that is given by name or ARN.

    :raises ValueError: it is neither, or a template.
    """
    if not isinstance(group, str) or "{{" in group or "{%" in group:
        raise ValueError(
            f"The model package group of an asset must be a literal name, not {group!r}: assets are needed when the "
            "DAG file is parsed, before templates are rendered."
        )
    match = _GROUP.fullmatch(group)
    if match is None:
        raise ValueError(
            f"{group!r} is neither the name of a model package group (1 to 63 letters, digits and hyphens, with no "
            "hyphen at either end) nor the ARN of one."
        )
    return match["name"]


def _versions(source: Any, group: str | None, *, approvals: bool) -> list[ModelVersion]:
    name = None if group is None else name_of_group(group)
    readable, faults = _read(_emitted(source, approvals=approvals))
    versions = [
        version for version in readable if name is None or is_same_group(version.model_package_group_name, name)
    ]
    if not versions and faults:
        raise ValueError(" ".join(faults[:_MOST_FAULTS_SHOWN]))
    if not versions:
        asset = _GroupAsset(name or "<group>", approvals)
        raise ValueError(f"There is no event of {asset.uri}. A manually triggered run has no asset events.")
    for fault in faults:
        log.warning("%s This event is ignored, because another one can be read.", escaped(fault))
    known = {version.model_package_group_name.lower(): version.model_package_group_name for version in versions}
    groups = sorted(known.values())
    if len(groups) > 1:
        raise ValueError(f"There are events of several model package groups, {', '.join(groups)}: pass one as group.")
    return versions


def _last_changed(versions: Sequence[ModelVersion]) -> ModelVersion:
    return max(versions, key=lambda version: version.modified)


def _approved(version: ModelVersion) -> ModelVersion:
    if version.approval_status != _APPROVED:
        raise ValueError(f"{version.model_package_arn} is {version.approval_status}, not {_APPROVED}.")
    return version


def _emitted(source: Any, *, approvals: bool) -> Iterator[tuple[_GroupAsset | None, Any]]:
    """List events with their assets; None for an asset that is unknown or not of this package."""
    if not isinstance(source, Mapping) or any(isinstance(key, str) for key in source):
        yield from ((None, event) for event in _each(source))
        return
    for asset, events in source.items():
        place = _GroupAsset.of(asset)
        if place is not None and place.is_for_approvals == approvals:
            yield from ((place, event) for event in _each(events))


def _each(events: Any, depth: int = 0) -> Iterator[Any]:
    """List the events of a list and of its nested lists."""
    if isinstance(events, Sequence) and not isinstance(events, str | bytes) and depth < _DEEPEST:
        for event in events:
            yield from _each(event, depth + 1)
    else:
        yield events


def _read(emitted: Iterable[tuple[_GroupAsset | None, Any]]) -> tuple[list[ModelVersion], list[str]]:
    """Read events.

    :return: the versions of readable events, and an error text for each of the others.
    """
    versions, faults = [], []
    for place, event in emitted:
        try:
            asset, extra = _asset_and_extra(event)
            place = place or _GroupAsset.of(asset)
            versions.append(ModelVersion.from_extra(extra, group=place.group if place else None))
        except ValueError as error:
            faults.append(str(error))
    return versions, faults


def _asset_and_extra(event: Any) -> tuple[Any, Any]:
    """Split an event: the object in a task's context, its JSON, JSON of Airflow's REST API, or only the extra.

    :raises ValueError: it has another form.
    """
    if isinstance(event, Mapping):
        is_event = "extra" in event and not _MARKS_OF_AN_EXTRA & set(event)
        return (event.get("asset") or event, event["extra"]) if is_event else (None, event)
    if hasattr(event, "extra"):
        return getattr(event, "asset", None), event.extra
    raise ValueError(f"{shown(event)} is not an asset event; pass triggering_asset_events of the task's context.")


def _why_not_approved(description: Mapping[str, Any]) -> str | None:
    status, completed = description.get("ModelApprovalStatus"), description.get("ModelPackageStatus", _COMPLETED)
    for seen, wanted in ((completed, _COMPLETED), (status, _APPROVED)):
        if seen != wanted:
            return f"{description['ModelPackageArn']} is {seen}, not {wanted}"
    return None


def _emit(
    operator: BaseOperator,
    context: Context,
    description: Mapping[str, Any],
    why_not: Callable[[_GroupAsset], str | None],
) -> None:
    """Fill the events of the outlets; Airflow emits an event for every outlet that stays on the task."""
    arn, group = description["ModelPackageArn"], description.get("ModelPackageGroupName") or ""
    kept = []
    for outlet in operator.outlets:
        place = _GroupAsset.of(outlet)
        if place is None:
            kept.append(outlet)
        elif not is_same_group(place.group, group):
            text = "No event for %s: %s belongs to model package group %r, the outlet to %r."
            operator.log.warning(text, place.uri, arn, group, place.group)
        elif (reason := why_not(place)) is not None:
            operator.log.info("No event for %s: %s.", place.uri, reason)
        else:
            event = context["outlet_events"][outlet]
            event.extra = {**event.extra, **ModelVersion.from_description(description).to_extra()}
            kept.append(outlet)
    # A new list, because Airflow's copy of the task shares the old one with the DAG.
    operator.outlets = kept
