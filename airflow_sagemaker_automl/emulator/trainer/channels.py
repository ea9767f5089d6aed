"""Reads the tables of a request's channels: CSV or Parquet, one object or many, plain or gzipped."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterable
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from zlib import error as ZlibError  # noqa: N812 - the module's own name is lower case.

import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.csv_tables import read_csv
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.parquet_tables import read_parquet
from airflow_sagemaker_automl.emulator.trainer.values import stacked

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

CSV = "text/csv;header=present"
PARQUET = "x-application/vnd.amazon+parquet"
_GZIP_MAGIC = b"\x1f\x8b"


class Channel(NamedTuple):
    """The content of one channel.

    :param table: all its rows.
    :param size: bytes in S3.
    :param left_out: columns of the files that are not in the table → what they hold.
    :param notes: what else of the files is not used, or incomplete: one sentence each.
    """

    table: pd.DataFrame
    size: int
    left_out: dict[str, str]
    notes: tuple[str, ...]

    def require(self, names: Iterable[str]) -> None:
        """Refuse columns that cannot be read.

        :raises UnusableData: one of the columns is left out.
        """
        for name in names:
            if name in self.left_out:
                raise UnusableData(
                    f"The column {name!r} holds {self.left_out[name]}; only numbers, texts, truth values and dates "
                    "are read."
                )


class _File(NamedTuple):
    """The content of one file; see :class:`Channel`."""

    table: pd.DataFrame
    left_out: dict[str, str]
    notes: list[str]


def channels_of(request: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Find a request's channels by type."""
    return {channel.get("ChannelType", "training"): channel for channel in request["AutoMLJobInputDataConfig"]}


def uri_of(channel: dict[str, Any]) -> str:
    """Find the S3 URI that a channel names."""
    return str(channel["DataSource"]["S3DataSource"]["S3Uri"])


def read_channel(storage: Storage, channel: dict[str, Any], *, verbatim: Collection[str] = ()) -> Channel:
    """Read all files of a channel into one table.

    :param channel: an ``AutoMLJobChannel``.
    :param verbatim: columns to read as text, so that ``007`` and ``NA`` stay unchanged.
    :raises UnusableData: there are no data, or they do not match the channel's settings.
    """
    kind, uri = channel["DataSource"]["S3DataSource"]["S3DataType"], uri_of(channel)
    compressed = channel.get("CompressionType", "None") == "Gzip"
    if compressed and kind != "S3Prefix":
        raise UnusableData(f"CompressionType Gzip is for S3Prefix input only, not for the {kind} {uri}.")
    if kind == "S3Prefix":
        files = storage.files_under(uri)
    elif kind == "ManifestFile":
        prefix, keys = read_manifest(storage, uri)
        files = [prefix + key for key in keys]
    else:
        raise UnusableData(f"S3DataType {kind} is for images, not for tables; use S3Prefix or ManifestFile.")
    if not files:
        raise UnusableData(f"There is no data at {uri}: no object with content has this prefix.")
    content, size = [], 0
    for file in files:
        with storage.read(file) as body:
            size += body.seek(0, 2)
            body.seek(0)
            content.append(_read_file(body, file, _content_type(channel), compressed, verbatim))
    _require_same_columns(files, [one.table for one in content])
    return Channel(
        stacked([one.table for one in content]),
        size,
        {name: kind for one in content for name, kind in one.left_out.items()},
        tuple(note for one in content for note in one.notes),
    )


def _content_type(channel: dict[str, Any]) -> str:
    content_type = str(channel.get("ContentType", CSV)).replace(" ", "")
    if content_type not in (CSV, PARQUET):
        raise UnusableData(
            f"The content type {content_type!r} is not supported for tables; use {CSV!r} or {PARQUET!r}."
        )
    return content_type


def read_manifest(storage: Storage, uri: str) -> tuple[str, list[str]]:
    """Read SageMaker's manifest: ``[{"prefix": "s3://…/"}, "relative key", …]``.

    :return: the prefix and the keys.
    """
    with storage.read(uri) as body:
        try:
            manifest = json.load(body)
        except ValueError as error:
            raise UnusableData(f"The manifest {uri} is not JSON: {error}") from error
    well_formed = (
        isinstance(manifest, list)
        and manifest
        and isinstance(manifest[0], dict)
        and isinstance(manifest[0].get("prefix"), str)
        and all(isinstance(key, str) for key in manifest[1:])
    )
    if not well_formed:
        raise UnusableData(
            f'The manifest {uri} must be a JSON list: first {{"prefix": "s3://…/"}}, then keys relative to it.'
        )
    return manifest[0]["prefix"], manifest[1:]


def _read_file(body: IO[bytes], uri: str, content_type: str, compressed: bool, verbatim: Collection[str]) -> _File:
    form = "CSV with a header line" if content_type == CSV else "Parquet"
    hint = ""
    if body.read(2) == _GZIP_MAGIC and not compressed:
        hint = " (it is gzipped: set CompressionType to Gzip)"
    body.seek(0)
    try:
        with gzip.open(body) if compressed else body as content:
            if content_type == CSV:
                csv = read_csv(content, uri, verbatim)
                read = _File(csv.table, {}, csv.notes)
            else:
                read = _File(*read_parquet(content), [])
    except gzip.BadGzipFile as error:
        raise UnusableData(f"{uri} is not gzipped, as its channel says.") from error
    except (EOFError, OSError, ZlibError) as error:
        raise UnusableData(f"{uri} cannot be read as {form}{hint}: it is cut off or damaged.") from error
    except ValueError as error:
        raise UnusableData(f"{uri} cannot be read as {form}{hint}: {error}.") from error
    if read.table.columns.has_duplicates:
        twice = sorted({str(name) for name in read.table.columns[read.table.columns.duplicated()]})
        raise UnusableData(f"{uri} has columns of the same name: {', '.join(twice)}.")
    return read


def _require_same_columns(files: list[str], tables: list[pd.DataFrame]) -> None:
    for file, table in zip(files, tables, strict=True):
        if list(table.columns) != list(tables[0].columns):
            raise UnusableData(
                f"{file} has other columns than {files[0]}; all files of a channel must have the same columns."
            )
