"""Many trainings, few places in the account's quota, and a triggerer that falls asleep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.dags.trainings import MANY
from tests.live.rest import wait_until
from tests.live.service import assert_all_have_one_model

if TYPE_CHECKING:
    from tests.live.components import WholeAirflow
    from tests.live.rest import Api
    from tests.live.service import Service

pytestmark = [pytest.mark.live, pytest.mark.matrix]


def test_many_trainings_pass_through_four_places(live_airflow: WholeAirflow, api: Api, service: Service) -> None:
    """All wait without a worker, take their turns, outlast a triggerer's sleep and awakening, and train just once."""
    service.rehearse(1)
    service.disturb(ConcurrentJobs=4)
    others = service.occupy(4)
    with live_airflow.second_triggerer() as second:
        run = api.trigger(f"many_{MANY}", service.conf)
        run.wait_for_tasks(MANY, "deferred")
        run.wait_until_all_are_reported("train", MANY)
        assert service.jobs(run) == {}
        wait_until(lambda: run.waiting_at(second.job_id) > 0, "nothing waits in the second triggerer")
        second.component.freeze()
        service.stop(others)
        run.wait_for_tasks(3 * MANY // 5, "success")
        second.component.thaw()
        assert run.wait_for_end() == "success"
    assert_all_have_one_model(run, service)
