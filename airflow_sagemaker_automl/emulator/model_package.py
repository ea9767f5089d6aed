"""One model package: a version of a group, or a package without a group."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from typing import Any

from airflow_sagemaker_automl.emulator.client_tokens import require_same
from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.errors import ConflictException, ValidationException
from airflow_sagemaker_automl.emulator.package_validation import Completion
from airflow_sagemaker_automl.emulator.registration import require_distinct, require_sound, with_image_digests

_NOT_PART_OF_A_PACKAGE = ("ClientToken", "Tags", "ModelPackageGroupName", "ModelPackageName")
_REPLACED_BY_UPDATE = (
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelLifeCycle",
)
_LISTED = ("ModelPackageDescription", "ModelLifeCycle", "ModelPackageRegistrationType")
_MOST_METADATA = 50


class ModelPackage:
    """A version of a group, or a package without a group.

    :param request: ``CreateModelPackage`` request.
    :param arn: ARN of the package.
    :param creator: ``UserContext`` of the creator.
    :param completion: how it is completed.
    :param group: name of the group; None for a package without a group.
    :param version: its number in the group, from 1; numbers are never reused.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        arn: str,
        creator: Mapping[str, Any],
        completion: Completion,
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
        self._completion = completion
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
        return self._completion.at(self._since, time.monotonic() - seconds_ago)

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


def _given(request: Mapping[str, Any]) -> dict[str, Any]:
    return {key: copy.deepcopy(value) for key, value in request.items() if key not in _NOT_PART_OF_A_PACKAGE}
