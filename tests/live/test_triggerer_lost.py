"""Triggerers that vanish while tasks wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.service import assert_all_have_one_model

if TYPE_CHECKING:
    from tests.live.components import WholeAirflow
    from tests.live.rest import Api
    from tests.live.service import Service

pytestmark = pytest.mark.live


def test_twenty_tasks_wait_on_when_their_triggerer_is_killed(
    live_airflow: WholeAirflow, api: Api, service: Service
) -> None:
    """A triggerer that is started in place of the killed one takes over all waits; nothing is trained twice."""
    service.rehearse(45)
    run = api.trigger("many_20", service.conf)
    run.wait_for_all("train", "deferred")
    [triggerer] = live_airflow.triggerers
    triggerer.component.kill()
    live_airflow.replace_triggerer(triggerer)
    assert run.states("train")["deferred"] == 20
    assert run.wait_for_end() == "success"
    assert_all_have_one_model(run, service)
