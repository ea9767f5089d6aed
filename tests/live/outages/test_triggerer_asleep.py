"""A triggerer that sleeps while a task waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.rest import wait_until
from tests.live.service import FOR_EVER

if TYPE_CHECKING:
    from tests.live.components import WholeAirflow
    from tests.live.rest import Api
    from tests.live.service import Service

pytestmark = [pytest.mark.live, pytest.mark.matrix]


def test_a_job_is_not_stopped_when_another_triggerer_takes_over_its_wait(
    live_airflow: WholeAirflow, api: Api, service: Service
) -> None:
    """A triggerer that slept, and finds that another one waits in its place, gives the wait up and leaves the job."""
    service.rehearse(FOR_EVER)
    with live_airflow.second_triggerer():
        run = api.trigger("one_deferred_retries_0", service.conf)
        run.wait_for_task("train", "deferred")
        service.wait_until_asked("ListAutoMLJobs")
        asleep = next(triggerer for triggerer in live_airflow.triggerers if run.waiting_at(triggerer.job_id))
        asleep.component.freeze()
        wait_until(lambda: run.waiting_at(asleep.job_id) == 0, "no triggerer has taken over")
        asleep.component.thaw()
        wait_until(lambda: "is not stopped: the task is deferred" in run.log("train"), "the wait is not given up")
        service.count_from_zero()
        # The one that slept may have asked once more.
        service.wait_until_asked("ListAutoMLJobs", 2)
        assert service.endings(run) == ["InProgress"]
        assert run.task("train")["state"] == "deferred"
        run.mark("train", "failed")
        wait_until(lambda: service.endings(run) == ["Stopped"], "the job has not been stopped")
