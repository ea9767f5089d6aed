"""Model package groups and their versions: every member that is given is kept, and updates change what they name."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.exceptions import ConflictException, ValidationError

_NOT_PART_OF_A_VERSION = ("ClientToken", "Tags", "ModelPackageGroupName", "ModelPackageName")
_REPLACED_BY_UPDATE = (
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelLifeCycle",
)
_SUMMARY_MEMBERS = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)


class ModelPackageGroup:
    """One group and its versions, in the order of their creation.

    :param request: ``CreateModelPackageGroup`` request.
    :param arn: ARN of the group.
    :param creator: ``UserContext`` of whoever creates it.
    """

    def __init__(self, request: Mapping[str, Any], arn: str, creator: Mapping[str, Any]) -> None:
        self.name: str = request["ModelPackageGroupName"]
        self.description: str | None = request.get("ModelPackageGroupDescription")
        self.arn = arn
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self.created = datetime.now(UTC)
        self.creator = dict(creator)
        self.versions: dict[int, ModelPackage] = {}
        self._latest = 0

    def add_version(self, request: Mapping[str, Any], creator: Mapping[str, Any]) -> ModelPackage:
        """Register a version, or find the one that the same client token has registered before.

        :raises ValidationError: the request is not one for a version of a group.
        :raises ConflictException: the client token was used for another request.
        """
        if request.get("Tags"):
            raise ValidationError("Tags are not supported for a versioned model package; tag its group.")
        given = {key: copy.deepcopy(value) for key, value in request.items() if key not in _NOT_PART_OF_A_VERSION}
        if ("InferenceSpecification" in given) == ("SourceUri" in given):
            raise ValidationError("Give either InferenceSpecification or SourceUri for a versioned model package.")
        token = request.get("ClientToken")
        for version in self.versions.values():
            if token and version.client_token == token:
                if version.given != given:
                    raise ConflictException("The client token was used before, with other parameters.")
                return version
        self._latest += 1
        version = ModelPackage(self, self._latest, given, token, creator)
        self.versions[self._latest] = version
        return version

    def describe(self) -> dict[str, Any]:
        answer = {
            "ModelPackageGroupName": self.name,
            "ModelPackageGroupArn": self.arn,
            "ModelPackageGroupDescription": self.description,
            "CreationTime": self.created,
            "CreatedBy": self.creator,
            "ModelPackageGroupStatus": "Completed",
        }
        return {key: value for key, value in answer.items() if value is not None}

    def summary(self) -> dict[str, Any]:
        answer = self.describe()
        del answer["CreatedBy"]
        return answer


class ModelPackage:
    """One version.

    :param group: the group it belongs to.
    :param version: its number, from 1; numbers are never used again.
    :param given: what the client registered.
    :param client_token: the token that it came with.
    :param creator: ``UserContext`` of whoever registers it.
    """

    def __init__(
        self,
        group: ModelPackageGroup,
        version: int,
        given: Mapping[str, Any],
        client_token: str | None,
        creator: Mapping[str, Any],
    ) -> None:
        self.group = group
        self.version = version
        self.given = dict(given)
        self.client_token = client_token
        self.creator = dict(creator)
        self.arn = f"{group.arn.replace(':model-package-group/', ':model-package/')}/{version}"
        self.created = datetime.now(UTC)
        self._members = {"ModelApprovalStatus": "PendingManualApproval", **copy.deepcopy(self.given)}

    def update(self, request: Mapping[str, Any], editor: Mapping[str, Any]) -> None:
        """Apply ``UpdateModelPackage``.

        :raises ConflictException: the model card is archived.
        """
        if "ModelCard" in request:
            self._update_card(request["ModelCard"])
        for key in _REPLACED_BY_UPDATE:
            if key in request:
                self._members[key] = copy.deepcopy(request[key])
        properties = dict(self._members.get("CustomerMetadataProperties", {}))
        properties |= request.get("CustomerMetadataProperties", {})
        for key in request.get("CustomerMetadataPropertiesToRemove", []):
            properties.pop(key, None)
        self._set_or_drop("CustomerMetadataProperties", properties)
        additional = list(self._members.get("AdditionalInferenceSpecifications", []))
        additional += copy.deepcopy(request.get("AdditionalInferenceSpecificationsToAdd", []))
        self._set_or_drop("AdditionalInferenceSpecifications", additional)
        self._members["LastModifiedTime"] = datetime.now(UTC)
        self._members["LastModifiedBy"] = dict(editor)

    def describe(self) -> dict[str, Any]:
        # The service model requires ModelPackageName in this answer although a version has none of its own.
        return copy.deepcopy(
            {
                **self._members,
                "ModelPackageName": self.group.name,
                "ModelPackageGroupName": self.group.name,
                "ModelPackageVersion": self.version,
                "ModelPackageArn": self.arn,
                "CreationTime": self.created,
                "CreatedBy": self.creator,
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            }
        )

    def summary(self) -> dict[str, Any]:
        described = self.describe()
        return {key: described[key] for key in _SUMMARY_MEMBERS if key in described}

    def _update_card(self, change: Mapping[str, Any]) -> None:
        card = self._members.get("ModelCard", {})
        if card.get("ModelCardStatus") == "Archived":
            raise ConflictException("The model card is in Archived state and cannot be updated.")
        self._members["ModelCard"] = {**card, **change}

    def _set_or_drop(self, key: str, value: Any) -> None:
        if value:
            self._members[key] = value
        else:
            self._members.pop(key, None)
