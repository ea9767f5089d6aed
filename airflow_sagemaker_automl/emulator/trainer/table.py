"""The training table: read from S3, judged, and split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.channels import channels_of, read_channel, uri_of
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.features import ALL_FEATURES, FeatureSpecification

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

FEWEST_ROWS = 500
DEFAULT_VALIDATION_FRACTION = 0.2
# Held back from training and from model selection, so that one figure of each candidate is not an optimistic one.
HOLD_OUT_FRACTION = 0.1
_SEED = 0


@dataclass(frozen=True)
class Split:
    """The three parts of a table; each has the target column.

    :param train: rows that candidates learn from.
    :param validation: rows that the best candidate is chosen by.
    :param test: rows that neither training nor selection has seen.
    :param size: bytes of the training channel in S3.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    size: int = 0

    @property
    def parts(self) -> dict[str, pd.DataFrame]:
        """The parts by the names that the API has for them."""
        return {"Train": self.train, "Validation": self.validation, "Test": self.test}


@dataclass(frozen=True)
class Columns:
    """The columns that mean something.

    :param target: what is to be predicted.
    :param weight: weight of each row, if there is one.
    :param features: which of the others to learn from.
    :param verbatim: columns to read as they are written.
    :param fewest: rows that the training data must have.
    """

    target: str
    weight: str | None = None
    features: FeatureSpecification = ALL_FEATURES
    verbatim: tuple[str, ...] = ()
    fewest: int = FEWEST_ROWS


def load_split(storage: Storage, request: dict[str, Any], columns: Columns) -> Split:
    """Read the channels of a request and split them; the split of the same data is always the same.

    :param request: ``CreateAutoMLJobV2`` request.
    :raises UnusableData: there is no table, or not one that can be trained on.
    """
    channels = channels_of(request)
    training = read_channel(storage, channels["training"], verbatim=columns.verbatim)
    train = _usable_rows(training.table, columns, columns.fewest)
    if "validation" in channels:
        table = read_channel(storage, channels["validation"], verbatim=columns.verbatim).table
        _require_same_columns(training.table, table, uri_of(channels["validation"]))
        validation = _usable_rows(table, columns, fewest=1)
    else:
        fraction = request.get("DataSplitConfig", {}).get("ValidationFraction", DEFAULT_VALIDATION_FRACTION)
        train, validation = _cut(train, columns.target, fraction, whole=len(train))
    rows = len(train) + (0 if "validation" in channels else len(validation))
    train, test = _cut(train, columns.target, HOLD_OUT_FRACTION, whole=rows)
    return Split(train, validation, test, training.size)


def publish_split(job: Job, split: Split) -> None:
    """Upload the three parts of the data, so that anyone can recompute any figure of this job."""
    for name in ("train", "validation", "test"):
        body = getattr(split, name).to_csv(index=False).encode()
        job.storage.write(f"{job.output}/preprocessed-data/{name}.csv", body)


def _usable_rows(table: pd.DataFrame, columns: Columns, fewest: int) -> pd.DataFrame:
    kept = [columns.target] if columns.weight is None else [columns.target, columns.weight]
    for name, role in zip(kept, ("target", "weight"), strict=False):
        if name not in table.columns:
            known = ", ".join(map(str, table.columns))
            raise UnusableData(f"The {role} column {name!r} is not in the data; its columns are {known}.")
    usable = table[table[columns.target].notna()]
    if len(usable) < fewest:
        raise UnusableData(
            f"The data has {len(usable)} rows with a value in {columns.target!r}; at least {fewest} are needed."
        )
    if columns.weight is not None:
        usable = _weighted_rows(usable, columns.weight, fewest)
    usable = columns.features.apply(usable, kept)
    if len(usable.columns) == len(kept):
        raise UnusableData(f"The data has no column to learn from besides {', '.join(map(repr, kept))}.")
    return usable.reset_index(drop=True)


def _weighted_rows(table: pd.DataFrame, weight: str, fewest: int) -> pd.DataFrame:
    """Leave out rows without a weight, as the service does: weights are numbers, not negative."""
    weights = pd.to_numeric(table[weight], errors="coerce").astype(float)
    weighted = table.assign(**{weight: weights})[np.isfinite(weights) & (weights >= 0)]
    if len(weighted) < fewest or not weighted[weight].sum() > 0:
        raise UnusableData(
            f"{len(weighted)} rows have a weight in {weight!r} (a number, not negative), of {weighted[weight].sum():g} "
            f"in all; at least {fewest} rows and a weight above zero are needed."
        )
    return weighted


def _require_same_columns(train: pd.DataFrame, validation: pd.DataFrame, uri: str) -> None:
    if set(train.columns) != set(validation.columns):
        raise UnusableData(f"The validation data at {uri} has other columns than the training data.")


def _cut(table: pd.DataFrame, target: str, fraction: float, whole: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut ``fraction`` of ``whole`` rows off a table, with every class on both sides where it has rows enough."""
    size = max(1, round(whole * fraction))
    if size >= len(table):
        raise UnusableData(f"Of {len(table)} rows {size} would be held back; none would be left to train on.")
    counts = table[target].value_counts()
    classes = table[target] if len(counts) <= min(size, len(table) - size) and counts.min() >= 2 else None
    from sklearn.model_selection import train_test_split

    kept, cut = train_test_split(table, test_size=size, random_state=_SEED, stratify=classes)
    return kept.reset_index(drop=True), cut.reset_index(drop=True)
