"""Holm's procedure rejects what the closed testing of all intersections rejects."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl.core.evaluation.holm import holm_adjusted

CHANCES = st.lists(st.floats(0, 1), max_size=7)


def closed(chances: list[float], place: int) -> float:
    """Adjust a p-value by closed testing: the largest Bonferroni p-value of all sets of tests with this one."""
    others = [other for other in range(len(chances)) if other != place]
    sets = [(place, *more) for size in range(len(chances)) for more in combinations(others, size)]
    return max(min(1.0, len(tests) * min(chances[each] for each in tests)) for tests in sets)


@given(chances=CHANCES)
def test_it_is_closed_testing_with_bonferroni(chances: list[float]) -> None:
    """The definition that the procedure is a shortcut of, for any p-values."""
    assert holm_adjusted(chances) == pytest.approx([closed(chances, place) for place in range(len(chances))])


def test_an_example_by_hand() -> None:
    """Three tests: 3 × 0.01, then 2 × 0.02, then 0.04, and never less than before."""
    assert holm_adjusted([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm_adjusted([]) == []
