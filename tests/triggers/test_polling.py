"""The queue for free places, and the pauses between polls: plain values, no service."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from airflow_sagemaker_automl.triggers.polling import StreamKey, pause
from airflow_sagemaker_automl.triggers.quota_queue import QuotaQueue
from airflow_sagemaker_automl.triggers.snapshot import Jobs, Snapshot
from tests.support.timing import SetTiming

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.connection import Connection


def _running(*names: str) -> Snapshot[Jobs]:
    return Snapshot(dict.fromkeys(names, "TrainingModels"))


def _queue(waiting: int, limit: int = 4) -> QuotaQueue:
    """Make a queue of ``wait-0``, ``wait-1`` and so on, which came in this order."""
    queue = QuotaQueue()
    for number in reversed(range(waiting)):
        queue.join(f"wait-{number}", float(number), limit)
    return queue


def _let_go(queue: QuotaQueue, snapshot: Snapshot[Jobs], waiting: int, first: int = 0) -> list[str]:
    """Show a snapshot to those who wait, from the first to the last."""
    return [f"wait-{number}" for number in range(first, waiting) if queue.lets_go(f"wait-{number}", number, snapshot)]


def test_as_many_go_as_there_is_room_for_in_the_order_of_arrival() -> None:
    """Two of four places are free: the two that wait longest go, whoever is asked first."""
    assert _let_go(_queue(5), _running("a", "b"), 5) == ["wait-0", "wait-1"]


def test_nobody_goes_while_the_account_is_full() -> None:
    """A place is given when fewer run than at the refusal, and not before."""
    queue = _queue(3)
    assert _let_go(queue, _running("a", "b", "c", "d"), 3) == []
    assert _let_go(queue, _running("a", "b", "c"), 3) == ["wait-0"]


def test_a_place_is_given_once() -> None:
    """Until its job is seen, or it comes back, whoever was let go has its place reserved."""
    queue = _queue(3)
    assert _let_go(queue, _running("a", "b", "c"), 3) == ["wait-0"]
    queue.leave("wait-0")
    assert _let_go(queue, _running("a", "b", "c"), 3, first=1) == []
    assert _let_go(queue, _running("a", "b", "c", "wait-0"), 3, first=1) == []
    assert _let_go(queue, _running("b", "c", "wait-0"), 3, first=1) == ["wait-1"]


def test_a_job_that_was_created_and_ended_between_two_polls_frees_its_place() -> None:
    """Its own trigger tells that it exists; the list never had it."""
    queue = _queue(2, limit=1)
    assert _let_go(queue, _running(), 2) == ["wait-0"]
    queue.leave("wait-0")
    assert _let_go(queue, _running(), 2, first=1) == []
    queue.job_exists("wait-0")
    assert _let_go(queue, _running(), 2, first=1) == ["wait-1"]


def test_who_comes_back_refused_keeps_its_turn() -> None:
    """Overtaken by somebody else's job, a task goes before those who came after it."""
    queue = _queue(2, limit=1)
    assert _let_go(queue, _running(), 2) == ["wait-0"]
    queue.leave("wait-0")
    queue.join("wait-0", 0.0, 1)
    assert queue.place("wait-0") == (1, 2)
    assert _let_go(queue, _running("other"), 2) == []
    assert _let_go(queue, _running(), 2) == ["wait-0"]


def test_polls_of_two_intervals_give_one_place_once() -> None:
    """The one that waits longest goes, though another poll sees the room first; its place is kept until it is told."""
    queue = _queue(2, limit=1)
    quick, slow = _running(), _running()
    assert not queue.lets_go("wait-1", 1.0, quick)
    assert not queue.lets_go("wait-1", 1.0, _running())
    assert queue.lets_go("wait-0", 0.0, slow)
    assert not queue.lets_go("wait-1", 1.0, quick)


def test_who_leaves_before_it_is_told_keeps_no_place() -> None:
    """A task that is cleared while its poll pauses does not hold up the others."""
    queue = _queue(2, limit=1)
    assert not queue.lets_go("wait-1", 1.0, _running())
    queue.leave("wait-0")
    assert queue.lets_go("wait-1", 1.0, _running())


def test_a_reservation_does_not_last_for_ever(set_timing: SetTiming) -> None:
    """A task that was let go and killed before it created its job leaves its place to the next one."""
    set_timing(place_reserved=0.0)
    queue = _queue(2, limit=1)
    assert _let_go(queue, _running(), 2) == ["wait-0"]
    queue.leave("wait-0")
    assert _let_go(queue, _running(), 2, first=1) == ["wait-1"]


def test_more_than_the_limit_that_was_learned_may_run() -> None:
    """A refusal that was counted on a list that lagged behind does not make the account smaller than it is."""
    queue = _queue(3, limit=2)
    assert _let_go(queue, _running("a", "b", "c", "d"), 3) == []
    assert _let_go(queue, _running("a", "b", "c"), 3) == ["wait-0"]


def test_without_a_list_one_tries_at_a_time() -> None:
    """Where jobs may not be listed, the next in the queue tries; where nobody answers, nobody does."""
    queue = _queue(3)
    assert _let_go(queue, Snapshot(None, listing_refused=True), 3) == ["wait-0"]
    queue.leave("wait-0")
    assert _let_go(queue, Snapshot(None, listing_refused=True), 3, first=1) == ["wait-1"]
    queue.leave("wait-1")
    assert _let_go(queue, Snapshot(None, problem="no answer"), 3, first=2) == []


def test_a_waiter_of_two_triggers_is_one_waiter() -> None:
    """A trigger that a triggerer gives up and takes over again may leave after its successor has come."""
    queue = _queue(2, limit=1)
    queue.leave("wait-0")
    assert queue.lets_go("wait-0", 0.0, _running())
    assert queue.place("wait-0") == (1, 2)


def test_a_limit_that_is_too_low_is_tried_now_and_then() -> None:
    """A quota that was raised, or learned too low, is found out by one who tries after ten polls without room."""
    queue = _queue(3, limit=1)
    assert [_let_go(queue, _running("a"), 3) for _ in range(11)] == [[]] * 10 + [["wait-0"]]
    queue.leave("wait-0")
    assert [_let_go(queue, _running("a"), 3, first=1) for _ in range(11)] == [[]] * 11
    queue.join("wait-0", 0.0, 2)
    assert _let_go(queue, _running("a"), 3) == ["wait-0"]


def test_the_key_of_a_stream_tells_nothing() -> None:
    """Airflow logs it; a proxy's password may be in the configuration."""
    connection: Connection = {
        "aws_conn_id": "aws_default",
        "region_name": None,
        "verify": None,
        "botocore_config": {"proxies": {"https": "http://user:secret@proxy"}},
    }
    assert "secret" not in repr(StreamKey.of_jobs("sagemaker-automl-jobs", connection, 60))


@pytest.mark.parametrize("interval", [0.5, 60, 900])
def test_pauses_are_never_longer_than_the_interval_unless_polls_fail(interval: float) -> None:
    """An end is noticed within one interval; failures double the pause, up to a bound."""
    random.seed(1)
    assert all(0.8 * interval <= pause(interval, 0) <= interval for _ in range(100))
    longest = max(interval, min(8 * interval, 300))
    assert all(0.8 * longest <= pause(interval, failures) <= longest for failures in (3, 4, 50))
    assert len({pause(interval, 0) for _ in range(10)}) == 10
