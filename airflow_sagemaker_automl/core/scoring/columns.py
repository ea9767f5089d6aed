"""Which columns of a table a model needs, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.core.values.literals import at, text
from airflow_sagemaker_automl.core.values.wording import did_you_mean
from airflow_sagemaker_automl.exceptions import Violation

_MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class TrainingColumns:
    """The columns of a model's training data that have a part of their own.

    :param problem_type: ``Tabular``, ``TextClassification``, ``TimeSeriesForecasting`` and so on.
    :param left_out: columns that the training data has and a request for a prediction does not: target and weights.
    :param only: the columns that the model reads; empty for all that are not left out.
    """

    problem_type: str
    left_out: frozenset[str] = frozenset()
    only: tuple[str, ...] = ()

    @classmethod
    def of_job(cls, problem_type: str, settings: Mapping[str, Any]) -> TrainingColumns:
        """Read them from a job.

        :param settings: the members of the problem type's configuration.
        """
        if problem_type == "TextClassification":
            content = text(settings.get("ContentColumn"))
            return cls(problem_type=problem_type, only=(content,) if content else ())
        if problem_type == "TimeSeriesForecasting":
            # A forecast is made of the past, so the target is needed.
            return cls(problem_type=problem_type)
        names = (text(settings.get(member)) for member in ("TargetAttributeName", "SampleWeightAttributeName"))
        return cls(problem_type=problem_type, left_out=frozenset(filter(None, names)))

    def expected(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that the container expects, in order.

        :param header: the columns of the training data, in order.
        """
        return self.only or tuple(name for name in header if name not in self.left_out)


def time_series_keys(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that identify a forecast: item, grouping columns and timestamp."""
    config = at(settings, "TimeSeriesConfig") or {}
    names = [config.get("ItemIdentifierAttributeName"), *config.get("GroupingAttributeNames", [])]
    return tuple(name for name in (*names, config.get("TimestampAttributeName")) if name)


def column_violations(expected: Sequence[str], found: Sequence[str], keys: Sequence[str], uri: str) -> list[Violation]:
    """List the columns that a file lacks, each with the most similar name that it has.

    :param expected: columns that the model needs.
    :param found: columns of the file.
    :param keys: key columns.
    :param uri: the file.
    """
    missing = [name for name in expected if name not in found]
    shown = [f"{name!r}{did_you_mean(name, found)}" for name in missing[:_MOST_SHOWN]]
    more = f" and {len(missing) - _MOST_SHOWN} more" if len(missing) > _MOST_SHOWN else ""
    violations = []
    if missing:
        rule = f"needs the columns that the model was trained on; {uri} has no {', '.join(shown)}{more}"
        if len(missing) == len(expected):
            rule += ". Its first line must have the names of the columns"
        violations.append(Violation("data", None, rule))
    for name in keys:
        if name not in found:
            rule = f"must be a column of the data; {uri} has none of this name{did_you_mean(name, found)}"
            violations.append(Violation("key_columns", name, rule))
    return violations
