"""Validation before a model package is registered or changed, beyond the form of the request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from airflow_sagemaker_automl.emulator import documents
from airflow_sagemaker_automl.emulator.documents import InvalidDocument
from airflow_sagemaker_automl.emulator.errors import ValidationException

_SOURCES = ("InferenceSpecification", "SourceAlgorithmSpecification", "SourceUri")
_ADDITIONAL = ("AdditionalInferenceSpecifications", "AdditionalInferenceSpecificationsToAdd")
_MOST_ADDITIONAL_SPECIFICATIONS = 15
_LONGEST_SHOWN = 300


def require_one_source(request: Mapping[str, Any]) -> None:
    """Refuse a package with no source or with several."""
    if sum(key in request for key in _SOURCES) != 1:
        raise ValidationException("Give either InferenceSpecification or SourceUri or SourceAlgorithmSpecification.")


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
        try:
            documents.read(content, "model card's content", _breaches_of_schema)
        except InvalidDocument as error:
            raise ValidationException(f"The model card is not valid: {error}") from None


def require_distinct(additional: Sequence[Mapping[str, Any]]) -> None:
    """Refuse too many additional inference specifications, or two with the same name."""
    names = [entry["Name"] for entry in additional]
    if len(set(names)) < len(names):
        raise ValidationException("The names of additional inference specifications must be different.")
    if len(names) > _MOST_ADDITIONAL_SPECIFICATIONS:
        limit = _MOST_ADDITIONAL_SPECIFICATIONS
        raise ValidationException(f"A model package has at most {limit} additional inference specifications.")


def _model_data(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    specifications = [request.get("InferenceSpecification", {})]
    for member in _ADDITIONAL:
        specifications += request.get(member, [])
    for specification in specifications:
        for container in specification.get("Containers", []):
            source = container.get("ModelDataSource", {}).get("S3DataSource")
            if source:
                yield source


@cache
def _schema() -> Draft7Validator:
    # The emulator's own copy: it shares nothing with the rest of the package.
    return Draft7Validator(json.loads((Path(__file__).parent / "model_package_model_card.schema.json").read_text()))


def _breaches_of_schema(card: dict[str, Any]) -> Iterator[str]:
    for breach in _schema().iter_errors(card):
        what = breach.message  # It begins with the value and ends with the problem.
        shown = (
            what if len(what) <= _LONGEST_SHOWN else f"{what[: _LONGEST_SHOWN // 2]} ... {what[-_LONGEST_SHOWN // 2 :]}"
        )
        yield f"{breach.json_path}: {shown}."
