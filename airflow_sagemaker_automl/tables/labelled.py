"""Read tables of scored rows whose labels are known, for an evaluation."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from numpy.typing import NDArray

_BATCH = 1 << 16
_WHOLE = re.compile(r"-?\d+\.0+")
_NUMBER, _LABEL, _PROBABILITIES, _LABELS = "predicted_value", "predicted_label", "probabilities", "labels"


class Unevaluable(Exception):
    """A table cannot be evaluated; the message says why, as a clause."""


@dataclass(frozen=True)
class ScoredTable:
    """A table of scores; each column is read when it is needed, so that memory does not hold all of them.

    :param path: Parquet, as a scoring wrote it.
    """

    path: Path

    @cached_property
    def _schema(self) -> Any:
        return pyarrow.parquet.read_schema(self.path)

    def __len__(self) -> int:
        return int(pyarrow.parquet.read_metadata(self.path).num_rows)

    def codes(self, column: str) -> tuple[NDArray[np.int32], list[Any]]:
        """Return a column as categories.

        :return: the category of each row as its place, and the categories; None is a missing value.
        """
        encoded = self._whole(column)
        if not pa.types.is_dictionary(encoded.type):
            encoded = encoded.dictionary_encode()
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
        values = encoded.dictionary.to_pylist()
        if (codes < 0).any():
            codes[codes < 0] = len(values)
            values.append(None)
        # A category may have no rows.
        used, codes = np.unique(codes, return_inverse=True)
        return codes.astype(np.int32), [values[code] for code in used]

    def is_number(self, column: str) -> bool:
        """Tell whether a column has numbers."""
        kind = self._schema.field(column).type
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column as numbers; a missing value is NaN.

        :raises Unevaluable: it has other values.
        """
        whole = self._whole(column)
        if pa.types.is_dictionary(whole.type):
            whole = whole.dictionary_decode()
        if pa.types.is_string(whole.type):
            whole = pc.replace_with_mask(whole, pc.equal(whole, ""), pa.scalar(None, pa.string()))
        try:
            values = pc.cast(whole, pa.float64())
        except pa.ArrowException as error:
            raise Unevaluable(f"{column!r} has values that are not numbers ({str(error).splitlines()[0]})") from error
        found: NDArray[np.float64] = pc.fill_null(values, float("nan")).to_numpy(zero_copy_only=False)
        return found

    @property
    def predicted_numbers(self) -> NDArray[np.float64]:
        """The predicted numbers.

        :raises Unevaluable: one is missing.
        """
        values = self.numbers(_NUMBER)
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            raise Unevaluable(f"{len(wrong)} predictions are no numbers, the first in row {wrong[0] + 1}")
        return values

    @property
    def predicted_labels(self) -> tuple[NDArray[np.int32], list[Any]]:
        """The predicted label of each row as its place, and the labels."""
        return self.codes(_LABEL)

    @property
    def has_probabilities(self) -> bool:
        """Whether it has the probability of each class."""
        return {_PROBABILITIES, _LABELS} <= set(self._schema.names)

    @property
    def known_labels(self) -> list[str]:
        """The labels that the model knows, in its order."""
        return list(dict.fromkeys(label for order in self.codes(_LABELS)[1] for label in _labels(order)))

    def probabilities(self, classes: Sequence[str]) -> NDArray[np.float32]:
        """Return the probability of each class (rows × classes); 0 for a class that the model does not know.

        :raises Unevaluable: they cannot be read.
        """
        codes, orders = self.codes(_LABELS)
        found = np.zeros((len(self), len(classes)), dtype=np.float32)
        first = 0
        with pyarrow.parquet.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=[_PROBABILITIES]):
                texts, of_batch = batch.column(0).to_pylist(), codes[first : first + len(batch)]
                for code in np.unique(of_batch):
                    labels = _labels(orders[code])
                    rows = np.flatnonzero(of_batch == code)
                    read = _lists([texts[row] for row in rows], len(labels))
                    for place, label in enumerate(labels):
                        if label in classes:
                            found[first + rows, classes.index(label)] = read[:, place]
                first += len(batch)
        return found

    def same_columns(self, other: ScoredTable, columns: Sequence[str]) -> bool:
        """Tell whether two tables have the same rows, as far as some columns tell."""
        return len(self) == len(other) and all(self._text(name).equals(other._text(name)) for name in columns)

    def _text(self, column: str) -> Any:
        return pc.cast(self._whole(column, as_dictionary=False), pa.string())

    def _whole(self, column: str, *, as_dictionary: bool = True) -> Any:
        is_text = pa.types.is_string(self._schema.field(column).type)
        texts = [column] if is_text and as_dictionary else []
        chunks = pyarrow.parquet.read_table(self.path, columns=[column], read_dictionary=texts).column(0)
        if pa.types.is_dictionary(chunks.type):
            chunks = chunks.unify_dictionaries()
        whole = chunks.combine_chunks()
        return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _labels(order: Any) -> list[str]:
    """Read the labels of a row's probabilities: JSON, or as Python writes a list."""
    try:
        return as_text(ast.literal_eval(str(order)))
    except (ValueError, SyntaxError) as error:
        raise Unevaluable(f"{_LABELS} has {order!r}, which is no list of labels") from error


def _lists(texts: Sequence[Any], length: int) -> NDArray[np.float64]:
    """Read lists of numbers in text: ``[0.1, 0.9]``."""
    try:
        flat = np.fromstring(",".join(text.strip("[] ") for text in texts), sep=",")
        return flat.reshape(len(texts), length)
    except (AttributeError, ValueError) as error:
        raise Unevaluable(f"{_PROBABILITIES} has values that are no lists of {length} numbers") from error


def as_text(values: Sequence[Any]) -> list[str]:
    """Write labels as the containers answer them: a whole number without decimals."""
    return [_as_text(value) for value in values]


def _as_text(value: Any) -> str:
    written = str(value)
    return written.partition(".")[0] if not isinstance(value, bool) and _WHOLE.fullmatch(written) else written
