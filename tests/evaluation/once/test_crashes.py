"""Whichever change in AWS a worker dies at, the next try ends with two jobs, one report, and nothing left behind."""

from __future__ import annotations

import os
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from tests.support.crashes import Crash, Crashing
from tests.support.evaluating import WHOLE, finish, left, operator
from tests.support.examples import VARIABLE
from tests.support.scoring import Account
from tests.support.tasks import changed, resume


def _one_try(account: Account, context: Any, crashing: Crashing, **given: Any) -> dict[str, Any] | None:
    """Let a task execute once, over its deferral; None if it crashed."""
    try:
        with crashing.in_force():
            try:
                return dict(operator(**given).execute(context))
            except TaskDeferred as error:
                deferred = error
        finish(account)
        with crashing.in_force():
            return dict(resume(operator(**given), context, deferred, "finished"))
    except Crash:
        finish(account)
        return None


# A sweep over all writes takes two minutes; otherwise it leaves most of them out.
_STEP = 1 if os.environ.get(VARIABLE) else 5


@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.matrix)], ids=["before", "after"])
def test_no_crash_costs_a_third_job_or_a_second_report(
    account: Account, context: Any, given: dict[str, Any], after: bool
) -> None:
    """At each write in turn, before and after the service has acted."""
    points = list[str]()
    for at in range(1, 100, _STEP):
        jobs, own = set(account.jobs()), changed(context, run_id=f"run-{at}")
        given["output_uri"] = f"s3://automl-demo/evaluation-crash-{at}-{after}/"
        crashing = Crashing(at, after=after)
        result = _one_try(account, own, crashing, **given)
        if crashing.has_crashed:
            points.append(crashing.calls[at - 1])
        if result is None:
            result = _one_try(account, changed(own, try_number=2), Crashing(-1, after=False), **given)
        assert result is not None
        assert (result["outcome"], result["rows"]) == ("compared", 40), points[-1:]
        assert len(set(account.jobs()) - jobs) == 2, points[-1:]
        assert left(account, given["output_uri"]) == WHOLE, points[-1:]
        assert account.models() == [], points[-1:]
        if not crashing.has_crashed:
            break
    assert len(points) > 20 / _STEP
    if _STEP == 1:
        assert {"CreateModel", "CreateTransformJob", "PutObject", "DeleteModel", "DeleteObjects"} <= set(points)
