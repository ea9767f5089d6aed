"""Rows of an evaluation that are in a model's training data, too."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.exceptions import DataNotScorable, EvaluationImpossible
from airflow_sagemaker_automl.hooks.s3_objects import RangeReader, is_forbidden, is_no_bucket, table_objects
from airflow_sagemaker_automl.tables.reading import TableFile
from airflow_sagemaker_automl.tables.text import as_text

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.s3_objects import StoredObject
    from airflow_sagemaker_automl.tasks.base import SageMakerTask
    from airflow_sagemaker_automl.tasks.scoring_version import ScoringVersion

# The first rows of both: a check of bounded time and memory, which finds a copied part and not every copied row.
_MOST_TESTED, _MOST_TRAINED = 10_000, 200_000
_BUFFER = 1 << 23


@dataclass(frozen=True)
class Overlap:
    """What comparing the first rows has found.

    :param tested: how many rows of the evaluation were compared.
    :param trained: with how many rows of the training data.
    :param seen: how many of the rows are in both, with the same values in all columns that both have.
    """

    tested: int
    trained: int
    seen: int


def require_unseen(task: SageMakerTask, data: str, model: ScoringVersion) -> Overlap | None:
    """Require that none of the files is a training file of a model, and count the rows that it has seen.

    :param data: S3 URI of the evaluation's rows.
    :return: None if that cannot be found out.
    :raises EvaluationImpossible: a file is one of the training, by its address or its content.
    """
    uri = model.job.channels.get("training") if model.job else None
    if not uri:
        return None
    try:
        trained, tested = (task.call_with_retries(partial(_objects, place)) for place in (uri, data))
    except Exception as error:
        if not (is_forbidden(error) or is_no_bucket(error)):
            raise
        task.log.info("Whether rows are in the training data is not checked: %s", error)
        return None
    known = {each.uri for each in trained} | {each.etag for each in trained}
    same = [each.uri for each in tested if each.size and {each.uri, each.etag} & known]
    if same:
        reason = f"{same[0]} is training data of {model.arn} ({uri}). Evaluate on rows that no model has seen."
        raise EvaluationImpossible(data, reason)
    found = overlap(task, tested, trained)
    if found is not None and found.seen:
        words = "%s of the first %s rows are in the training data of %s, too: its metrics are too good"
        task.log.warning(words, found.seen, found.tested, model.arn)
    return found


def overlap(task: SageMakerTask, tested: Sequence[StoredObject], trained: Sequence[StoredObject]) -> Overlap | None:
    """Count the rows that are in the training data, too, among the first rows of both.

    :param tested: files of the evaluation.
    :param trained: files of the training data.
    :return: None if the training data cannot be read any more, or no column is the same.
    """

    def compare(hook: SageMakerAutoMLHook) -> Overlap | None:
        tables = [[_table(hook, file) for file in files if file.size] for files in (tested, trained)]
        if not all(tables):
            return None
        names = [name for name in tables[1][0].schema() if name in tables[0][0].schema()]
        if not names:
            return None
        known = set(islice(_rows(tables[1], names), _MOST_TRAINED))
        rows = list(islice(_rows(tables[0], names), _MOST_TESTED))
        return Overlap(len(rows), len(known), sum(row in known for row in rows))

    try:
        return task.call_with_retries(compare)
    except Exception as error:
        if not (is_forbidden(error) or is_no_bucket(error) or isinstance(error, DataNotScorable)):
            raise
        task.log.info("Whether rows are in the training data is not checked: %s", error)
        return None


def _objects(uri: str, hook: SageMakerAutoMLHook) -> list[StoredObject]:
    return table_objects(hook.s3, uri)[0]


def _table(hook: SageMakerAutoMLHook, file: StoredObject) -> TableFile:
    kept: dict[int, bytes] = {}
    return TableFile(lambda: io.BufferedReader(RangeReader(hook.s3, file, kept), _BUFFER), file.uri)


def _rows(tables: Sequence[TableFile], names: Sequence[str]) -> Iterator[int]:
    """Yield a number for each row; equal rows have the same."""
    for table in tables:
        for rows in table.rows(names):
            columns: list[list[Any]] = [as_text(rows.columns[name]).to_pylist() for name in names]
            yield from map(hash, zip(*columns, strict=True))
