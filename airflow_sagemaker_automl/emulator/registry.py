"""Model package groups and model packages: all given members are stored, and updates change only the given members."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.emulator.client_tokens import ClientTokens, require_same
from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.errors import AccessDeniedException, ConflictException, ValidationException
from airflow_sagemaker_automl.emulator.package_script import PackageScript, unscripted
from airflow_sagemaker_automl.emulator.registration import (
    require_distinct,
    require_registrable,
    require_sound,
    with_image_digests,
)

_NOT_PART_OF_A_PACKAGE = ("ClientToken", "Tags", "ModelPackageGroupName", "ModelPackageName")
_REPLACED_BY_UPDATE = (
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelLifeCycle",
)
_NEEDED_WITHOUT_A_GROUP = (
    "SupportedTransformInstanceTypes",
    "SupportedRealtimeInferenceInstanceTypes",
    "SupportedContentTypes",
    "SupportedResponseMIMETypes",
)
_LISTED = ("ModelPackageDescription", "ModelLifeCycle", "ModelPackageRegistrationType")
_MOST_METADATA = 50


class ModelPackageGroup:
    """One group and its versions in order of creation.

    :param request: ``CreateModelPackageGroup`` request.
    :param arn: ARN of the group.
    :param creator: ``UserContext`` of the creator.
    """

    def __init__(self, request: Mapping[str, Any], arn: str, creator: Mapping[str, Any]) -> None:
        self.name: str = request["ModelPackageGroupName"]
        self.arn = arn
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self.policy: str | None = None
        self.versions: dict[int, ModelPackage] = {}
        self.deleted_versions: list[ModelPackage] = []
        self._request = copy.deepcopy(dict(request))
        self._created = now()
        self._creator = dict(creator)
        self._latest = 0
        self._lock = threading.Lock()

    def add_version(
        self, request: Mapping[str, Any], creator: Mapping[str, Any], script: PackageScript | None
    ) -> ModelPackage:
        """Register a version.

        :param creator: ``UserContext`` of the creator.
        :param script: how it is completed.
        :raises ValidationException: the request is not valid for a version of a group.
        """
        if request.get("Tags"):
            raise ValidationException("Tags are not supported for a versioned model package; tag its group.")
        if request.get("CertifyForMarketplace"):
            raise ValidationException("CertifyForMarketplace does not apply to a versioned model package.")
        require_registrable(request)
        with self._lock:  # Several accounts may register here concurrently.
            self._latest += 1
            number = self._latest
        arn = f"{self.arn.replace(':model-package-group/', ':model-package/')}/{number}"
        version = ModelPackage(request, arn, creator, script, group=self.name, version=number)
        self.versions[number] = version
        return version

    def delete_version(self, number: int) -> None:
        """Remove a version from the group; its client token stays known."""
        self.deleted_versions.append(self.versions.pop(number))

    def describe(self) -> dict[str, Any]:
        return {**self.summary(), "CreatedBy": self._creator}

    def summary(self) -> dict[str, Any]:
        return {
            "ModelPackageGroupName": self.name,
            "ModelPackageGroupArn": self.arn,
            "ModelPackageGroupDescription": self._request.get("ModelPackageGroupDescription"),
            "ManagedConfiguration": self._request.get("ManagedConfiguration"),
            "CreationTime": self._created,
            "ModelPackageGroupStatus": "Completed",
        }


class ModelPackage:
    """A version of a group, or a package without a group.

    :param request: ``CreateModelPackage`` request.
    :param arn: ARN of the package.
    :param creator: ``UserContext`` of the creator.
    :param script: how it is completed; None without a script.
    :param group: name of the group; None for a package without a group.
    :param version: its number in the group, from 1; numbers are never reused.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        arn: str,
        creator: Mapping[str, Any],
        script: PackageScript | None = None,
        *,
        group: str | None = None,
        version: int | None = None,
    ) -> None:
        self.arn = arn
        self.group = group
        self.version = version
        self.name = group or request["ModelPackageName"]
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self.client_token: str | None = request.get("ClientToken")
        self.request = copy.deepcopy(dict(request))
        self._created = now()
        self._creator = dict(creator)
        self._script = script or unscripted(request)
        self._since = time.monotonic()
        self._updates: dict[str, Mapping[str, Any]] = {}
        self._members = _given(request)
        if group:
            self._members.setdefault("ModelApprovalStatus", "PendingManualApproval")
        self._decisions = [(self._since, self._members.get("ModelApprovalStatus"))]

    @property
    def status(self) -> str:
        """Its current ``ModelPackageStatus``."""
        return str(self.state()["ModelPackageStatus"])

    def state(self, seconds_ago: float = 0) -> dict[str, Any]:
        """Its ``ModelPackageStatus`` with details."""
        return self._script.at(self._since, time.monotonic() - seconds_ago)

    def existed(self, seconds_ago: float) -> bool:
        return time.monotonic() - self._since >= seconds_ago

    @property
    def is_deployable(self) -> bool:
        """Whether a model can be created from it: a version must be approved."""
        return self.group is None or self._members["ModelApprovalStatus"] == "Approved"

    @property
    def specifications(self) -> list[str]:
        """Names of its additional inference specifications."""
        return [entry["Name"] for entry in self._members.get("AdditionalInferenceSpecifications", [])]

    def chain(self, specification: str | None = None) -> list[dict[str, Any]]:
        """List the containers of one of its inference specifications.

        :param specification: name of an additional inference specification; None for the default.
        """
        additional = self._members.get("AdditionalInferenceSpecifications", [])
        named = {entry["Name"]: entry for entry in additional}
        chosen = named[specification] if specification else self._members.get("InferenceSpecification", {})
        return list(chosen.get("Containers", []))

    def update(self, request: Mapping[str, Any], editor: Mapping[str, Any]) -> None:
        """Apply ``UpdateModelPackage`` completely or not at all.

        :raises ConflictException: the model card is archived, or the client token was used for another update.
        :raises ValidationException: the updated package would exceed a limit or break a rule.
        """
        token = request.get("ClientToken")
        if token in self._updates:
            require_same(self._updates[token], request)
            return
        require_sound(request)
        changed = copy.deepcopy(self._members)
        if self.group is None and "ModelApprovalStatus" in request:
            raise ValidationException("ModelApprovalStatus does not apply to a model package without a group.")
        if "ModelCard" in request:
            card = changed.get("ModelCard", {})
            if card.get("ModelCardStatus") == "Archived":
                raise ConflictException("The model card is in Archived state and cannot be updated.")
            changed["ModelCard"] = {**card, **request["ModelCard"]}
        changed |= {key: copy.deepcopy(request[key]) for key in _REPLACED_BY_UPDATE if key in request}
        properties = {**changed.pop("CustomerMetadataProperties", {}), **request.get("CustomerMetadataProperties", {})}
        for key in request.get("CustomerMetadataPropertiesToRemove", []):
            properties.pop(key, None)
        if len(properties) > _MOST_METADATA:
            raise ValidationException(f"A model package has at most {_MOST_METADATA} customer metadata properties.")
        additional = changed.pop("AdditionalInferenceSpecifications", [])
        additional += copy.deepcopy(request.get("AdditionalInferenceSpecificationsToAdd", []))
        require_distinct(additional)
        if "ModelApprovalStatus" in request:
            self._decisions.append((time.monotonic(), request["ModelApprovalStatus"]))
        if token:
            self._updates[token] = copy.deepcopy(dict(request))
        self._members = {
            **changed,
            **({"CustomerMetadataProperties": properties} if properties else {}),
            **({"AdditionalInferenceSpecifications": additional} if additional else {}),
            "LastModifiedTime": now(),
            "LastModifiedBy": dict(editor),
        }

    def summary(self, seconds_ago: float = 0) -> dict[str, Any]:
        """Entry of ``ModelPackageSummaryList``; it costs much less than a description, and a list has thousands.

        :param seconds_ago: age of the status and the approval status to show.
        """
        return {
            **{key: self._members.get(key) for key in _LISTED},
            "ModelPackageName": None if self.group else self.name,
            "ModelPackageGroupName": self.group,
            "ModelPackageVersion": self.version,
            "ModelPackageArn": self.arn,
            "CreationTime": self._created,
            "ModelPackageStatus": self.state(seconds_ago)["ModelPackageStatus"],
            "ModelApprovalStatus": self._approval(seconds_ago),
        }

    def describe(self, seconds_ago: float = 0) -> dict[str, Any]:
        """Answer ``DescribeModelPackage``.

        :param seconds_ago: age of the status and the approval status to show.
        """
        approval = self._approval(seconds_ago)
        # Without a name for versions and with the other two, as the developer guide prints the answer:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html
        return with_image_digests(
            {
                "CertifyForMarketplace": False,
                **self._members,
                **({"ModelApprovalStatus": approval} if approval else {}),
                "ModelPackageName": None if self.group else self.name,
                "ModelPackageGroupName": self.group,
                "ModelPackageVersion": self.version,
                "ModelPackageArn": self.arn,
                "CreationTime": self._created,
                "CreatedBy": self._creator,
                **self.state(seconds_ago),
            }
        )

    def _approval(self, seconds_ago: float) -> str | None:
        then = time.monotonic() - seconds_ago
        return next((status for since, status in reversed(self._decisions) if since <= then), None)


class Registry:
    """All groups and packages of an account in a region.

    :param arn: builds an ARN from a resource type and a name.
    :param caller: ``UserContext`` of the caller.
    :param script_for: finds the script for versions of a group.
    :param of_account: finds the registry of another account in the same region.
    """

    def __init__(
        self,
        arn: Callable[[str, str], str],
        caller: Mapping[str, Any],
        script_for: Callable[[str], PackageScript | None],
        of_account: Callable[[str], Registry],
    ) -> None:
        self.groups: dict[str, ModelPackageGroup] = {}
        self._unversioned: dict[str, ModelPackage] = {}
        self._tokens: ClientTokens[ModelPackage] = ClientTokens()
        self._arn = arn
        self._caller = caller
        self._script_for = script_for
        self._of_account = of_account

    def create_group(self, request: Mapping[str, Any]) -> ModelPackageGroup:
        name = request["ModelPackageGroupName"]
        if name in self.groups:
            raise ValidationException(f"Model Package Group already exists: {self.groups[name].arn}")
        self.groups[name] = ModelPackageGroup(request, self._arn("model-package-group", name), self._caller)
        return self.groups[name]

    def find_group(self, name_or_arn: str) -> ModelPackageGroup:
        """Find a group; one of another account by its ARN.

        :raises ValidationException: it does not exist.
        :raises AccessDeniedException: it does not exist in the other account (not disclosed by the service).
        """
        name = name_or_arn.rpartition("/")[2]
        owner = self._owner(name_or_arn)
        arn = owner.arn_of_group(name)
        if name in owner.groups and name_or_arn in (name, arn):
            return owner.groups[name]
        if owner is not self:
            raise self._denial(name_or_arn)
        raise ValidationException(f"ModelPackageGroup {name_or_arn if '/' in name_or_arn else arn} does not exist.")

    def arn_of_group(self, name: str) -> str:
        return self._arn("model-package-group", name)

    def delete_group(self, name_or_arn: str) -> None:
        self._require_own(name_or_arn)
        group = self.find_group(name_or_arn)
        if group.versions:
            raise ConflictException(f"Model Package Group {group.arn} is not empty.")
        self._tokens.forget(group.deleted_versions)
        del self.groups[group.name]

    def create_package(self, request: Mapping[str, Any], *, compares_tokens: bool) -> ModelPackage:
        """Register a version of a group or a package without one, or find what the same client token registered.

        :param compares_tokens: whether a known token must come with the same request.
        :raises ValidationException: the request names neither or both, or lacks required members.
        :raises ConflictException: the client token was used for another request.
        """
        if "ModelPackageGroupName" in request and "ModelPackageName" in request:
            raise ValidationException(
                "Both ModelPackageName and ModelPackageGroupName are provided in the input. "
                "Cannot determine which one to use."
            )
        if "ModelPackageGroupName" in request:
            group = self.find_group(request["ModelPackageGroupName"])
            tokens = self._owner(group.arn)._tokens
            known = tokens.find(request, is_compared=compares_tokens)
            return known or tokens.remember(group.add_version(request, self._caller, self._script_for(group.name)))
        if "ModelPackageName" not in request:
            raise ValidationException("Missing ARN.")
        known = self._tokens.find(request, is_compared=compares_tokens)
        return known or self._tokens.remember(self._create_unversioned(request))

    def _owner(self, name_or_arn: str) -> Registry:
        """Find the registry that an ARN belongs to: this one, or that of another account in the same region."""
        own, given = self._arn("", "").split(":"), name_or_arn.split(":")
        if len(given) < len(own) or given[:4] != own[:4] or given[4] == own[4]:
            return self
        return self._of_account(given[4])

    def _require_own(self, name_or_arn: str) -> None:
        if self._owner(name_or_arn) is not self:
            raise self._denial(name_or_arn)

    def _denial(self, arn: str) -> AccessDeniedException:
        user = self._caller["IamIdentity"]["Arn"]
        return AccessDeniedException(
            f"User: {user} is not authorized to perform this operation on resource: {arn} "
            "because no resource-based policy allows it"
        )

    def _create_unversioned(self, request: Mapping[str, Any]) -> ModelPackage:
        name = request["ModelPackageName"]
        arn = self._arn("model-package", name)
        if name in self._unversioned:
            raise ValidationException(f"Model Package already exists: {arn}")
        if "ModelApprovalStatus" in request:
            raise ValidationException("ModelApprovalStatus does not apply to a model package without a group.")
        require_registrable(request)
        specification = request.get("InferenceSpecification")
        missing = [key for key in _NEEDED_WITHOUT_A_GROUP if specification is not None and not specification.get(key)]
        if missing:
            raise ValidationException(f"A model package without a group needs {', '.join(missing)}.")
        self._unversioned[name] = ModelPackage(request, arn, self._caller)
        return self._unversioned[name]

    def packages(self) -> Iterator[ModelPackage]:
        """List the versions of all groups, and the packages without one."""
        for group in self.groups.values():
            yield from group.versions.values()
        yield from self._unversioned.values()

    def find_package(self, name_or_arn: str) -> ModelPackage:
        """Find a package; one of another account by its ARN.

        :raises ValidationException: it does not exist.
        :raises AccessDeniedException: its group does not exist in the other account (not disclosed by the service).
        """
        owner = self._owner(name_or_arn)
        for package in owner._named(name_or_arn):
            if name_or_arn == package.arn or (package.group is None and name_or_arn == package.name):
                return package
        if owner is not self and name_or_arn.split("/")[1] not in owner.groups:
            raise self._denial(name_or_arn)
        arn = name_or_arn if name_or_arn.startswith("arn:") else self._arn("model-package", name_or_arn)
        raise ValidationException(f"ModelPackage {arn} does not exist.")

    def _named(self, name_or_arn: str) -> Iterator[ModelPackage]:
        """List what the last parts of a name or an ARN name: a version, a package without a group, or both."""
        path, _, last = name_or_arn.rpartition("/")
        group = self.groups.get(path.rpartition("/")[2])
        if group and last.isdecimal() and int(last) in group.versions:
            yield group.versions[int(last)]
        if last in self._unversioned:
            yield self._unversioned[last]

    def delete_package(self, name_or_arn: str) -> None:
        self._require_own(name_or_arn)
        package = self.find_package(name_or_arn)
        if package.group is None:
            del self._unversioned[package.name]
            self._tokens.forget([package])
        else:
            self.groups[package.group].delete_version(package.version or 0)


def _given(request: Mapping[str, Any]) -> dict[str, Any]:
    return {key: copy.deepcopy(value) for key, value in request.items() if key not in _NOT_PART_OF_A_PACKAGE}
