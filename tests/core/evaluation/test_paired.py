"""Intervals of differences: 95 % of them cover the truth, with independent rows and with clusters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from airflow_sagemaker_automl.core.evaluation.metrics import estimate
from airflow_sagemaker_automl.core.evaluation.outcome import ComparisonOutcome, outcome_of
from airflow_sagemaker_automl.core.evaluation.paired import paired_difference
from airflow_sagemaker_automl.core.evaluation.record import PairedDifference
from airflow_sagemaker_automl.core.evaluation.rows import Codes, Floats, Predicted, Truth
from tests.support.examples import examples

_PAIRS = examples(1000)
# Large enough to be the truth.
_POPULATION = 400_000
_ROWS, _PER_CLUSTER = 600, 4


class _World:
    """Two models, and rows whose errors are alike within a cluster.

    :param metric: what is compared.
    :param alike: how much of a row is that of its cluster, from 0 to 1.
    """

    def __init__(self, metric: str, alike: float) -> None:
        self.metric, self.alike = metric, alike
        self.is_regression = metric in ("RMSE", "R2", "MAE")
        self.random = np.random.default_rng(1)

    def sample(self, rows: int) -> tuple[Truth, Predicted, Predicted, Codes]:
        clusters = np.repeat(np.arange(rows // _PER_CLUSTER, dtype=np.int32), _PER_CLUSTER)
        signal, first, second = (self._noise(clusters) for _ in range(3))
        if self.is_regression:
            truth = Truth(values=signal + self._noise(clusters))
            return truth, Predicted(values=signal + 0.5 * first), Predicted(values=signal + 0.6 * second), clusters
        positive = 1 / (1 + np.exp(-2 * signal)) > self.random.uniform(size=len(signal))
        truth = Truth(values=positive.astype(int), classes=("no", "yes"), positive=1)
        return truth, self._scored(signal + 0.7 * first), self._scored(signal + 0.9 * second), clusters

    def _noise(self, clusters: Codes) -> Floats:
        common = self.random.normal(size=clusters[-1] + 1)[clusters]
        own = self.random.normal(size=len(clusters))
        noise: Floats = math.sqrt(self.alike) * common + math.sqrt(1 - self.alike) * own
        return noise

    def _scored(self, score: Floats) -> Predicted:
        chance = 1 / (1 + np.exp(-score))
        return Predicted(values=(chance > 0.5).astype(int), probabilities=np.column_stack([1 - chance, chance]))

    def difference(self, rows: int, *, clustered: bool) -> PairedDifference:
        truth, candidate, champion, clusters = self.sample(rows)
        both = [estimate(self.metric, truth, model) for model in (candidate, champion)]
        return paired_difference(self.metric, both[0], both[1], clusters if clustered else None)


@pytest.mark.parametrize("metric", ["Accuracy", "F1", "AUC", "RMSE"])
@pytest.mark.parametrize("alike", [0.0, 0.6], ids=["independent", "clusters"])
def test_95_percent_of_the_intervals_cover_the_truth(metric: str, alike: float) -> None:
    """Between 93 and 97 % of a thousand pairs; a shorter run allows for its own error, too."""
    world = _World(metric, alike)
    truth = world.difference(_POPULATION, clustered=False).improvement
    found = [world.difference(_ROWS, clustered=alike > 0).interval(0.95) for _ in range(_PAIRS)]
    covered = sum(low <= truth <= high for low, high in found) / _PAIRS
    allowed = 0.02 + (0 if _PAIRS >= 1000 else 2 * math.sqrt(0.95 * 0.05 / _PAIRS))
    assert 0.95 - allowed <= covered <= 0.95 + allowed


def test_clusters_that_are_overlooked_promise_too_much() -> None:
    """So rows of one customer have to be named as such."""
    world = _World("RMSE", 0.9)
    truth, candidate, champion, clusters = world.sample(_POPULATION)
    both = [estimate("RMSE", truth, model) for model in (candidate, champion)]
    overlooked, seen = (paired_difference("RMSE", both[0], both[1], known) for known in (None, clusters))
    assert seen.standard_error > 1.2 * overlooked.standard_error
    assert (seen.improvement, seen.units) == (overlooked.improvement, _POPULATION // _PER_CLUSTER)


def test_a_mean_has_the_interval_of_the_paired_t_test() -> None:
    """Computed by scipy, from the differences of the rows."""
    world = _World("MAE", 0.0)
    truth, candidate, champion, _ = world.sample(_ROWS)
    found = paired_difference("MAE", estimate("MAE", truth, candidate), estimate("MAE", truth, champion))
    errors = [np.abs(model.values - truth.values) for model in (champion, candidate)]
    low, high = stats.ttest_rel(*errors).confidence_interval(0.95)
    assert found.interval(0.95) == pytest.approx((low, high))


def test_equal_predictions_tie_exactly() -> None:
    """The interval is the point 0, whatever the metric."""
    truth, candidate, _, _ = _World("F1", 0.0).sample(100)
    both = estimate("F1", truth, candidate)
    found = paired_difference("F1", both, both)
    assert (found.improvement, found.interval(0.95)) == (0.0, (0.0, 0.0))
    assert (found.chance_below(0.0), found.chance_below(-0.01)) == (1.0, 0.0)


def test_one_cluster_says_nothing() -> None:
    """Its standard error is infinite, so every result is inconclusive."""
    truth, candidate, champion, clusters = _World("F1", 0.0).sample(100)
    both = [estimate("F1", truth, model) for model in (candidate, champion)]
    found = paired_difference("F1", both[0], both[1], np.zeros_like(clusters))
    assert math.isinf(found.standard_error)


@pytest.mark.parametrize(
    ("low", "high", "margin", "outcome"),
    [
        (0.01, 0.03, 0.0, ComparisonOutcome.BETTER),
        (0.01, 0.03, 0.02, ComparisonOutcome.NOT_WORSE),
        (0.02, 0.03, 0.02, ComparisonOutcome.BETTER),
        (0.0, 0.0, 0.0, ComparisonOutcome.NOT_WORSE),
        (-0.01, 0.02, 0.0, ComparisonOutcome.INCONCLUSIVE),
        (-0.01, 0.02, -0.02, ComparisonOutcome.NOT_WORSE),
        (-0.015, -0.005, -0.02, ComparisonOutcome.NOT_WORSE),
        (-0.03, -0.005, -0.02, ComparisonOutcome.WORSE),
        (-0.03, 0.001, -0.02, ComparisonOutcome.INCONCLUSIVE),
        (-math.inf, math.inf, -0.5, ComparisonOutcome.INCONCLUSIVE),
    ],
)
def test_an_interval_has_one_of_four_meanings(low: float, high: float, margin: float, outcome: str) -> None:
    """A negative margin is a loss that is allowed."""
    assert outcome_of(low, high, margin) is outcome
