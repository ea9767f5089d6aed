"""The training table: read from S3, judged, and split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from botocore.exceptions import ClientError
from sklearn.model_selection import train_test_split

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

FEWEST_ROWS = 500
DEFAULT_VALIDATION_FRACTION = 0.2
# Held back from training and from model selection, so that one figure of each candidate is not an optimistic one.
HOLD_OUT_FRACTION = 0.1
_CSV = "text/csv;header=present"
_SEED = 0


class UnusableData(Exception):
    """The job cannot be trained on this data; the message becomes the job's ``FailureReason``."""


@dataclass(frozen=True)
class Split:
    """The three parts of a table; each has the target column.

    :param train: rows that candidates learn from.
    :param validation: rows that the best candidate is chosen by.
    :param test: rows that neither training nor selection has seen.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame


def load_split(storage: Storage, request: dict[str, Any], target: str) -> Split:
    """Read the channels of a request and split them; the split of the same data is always the same.

    :param request: ``CreateAutoMLJobV2`` request.
    :param target: name of the target column.
    :raises UnusableData: there is no table, or not one that can be trained on.
    """
    channels = {channel.get("ChannelType", "training"): channel for channel in request["AutoMLJobInputDataConfig"]}
    train = _labelled_rows(_read_channel(storage, channels["training"]), target, FEWEST_ROWS)
    if "validation" in channels:
        validation = _labelled_rows(_read_channel(storage, channels["validation"]), target, fewest=1)
        _require_same_columns(train, validation, channels["validation"])
    else:
        fraction = request.get("DataSplitConfig", {}).get("ValidationFraction", DEFAULT_VALIDATION_FRACTION)
        train, validation = _cut(train, target, fraction, whole=len(train))
    rows = len(train) + (0 if "validation" in channels else len(validation))
    train, test = _cut(train, target, HOLD_OUT_FRACTION, whole=rows)
    return Split(train, validation, test)


def _read_channel(storage: Storage, channel: dict[str, Any]) -> pd.DataFrame:
    source = channel["DataSource"]["S3DataSource"]
    uri = source["S3Uri"]
    _require_plain_csv(channel, source)
    try:
        files = storage.files_under(uri)
    except ClientError as error:
        raise UnusableData(f"The data at {uri} cannot be listed: {error.response['Error'].get('Message')}") from error
    if not files:
        raise UnusableData(f"There is no data at {uri}: no object with content has this prefix.")
    tables = [_read_csv(storage, file) for file in files]
    for file, table in zip(files, tables, strict=True):
        if list(table.columns) != list(tables[0].columns):
            raise UnusableData(f"{file} has other columns than {files[0]}; all files of a channel must agree.")
    return pd.concat(tables, ignore_index=True)


def _require_plain_csv(channel: dict[str, Any], source: dict[str, Any]) -> None:
    content_type = channel.get("ContentType", _CSV)
    if content_type.replace(" ", "") != _CSV:
        raise UnusableData(f"The emulator reads {_CSV!r}, not {content_type!r}.")
    if channel.get("CompressionType", "None") != "None" or source["S3DataType"] != "S3Prefix":
        raise UnusableData("The emulator reads uncompressed CSV files under an S3Prefix only.")


def _read_csv(storage: Storage, uri: str) -> pd.DataFrame:
    try:
        with storage.read(uri) as body:
            return pd.read_csv(body)
    except (ValueError, UnicodeDecodeError) as error:
        raise UnusableData(f"{uri} cannot be read as CSV with a header line: {error}") from error


def _labelled_rows(table: pd.DataFrame, target: str, fewest: int) -> pd.DataFrame:
    if target not in table.columns:
        raise UnusableData(
            f"The target column {target!r} is not in the data; its columns are {', '.join(map(str, table.columns))}."
        )
    labelled = table[table[target].notna()].reset_index(drop=True)
    if len(labelled) < fewest:
        raise UnusableData(
            f"The data has {len(labelled)} rows with a value in {target!r}; at least {fewest} are needed."
        )
    return labelled


def _require_same_columns(train: pd.DataFrame, validation: pd.DataFrame, channel: dict[str, Any]) -> None:
    if set(train.columns) != set(validation.columns):
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        raise UnusableData(f"The validation data at {uri} has other columns than the training data.")


def _cut(table: pd.DataFrame, target: str, fraction: float, whole: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut ``fraction`` of ``whole`` rows off a table, with every class on both sides where it has rows enough."""
    size = max(1, round(whole * fraction))
    counts = table[target].value_counts()
    classes = table[target] if len(counts) <= min(size, len(table) - size) and counts.min() >= 2 else None
    kept, cut = train_test_split(table, test_size=size, random_state=_SEED, stratify=classes)
    return kept.reset_index(drop=True), cut.reset_index(drop=True)
