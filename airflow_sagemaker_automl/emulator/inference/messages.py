"""Input and output of a container, as AWS documents them for the containers of an AutoML job.

https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-container-output.html documents the
keys of an answer, and that ``probability`` is that of the second class if there are two, and of the predicted class
otherwise. A row has the columns of the training data in order, without the target and without a header line. That CSV
has a list in one cell, and the form of JSON, are assumptions.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
_ANYTHING = ("", "*/*")
_PREDICTED_LABEL = "predicted_label"
_SCORE = "score"


class Refusal(Exception):
    """An invocation that the container refuses.

    :param status: HTTP status of the container's answer.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Input:
    """The columns of a row.

    :param columns: names in order.
    :param verbatim: columns to read as text even if they look like numbers.
    :param types: column → how it was read in training; see ``trainer.columns.types_of``.
    """

    columns: list[str]
    verbatim: list[str]
    types: dict[str, str]


@dataclass(frozen=True)
class Predicted:
    """A model's predictions.

    :param labels: all classes; empty for regression.
    :param values: predicted classes or numbers.
    :param probabilities: rows × classes; None for regression.
    :param is_binary: whether there is a positive class.
    """

    labels: list[Any]
    values: list[Any]
    probabilities: list[list[float]] | None
    is_binary: bool

    def row(self, number: int, keys: list[str]) -> dict[str, Any]:
        """The answer for one row with the given keys; for a regression only its number."""
        if self.probabilities is None:
            return {_SCORE: self.values[number]}
        probabilities = self.probabilities[number]
        known = {
            _PREDICTED_LABEL: self.values[number],
            "probability": probabilities[1] if self.is_binary else max(probabilities),
            "probabilities": probabilities,
            "labels": self.labels,
        }
        return {key: known[key] for key in keys}


def rows_of(body: str, content_type: str, form: Input) -> pd.DataFrame:
    """Read the rows of an invocation.

    :raises Refusal: the rows cannot be read.
    """
    import pandas as pd

    from airflow_sagemaker_automl.emulator.trainer.columns import NUMBER

    if content_type.partition(";")[0].strip().lower() != CSV:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The content type {content_type!r} is not {CSV}.")
    _require_widths(body, form.columns)
    positions = {name: position for position, name in enumerate(form.columns)}
    try:
        rows = pd.read_csv(
            io.StringIO(body),
            header=None,
            converters={positions[name]: str for name in form.verbatim},
            dtype={positions[name]: str for name, kind in form.types.items() if name in positions and kind != NUMBER},
        )
    except ValueError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "The body cannot be read as CSV.") from error
    rows = rows.set_axis(form.columns, axis="columns")
    return rows.assign(
        **{name: _as_trained(rows[name], kind) for name, kind in form.types.items() if name in positions}
    )


def _as_trained(column: pd.Series, kind: str) -> pd.Series:
    """Convert a column as the training did."""
    import pandas as pd

    from airflow_sagemaker_automl.emulator.trainer.columns import MOMENT, NUMBER, TEXT
    from airflow_sagemaker_automl.emulator.trainer.day_order import in_order
    from airflow_sagemaker_automl.emulator.trainer.values import too_large

    if kind == TEXT:
        return column
    if kind == MOMENT:
        moments = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True)
        return moments.dt.tz_localize(None).astype("datetime64[ns]")
    if kind != NUMBER:
        return in_order(column, kind)
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = column[column.notna() & numbers.isna()]
    if len(wrong):
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            f"The value {wrong.iloc[0]!r} of {column.name!r} in row {wrong.index[0] + 1} is not a number.",
        )
    return numbers.mask(too_large(numbers))


def _require_widths(body: str, columns: list[str]) -> None:
    """Refuse rows that pandas would shift or fill."""
    from airflow_sagemaker_automl.emulator.trainer.csv_tables import row_lengths

    names = f"{', '.join(columns[:3])}{', ...' if len(columns) > 3 else ''}"
    try:
        for number, _, row in row_lengths(io.StringIO(body, newline="")):
            if len(row) != len(columns):
                raise Refusal(
                    HTTPStatus.BAD_REQUEST,
                    f"Row {number} has {len(row)} values; {len(columns)} are needed ({names}), without a header line.",
                )
    except ValueError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"The body cannot be read as CSV: {error}.") from error


def written(predicted: Predicted, keys: list[str], accept: str) -> tuple[str, str]:
    """Write an answer.

    :param keys: keys of ``SAGEMAKER_INFERENCE_OUTPUT``; empty for the label only.
    :param accept: content type that the client accepts.
    :return: body and content type.
    :raises Refusal: the content type is not supported.
    """
    rows = [predicted.row(number, keys or [_PREDICTED_LABEL]) for number in range(len(predicted.values))]
    wanted = accept.partition(";")[0].strip().lower()
    if wanted == JSON:
        return json.dumps({"predictions": rows}), JSON
    if wanted == JSON_LINES:
        return "".join(f"{json.dumps(row)}\n" for row in rows), JSON_LINES
    if wanted != CSV and wanted not in _ANYTHING:
        supported = f"{CSV}, {JSON} and {JSON_LINES}"
        raise Refusal(HTTPStatus.NOT_ACCEPTABLE, f"The answer cannot be {accept!r}; {supported} are supported.")
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(row.values() for row in rows)
    return lines.getvalue(), f"{CSV}; charset=utf-8"
