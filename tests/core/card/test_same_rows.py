"""An evaluation on the same rows is in the card, with both models and the interval of the difference."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st

from airflow_sagemaker_automl.core.card.same_rows import evaluated_rows
from airflow_sagemaker_automl.core.card.schema import require_valid
from airflow_sagemaker_automl.rendering.headline import headline
from tests.support.cards import EVALUATED_VERDICT

_EVALUATION: dict[str, Any] = EVALUATED_VERDICT["evaluation"]
(_METRIC,) = _EVALUATION["metrics"]
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
)


def test_both_models_are_shown_with_the_interval() -> None:
    """The candidate comes first, so that the page's headline is its value on rows that it has not seen."""
    (item,) = evaluated_rows(_EVALUATION)
    require_valid({"evaluation_details": [item]})
    assert item["evaluation_observation"].startswith("600 labelled rows, scored by both models.")
    values = {group["name"]: group["metric_data"][0] for group in item["metric_groups"]}
    assert [(name, metric["value"]) for name, metric in values.items()] == [
        ("Holdout data", 0.91),
        ("Champion on holdout data", 0.88),
        ("Improvement", 0.03),
    ]
    assert values["Improvement"]["notes"] == "95 % interval: 0.01 to 0.05 (delta method)"
    shown = headline({"evaluation_details": [item]})
    assert shown is not None
    assert (shown.source, shown.figures[0].value) == ("Holdout data", "0.9100")


def test_a_candidate_alone_is_shown_alone() -> None:
    """The section says that there was nobody to compare with, or why the champion could not score."""
    alone = {**_METRIC, "champion": None, "difference": None}
    (item,) = evaluated_rows({**_EVALUATION, "champion": None, "metrics": [alone]})
    assert [group["name"] for group in item["metric_groups"]] == ["Holdout data"]
    assert item["evaluation_observation"] == "600 labelled rows; the group had no champion to compare with."
    (item,) = evaluated_rows({**_EVALUATION, "reason": "no column 'age'", "metrics": [alone]})
    assert item["evaluation_observation"] == "600 labelled rows; the champion cannot score them: no column 'age'"


@given(_ANYTHING, _ANYTHING)
def test_anything_else_makes_a_valid_card_or_nothing(evaluation: Any, metric: Any) -> None:
    """The verdict may come from elsewhere."""
    for given_one in (evaluation, {**_EVALUATION, "metrics": [metric]}, {**_EVALUATION, "metrics": evaluation}):
        require_valid({"evaluation_details": evaluated_rows(given_one)})
