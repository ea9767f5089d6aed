"""Tasks that somebody clears or marks: what becomes of their jobs, and what is trained anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.rest import wait_until
from tests.live.service import FOR_EVER, assert_has_model_of_its_latest_job

if TYPE_CHECKING:
    from tests.live.rest import Api, Run
    from tests.live.service import Service

pytestmark = pytest.mark.live


def test_a_task_that_is_cleared_while_it_is_deferred_trains_anew(api: Api, service: Service) -> None:
    """The job of before the clear is stopped, and the task ends with the model of another one."""
    run = _deferred(api, service)
    service.rehearse(1)
    run.clear("train")
    assert run.wait_for_end() == "success"
    assert service.endings(run) == ["Stopped", "Completed"]
    assert_has_model_of_its_latest_job(run, service)


@pytest.mark.matrix
def test_a_task_that_is_cleared_while_a_worker_runs_it_trains_anew(api: Api, service: Service) -> None:
    """The job of before the clear is stopped, and the task ends with the model of another one."""
    run = _running(api, service)
    service.rehearse(1)
    run.clear("train")
    assert run.wait_for_end() == "success"
    assert service.endings(run) == ["Stopped", "Completed"]
    assert_has_model_of_its_latest_job(run, service)


def test_a_task_that_is_cleared_after_its_success_trains_anew(api: Api, service: Service) -> None:
    """The job of before the clear stays as it is, and the task ends with the model of another one."""
    service.rehearse(1)
    run = api.trigger("one_deferred_retries_0", service.conf)
    assert run.wait_for_end() == "success"
    first = run.xcom("train")["job_name"]
    run.clear("train")
    assert run.wait_for_end() == "success"
    assert service.endings(run) == ["Completed", "Completed"]
    assert_has_model_of_its_latest_job(run, service)
    assert run.xcom("train")["job_name"] != first


@pytest.mark.matrix
@pytest.mark.parametrize("state", ["failed", "success"])
def test_the_job_of_a_deferred_task_is_stopped_when_the_task_is_marked(api: Api, service: Service, state: str) -> None:
    """Whoever marks a task by hand does not want its job any more; no other job is started."""
    run = _deferred(api, service)
    run.mark("train", state)
    wait_until(lambda: service.endings(run) == ["Stopped"], "the job has not been stopped")
    assert run.wait_for_end() == state
    assert run.task("train")["state"] == state
    assert service.endings(run) == ["Stopped"]


def test_the_job_of_a_running_task_is_stopped_when_the_task_is_marked(api: Api, service: Service) -> None:
    """In a worker as in a triggerer."""
    run = _running(api, service)
    run.mark("train", "failed")
    wait_until(lambda: service.endings(run) == ["Stopped"], "the job has not been stopped")
    assert run.wait_for_end() == "failed"
    assert service.endings(run) == ["Stopped"]


def _running(api: Api, service: Service) -> Run:
    """Start a run whose task waits in a worker for a job that does not end."""
    service.rehearse(FOR_EVER)
    run = api.trigger("one_here_retries_0", service.conf)
    run.wait_for_task("train", "running")
    # The first is that of the creation.
    service.wait_until_asked("DescribeAutoMLJobV2", 2)
    return run


def _deferred(api: Api, service: Service) -> Run:
    """Start a run whose task waits in a triggerer for a job that does not end."""
    service.rehearse(FOR_EVER)
    run = api.trigger("one_deferred_retries_0", service.conf)
    run.wait_for_task("train", "deferred")
    # Who lists jobs is the triggerer.
    service.wait_until_asked("ListAutoMLJobs")
    return run
