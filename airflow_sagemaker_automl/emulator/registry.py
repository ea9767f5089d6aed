"""The model registry: groups with their versions, and model packages without a group."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.emulator.client_tokens import ClientTokens
from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.errors import AccessDeniedException, ConflictException, ValidationException
from airflow_sagemaker_automl.emulator.model_package import ModelPackage
from airflow_sagemaker_automl.emulator.package_script import PackageScript
from airflow_sagemaker_automl.emulator.package_validation import Completion
from airflow_sagemaker_automl.emulator.registration import require_registrable

_NEEDED_WITHOUT_A_GROUP = (
    "SupportedTransformInstanceTypes",
    "SupportedRealtimeInferenceInstanceTypes",
    "SupportedContentTypes",
    "SupportedResponseMIMETypes",
)


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
        self, request: Mapping[str, Any], creator: Mapping[str, Any], complete: Callable[[str], Completion]
    ) -> ModelPackage:
        """Register a version.

        :param creator: ``UserContext`` of the creator.
        :param complete: begins to complete the version with an ARN.
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
        version = ModelPackage(request, arn, creator, complete(arn), group=self.name, version=number)
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


class Registry:
    """All groups and packages of an account in a region.

    :param arn: builds an ARN from a resource type and a name.
    :param caller: ``UserContext`` of the caller.
    :param script_for: finds the script for versions of a group.
    :param validate: begins to complete a package that has no script.
    :param of_account: finds the registry of another account in the same region.
    """

    def __init__(
        self,
        arn: Callable[[str, str], str],
        caller: Mapping[str, Any],
        script_for: Callable[[str], PackageScript | None],
        validate: Callable[[Mapping[str, Any], str], Completion],
        of_account: Callable[[str], Registry],
    ) -> None:
        self.groups: dict[str, ModelPackageGroup] = {}
        self._unversioned: dict[str, ModelPackage] = {}
        self._tokens: ClientTokens[ModelPackage] = ClientTokens()
        self._arn = arn
        self._caller = caller
        self._script_for = script_for
        self._validate = validate
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
            return known or tokens.remember(group.add_version(request, self._caller, self._completing(request, group)))
        if "ModelPackageName" not in request:
            raise ValidationException("Missing ARN.")
        known = self._tokens.find(request, is_compared=compares_tokens)
        return known or self._tokens.remember(self._create_unversioned(request))

    def _completing(self, request: Mapping[str, Any], group: ModelPackageGroup) -> Callable[[str], Completion]:
        return lambda arn: self._script_for(group.name) or self._validate(request, arn)

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
        self._unversioned[name] = ModelPackage(request, arn, self._caller, self._validate(request, arn))
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
