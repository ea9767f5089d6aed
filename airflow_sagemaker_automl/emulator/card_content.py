"""The content of model cards, of versions and stand-alone: its schemas, and what is shown without the key to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from airflow_sagemaker_automl.emulator import documents
from airflow_sagemaker_automl.emulator.documents import InvalidDocument
from airflow_sagemaker_automl.emulator.errors import ValidationException

_LONGEST_SHOWN = 300
# What the service returns of a card's content for IncludedData=MetadataOnly, according to the service model's text on
# DescribeModelCard and DescribeModelPackage.
_SHOWN_AS_METADATA = (
    ("model_overview", "model_id"),
    ("model_overview", "model_name"),
    ("intended_uses", "risk_rating"),
    ("model_package_details", "model_package_group_name"),
    ("model_package_details", "model_package_arn"),
)


def require_valid_content(content: str, *, of_package: bool) -> None:
    """Refuse a card's content that is not JSON or violates its schema.

    :param of_package: whether it is the card of a model package, whose schema has fewer fields.
    :raises ValidationException: with all violations.
    """
    schema = package_card_schema() if of_package else card_schema()

    def breaches(card: dict[str, Any]) -> Iterator[str]:
        for breach in schema.iter_errors(card):
            yield f"{breach.json_path}: {_shortened(breach.message)}."

    try:
        documents.read(content, "model card's content", breaches)
    except InvalidDocument as error:
        raise ValidationException(f"The model card is not valid: {error}") from None


def metadata_only(content: str) -> str:
    """Reduce a card's content to what the service shows for ``IncludedData=MetadataOnly``."""
    card = json.loads(content)
    shown: dict[str, dict[str, Any]] = {}
    for section, field in _SHOWN_AS_METADATA:
        if field in card.get(section, {}):
            shown.setdefault(section, {})[field] = card[section][field]
    return json.dumps(shown)


@cache
def package_card_schema() -> Draft7Validator:
    """The schema for cards of model packages."""
    return Draft7Validator(_published_for_packages())


@cache
def card_schema() -> Draft7Validator:
    """The schema for stand-alone cards: that for model packages, with what is left out there.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html#model-cards-json-schema
    """
    schema = _published_for_packages()
    sections = schema["properties"]
    sections["model_overview"]["properties"] |= {
        "model_id": _text(1024),
        "model_name": _text(1024),
        "model_version": {"type": "number", "minimum": 1},
        "model_description": _text(1024),
        "model_owner": _text(1024),
        "problem_type": {"type": "string"},
        "algorithm_type": _text(1024),
        "inference_environment": _object(container_image={"type": "array", "items": _text(1024), "maxItems": 15}),
    }
    sections["model_package_details"] = _model_package_details()
    hyper_parameter = schema["definitions"]["hyper_parameter"]
    hyper_parameter["required"] = ["name"]
    hyper_parameter["properties"]["value"] = _text(255)
    return Draft7Validator(schema)


def _published_for_packages() -> dict[str, Any]:
    # The emulator's own copy: it shares nothing with the rest of the package.
    path = Path(__file__).parent / "model_package_model_card.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema


def _model_package_details() -> dict[str, Any]:
    container = _object(image=_text(255), model_data_url=_text(1024), nearest_model_name={"type": "string"})
    algorithm = _object(algorithm_name=_text(170), model_data_url=_text(1024))
    return _object(
        model_package_arn=_text(2048),
        model_package_name=_text(63),
        model_package_group_name=_text(63),
        model_package_version={"type": "number", "minimum": 1},
        model_package_description=_text(1024),
        model_package_status={"enum": ["Pending", "InProgress", "Completed", "Failed", "Deleting"]},
        model_approval_status={"enum": ["Approved", "Rejected", "PendingManualApproval"]},
        approval_description=_text(1024),
        created_by=_object(user_profile_name=_text(63)),
        domain={"type": "string"},
        task={"type": "string"},
        source_algorithms={"type": "array", "items": {**algorithm, "required": ["algorithm_name"]}},
        inference_specification={
            **_object(containers={"type": "array", "items": {**container, "required": ["image"]}}),
            "required": ["containers"],
        },
    )


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": longest}


def _shortened(message: str) -> str:
    """Cut the middle out of a long message: it begins with the value and ends with the problem."""
    if len(message) <= _LONGEST_SHOWN:
        return message
    return f"{message[: _LONGEST_SHOWN // 2]} ... {message[-_LONGEST_SHOWN // 2 :]}"
