"""Which labels a classifier can learn."""

from __future__ import annotations

from dataclasses import replace

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.table import Split

# With fewer, the three parts of the data cannot all have the value.
FEWEST_ROWS_OF_A_VALUE = 5


def learnable(split: Split, target: str) -> Split:
    """Drop training rows of rare labels, which cost much time and teach nothing; as other rows they count as errors.

    :raises UnusableData: the labels have fewer than two values that are frequent enough, or no metric can judge them.
    """
    labels = split.labels(target)
    counts = labels.value_counts()
    frequent = counts.index[counts >= FEWEST_ROWS_OF_A_VALUE]
    if len(frequent) < 2:
        raise UnusableData(
            f"The target column {target!r} has {len(counts)} different values in {len(labels)} rows, of which "
            f"{'one occurs' if len(frequent) else 'none occurs'} {FEWEST_ROWS_OF_A_VALUE} times or more; a "
            "classification needs two such values."
        )
    if not split.validation[target].isin(frequent).any():
        raise UnusableData(
            f"None of the values of {target!r} in the validation rows is frequent enough to be learned, "
            "so no metric would say anything about a model."
        )
    rare = len(counts) - len(frequent)
    if not rare:
        return split
    train = split.train[split.train[target].isin(frequent)].reset_index(drop=True)
    note = f"{rare} values of {target!r} occur in fewer than {FEWEST_ROWS_OF_A_VALUE} rows each; no model learns them."
    return replace(split, train=train, notes=(*split.notes, note))
