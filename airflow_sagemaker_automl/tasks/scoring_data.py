"""The data of a scoring: checked, prepared for the container, and joined with its predictions."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.scoring.arguments import inside
from airflow_sagemaker_automl.core.scoring.columns import column_violations
from airflow_sagemaker_automl.core.values.canonical import digest
from airflow_sagemaker_automl.exceptions import DataNotScorable, InvalidScoring, PredictionsIncomplete, Violation
from airflow_sagemaker_automl.hooks import s3_objects
from airflow_sagemaker_automl.tables.parts import Part, PartsWriter
from airflow_sagemaker_automl.tables.predictions import TableWriter, Unequal, joined
from airflow_sagemaker_automl.tables.reading import MOST_KEPT, TableFile, unreadable_columns
from airflow_sagemaker_automl.tables.text import header

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.scoring.arguments import OutputFormat
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.s3_objects import StoredObject
    from airflow_sagemaker_automl.tasks.base import SageMakerTask

INPUT, KEYS = "input/", "keys/"
_HEADER_BUFFER = 1 << 16
_MEBIBYTE = 1 << 20
_MOST_ROWS_SHOWN = 5
_MOST_FILES_SHOWN = 5


@dataclass
class UnusableRows:
    """Rows that cannot be sent.

    :param count: how many there are.
    :param first: file, number and fault of some of them.
    """

    count: int = 0
    first: list[tuple[str, int, str]] = field(default_factory=list)

    def __str__(self) -> str:
        shown = "; ".join(f"row {number} of {uri}: {why}" for uri, number, why in self.first[:_MOST_ROWS_SHOWN])
        more = self.count - _MOST_ROWS_SHOWN
        return f"{shown}{f'; and {more} more' if more > 0 else ''}"

    def add(self, uri: str, found: Iterable[tuple[int, str]], count: int) -> None:
        """Add rows of a file.

        :param found: number and fault of the first ones.
        :param count: how many there are.
        """
        self.first += [(uri, number, why) for number, why in found][: MOST_KEPT - len(self.first)]
        self.count += count

    def require_none(self) -> None:
        """Require that all rows can be sent.

        :raises DataNotScorable: with the first rows that cannot.
        """
        if not self.count:
            return
        uri, number, why = self.first[0]
        more = f" {self.count} rows cannot be sent in all: {self}." if self.count > 1 else ""
        advice = (
            "Correct the data, or let SageMakerBatchScoringOperator leave these rows out (on_unusable_rows='report')."
        )
        raise DataNotScorable(uri, f"in row {number} {why}.{more} {advice}")


class ScoringData:
    """The files of a scoring's data.

    :param task: calls AWS with retries.
    :param data: S3 URI of a prefix, a manifest or one object.
    :param output: S3 prefix of the table, in which no data may be.
    :param extra: boto3's ``ExtraArgs`` of everything that is written.
    :raises InvalidScoring: there is no data, or it cannot be listed.
    """

    def __init__(self, task: SageMakerTask, data: str, output: str, extra: Mapping[str, Any]) -> None:
        self._task, self._data, self._output, self._extra = task, data, output, extra
        self.files = self._find()

    @property
    def digest(self) -> str:
        """Digest of the content of all files, by their ETags in the order of the files."""
        return digest([file.etag for file in self.files])

    def require_columns(self, expected: Sequence[str], keys: Sequence[str]) -> None:
        """Check the columns of all files, before anything is written; only their beginnings are read.

        :param expected: columns that the model needs.
        :param keys: key columns.
        :raises InvalidScoring: files lack columns, have columns without text, or keys of different types.
        :raises DataNotScorable: a file is not a table.
        """
        found: list[Violation] = []
        types: dict[str, Any] = {}
        for file in self.files:
            schema = self._schema(file)
            wrong = column_violations(expected, list(schema), keys, file.uri)
            found += wrong
            if not wrong:
                for name in unreadable_columns(schema, [*expected, *keys]):
                    found.append(Violation("data", None, f"has lists or bytes in {name!r} of {file.uri}"))
                found += _type_violations(types, schema, keys, file.uri)
            if len(found) > _MOST_FILES_SHOWN:
                break
        if found:
            raise InvalidScoring(found)

    def prepare(
        self, work: str, expected: Sequence[str], keys: Sequence[str], *, longest_line: int, as_one: bool
    ) -> tuple[PartsWriter, UnusableRows]:
        """Write the rows as the parts of the container's input, and beside them their keys.

        :param work: S3 prefix of the scoring's own files.
        :param longest_line: bytes that a row may have.
        :param as_one: whether to write one part, with a header, as forecasts need it.
        :return: what was written, and the rows that cannot be sent.
        """
        first_row, unusable = 0, UnusableRows()

        def hand_on(part: Part, rows: Path, key_rows: Path) -> None:
            if as_one and rows.stat().st_size > longest_line:
                most = (longest_line + _MEBIBYTE - 1) // _MEBIBYTE
                rule = f"its rows are one request of a forecast, which has at most {most} MiB"
                raise DataNotScorable(self._data, f"{rule}, and they have {rows.stat().st_size // _MEBIBYTE} MiB.")
            for file, uri in ((rows, f"{work}{INPUT}{part.input_name}"), (key_rows, f"{work}{KEYS}{part.keys_name}")):
                self._upload(file, uri)
            self._task.log.info("Prepared part %s: %s rows", part.number + 1, part.rows)

        with tempfile.TemporaryDirectory(prefix="scoring-") as name:
            folder = Path(name)
            more: dict[str, Any] = {"header": header(expected), "part_bytes": 1 << 62} if as_one else {}
            with PartsWriter(folder, expected, keys, longest_line=longest_line, hand_on=hand_on, **more) as writer:
                for file in self.files:
                    with self._downloaded(file, folder) as table:
                        read, kept, count = 0, len(writer.too_long), writer.too_long_count
                        for rows in table.rows(list(dict.fromkeys([*expected, *keys]))):
                            writer.write(rows, first_row)
                            read += len(rows)
                        unusable.add(file.uri, table.unusable, table.unusable_count)
                        too_long = [(row - first_row, "it is longer than a request") for row in writer.too_long[kept:]]
                        unusable.add(file.uri, too_long, writer.too_long_count - count)
                        first_row += read + table.unusable_count
        return writer, unusable

    def _find(self) -> list[StoredObject]:
        """List the files of the data.

        :raises InvalidScoring: there are none, or they cannot be listed.
        """
        try:
            found, missing = self._task.call_with_retries(lambda hook: s3_objects.table_objects(hook.s3, self._data))
        except Exception as error:
            if not (s3_objects.is_no_bucket(error) or s3_objects.is_forbidden(error)):
                raise
            is_missing = s3_objects.is_no_bucket(error)
            rule = "must be in a bucket that exists" if is_missing else f"cannot be read: access is denied ({error})"
            raise InvalidScoring([Violation("data", self._data, rule)]) from error
        if missing:
            rule = f"is a manifest; {', '.join(missing[:_MOST_FILES_SHOWN])} does not exist"
            raise InvalidScoring([Violation("data", self._data, rule)])
        files = [each for each in found if each.size]
        # A prefix need not end at a folder: s3://bucket/rows has s3://bucket/rows-scores/ too.
        is_prefix = [each.uri for each in files] != [self._data]
        if any(each.uri.startswith(self._output) for each in files) or (
            is_prefix and self._output.startswith(self._data)
        ):
            raise InvalidScoring([inside(self._output, self._data)])
        if not files:
            raise InvalidScoring([Violation("data", self._data, "must have at least one object that is not empty")])
        return files

    def _schema(self, file: StoredObject) -> dict[str, Any]:
        def read(hook: SageMakerAutoMLHook) -> dict[str, Any]:
            kept: dict[int, bytes] = {}
            reader = s3_objects.RangeReader
            table = TableFile(lambda: io.BufferedReader(reader(hook.s3, file, kept), _HEADER_BUFFER), file.uri)
            return table.schema()

        return self._task.call_with_retries(read)

    @contextmanager
    def _downloaded(self, file: StoredObject, folder: Path) -> Iterator[TableFile]:
        path = folder / "source"
        if not self._task.call_with_retries(lambda hook: s3_objects.download(hook.s3, file.uri, path)):
            raise DataNotScorable(file.uri, "it was deleted while the data was read.")
        try:
            yield TableFile(lambda: path.open("rb"), file.uri)
        finally:
            path.unlink()

    def _upload(self, path: Path, uri: str) -> None:
        self._task.call_with_retries(lambda hook: s3_objects.upload(hook.s3, path, uri, self._extra))


def collect(
    task: SageMakerTask,
    *,
    work: str,
    predictions: str,
    parts: Sequence[int],
    names: Sequence[str],
    path: Path,
    output_format: OutputFormat,
    job_name: str,
) -> tuple[int, list[str]]:
    """Join the predictions of all parts with their keys to one table in a file.

    :param work: S3 prefix of the scoring's own files.
    :param predictions: S3 prefix of the job's output.
    :param parts: number of rows of each part.
    :param names: the columns of the predictions.
    :param path: the file to write.
    :return: how many rows it has, and its columns.
    :raises PredictionsIncomplete: the predictions do not match the rows.
    """
    keys_file, predicted_file = path.parent / "keys", path.parent / "predicted"
    with TableWriter(path, output_format) as table:
        for number, rows in enumerate(parts):
            part = Part(number, rows)
            predicted = f"{predictions}{part.input_name}.out"
            _fetch(task, f"{work}{KEYS}{part.keys_name}", keys_file, job_name)
            _fetch(task, predicted, predicted_file, job_name)
            before = table.rows
            try:
                for batch in joined(keys_file, predicted_file, names):
                    table.write(batch)
            except Unequal as error:
                raise PredictionsIncomplete(job_name, f"{predicted}: {error}.") from error
            if table.rows - before != rows:
                raise PredictionsIncomplete(job_name, f"{predicted}: {table.rows - before} of {rows} rows.")
    return table.rows, table.columns


def collect_forecasts(
    task: SageMakerTask, *, predictions: str, path: Path, output_format: OutputFormat, job_name: str
) -> tuple[int, list[str]]:
    """Write the forecasts, which have a header of their own, as one table in a file.

    :param predictions: S3 prefix of the job's output.
    :param path: the file to write.
    :return: how many rows it has, and its columns.
    :raises PredictionsIncomplete: there are none.
    """
    forecasts = path.parent / "predicted"
    uri = f"{predictions}{Part(0, 0).input_name}.out"
    _fetch(task, uri, forecasts, job_name)
    try:
        table_file = TableFile(lambda: forecasts.open("rb"), uri)
        names = list(table_file.schema())
        with TableWriter(path, output_format) as table:
            for rows in table_file.rows(names):
                table.write(rows.batch(names))
    except DataNotScorable as error:
        raise PredictionsIncomplete(job_name, f"{uri}: {error.reason}") from error
    if not table.rows or table_file.unusable_count:
        raise PredictionsIncomplete(job_name, f"{uri} has no table of forecasts.")
    return table.rows, names


def _fetch(task: SageMakerTask, uri: str, path: Path, job_name: str) -> None:
    if not task.call_with_retries(lambda hook: s3_objects.download(hook.s3, uri, path)):
        raise PredictionsIncomplete(job_name, f"{uri} does not exist.")


def _type_violations(
    types: dict[str, Any], schema: Mapping[str, Any], keys: Sequence[str], uri: str
) -> Iterator[Violation]:
    """Require the same type of each key in all files, since they become columns of one table."""
    for name in keys:
        first = types.setdefault(name, schema[name])
        if first != schema[name]:
            yield Violation("key_columns", name, f"is {schema[name]} in {uri} and {first} in an earlier file")
