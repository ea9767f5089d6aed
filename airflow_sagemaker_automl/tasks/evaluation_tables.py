"""The scores of candidate and champion as arrays, and their comparison."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_sagemaker_automl.core.evaluation.comparison import Comparison
from airflow_sagemaker_automl.core.evaluation.metrics import measurable
from airflow_sagemaker_automl.core.evaluation.record import EvaluationRecord
from airflow_sagemaker_automl.core.evaluation.rows import NO_CLASS, Codes, Floats, Predicted, Truth
from airflow_sagemaker_automl.core.evaluation.slices import SliceColumn, of_categories, of_numbers
from airflow_sagemaker_automl.core.evaluation.statistics import calibration, model_quality
from airflow_sagemaker_automl.exceptions import EvaluationImpossible, EvaluationIncomplete
from airflow_sagemaker_automl.hooks import s3_objects
from airflow_sagemaker_automl.tables.labelled import ScoredTable, Unevaluable, as_text

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.evaluation.arguments import EvaluationArguments
    from airflow_sagemaker_automl.tasks.base import SageMakerTask

_REGRESSION, _BINARY = "Regression", "BinaryClassification"
_TWO = 2
_MOST_SHOWN = 5
# Each slice is a comparison of its own, and a part of the report.
_MOST_CATEGORIES = 1000
# Of codes that only look like numbers, such as zip codes.
_LEADING_ZERO = re.compile(r"-?0\d")
_CLEAR = "clear the task to score the present files with both models"


def read_scores(task: SageMakerTask, data: str, result: Mapping[str, Any], path: Path) -> ScoredTable:
    """Read the scores of a model.

    :param data: S3 URI of the rows.
    :param result: of the scoring.
    :param path: file for them, which must exist as long as they are used.
    :raises EvaluationIncomplete: they were deleted.
    """
    uri = result["output_uri"]
    if not task.call_with_retries(lambda hook: s3_objects.download(hook.s3, uri, path)):
        raise EvaluationIncomplete(data, f"{uri} was deleted while it was read. A retry scores again.")
    return ScoredTable(path)


def compare(
    asked: EvaluationArguments,
    tables: Mapping[str, ScoredTable],
    *,
    facts: Mapping[str, Any],
    problem_type: str,
    label: str,
) -> tuple[EvaluationRecord, Described]:
    """Compare the scores of one or two models.

    :param tables: role → scores; the candidate's come first.
    :param facts: members of the record that are known.
    :param problem_type: of the candidate, as in
        :data:`~airflow_sagemaker_automl.core.values.metric_names.OF_PROBLEM_TYPE`.
    :param label: the column that has the labels.
    :return: the record, and what describes each model on its own.
    :raises EvaluationImpossible: the rows do not tell how good a model is.
    """
    try:
        rows = _Rows(asked, tables, problem_type, label)
        comparison, metrics = rows.comparison(), rows.metrics()
        record = EvaluationRecord(
            **facts,
            rows=len(comparison.truth),
            confidence=float(asked.confidence),
            metrics=comparison.measured(metrics),
            slices=tuple(comparison.sliced(rows.slices(), metrics)),
        )
        return record, Described.of(comparison, record)
    except Unevaluable as error:
        raise EvaluationImpossible(str(asked.data), f"{error}.") from error


@dataclass(frozen=True, kw_only=True)
class Described:
    """What describes each model on the rows.

    :param statistics: the candidate's model quality report.
    :param calibration: role → how well its probabilities are calibrated; without roles that give none.
    """

    statistics: Mapping[str, Any]
    calibration: Mapping[str, Any]

    @classmethod
    def of(cls, comparison: Comparison, record: EvaluationRecord) -> Described:
        """Describe the models of a comparison."""
        models = {"candidate": comparison.candidate, "champion": comparison.champion}
        found = {role: calibration(comparison.truth, model) for role, model in models.items() if model is not None}
        return cls(
            statistics=model_quality(comparison.truth, comparison.candidate, record.metrics),
            calibration={role: each for role, each in found.items() if each is not None},
        )


class _Rows:
    """The rows of the scores, which all models share.

    :param tables: role → scores; the candidate's come first.
    """

    def __init__(
        self, asked: EvaluationArguments, tables: Mapping[str, ScoredTable], problem_type: str, label: str
    ) -> None:
        self._asked, self._roles, self._label = asked, tables, label
        self._tables = list(tables.values())
        self._first = self._tables[0]
        self._is_regression = problem_type == _REGRESSION
        self._problem_type = problem_type
        self._has_probabilities = not self._is_regression and all(each.has_probabilities for each in self._tables)
        self._require_same_rows()

    def comparison(self) -> Comparison:
        """Return what is compared.

        :raises Unevaluable: there are too few rows, only one class, or labels that no model knows.
        """
        truth = self._truth()
        predicted = [self._predicted(role, table, truth) for role, table in self._roles.items()]
        champion = predicted[1] if len(predicted) > 1 else None
        found = Comparison(truth=truth, candidate=predicted[0], champion=champion, clusters=self._clusters())
        fewest = int(self._asked.minimum_rows)
        if len(truth) < fewest:
            raise Unevaluable(f"it has {len(truth)} rows, and minimum_rows is {fewest}")
        if why := found.why_not_judged():
            raise Unevaluable(why)
        return found

    def metrics(self) -> list[str]:
        """List the metrics to compute.

        :raises Unevaluable: one that is asked for cannot be computed.
        """
        known = measurable(self._problem_type, has_probabilities=self._has_probabilities)
        wrong = [metric for metric in self._asked.metrics if metric not in known]
        if wrong:
            why = "" if self._has_probabilities or self._is_regression else ", because a model gives no probabilities"
            raise Unevaluable(f"{', '.join(wrong)} cannot be computed{why}; known are {', '.join(known)}")
        return list(self._asked.metrics) or known

    def slices(self) -> list[SliceColumn]:
        """Return the columns by which rows are sliced."""
        return [self._slice_column(name) for name in self._asked.slices]

    def _slice_column(self, name: str) -> SliceColumn:
        codes, values = self._first.codes(name)
        numbers = self._numbers_of(name, values)
        if numbers is not None:
            return of_numbers(name, numbers)
        if len(values) > _MOST_CATEGORIES:
            rule = f"slices by {name!r} would be {len(values)}; choose a column with at most {_MOST_CATEGORIES} values"
            raise Unevaluable(rule)
        return of_categories(name, values, codes)

    def _numbers_of(self, name: str, values: list[Any]) -> Floats | None:
        """Return a column as numbers; None if it has categories."""
        if any(_LEADING_ZERO.match(str(value)) for value in values):
            return None
        try:
            return self._first.numbers(name)
        except Unevaluable:
            return None

    def _require_same_rows(self) -> None:
        shared = [self._label, *self._asked.slices, *self._asked.cluster_columns]
        for other in self._tables[1:]:
            if len(other) != len(self._first):
                counts = f"{len(self._first)} rows of the candidate, {len(other)} of the champion"
                raise Unevaluable(f"the models have not scored the same rows ({counts}); {_CLEAR}")
            if not self._first.same_columns(other, list(dict.fromkeys(shared))):
                names = ", ".join(map(repr, dict.fromkeys(shared)))
                raise Unevaluable(f"the models have not scored the same rows (other values in {names}); {_CLEAR}")

    def _truth(self) -> Truth:
        weights = self._first.numbers(self._asked.weights) if self._asked.weights else None
        if weights is not None and not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
            raise Unevaluable(f"{self._asked.weights!r} must have weights of 0 or more in all rows")
        if self._is_regression:
            values = self._first.numbers(self._label)
            if not np.isfinite(values).all():
                raise Unevaluable(f"{int((~np.isfinite(values)).sum())} rows have no number as {self._label!r}")
            return Truth(values=values, weights=weights)
        codes, found = self._first.codes(self._label)
        if None in found or "" in found:
            raise Unevaluable(f"there are rows without {self._label!r}")
        classes = self._classes(as_text(found))
        places = np.array([classes.index(label) for label in as_text(found)], dtype=np.int32)
        return Truth(
            values=places[codes],
            classes=tuple(classes),
            positive=self._positive(classes) if self._problem_type == _BINARY else None,
            weights=weights,
        )

    def _classes(self, found: list[str]) -> list[str]:
        """Return the classes in the order of the models.

        :raises Unevaluable: a label is not one of them.
        """
        if len(found) < _TWO:
            raise Unevaluable(f"all rows have the same {self._label!r}: {found[0]!r}")
        if not self._has_probabilities:
            return sorted(found)
        known = list(dict.fromkeys(label for table in self._tables for label in table.known_labels))
        unknown = sorted(set(found) - set(known))
        if unknown:
            shown = ", ".join(map(repr, unknown[:_MOST_SHOWN]))
            raise Unevaluable(f"no model knows the label {shown}; they know {', '.join(map(repr, known))}")
        return known

    def _positive(self, classes: list[str]) -> int:
        """Return the positive class: the one that is asked for, else the last in the order of the models."""
        asked = self._asked.positive_label
        if asked is None or asked == "":
            return len(classes) - 1
        (name,) = as_text([asked])
        if name not in classes:
            raise Unevaluable(f"positive_label = {asked!r} is not a label; known are {', '.join(classes)}")
        return classes.index(name)

    def _predicted(self, role: str, table: ScoredTable, truth: Truth) -> Predicted:
        try:
            return self._read_predictions(table, truth)
        except Unevaluable as error:
            advice = "The scores are unusable: check the container's log of its transform job, then clear the task"
            raise Unevaluable(f"the {role}: {error}. {advice}") from error

    def _read_predictions(self, table: ScoredTable, truth: Truth) -> Predicted:
        if self._is_regression:
            return Predicted(values=table.predicted_numbers)
        codes, found = table.predicted_labels
        names = as_text(found)
        places = np.array([truth.classes.index(name) if name in truth.classes else NO_CLASS for name in names])
        unknown = [name for name, place in zip(names, places, strict=True) if place == NO_CLASS]
        if len(unknown) == len(names):
            shown = ", ".join(map(repr, unknown[:_MOST_SHOWN]))
            raise Unevaluable(f"it answers none of the labels {', '.join(truth.classes)}, but {shown}")
        probabilities = table.probabilities(truth.classes) if self._has_probabilities else None
        if probabilities is not None and not (is_number := np.isfinite(probabilities).all(axis=1)).all():
            wrong = np.flatnonzero(~is_number)
            raise Unevaluable(f"{len(wrong)} rows have probabilities that are no numbers, first row {wrong[0] + 1}")
        return Predicted(values=places[codes], probabilities=probabilities)

    def _clusters(self) -> Codes | None:
        columns = self._asked.cluster_columns
        if not columns:
            return None
        table = np.column_stack([self._first.codes(name)[0] for name in columns])
        _, clusters = np.unique(table, axis=0, return_inverse=True)
        return clusters.ravel()
