"""AWS in trouble while tasks wait for their jobs, and for a place to start one."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.live.service import FIRST_KEY, assert_all_have_one_model

if TYPE_CHECKING:
    from tests.live.rest import Api, Run
    from tests.live.service import Service

pytestmark = pytest.mark.live

# How long each trouble lasts; a minute shows more, and takes the suite two minutes longer.
_TROUBLE_SECONDS = float(os.environ.get("LIVE_TROUBLE_SECONDS", "15"))


def test_trouble_that_passes_fails_no_task(api: Api, service: Service) -> None:
    """Throttling of nine requests in ten, no answers at all, and a key that expires are waited out, by all who wait."""
    service.rehearse(_TROUBLE_SECONDS)
    service.disturb(ConcurrentJobs=10)
    others = service.occupy(5)
    run = api.trigger("many_20", service.conf)
    run.wait_for_all("train", "deferred")
    _endure(run, service, ThrottlingRate=0.9)
    service.stop(others)
    _endure(run, service, DroppedRequestRate=1)
    _endure(run, service, ExpiredTokens=[FIRST_KEY])
    service.disturb(ExpiredTokens=[FIRST_KEY], ConcurrentJobs=10)
    api.renew_key(service.aws_conn_id, "renewed")
    assert run.wait_for_end() == "success"
    assert_all_have_one_model(run, service)


def _endure(run: Run, service: Service, **trouble: Any) -> None:
    """Let things go wrong for a while, in which tasks wait and none may fail."""
    assert run.states("train")["deferred"]
    service.disturb(ConcurrentJobs=10, **trouble)
    ends = time.monotonic() + _TROUBLE_SECONDS
    while time.monotonic() < ends:
        assert not run.states("train")["failed"]
        time.sleep(0.5)
    service.disturb(ConcurrentJobs=10)
