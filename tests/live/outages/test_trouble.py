"""Airflow and AWS in trouble while tasks wait for their jobs, and for a place to start one."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.live.rest import wait_until
from tests.live.service import FIRST_KEY, assert_all_have_one_model

if TYPE_CHECKING:
    from tests.live.components import WholeAirflow
    from tests.live.rest import Api, Run
    from tests.live.service import Service
    from tests.support.statsd import StatsD

pytestmark = [pytest.mark.live, pytest.mark.matrix]

# How long each trouble lasts, beyond the polls that it makes fail; a minute shows more.
_TROUBLE_SECONDS = float(os.environ.get("LIVE_TROUBLE_SECONDS", "0"))
_FAILED_POLLS = 2


def test_twenty_waits_outlast_their_triggerer_and_trouble_of_the_service(
    live_airflow: WholeAirflow, api: Api, service: Service, statsd: StatsD
) -> None:
    """Another triggerer takes over from one that is killed; throttling, silence and an expired key are waited out."""
    statsd.forget()
    service.hold()
    service.disturb(ConcurrentJobs=10)
    others = service.occupy(5)
    run = api.trigger("many_20", service.conf)
    run.wait_for_tasks(20, "deferred")
    run.wait_until_all_are_reported("train", 20)
    _lose_triggerer(live_airflow)
    assert run.count("deferred") == 20
    service.stop(others)
    _endure(run, service, statsd, ThrottlingRate=0.9)
    _endure(run, service, statsd, DroppedRequestRate=1)
    _endure(run, service, statsd, ExpiredTokens=[FIRST_KEY])
    service.disturb(ExpiredTokens=[FIRST_KEY], ConcurrentJobs=10)
    service.rehearse(1)
    api.renew_key(service.aws_conn_id, "renewed")
    assert run.wait_for_end() == "success"
    assert_all_have_one_model(run, service)
    _is_measured(statsd)


def _is_measured(statsd: StatsD) -> None:
    """Check what somebody on call would have seen: each job once, the queue, the trouble, and that nobody waits."""
    statsd.counted(jobs__submitted=20, jobs__ended=20, jobs__ended__model=20)
    assert statsd.total("jobs.refused") >= 15
    assert len(statsd.values("jobs.queued", "ms")) >= 10
    assert len(statsd.values("jobs.duration", "ms")) == 20
    for waiting in ("waiting.jobs", "waiting.places"):
        assert max(statsd.values(waiting, "g")) > 1
        statsd.wait_for(partial(_is_none, statsd, waiting), f"{waiting} does not end at none")


def _is_none(statsd: StatsD, waiting: str) -> bool:
    return statsd.values(waiting, "g")[-1] == 0


def _lose_triggerer(airflow: WholeAirflow) -> None:
    [triggerer] = airflow.triggerers
    triggerer.component.kill()
    airflow.replace_triggerer(triggerer)


def _endure(run: Run, service: Service, statsd: StatsD, **trouble: Any) -> None:
    """Let things go wrong until polls have failed, while tasks wait and none may fail; then until one is answered."""
    assert run.count("deferred")
    failed, ends = statsd.total("polls.failed"), time.monotonic() + _TROUBLE_SECONDS
    service.disturb(ConcurrentJobs=10, **trouble)
    wait_until(lambda: statsd.total("polls.failed") >= failed + _FAILED_POLLS, "no poll fails")
    while time.monotonic() < ends:
        assert not run.count("failed")
        time.sleep(1)
    assert not run.count("failed")
    service.disturb(ConcurrentJobs=10)
    service.count_from_zero()
    service.wait_until_asked("ListAutoMLJobs")
