"""The training table: read from S3, checked and split."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.channels import Channel, channels_of, read_channel, uri_of
from airflow_sagemaker_automl.emulator.trainer.columns import Columns, settle
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

DEFAULT_VALIDATION_FRACTION = 0.2
# Held back from training and from model selection, so that each candidate has one unbiased set of metrics.
HOLD_OUT_FRACTION = 0.1
_SEED = 0


@dataclass(frozen=True)
class Split:
    """The three parts of a table; each has the target column.

    :param train: rows that candidates learn from.
    :param validation: rows that are used to choose the best candidate.
    :param test: rows that are used neither for training nor for selection.
    :param size: bytes of the training channel in S3.
    :param day_orders: column → order of day and month in its dates.
    :param notes: what of the data is not used, or was assumed: one sentence each.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    size: int = 0
    day_orders: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def labels(self, target: str) -> pd.Series:
        """The target column of all parts."""
        return pd.concat([rows[target] for rows in self.parts.values()], ignore_index=True)

    @property
    def parts(self) -> dict[str, pd.DataFrame]:
        """The parts by their names in the API."""
        return {"Train": self.train, "Validation": self.validation, "Test": self.test}


def load_split(storage: Storage, request: dict[str, Any], columns: Columns) -> Split:
    """Read the channels of a request and split them; the same data are always split the same way.

    :param request: ``CreateAutoMLJobV2`` request.
    :raises UnusableData: there is no table, or it cannot be trained on.
    """
    channels = channels_of(request)
    read = [read_channel(storage, channels["training"], verbatim=columns.verbatim)]
    if "validation" in channels:
        read.append(read_channel(storage, channels["validation"], verbatim=columns.verbatim))
        _require_same_columns(read[0].table, read[1].table, uri_of(channels["validation"]))
    for channel in read:
        channel.require(columns.named)
    settled = settle([channel.table for channel in read], columns)
    train = _usable_rows(settled.tables[0], columns, columns.fewest)
    if "validation" in channels:
        validation = _usable_rows(settled.tables[1], columns, fewest=1)
    else:
        fraction = request.get("DataSplitConfig", {}).get("ValidationFraction", DEFAULT_VALIDATION_FRACTION)
        train, validation = _cut(train, columns.target, fraction, whole=len(train))
    rows = len(train) + (0 if "validation" in channels else len(validation))
    train, test = _cut(train, columns.target, HOLD_OUT_FRACTION, whole=rows)
    notes = (*_left_out(read, columns), *settled.notes, *(note for channel in read for note in channel.notes))
    return Split(train, validation, test, read[0].size, settled.day_orders, notes)


def publish_split(job: Job, split: Split) -> None:
    """Upload the three parts of the data, so that all metrics of this job can be recomputed."""
    for name in ("train", "validation", "test"):
        body = getattr(split, name).to_csv(index=False).encode()
        job.storage.write(f"{job.output}/preprocessed-data/{name}.csv", body)


def _usable_rows(table: pd.DataFrame, columns: Columns, fewest: int) -> pd.DataFrame:
    kept = list(columns.roles)
    for name, role in columns.roles.items():
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
    # Labels that are whole numbers are Python objects while some are missing.
    return usable.assign(**{columns.target: usable[columns.target].infer_objects()}).reset_index(drop=True)


def _left_out(channels: list[Channel], columns: Columns) -> list[str]:
    left_out = {name: kind for channel in channels for name, kind in channel.left_out.items()}
    unused = [f"{name!r} ({kind})" for name, kind in left_out.items() if columns.are_used(name)]
    return [f"Not used: the columns {', '.join(unused)}."] if unused else []


def _weighted_rows(table: pd.DataFrame, weight: str, fewest: int) -> pd.DataFrame:
    """Drop rows without a valid weight (a number, not negative), as the service does."""
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
    """Split ``fraction`` of ``whole`` rows off a table, with every class on both sides if it has enough rows."""
    size = max(1, round(whole * fraction))
    if size >= len(table):
        raise UnusableData(f"Of {len(table)} rows {size} would be held back, so no rows would be left for training.")
    counts = table[target].value_counts()
    classes = table[target] if len(counts) <= min(size, len(table) - size) and counts.min() >= 2 else None
    from sklearn.model_selection import train_test_split

    kept, cut = train_test_split(table, test_size=size, random_state=_SEED, stratify=classes)
    return kept.reset_index(drop=True), cut.reset_index(drop=True)
