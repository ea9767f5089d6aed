"""Which approvals are new, and the watermark afterwards: plain values, no service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl.core.registry.new_approvals import Approvals, Watermark


def arn(number: int) -> str:
    """ARN of a version in one group."""
    return f"arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/{number}"


def seen(*numbers: int, registered: int = 1_790_000_000) -> Approvals:
    """Make approved versions, registered one second apart."""
    return Approvals({arn(number): registered + number for number in numbers})


def test_what_is_approved_at_first_sight_is_no_news() -> None:
    """When a watch begins, existing approvals of a group emit no events."""
    watermark = Watermark.at_start(seen(1, 3))
    assert watermark.unreported(seen(1, 3)) == []
    assert watermark.unreported(seen(1, 2, 3, 4)) == [arn(2), arn(4)]


@pytest.mark.parametrize("first", [Approvals(), Approvals(has_group=False)], ids=["empty", "no group"])
def test_the_first_approval_ever_is_news(first: Approvals) -> None:
    """The first approval is new even if the group was empty or did not exist when the watch began."""
    assert Watermark.at_start(first).unreported(seen(1)) == [arn(1)]


def test_what_has_been_told_is_no_news_and_what_has_not_been_stays_news() -> None:
    """A version that could not be described, for example, is reported by the next poll."""
    watermark = Watermark.at_start(seen(1)).after(seen(1, 2, 3), [arn(3)])
    assert watermark.unreported(seen(1, 2, 3)) == [arn(2)]


def test_an_approval_that_is_withdrawn_and_renewed_is_news_again() -> None:
    """It is new once a poll has seen the withdrawal."""
    watermark = Watermark.at_start(seen(1, 2)).after(seen(2), [])
    assert watermark.unreported(seen(1, 2)) == [arn(1)]


def test_a_group_that_is_out_of_sight_withdraws_nothing() -> None:
    """A connection that temporarily points elsewhere does not repeat all events."""
    watermark = Watermark.at_start(seen(1, 2)).after(Approvals(has_group=False), [])
    assert watermark.unreported(seen(1, 2)) == []


def test_a_group_that_was_made_anew_has_other_versions() -> None:
    """Versions of a recreated group reuse the numbers, and are reported nevertheless."""
    watermark = Watermark.at_start(seen(1, 2))
    anew = seen(1, registered=1_800_000_000)
    assert watermark.unreported(anew) == [arn(1)]
    assert watermark.after(anew, [arn(1)]).unreported(anew) == []


def test_the_oldest_news_come_first() -> None:
    """New approvals are ordered by number, not alphabetically."""
    assert Watermark().unreported(seen(10, 9, 100)) == [arn(9), arn(10), arn(100)]


@given(*(st.frozensets(st.integers(1, 12)) for _ in range(3)))
def test_each_approval_is_told_once_however_polls_fall(
    first: frozenset[int], second: frozenset[int], third: frozenset[int]
) -> None:
    """Each poll reports what is approved now and was not at the poll before, also with a stored watermark."""
    watermark = Watermark.at_start(seen(*first))
    before = first
    for now in (second, third, third):
        stored = Watermark.from_json(json.loads(json.dumps(watermark.to_json())))
        assert stored == watermark
        news = stored.unreported(seen(*now))
        assert news == [arn(number) for number in sorted(now - before)]
        watermark, before = stored.after(seen(*now), news), now


@pytest.mark.parametrize(
    "stored", [None, "", [], {}, {"reported": None}, {"reported": [1]}, {"reported": {"1": "yesterday"}}]
)
def test_what_is_no_watermark_is_none(stored: Any) -> None:
    """An invalid watermark, for example edited by hand, counts as no watermark."""
    assert Watermark.from_json(stored) is None


def test_a_thousand_versions_fit_into_the_store() -> None:
    """A watermark of a thousand versions stays below 64 KB, from which on Airflow warns."""
    assert len(json.dumps(Watermark.at_start(seen(*range(1, 1001))).to_json())) < 25_000
