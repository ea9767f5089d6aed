"""The target column: numbers or text, whatever its type in the file."""

from __future__ import annotations

import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.values import is_numeric, text_of, too_large


def plain_labels(column: pd.Series) -> pd.Series:
    """Convert labels to numbers or text; truth values, dates and mixed types become text such as ``True``.

    Labels select columns of probabilities, are keys of reports and values of JSON, where only these two work.

    :raises UnusableData: a number is infinite or too large.
    """
    if not is_numeric(column):
        texts = column.map(text_of, na_action="ignore").astype(object)
        # An empty text is a missing value in CSV.
        return texts.where(texts.map(lambda text: isinstance(text, str) and bool(text.strip())))
    wrong = too_large(column)
    if wrong.any():
        raise UnusableData(
            f"The target column {column.name!r} has {int(wrong.sum())} values that are infinite or too large to "
            f"compute with; the first is {column[wrong].iloc[0]}."
        )
    known = column.dropna()
    if len(known) < len(column) and pd.api.types.is_float_dtype(column) and (known % 1 == 0).all():
        # Whole numbers are only read as floats because of the missing ones.
        return column.astype("Int64").astype(object).where(column.notna())
    return column
