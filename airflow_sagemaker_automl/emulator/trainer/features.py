"""The feature specification of a job: which columns to learn from, and their types."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

DATA_TYPES = ("numeric", "categorical", "text", "datetime")


@dataclass(frozen=True)
class FeatureSpecification:
    """The content of ``FeatureSpecificationS3Uri``.

    :param names: columns to learn from; None for all.
    :param types: column → one of :data:`DATA_TYPES`; the types of other columns are inferred.
    """

    names: list[str] | None = None
    types: dict[str, str] = field(default_factory=dict)

    def apply(self, table: pd.DataFrame, kept: list[str]) -> pd.DataFrame:
        """Keep the specified columns and convert typed ones; values that cannot be converted become missing.

        :param kept: columns that are not features: target and weights.
        :raises UnusableData: a column is missing, or has no value of its type.
        """
        columns = list(table.columns) if self.names is None else [*self.names, *kept]
        missing = [name for name in [*columns, *self.types] if name not in table.columns]
        if missing:
            known = _join(table.columns)
            raise UnusableData(f"These columns to learn from are not in the data: {_join(missing)}; it has {known}.")
        forbidden = [name for name in [*(self.names or []), *self.types] if name in kept]
        if forbidden:
            raise UnusableData(f"The feature specification names the target or weight column: {_join(forbidden)}.")
        table = table[[name for name in table.columns if name in columns]].copy()
        for name, kind in self.types.items():
            table[name] = _as_type(table[name], kind)
        return table


ALL_FEATURES = FeatureSpecification()


def load_specification(storage: Storage, uri: str | None) -> FeatureSpecification:
    """Read the feature specification that the request names; without one, all columns are features.

    :raises UnusableData: it cannot be read or is invalid.
    """
    if not uri:
        return ALL_FEATURES
    with storage.read(uri) as body:
        try:
            document = json.load(body)
        except ValueError as error:
            raise UnusableData(f"The feature specification {uri} is not JSON: {error}") from error
    problem = _problem(document)
    if problem:
        raise UnusableData(f"The feature specification {uri} {problem}.")
    return FeatureSpecification(document.get("FeatureAttributeNames"), document.get("FeatureDataTypes", {}))


def _problem(document: Any) -> str | None:
    known = {"FeatureAttributeNames", "FeatureDataTypes"}
    if not isinstance(document, dict) or not document or not set(document) <= known:
        return "must be a JSON object with FeatureAttributeNames, FeatureDataTypes or both"
    names, types = document.get("FeatureAttributeNames"), document.get("FeatureDataTypes", {})
    if names is not None and not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        return "must give FeatureAttributeNames as a list of column names"
    if names is not None and len(set(names)) != len(names):
        return "names a column twice in FeatureAttributeNames"
    if not isinstance(types, dict):
        return "must give FeatureDataTypes as an object of column names and types"
    unknown = sorted({str(kind) for kind in types.values() if kind not in DATA_TYPES})
    if unknown:
        return f"has data types that the emulator does not know ({_join(unknown)}); it knows {_join(DATA_TYPES)}"
    outside = [name for name in types if names is not None and name not in names]
    if outside:
        return f"gives types to columns that FeatureAttributeNames leaves out: {_join(outside)}"
    return None


def _as_type(column: pd.Series, kind: str) -> pd.Series:
    if kind == "numeric":
        typed = pd.to_numeric(column, errors="coerce")
    elif kind == "datetime":
        typed = column.where(pd.to_datetime(column.astype(str), errors="coerce", format="mixed").notna())
    else:
        typed = column
    if typed.notna().sum() == 0:
        raise UnusableData(f"The feature specification calls {column.name!r} {kind}, but none of its values is.")
    return typed


def _join(names: Any) -> str:
    return ", ".join(map(str, names))
