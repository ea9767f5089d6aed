"""Reads the author's part of a model card: typed sections, a mapping, or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sagemaker_automl.core.values.members import api_of
from airflow_sagemaker_automl.exceptions import InvalidModelCard, Violation

_DEEPEST = 50


def author_card(value: Any) -> dict[str, Any]:
    """Convert the author's part to dictionaries and lists; leaves stay the same objects.

    :param value: a :class:`~airflow_sagemaker_automl.ModelCard`, a mapping in the card's own
        schema, which may contain typed sections, or None.
    :raises InvalidModelCard: the value has another type, or contains itself.
    """
    card = _plain(value, 0)
    if card is None:
        return {}
    if not isinstance(card, dict):
        raise InvalidModelCard([Violation("model_card", value, "must be a ModelCard or a mapping")])
    return card


def _plain(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        rule = f"must be nested at most {_DEEPEST} levels deep; does it contain itself?"
        raise InvalidModelCard([Violation("model_card", None, rule)])
    part = api_of(value)
    if isinstance(part, Mapping):
        return {key: _plain(item, depth + 1) for key, item in part.items()}
    if isinstance(part, list | tuple):
        return [_plain(item, depth + 1) for item in part]
    return part
