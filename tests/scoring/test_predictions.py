"""Predictions are joined with the keys of their rows, one for one, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from airflow_sagemaker_automl.tables.predictions import OutputFormat, TableWriter, Unequal, joined

NAMES = ["predicted_label", "probability"]


def _keys(folder: Path, group: int = 1000, **columns: Any) -> Path:
    path = folder / "keys"
    pyarrow.parquet.write_table(pa.table(columns), path, row_group_size=group)
    return path


def _predicted(folder: Path, body: str) -> Path:
    path = folder / "predicted"
    path.write_bytes(body.encode())
    return path


def _joined(keys: Path, predicted: Path, *names: str) -> list[dict[str, Any]]:
    return [row for batch in joined(keys, predicted, names or NAMES) for row in batch.to_pylist()]


def test_rows_keep_their_order_and_words(tmp_path: Path) -> None:
    """Quotes and line breaks in labels; no number is changed on its way."""
    found = _joined(_keys(tmp_path, id=[7, None]), _predicted(tmp_path, '"yes, ""x""\ny",0.10\nNA,1e-7\n'))
    assert found == [
        {"id": 7, "predicted_label": 'yes, "x"\ny', "probability": "0.10"},
        {"id": None, "predicted_label": "NA", "probability": "1e-7"},
    ]


def test_batches_need_not_align(tmp_path: Path) -> None:
    """Keys are read by 65 536 rows and predictions by 8 MiB; none is lost in between."""
    count = 200_000
    keys = _keys(tmp_path, group=50_000, row=range(count))
    predicted = _predicted(tmp_path, "".join(f"{number},{'x' * 90}\n" for number in range(count)))
    rows = 0
    for batch in joined(keys, predicted, NAMES):
        assert batch.column("row").to_pylist() == [int(text) for text in batch.column(1).to_pylist()]
        rows += len(batch)
    assert rows == count


def test_one_column_may_be_empty(tmp_path: Path) -> None:
    """An empty line is a prediction where there is one column, and nothing where there are more."""
    keys = _keys(tmp_path, id=[1, 2, 3])
    assert [row["a"] for row in _joined(keys, _predicted(tmp_path, "x\n\ny\n"), "a")] == ["x", "", "y"]
    assert len(_joined(keys, _predicted(tmp_path, "x,1\n\ny,2\nz,3\n"))) == 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("a,1\n", "it has fewer predictions than rows"),
        ("a,1\nb,2\nc,3\n", "it has more predictions than rows"),
        ("a,1\nb,2,3\n", "it is not CSV with the columns predicted_label, probability"),
        ("a\nb\n", "it is not CSV with the columns predicted_label, probability"),
        ("", "it is not CSV with the columns predicted_label, probability"),
        ("\n", "predictions than rows|it is not CSV"),
    ],
)
def test_unequal_numbers_are_no_table(tmp_path: Path, body: str, reason: str) -> None:
    """Rather no score than that of another row."""
    with pytest.raises(Unequal, match=reason):
        _joined(_keys(tmp_path, id=[1, 2]), _predicted(tmp_path, body))


def test_many_more_predictions_are_found(tmp_path: Path) -> None:
    """Also if the rest begins a batch of its own."""
    body = f"{'x' * ((1 << 20) + (1 << 19))},1\nb,2\n"
    with pytest.raises(Unequal, match="more"):
        _joined(_keys(tmp_path, id=[1]), _predicted(tmp_path, body))


@pytest.mark.parametrize("output_format", ["csv", "parquet"])
def test_a_table_of_several_batches(tmp_path: Path, output_format: OutputFormat) -> None:
    """One header, all rows; numbers are numbers in Parquet, labels are text."""
    path = tmp_path / "scores"
    with TableWriter(path, output_format) as table:
        for number in range(2):
            predicted = {"predicted_label": [str(number)], "probability": [f"0.{number}"]}
            table.write(pa.RecordBatch.from_pydict({"id": pa.array([number], pa.int16()), **predicted}))
    assert (table.rows, table.columns) == (2, ["id", *NAMES])
    if output_format == "csv":
        assert path.read_bytes() == b"id,predicted_label,probability\n0,0,0.0\n1,1,0.1\n"
    else:
        read = pyarrow.parquet.read_table(path)
        assert list(map(str, read.schema.types)) == ["int16", "string", "double"]
        assert read.to_pydict() == {"id": [0, 1], "predicted_label": ["0", "1"], "probability": [0.0, 0.1]}


def test_a_number_that_is_none_is_told(tmp_path: Path) -> None:
    """A column of numbers with other text has no place in Parquet."""
    batch = pa.RecordBatch.from_pydict({"predicted_value": ["1.5", "nothing"]})
    with (
        pytest.raises(Unequal, match="predicted_value has values that are not numbers"),
        TableWriter(tmp_path / "scores", "parquet") as table,
    ):
        table.write(batch)
