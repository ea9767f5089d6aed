"""What is news, and where the watermark is afterwards: plain values, no service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_sagemaker_automl.core.approval_news import Approvals, Watermark


def arn(number: int) -> str:
    """Name a version of one group."""
    return f"arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/{number}"


def seen(*numbers: int, registered: int = 1_790_000_000) -> Approvals:
    """See versions approved, registered a second after each other."""
    return Approvals({arn(number): registered + number for number in numbers})


def test_what_is_approved_at_first_sight_is_no_news() -> None:
    """A group that has lived for years starts nothing when somebody begins to watch it."""
    watermark = Watermark.at_first_sight(seen(1, 3))
    assert watermark.news(seen(1, 3)) == []
    assert watermark.news(seen(1, 2, 3, 4)) == [arn(2), arn(4)]


@pytest.mark.parametrize("first", [Approvals(), Approvals(has_group=False)], ids=["empty", "no group"])
def test_the_first_approval_ever_is_news(first: Approvals) -> None:
    """A group that is empty, or not there, is a beginning as well."""
    assert Watermark.at_first_sight(first).news(seen(1)) == [arn(1)]


def test_what_has_been_told_is_no_news_and_what_has_not_been_stays_news() -> None:
    """A version that could not be described, for example, is told by the next poll."""
    watermark = Watermark.at_first_sight(seen(1)).after(seen(1, 2, 3), [arn(3)])
    assert watermark.news(seen(1, 2, 3)) == [arn(2)]


def test_an_approval_that_is_withdrawn_and_renewed_is_news_again() -> None:
    """As soon as somebody has seen it withdrawn."""
    watermark = Watermark.at_first_sight(seen(1, 2)).after(seen(2), [])
    assert watermark.news(seen(1, 2)) == [arn(1)]


def test_a_group_that_is_out_of_sight_withdraws_nothing() -> None:
    """A connection that points elsewhere for an hour does not have everything told anew."""
    watermark = Watermark.at_first_sight(seen(1, 2)).after(Approvals(has_group=False), [])
    assert watermark.news(seen(1, 2)) == []


def test_a_group_that_was_made_anew_has_other_versions() -> None:
    """They have the numbers of the old ones, and are told all the same."""
    watermark = Watermark.at_first_sight(seen(1, 2))
    anew = seen(1, registered=1_800_000_000)
    assert watermark.news(anew) == [arn(1)]
    assert watermark.after(anew, [arn(1)]).news(anew) == []


def test_the_oldest_news_come_first() -> None:
    """By number, and not by spelling."""
    assert Watermark().news(seen(10, 9, 100)) == [arn(9), arn(10), arn(100)]


@given(*(st.frozensets(st.integers(1, 12)) for _ in range(3)))
def test_each_approval_is_told_once_however_polls_fall(
    first: frozenset[int], second: frozenset[int], third: frozenset[int]
) -> None:
    """Told is, at each sight, what is approved now and was not at the sight before; stores change nothing of that."""
    watermark = Watermark.at_first_sight(seen(*first))
    before = first
    for now in (second, third, third):
        stored = Watermark.from_json(json.loads(json.dumps(watermark.to_json())))
        assert stored == watermark
        news = stored.news(seen(*now))
        assert news == [arn(number) for number in sorted(now - before)]
        watermark, before = stored.after(seen(*now), news), now


@pytest.mark.parametrize("stored", [None, "", [], {}, {"told": None}, {"told": [1]}, {"told": {"1": "yesterday"}}])
def test_what_is_no_watermark_is_none(stored: Any) -> None:
    """As where nothing was stored, or somebody has stored something else by hand."""
    assert Watermark.from_json(stored) is None


def test_a_thousand_versions_fit_into_the_store() -> None:
    """Airflow warns from 64 KB."""
    assert len(json.dumps(Watermark.at_first_sight(seen(*range(1, 1001))).to_json())) < 25_000
