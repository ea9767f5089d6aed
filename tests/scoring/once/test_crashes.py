"""Whichever change in AWS a worker dies at, the next try ends with one job, one table, and nothing left behind."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from tests.support.crashes import Crash, Crashing
from tests.support.scoring import Account, expected, operator
from tests.support.tasks import changed, resume
from tests.support.transforms import wait_for_transform


def _start(task: Any, context: Any) -> TaskDeferred | dict[str, Any]:
    try:
        return dict(task.execute(context))
    except TaskDeferred as deferred:
        return deferred


def _one_try(account: Account, context: Any, crashing: Crashing, **arguments: Any) -> dict[str, Any] | None:
    """Let a task execute once, over its deferral; None if it crashed."""
    task = operator(**arguments)
    try:
        with crashing.in_force():
            started = _start(task, context)
        if isinstance(started, dict):
            return started
        _finish_jobs(account)
        with crashing.in_force():
            return dict(resume(operator(**arguments), context, started, "finished"))
    except Crash:
        _finish_jobs(account)
        return None


def _finish_jobs(account: Account) -> None:
    for name, status in account.jobs().items():
        if status == "InProgress":
            account.answer(name)
    account.end()
    for name in account.jobs():
        wait_for_transform(account.sagemaker, name)
    account.hold()


@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.matrix)], ids=["before", "after"])
def test_no_crash_costs_a_second_job_or_a_row(account: Account, context: Any, after: bool) -> None:
    """At each write in turn, before and after the service has acted."""
    version, data = account.version(), account.rows()
    account.hold()
    points = list[str]()
    for at in range(1, 100):
        jobs, own = set(account.jobs()), changed(context, run_id=f"run-{at}")
        output = f"s3://automl-demo/crash-{at}-{after}/"
        given = {"model_package_arn": version, "data": data, "output_uri": output, "key_columns": ["id"]}
        crashing = Crashing(at, after=after)
        result = _one_try(account, own, crashing, **given)
        if crashing.has_crashed:
            points.append(crashing.calls[at - 1])
        if result is None:
            result = _one_try(account, changed(own, try_number=2), Crashing(-1, after=False), **given)
        assert result is not None
        new = set(account.jobs()) - jobs
        assert new == {result["transform_job_name"]}, points[-1:]
        assert account.read(result["output_uri"]) == expected(1, 2, 3), points[-1:]
        assert account.names(output) == ["_SUCCESS", "scores.csv"], points[-1:]
        assert account.models() == [], points[-1:]
        if not crashing.has_crashed:
            break
    assert {"CreateModel", "CreateTransformJob", "PutObject", "DeleteModel", "DeleteObjects"} <= set(points)
