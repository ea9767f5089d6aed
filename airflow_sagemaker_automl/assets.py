"""The assets of a model package group, and what their events say.

A group has two assets, known by its name alone, so that a DAG file needs neither an account nor a region:

- ``registered("churn")`` = ``sagemaker://model-package-groups/churn``: a version was registered;
- ``approved("churn")`` = ``sagemaker://model-package-groups/churn/approved``: a version was approved, and nothing else.

Tasks tell on them. Approvals that are made elsewhere are told on assets that Airflow watches, see
:func:`~airflow_sagemaker_automl.watchers.approvals_watched`.

One DAG tells, another one starts when it is told::

    SageMakerRegisterCandidateOperator(..., model_package_group_name="churn", outlets=[registered("churn")])
    SageMakerUpdateModelPackageOperator(..., approval_status="Approved", outlets=[approved("churn")])

    with DAG("deploy", schedule=approved("churn")):
        @task
        def deploy(triggering_asset_events=None):
            version = approved_version(triggering_asset_events)
            print(version.model_package_arn, version.objective_value)

In a template, with ``DAG(..., user_defined_macros={"approved_version": approved_version})``::

    model_package_arn="{{ approved_version(triggering_asset_events).model_package_arn }}"

An event says everything in its ``extra``, in the shape of
:class:`~airflow_sagemaker_automl.core.model_version.ModelVersion`. Events come at least once: a task that is cleared,
and finds what it has done before, tells again. What is to be done once is done once for each ``deduplication_key``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from airflow.sdk import Asset

from airflow_sagemaker_automl.core.comparison import shown
from airflow_sagemaker_automl.core.model_version import ModelVersion, is_same_group
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
    "registered",
    "registered_version",
    "sanitize_uri",
    "tell_of_registration",
    "tell_of_update",
    "uri_of_watched_approvals",
]

log = logging.getLogger(__name__)

_GROUPS = "model-package-groups"
_NAME = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_GROUP = re.compile(rf"(?:arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{{12}}:model-package-group/)?(?P<name>{_NAME})")
_PATH = re.compile(rf"/(?P<group>{_NAME})(?P<approved>/approved(?:/watched(?:/[^/]+)+)?)?")
_URI = re.compile(rf"sagemaker://{_GROUPS}{_PATH.pattern}")
_APPROVED = "Approved"
# An author may have a key "extra" beside ours in an extra.
_MARKS_OF_AN_EXTRA = frozenset({"model_package_arn", "from_trigger"})
_MOST_FAULTS_SHOWN = 3
_DEEPEST = 3


def registered(group: str) -> Asset:
    """Name the asset that tells of versions that are registered in a group.

    :param group: name of the model package group, or its ARN, of which only the name counts.
    :raises ValueError: it is neither, or a template.
    """
    return Asset(uri=_Place(_name_of(group), is_for_approvals=False).uri)


def approved(group: str) -> Asset:
    """Name the asset that tells of versions of a group that are approved.

    :param group: name of the model package group, or its ARN, of which only the name counts.
    :raises ValueError: it is neither, or a template.
    """
    return Asset(uri=_Place(_name_of(group), is_for_approvals=True).uri)


def uri_of_watched_approvals(group: str, *watched_by: str) -> str:
    """Give the URI of the asset on which a watcher tells of versions of a group that are approved.

    :param group: name of the model package group, or its ARN.
    :param watched_by: what tells watchers of this group apart.
    :raises ValueError: the group is neither, or a template.
    """
    uri = _Place(_name_of(group), is_for_approvals=True).uri
    *owner, _ = group.split(":")
    return "/".join([uri, "watched", *(quote(part, safe="") for part in (*watched_by, *owner[3:]))])


def approved_version(source: Any, group: str | None = None) -> ModelVersion:
    """Read which version was approved.

    Of several events, that of the version that was changed last counts.

    :param source: ``triggering_asset_events`` of a run's context, of which only the events on approvals are looked at;
        or events, or one event, or its ``extra``.
    :param group: name or ARN of the group; needed only where approvals in several groups have started the run.
    :raises ValueError: no approval is told of, none that can be read, or those of several groups.
    """
    return _approved(_last_changed(_versions(source, group, approvals=True)))


def approved_versions(source: Any, group: str | None = None) -> list[ModelVersion]:
    """Read which versions were approved, the newest first.

    Airflow starts one run for all that is told while a DAG runs as often as its ``max_active_runs`` lets it. Who looks
    up how each version stands by now finds one that is to be used even if the approval told last was taken back.

    :param source: as for :func:`approved_version`.
    :param group: name or ARN of the group; needed only where approvals in several groups have started the run.
    :raises ValueError: no approval is told of, none that can be read, or those of several groups.
    """
    in_time = sorted(_versions(source, group, approvals=True), key=lambda version: version.modified)
    told = {version.model_package_arn: version for version in in_time}
    return sorted(map(_approved, told.values()), key=lambda version: version.model_package_version, reverse=True)


def registered_version(source: Any, group: str | None = None) -> ModelVersion:
    """Read which version was registered; as :func:`approved_version`, but of events on ``registered(group)``.

    :param source: ``triggering_asset_events`` of a run's context; or events, or one event, or its ``extra``.
    :param group: name or ARN of the group; needed only where registrations in several groups have started the run.
    :raises ValueError: no registration is told of, none that can be read, or those of several groups.
    """
    return _last_changed(_versions(source, group, approvals=False))


def tell_of_registration(operator: BaseOperator, context: Context, description: Mapping[str, Any]) -> None:
    """Have a task that has registered a version tell of it, if it succeeds, on those of its outlets that say so.

    ``registered(group)`` is told in any case, even if an earlier try has registered the version; ``approved(group)``
    only if the version is approved.

    :param operator: its task, as it is being executed; outlets that have nothing to tell are taken off it.
    :param description: the answer of ``DescribeModelPackage``.
    """

    def why_not(outlet: _Place) -> str | None:
        return None if not outlet.is_for_approvals else _why_not_approved(description)

    _tell(operator, context, description, why_not)


def tell_of_update(
    operator: BaseOperator, context: Context, description: Mapping[str, Any], approval_status: str | None
) -> None:
    """Have a task that has changed a version tell of it, if it succeeds, on those of its outlets that say so.

    ``approved(group)`` is told if the task was to approve the version, even if it was approved already, and the version
    is approved now. ``registered(group)`` is never told, since nothing was registered.

    :param operator: its task, as it is being executed; outlets that have nothing to tell are taken off it.
    :param description: the answer of ``DescribeModelPackage`` after the change.
    :param approval_status: which status the task was to set; None if it was to set none.
    """

    def why_not(outlet: _Place) -> str | None:
        if not outlet.is_for_approvals:
            return "an update registers nothing"
        return "this task approves nothing" if approval_status != _APPROVED else _why_not_approved(description)

    _tell(operator, context, description, why_not)


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Check a URI of the scheme ``sagemaker``, as Airflow asks for each asset that has one.

    :return: the same, with what does not depend on case in lower case.
    :raises ValueError: there is no such asset.
    """
    checked = uri._replace(netloc=uri.netloc.lower())
    if checked.netloc != _GROUPS or checked.query or checked.fragment or not _PATH.fullmatch(checked.path):
        right = f"sagemaker://{_GROUPS}/<group>"
        raise ValueError(f"{uri.geturl()!r} is no asset of SageMaker: there are {right} and {right}/approved.")
    return checked


def create_asset(*, model_package_group: str, only_approved: bool = False, extra: Any = None) -> Asset:
    """Make an asset for Airflow's hook lineage, which names it by scheme and arguments.

    :param model_package_group: name or ARN of the model package group.
    :param only_approved: whether it is the asset of approvals.
    :param extra: what Airflow is to keep with it.
    """
    asset = approved(model_package_group) if only_approved else registered(model_package_group)
    asset.extra = extra
    return asset


class _Place(NamedTuple):
    """One of the two kinds of assets of a group: those of registrations, and those of approvals."""

    group: str
    is_for_approvals: bool

    @property
    def uri(self) -> str:
        """The asset's URI."""
        return f"sagemaker://{_GROUPS}/{self.group}{'/approved' if self.is_for_approvals else ''}"

    @classmethod
    def of(cls, asset: Any) -> _Place | None:
        """Read it off an asset, or a reference to one; None for any other outlet."""
        known = asset if isinstance(asset, Mapping) else {name: getattr(asset, name, None) for name in ("uri", "name")}
        match = _URI.fullmatch(str(known.get("uri") or known.get("name") or ""))
        return cls(match["group"], bool(match["approved"])) if match else None


def _name_of(group: Any) -> str:
    if not isinstance(group, str) or "{{" in group or "{%" in group:
        raise ValueError(
            f"Assets are known when the DAG file is parsed, so {group!r}, which is known when a task runs, cannot name "
            "a model package group's; write the name itself."
        )
    match = _GROUP.fullmatch(group)
    if match is None:
        raise ValueError(
            f"{group!r} is not the name of a model package group: 1 to 63 letters, digits and hyphens, with no hyphen "
            "at either end. Nor is it the ARN of one."
        )
    return match["name"]


def _versions(source: Any, group: str | None, *, approvals: bool) -> list[ModelVersion]:
    name = None if group is None else _name_of(group)
    readable, faults = _read(_told(source, approvals=approvals))
    versions = [
        version for version in readable if name is None or is_same_group(version.model_package_group_name, name)
    ]
    if not versions and faults:
        raise ValueError(" ".join(faults[:_MOST_FAULTS_SHOWN]))
    if not versions:
        asset = _Place(name or "<group>", approvals)
        raise ValueError(f"There is no event of {asset.uri} here. A run that a person has triggered has none.")
    for fault in faults:
        log.warning("%s It does not count, since another event can be read.", escaped(fault))
    known = {version.model_package_group_name.lower(): version.model_package_group_name for version in versions}
    groups = sorted(known.values())
    if len(groups) > 1:
        raise ValueError(f"There are events of several model package groups, {', '.join(groups)}: name one of them.")
    return versions


def _last_changed(versions: Sequence[ModelVersion]) -> ModelVersion:
    return max(versions, key=lambda version: version.modified)


def _approved(version: ModelVersion) -> ModelVersion:
    if version.approval_status != _APPROVED:
        raise ValueError(f"{version.model_package_arn} is {version.approval_status}, not {_APPROVED}.")
    return version


def _told(source: Any, *, approvals: bool) -> Iterator[tuple[_Place | None, Any]]:
    """List events with the assets that they are on; None for the asset where it is not known, or none of ours."""
    if not isinstance(source, Mapping) or any(isinstance(key, str) for key in source):
        yield from ((None, event) for event in _each(source))
        return
    for asset, events in source.items():
        place = _Place.of(asset)
        if place is not None and place.is_for_approvals == approvals:
            yield from ((place, event) for event in _each(events))


def _each(events: Any, depth: int = 0) -> Iterator[Any]:
    """List the events of a list, and of lists in it."""
    if isinstance(events, Sequence) and not isinstance(events, str | bytes) and depth < _DEEPEST:
        for event in events:
            yield from _each(event, depth + 1)
    else:
        yield events


def _read(told: Iterable[tuple[_Place | None, Any]]) -> tuple[list[ModelVersion], list[str]]:
    """Read events.

    :return: the versions of those that can be read, and what is wrong with the others.
    """
    versions, faults = [], []
    for place, event in told:
        try:
            asset, extra = _asset_and_extra(event)
            place = place or _Place.of(asset)
            versions.append(ModelVersion.from_extra(extra, group=place.group if place else None))
        except ValueError as error:
            faults.append(str(error))
    return versions, faults


def _asset_and_extra(event: Any) -> tuple[Any, Any]:
    """Take an event apart: an object as a task is given it, its JSON, that of Airflow's REST API, or an extra alone.

    :raises ValueError: it has another shape.
    """
    if isinstance(event, Mapping):
        is_event = "extra" in event and not _MARKS_OF_AN_EXTRA & set(event)
        return (event.get("asset") or event, event["extra"]) if is_event else (None, event)
    if hasattr(event, "extra"):
        return getattr(event, "asset", None), event.extra
    raise ValueError(f"{shown(event)} is no asset event; hand in triggering_asset_events as the task has it.")


def _why_not_approved(description: Mapping[str, Any]) -> str | None:
    status = description.get("ModelApprovalStatus")
    return None if status == _APPROVED else f"the version is {status}, not {_APPROVED}"


def _tell(
    operator: BaseOperator,
    context: Context,
    description: Mapping[str, Any],
    why_not: Callable[[_Place], str | None],
) -> None:
    """Fill the events of the outlets that are due; an outlet that stays makes an event, filled or not."""
    arn, group = description["ModelPackageArn"], description.get("ModelPackageGroupName") or ""
    kept = []
    for outlet in operator.outlets:
        place = _Place.of(outlet)
        if place is None:
            kept.append(outlet)
        elif not is_same_group(place.group, group):
            text = "%s is not told of %s: the outlet is of model package group %r, the version of %r."
            operator.log.warning(text, place.uri, arn, place.group, group)
        elif (reason := why_not(place)) is not None:
            operator.log.info("%s is not told of %s: %s.", place.uri, arn, reason)
        else:
            event = context["outlet_events"][outlet]
            event.extra = {**event.extra, **ModelVersion.from_description(description).to_extra()}
            kept.append(outlet)
    # Another list, since Airflow's copy of the task shares its own with the DAG's.
    operator.outlets = kept
