"""``DataProcessing`` of transform jobs: filters of input and output rows, and their join; and the ids of inferences."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_sagemaker_automl.emulator.inference.batches import Batch, ObjectFailed, WrongRow
from airflow_sagemaker_automl.emulator.inference.messages import CSV, JSON, JSON_LINES
from airflow_sagemaker_automl.emulator.json_path import JsonPath, OutOfRange
from airflow_sagemaker_automl.emulator.trainer.csv_tables import row_lengths
from airflow_sagemaker_automl.emulator.transform_admission import is_processed, media_type

_ID = "SageMakerInferenceId"
_TIME = "SageMakerInferenceTime"


@dataclass(frozen=True)
class DataProcessing:
    """What a job does with rows besides sending them to the container.

    Only rows of CSV are filtered and joined. JSON needs nothing here: the emulator's containers refuse it as input.

    :param input_filter: selects the values that go to the container.
    :param output_filter: selects the values that go to the output.
    :param joins: whether the input precedes the prediction in the output.
    :param is_active: whether rows are filtered or joined at all.
    :param inference_time: appended to each record of the output together with an id; None appends nothing.
    """

    input_filter: JsonPath
    output_filter: JsonPath
    joins: bool
    is_active: bool
    inference_time: str | None

    @classmethod
    def of(cls, request: dict[str, Any], started: datetime) -> DataProcessing:
        """Read a job's request.

        :param started: ``TransformStartTime``.
        """
        given = request.get("DataProcessing", {})
        is_csv = media_type(request["TransformInput"].get("ContentType", "")) == CSV
        return cls(
            JsonPath.parse(given.get("InputFilter", "$")),
            JsonPath.parse(given.get("OutputFilter", "$")),
            given.get("JoinSource", "None") == "Input",
            is_csv and is_processed(given),
            f"{started:%Y-%m-%dT%H:%M:%SZ}"
            if request.get("DataCaptureConfig", {}).get("GenerateInferenceId")
            else None,
        )

    def payload(self, line: bytes) -> bytes:
        """Take the payload from a line.

        :raises WrongRow: the line is not a row, or lacks a value that the filter selects.
        """
        if not self.is_active or not self.input_filter.positions:
            return line
        return _written([_selected(self.input_filter, _row(line))])

    def output(self, batch: Batch, body: str, content_type: str) -> bytes:
        """Make the output of a batch from the container's answer."""
        if self.is_active:
            body = _written(self._joined(batch, _rows(body))).decode()
        if self.inference_time:
            body = self._identified(body, media_type(content_type))
        return body.encode()

    def _joined(self, batch: Batch, predicted: list[list[str]]) -> list[list[str]]:
        if len(predicted) != len(batch.records):
            raise ObjectFailed(
                f"{batch.place}: the container answered {len(predicted)} records for {len(batch.records)}, which "
                "DataProcessing cannot associate."
            )
        try:
            if self.joins:
                given = [_row(record.original) for record in batch.records]
                predicted = [[*row, *found] for row, found in zip(given, predicted, strict=True)]
            return [_selected(self.output_filter, row) for row in predicted]
        except WrongRow as error:
            raise ObjectFailed(f"{batch.place}: {error}.") from error

    def _identified(self, body: str, media: str) -> str:
        """Append an id and the job's start to each record, as AWS documents for ``GenerateInferenceId``.

        https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
        """
        if media == CSV:
            rows = [[*row, str(uuid.uuid4()), self.inference_time] for row in _rows(body)]
            return _written(rows).decode()
        if media == JSON_LINES:
            return "".join(f"{json.dumps(self._with_id(json.loads(line)))}\n" for line in body.splitlines())
        if media == JSON:
            document = json.loads(body)
            return json.dumps({"predictions": [self._with_id(record) for record in document["predictions"]]})
        return body

    def _with_id(self, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, _ID: str(uuid.uuid4()), _TIME: self.inference_time}


def _selected(path: JsonPath, row: Sequence[str]) -> list[str]:
    try:
        return path.of_row(row)
    except OutOfRange as error:
        raise WrongRow(str(error)) from error


def _row(line: bytes) -> list[str]:
    try:
        rows = _rows(line.decode())
    except UnicodeDecodeError as error:
        raise WrongRow("it is not text in UTF-8") from error
    except ValueError as error:
        raise WrongRow(str(error)) from error
    if len(rows) != 1:
        raise WrongRow("it is not one row of CSV; a value cannot contain a line break")
    return rows[0]


def _rows(text: str) -> list[list[str]]:
    return [row for _, _, row in row_lengths(io.StringIO(text, newline=""))]


def _written(rows: Sequence[Sequence[Any]]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue().encode()
