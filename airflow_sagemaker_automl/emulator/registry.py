"""Model package groups and model packages: every member that is given is kept, and updates change what they name."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.errors import ConflictException, ValidationException

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
_SOURCES = ("InferenceSpecification", "SourceAlgorithmSpecification", "SourceUri")
_MOST_ADDITIONAL_SPECIFICATIONS = 15
_MOST_METADATA = 50


class ModelPackageGroup:
    """One group and its versions, in the order of their creation.

    :param request: ``CreateModelPackageGroup`` request.
    :param arn: ARN of the group.
    :param creator: ``UserContext`` of whoever creates it.
    """

    def __init__(self, request: Mapping[str, Any], arn: str, creator: Mapping[str, Any]) -> None:
        self.name: str = request["ModelPackageGroupName"]
        self.arn = arn
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self.policy: str | None = None
        self.versions: dict[int, ModelPackage] = {}
        self._request = copy.deepcopy(dict(request))
        self._created = now()
        self._creator = dict(creator)
        self._latest = 0

    def add_version(self, request: Mapping[str, Any]) -> ModelPackage:
        """Register a version, or find the one that the same client token has registered before.

        :raises ValidationException: the request is not one for a version of a group.
        :raises ConflictException: the client token was used for another request.
        """
        if request.get("Tags"):
            raise ValidationException("Tags are not supported for a versioned model package; tag its group.")
        if request.get("CertifyForMarketplace"):
            raise ValidationException("CertifyForMarketplace does not apply to a versioned model package.")
        known = _with_token(self.versions.values(), request)
        if known:
            return known
        _require_one_source(request)
        self._latest += 1
        arn = f"{self.arn.replace(':model-package-group/', ':model-package/')}/{self._latest}"
        version = ModelPackage(request, arn, self._creator, group=self.name, version=self._latest)
        self.versions[self._latest] = version
        return version

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
    """A version of a group, or a package of its own.

    :param request: what the client registered.
    :param arn: ARN of the package.
    :param creator: ``UserContext`` of whoever registers it.
    :param group: name of the group; None for a package without one.
    :param version: its number in the group, from 1; numbers are never used again.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        arn: str,
        creator: Mapping[str, Any],
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
        self.given = _given(request)
        self._created = now()
        self._creator = dict(creator)
        self._members = copy.deepcopy(self.given)
        if group:
            self._members.setdefault("ModelApprovalStatus", "PendingManualApproval")

    @property
    def is_deployable(self) -> bool:
        """Whether a model may be made of it: a version must have been approved."""
        return self.group is None or self._members["ModelApprovalStatus"] == "Approved"

    @property
    def specifications(self) -> list[str]:
        """Names of its additional inference specifications."""
        return [entry["Name"] for entry in self._members.get("AdditionalInferenceSpecifications", [])]

    @property
    def containers(self) -> list[dict[str, Any]]:
        return list(self._members.get("InferenceSpecification", {}).get("Containers", []))

    def update(self, request: Mapping[str, Any], editor: Mapping[str, Any]) -> None:
        """Apply ``UpdateModelPackage``, wholly or not at all.

        :raises ConflictException: the model card is archived.
        :raises ValidationException: the package would have more of something than it may.
        """
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
        _require_distinct_specifications(additional)
        self._members = {
            **changed,
            **({"CustomerMetadataProperties": properties} if properties else {}),
            **({"AdditionalInferenceSpecifications": additional} if additional else {}),
            "LastModifiedTime": now(),
            "LastModifiedBy": dict(editor),
        }

    def describe(self) -> dict[str, Any]:
        # The service model requires ModelPackageName in this answer although a version has none of its own.
        return copy.deepcopy(
            {
                **self._members,
                "ModelPackageName": self.name,
                "ModelPackageGroupName": self.group,
                "ModelPackageVersion": self.version,
                "ModelPackageArn": self.arn,
                "CreationTime": self._created,
                "CreatedBy": self._creator,
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            }
        )


class Registry:
    """All groups and packages of an account in a region.

    :param arn: writes an ARN of a kind and a name.
    :param caller: ``UserContext`` of whoever calls.
    """

    def __init__(self, arn: Callable[[str, str], str], caller: Mapping[str, Any]) -> None:
        self.groups: dict[str, ModelPackageGroup] = {}
        self._unversioned: dict[str, ModelPackage] = {}
        self._arn = arn
        self._caller = caller

    def create_group(self, request: Mapping[str, Any]) -> ModelPackageGroup:
        name = request["ModelPackageGroupName"]
        if name in self.groups:
            raise ValidationException(f"Model Package Group already exists: {self.groups[name].arn}")
        self.groups[name] = ModelPackageGroup(request, self._arn("model-package-group", name), self._caller)
        return self.groups[name]

    def find_group(self, name_or_arn: str) -> ModelPackageGroup:
        name = name_or_arn.rpartition("/")[2]
        arn = self._arn("model-package-group", name)
        if name not in self.groups or name_or_arn not in (name, arn):
            raise ValidationException(f"ModelPackageGroup {name_or_arn if '/' in name_or_arn else arn} does not exist.")
        return self.groups[name]

    def delete_group(self, name_or_arn: str) -> None:
        group = self.find_group(name_or_arn)
        if group.versions:
            raise ConflictException(f"Model Package Group {group.arn} is not empty.")
        del self.groups[group.name]

    def create_package(self, request: Mapping[str, Any]) -> ModelPackage:
        """Register a version of a group or a package without one.

        :raises ValidationException: the request names neither or both, or lacks what that kind needs.
        """
        if "ModelPackageGroupName" in request and "ModelPackageName" in request:
            raise ValidationException("Both ModelPackageName and ModelPackageGroupName are given; give one of them.")
        if "ModelPackageGroupName" in request:
            return self.find_group(request["ModelPackageGroupName"]).add_version(request)
        if "ModelPackageName" not in request:
            raise ValidationException("Missing ARN.")
        known = _with_token(self._unversioned.values(), request)
        return known or self._create_unversioned(request)

    def _create_unversioned(self, request: Mapping[str, Any]) -> ModelPackage:
        name = request["ModelPackageName"]
        arn = self._arn("model-package", name)
        if name in self._unversioned:
            raise ValidationException(f"Model Package already exists: {arn}")
        if "ModelApprovalStatus" in request:
            raise ValidationException("ModelApprovalStatus does not apply to a model package without a group.")
        _require_one_source(request)
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
        if name_or_arn in self._unversioned:
            return self._unversioned[name_or_arn]
        for package in self.packages():
            if package.arn == name_or_arn:
                return package
        arn = name_or_arn if name_or_arn.startswith("arn:") else self._arn("model-package", name_or_arn)
        raise ValidationException(f"ModelPackage {arn} does not exist.")

    def delete_package(self, name_or_arn: str) -> None:
        package = self.find_package(name_or_arn)
        if package.group is None:
            del self._unversioned[package.name]
        else:
            del self.groups[package.group].versions[package.version or 0]


def _given(request: Mapping[str, Any]) -> dict[str, Any]:
    return {key: copy.deepcopy(value) for key, value in request.items() if key not in _NOT_PART_OF_A_PACKAGE}


def _with_token(packages: Any, request: Mapping[str, Any]) -> ModelPackage | None:
    token = request.get("ClientToken")
    for package in packages:
        if token and package.client_token == token:
            if package.given != _given(request):
                raise ConflictException("The client token was used before, with other parameters.")
            found: ModelPackage = package
            return found
    return None


def _require_one_source(request: Mapping[str, Any]) -> None:
    if sum(key in request for key in _SOURCES) != 1:
        raise ValidationException("Give either InferenceSpecification or SourceUri or SourceAlgorithmSpecification.")
    _require_distinct_specifications(request.get("AdditionalInferenceSpecifications", []))


def _require_distinct_specifications(additional: list[dict[str, Any]]) -> None:
    names = [entry["Name"] for entry in additional]
    if len(set(names)) < len(names):
        raise ValidationException("The names of additional inference specifications must be different.")
    if len(names) > _MOST_ADDITIONAL_SPECIFICATIONS:
        limit = _MOST_ADDITIONAL_SPECIFICATIONS
        raise ValidationException(f"A model package has at most {limit} additional inference specifications.")
