"""Stand-alone model cards and their versions.

Each change of the content makes a version; a change of the status does not:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from airflow_sagemaker_automl.emulator.card_content import require_valid_content
from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.errors import ConflictException, ResourceNotFound, ValidationException


class ModelCard:
    """One card with all its versions.

    :param request: ``CreateModelCard`` request.
    :param arn: ARN of the card.
    :param creator: ``UserContext`` of the creator.
    """

    def __init__(self, request: Mapping[str, Any], arn: str, creator: Mapping[str, Any]) -> None:
        self.name: str = request["ModelCardName"]
        self.arn = arn
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self._security = copy.deepcopy(request.get("SecurityConfig"))
        self._creator = dict(creator)
        self._created = now()
        self._versions: list[dict[str, Any]] = []
        self._add_version(request["Content"], request["ModelCardStatus"])

    def update(self, request: Mapping[str, Any], editor: Mapping[str, Any]) -> None:
        """Apply ``UpdateModelCard``: either a new version with another content, or another status of the latest one.

        :raises ConflictException: the card is archived.
        :raises ValidationException: the request has both or neither, or a content that is not valid.
        """
        if ("Content" in request) == ("ModelCardStatus" in request):
            raise ValidationException(
                "Give either Content or ModelCardStatus: "
                "you cannot update both model card content and model card status in a single call."
            )
        latest = self._versions[-1]
        if latest["ModelCardStatus"] == "Archived":
            raise ConflictException(f"Model card {self.arn} is in Archived state and cannot be updated.")
        edited = {"LastModifiedTime": now(), "LastModifiedBy": dict(editor)}
        if "Content" in request:
            require_valid_content(request["Content"], of_package=False)
            self._add_version(request["Content"], latest["ModelCardStatus"])
            self._versions[-1] |= edited
        else:
            latest |= {"ModelCardStatus": request["ModelCardStatus"], **edited}

    def describe(self, version: int | None = None) -> dict[str, Any]:
        """Answer ``DescribeModelCard``.

        :param version: number of the version; None for the latest.
        :raises ResourceNotFound: the card has no such version.
        """
        number = len(self._versions) if version is None else version
        if not 1 <= number <= len(self._versions):
            raise ResourceNotFound(f"Model card {self.arn} has no version {number}.")
        found = {
            **self._versions[number - 1],
            "SecurityConfig": self._security,
            "CreationTime": self._created,
            "CreatedBy": self._creator,
        }
        return copy.deepcopy(found)

    def summary(self) -> dict[str, Any]:
        """Entry of ``ListModelCards``: the latest version."""
        return {**self._versions[-1], "CreationTime": self._created}

    def versions(self) -> list[dict[str, Any]]:
        """Entries of ``ListModelCardVersions``."""
        return list(self._versions)

    def _add_version(self, content: str, status: str) -> None:
        moment = now()
        self._versions.append(
            {
                "ModelCardName": self.name,
                "ModelCardArn": self.arn,
                "ModelCardVersion": len(self._versions) + 1,
                "Content": content,
                "ModelCardStatus": status,
                "CreationTime": moment,
                "LastModifiedTime": moment,
                "LastModifiedBy": self._creator,
            }
        )


class ModelCards:
    """All stand-alone model cards of an account in a region.

    :param arn: builds an ARN from a resource type and a name.
    :param caller: ``UserContext`` of the caller.
    """

    def __init__(self, arn: Callable[[str, str], str], caller: Mapping[str, Any]) -> None:
        self.cards: dict[str, ModelCard] = {}
        self._arn = arn
        self._caller = caller

    def create(self, request: Mapping[str, Any]) -> ModelCard:
        """Create a card.

        :raises ConflictException: the name is in use.
        :raises ValidationException: its content is not valid.
        """
        name = request["ModelCardName"]
        arn = self._arn("model-card", name)
        if name in self.cards:
            raise ConflictException(f"Model card {arn} already exists.")
        require_valid_content(request["Content"], of_package=False)
        self.cards[name] = ModelCard(request, arn, self._caller)
        return self.cards[name]

    def find(self, name_or_arn: str) -> ModelCard:
        """Find a card.

        :raises ResourceNotFound: it does not exist.
        """
        name = name_or_arn.rpartition("/")[2]
        arn = self._arn("model-card", name)
        if name not in self.cards or name_or_arn not in (name, arn):
            raise ResourceNotFound(f"Model card {name_or_arn if '/' in name_or_arn else arn} does not exist.")
        return self.cards[name]

    def update(self, request: Mapping[str, Any]) -> ModelCard:
        """Apply ``UpdateModelCard``."""
        card = self.find(request["ModelCardName"])
        card.update(request, self._caller)
        return card

    def delete(self, name_or_arn: str) -> None:
        """Delete a card with all its versions."""
        del self.cards[self.find(name_or_arn).name]
