"""The feature specification's types in AutoGluon's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autogluon.common.features.feature_metadata import FeatureMetadata

if TYPE_CHECKING:
    import pandas as pd

# A type of the feature specification → AutoGluon's raw type, and its special type.
_RAW_TYPES = {"numeric": "float", "categorical": "category", "text": "object", "datetime": "object"}
_SPECIAL_TYPES = {"text": "text", "datetime": "datetime_as_object"}


def feature_metadata(features: pd.DataFrame, types: dict[str, str]) -> FeatureMetadata | None:
    """Infer the columns' types, but for those that the feature specification gives.

    :param features: the columns to learn from.
    :param types: column → type as the feature specification calls it.
    :return: None where AutoGluon may infer all of them.
    """
    if not types:
        return None
    inferred = FeatureMetadata.from_df(features)
    special = {name: kinds for name, kinds in inferred.get_type_map_special().items() if kinds and name not in types}
    special |= {name: [_SPECIAL_TYPES[kind]] for name, kind in types.items() if kind in _SPECIAL_TYPES}
    raw = inferred.type_map_raw | {name: _RAW_TYPES[kind] for name, kind in types.items()}
    return FeatureMetadata(type_map_raw=raw, type_map_special=special)
