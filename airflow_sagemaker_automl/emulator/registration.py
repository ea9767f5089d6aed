"""Validation before a model package is registered or changed, beyond the form of the request, and its completion."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.emulator.card_content import require_valid_content
from airflow_sagemaker_automl.emulator.errors import ValidationException

_SOURCES = ("InferenceSpecification", "SourceAlgorithmSpecification", "SourceUri")
_ADDITIONAL = ("AdditionalInferenceSpecifications", "AdditionalInferenceSpecificationsToAdd")
_MOST_ADDITIONAL_SPECIFICATIONS = 15


def require_registrable(request: Mapping[str, Any]) -> None:
    """Refuse a ``CreateModelPackage`` request with no source or with several, or that breaks other documented rules."""
    if sum(key in request for key in _SOURCES) != 1:
        raise ValidationException("Give either InferenceSpecification or SourceUri or SourceAlgorithmSpecification.")
    require_distinct(request.get("AdditionalInferenceSpecifications", []))
    require_sound(request)


def require_sound(request: Mapping[str, Any]) -> None:
    """Refuse members of ``CreateModelPackage`` or ``UpdateModelPackage`` that break documented rules.

    :raises ValidationException: model data under a prefix that does not end with a slash, or a model card that is not
        JSON or violates the model card schema.
    """
    for source in _model_data(request):
        if source["S3DataType"] == "S3Prefix" and not source["S3Uri"].endswith("/"):
            raise ValidationException(
                f"S3Uri {source['S3Uri']} must end with a forward slash because its S3DataType is S3Prefix."
            )
    content = request.get("ModelCard", {}).get("ModelCardContent")
    if content is not None:
        require_valid_content(content, of_package=True)


def require_distinct(additional: Sequence[Mapping[str, Any]]) -> None:
    """Refuse too many additional inference specifications, or two with the same name."""
    names = [entry["Name"] for entry in additional]
    if len(set(names)) < len(names):
        raise ValidationException("The names of additional inference specifications must be different.")
    if len(names) > _MOST_ADDITIONAL_SPECIFICATIONS:
        limit = _MOST_ADDITIONAL_SPECIFICATIONS
        raise ValidationException(f"A model package has at most {limit} additional inference specifications.")


def with_image_digests(described: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a package's description, with the digests of the container images, which the service resolves.

    A digest in the image's name is used; for a tag, the digest is that of the name, since there is no image here.
    """
    answer = copy.deepcopy(dict(described))
    for container in answer.get("InferenceSpecification", {}).get("Containers", []):
        if "Image" in container:
            _, _, pinned = container["Image"].partition("@")
            of_name = f"sha256:{hashlib.sha256(container['Image'].encode()).hexdigest()}"
            container.setdefault("ImageDigest", pinned or of_name)
    return answer


def _model_data(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    specifications = [request.get("InferenceSpecification", {})]
    for member in _ADDITIONAL:
        specifications += request.get(member, [])
    for specification in specifications:
        for container in specification.get("Containers", []):
            source = container.get("ModelDataSource", {}).get("S3DataSource")
            if source:
                yield source
