"""Workers that vanish at the worst moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from tests.live.rest import wait_until
from tests.live.service import assert_has_model_of_its_latest_job

if TYPE_CHECKING:
    from tests.live.rest import Api, Run
    from tests.live.service import Service

pytestmark = pytest.mark.live

_LATER_THAN_ANY_TEST_WAITS = 600


def _kill_task(run: Run) -> None:
    """Kill the process that executes the task; the worker that watches over it sees that."""
    psutil.Process(run.task("train")["pid"]).kill()


def _processes(run: Run) -> tuple[psutil.Process, psutil.Process]:
    """Find the worker, and the process that executes the task."""
    task = psutil.Process(run.task("train")["pid"])
    worker = task.parent()
    assert worker is not None
    return worker, task


def _kill_worker(run: Run) -> None:
    """Kill the process that executes the task and the worker, so that nobody tells of it."""
    for process in _processes(run):
        process.kill()


def test_a_task_that_is_killed_between_submit_and_deferral_goes_on_with_its_job(api: Api, service: Service) -> None:
    """The service has the job and the worker has no answer yet: the retry finds the job, and there is no other."""
    service.hold()
    service.disturb(LatencySeconds=_LATER_THAN_ANY_TEST_WAITS, Operations=["CreateAutoMLJobV2"])
    run = api.trigger("one_deferred_retries_1", service.conf)
    wait_until(lambda: service.endings(run) == ["InProgress"], "there is no job")
    _kill_worker(run)
    service.recover()
    run.wait_for_task("train", "deferred")
    service.rehearse(1)
    assert run.wait_for_end() == "success"
    assert run.task("train")["try_number"] == 2
    assert service.endings(run) == ["Completed"]
    assert_has_model_of_its_latest_job(run, service)


@pytest.mark.matrix
def test_a_task_that_is_killed_between_refusal_and_deferral_queues_again(api: Api, service: Service) -> None:
    """The service has refused for want of quota, and nothing is written down yet: the retry queues, and trains once."""
    service.rehearse(1)
    others = service.occupy(4)
    service.disturb(ConcurrentJobs=4, LatencySeconds=_LATER_THAN_ANY_TEST_WAITS, Operations=["ListAutoMLJobs"])
    run = api.trigger("one_deferred_retries_1", service.conf)
    # After a refusal the task looks whether its job is there already, and then counts what runs.
    service.wait_until_asked("DescribeAutoMLJobV2")
    _kill_task(run)
    service.disturb(ConcurrentJobs=4)
    run.wait_for_task("train", "deferred")
    assert service.endings(run) == []
    service.stop(others)
    assert run.wait_for_end() == "success"
    assert run.task("train")["try_number"] == 2
    assert service.endings(run) == ["Completed"]
    assert_has_model_of_its_latest_job(run, service)


@pytest.mark.matrix
def test_a_task_whose_worker_is_shut_down_keeps_its_job(api: Api, service: Service) -> None:
    """Asked to end by its machine and not by a person, the task leaves its job running, and here outlasts it."""
    service.hold()
    run = api.trigger("one_here_retries_0", service.conf)
    run.wait_for_task("train", "running")
    # The first is that of the creation.
    service.wait_until_asked("DescribeAutoMLJobV2", 2)
    psutil.Process(run.task("train")["pid"]).terminate()
    service.count_from_zero()
    service.wait_until_asked("DescribeAutoMLJobV2", 2)
    service.rehearse(1)
    assert run.wait_for_end() == "success"
    assert service.endings(run) == ["Completed"]
    assert_has_model_of_its_latest_job(run, service)


def test_a_task_that_two_workers_execute_at_once_has_one_job(api: Api, service: Service) -> None:
    """A worker that stood still is taken for dead; when it wakes up, the retry has the job, and keeps it."""
    service.hold()
    run = api.trigger("one_here_retries_1", service.conf)
    run.wait_for_task("train", "running")
    # The first is that of the creation.
    service.wait_until_asked("DescribeAutoMLJobV2", 2)
    first = _processes(run)
    for process in first:
        process.suspend()
    wait_until(lambda: run.task("train")["try_number"] == 2, "the task is not tried again")
    run.wait_for_task("train", "running")
    service.count_from_zero()
    service.wait_until_asked("DescribeAutoMLJobV2", 2)
    for process in reversed(first):
        process.resume()
    wait_until(lambda: not first[1].is_running(), "the first execution goes on")
    service.rehearse(1)
    assert run.wait_for_end() == "success"
    assert service.endings(run) == ["Completed"]
    assert_has_model_of_its_latest_job(run, service)
