"""Translates the feature specification's types to AutoGluon's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autogluon.common.features.feature_metadata import FeatureMetadata

if TYPE_CHECKING:
    import pandas as pd

# Type of the feature specification → AutoGluon's raw type; below, its special type.
_RAW_TYPES = {"numeric": "float", "categorical": "category", "text": "object", "datetime": "object"}
_SPECIAL_TYPES = {"text": "text", "datetime": "datetime_as_object"}


def feature_metadata(features: pd.DataFrame, types: dict[str, str]) -> FeatureMetadata | None:
    """Infer the types of the columns that the feature specification gives no type.

    :param features: the columns to learn from.
    :param types: column → type of the feature specification.
    :return: None if AutoGluon may infer all types.
    """
    if not types:
        return None
    inferred = FeatureMetadata.from_df(features)
    special = {name: kinds for name, kinds in inferred.get_type_map_special().items() if kinds and name not in types}
    special |= {name: [_SPECIAL_TYPES[kind]] for name, kind in types.items() if kind in _SPECIAL_TYPES}
    raw = inferred.type_map_raw | {name: _RAW_TYPES[kind] for name, kind in types.items()}
    return FeatureMetadata(type_map_raw=raw, type_map_special=special)
