"""Compute the metrics of a candidate, and compare it with the champion, on the same labelled rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airflow_sagemaker_automl.core.evaluation.metrics import OF_PREDICTED_CLASSES, estimate
from airflow_sagemaker_automl.core.evaluation.paired import independent_units, paired_difference, standard_error
from airflow_sagemaker_automl.core.evaluation.record import MetricResult, SliceResult
from airflow_sagemaker_automl.core.evaluation.rows import Codes, Predicted, Truth
from airflow_sagemaker_automl.core.evaluation.slices import SliceColumn

# Below these, the approximations behind the intervals do not hold.
FEWEST_ROWS = 30
FEWEST_OF_A_CLASS = 10


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models, or one, on the same rows.

    :param truth: what is known of the rows.
    :param candidate: what the candidate predicted.
    :param champion: what the champion predicted; None without a champion.
    :param clusters: number of each row's cluster, whose rows are not independent. Default: all rows are independent.
    """

    truth: Truth
    candidate: Predicted
    champion: Predicted | None = None
    clusters: Codes | None = None

    def at(self, chosen: NDArray[Any]) -> Comparison:
        """Return the comparison on some of the rows."""
        clusters = None
        if self.clusters is not None:
            _, clusters = np.unique(self.clusters[chosen], return_inverse=True)
        return Comparison(
            truth=self.truth.at(chosen),
            candidate=self.candidate.at(chosen),
            champion=self.champion.at(chosen) if self.champion else None,
            clusters=clusters,
        )

    def measured(self, metrics: Sequence[str]) -> tuple[MetricResult, ...]:
        """Compute metrics.

        :param metrics: SageMaker's names.
        :return: without those for which there are too few rows: a precision of few predictions has no interval.
        """
        return tuple(self._measured(metric) for metric in metrics if self._has_enough_for(metric))

    def _has_enough_for(self, metric: str) -> bool:
        """Tell whether a metric has an interval: a precision is one of the rows for which a class is predicted."""
        if metric not in OF_PREDICTED_CLASSES:
            return True
        positive = self.truth.positive
        classes = self.truth.present if positive is None else [positive]
        models = [model for model in (self.candidate, self.champion) if model is not None]
        used = self.truth.weight > 0
        return all((model.values[used] == code).sum() >= FEWEST_OF_A_CLASS for model in models for code in classes)

    def _measured(self, metric: str) -> MetricResult:
        candidate = estimate(metric, self.truth, self.candidate)
        champion = estimate(metric, self.truth, self.champion) if self.champion else None
        return MetricResult(
            metric=metric,
            candidate=candidate.value,
            standard_error=standard_error(candidate.influence, self.clusters),
            units=independent_units(len(self.truth), self.clusters),
            champion=champion.value if champion else None,
            difference=paired_difference(metric, candidate, champion, self.clusters) if champion else None,
        )

    def sliced(self, columns: Sequence[SliceColumn], metrics: Sequence[str]) -> Iterator[SliceResult]:
        """Compute metrics for each slice; a slice with too few rows is not judged."""
        for column in columns:
            for value, chosen in column.slices():
                part = self.at(chosen)
                why_not = part.why_not_judged()
                yield SliceResult(
                    column=column.name,
                    value=value,
                    rows=len(part.truth),
                    metrics=() if why_not else part.measured(metrics),
                    why_not=why_not,
                )

    def why_not_judged(self) -> str:
        """Say why there are too few rows for an interval; empty if there are enough."""
        used = self.truth.weight > 0
        units = independent_units(int(used.sum()), None if self.clusters is None else self.clusters[used])
        if units < FEWEST_ROWS:
            of = "rows" if self.clusters is None else "clusters"
            return f"it has {units} {of}, and at least {FEWEST_ROWS} are needed"
        if not self.truth.classes:
            return "" if np.ptp(self.truth.values[used]) > 0 else "all its rows have the same label"
        counts = np.bincount(self.truth.values[used], minlength=len(self.truth.classes))
        rare = int(counts.argmin())
        if counts[rare] < FEWEST_OF_A_CLASS:
            name = self.truth.classes[rare]
            return f"it has {counts[rare]} rows of class {name!r}, and at least {FEWEST_OF_A_CLASS} are needed"
        return ""
