"""Whichever change in AWS a worker dies at, the next try ends with one job, one table, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from airflow.sdk.exceptions import TaskDeferred
from botocore.client import BaseClient

from tests.support.scoring import Account, expected, operator
from tests.support.tasks import changed, resume
from tests.support.transforms import wait_for_transform


class Crash(Exception):
    """The worker dies."""


# Reads change nothing: a crash at one is a crash after the write before it.
_WRITES = ("Put", "Create", "Delete", "Upload", "Complete")


class _Crashing:
    """Counts the writes of this process to AWS, and crashes at one of them.

    :param at: number of the call, from 1.
    :param after: whether the service has done what it was asked for.
    """

    def __init__(self, at: int, *, after: bool) -> None:
        self._at, self._after = at, after
        self.calls: list[str] = []

    @contextmanager
    def in_force(self) -> Iterator[None]:
        call = vars(BaseClient)["_make_api_call"]

        def counted(client: Any, operation: str, arguments: Any) -> Any:
            if not operation.startswith(_WRITES):
                return call(client, operation, arguments)
            self.calls.append(operation)
            is_it = len(self.calls) == self._at
            if is_it and not self._after:
                raise Crash(operation)
            answer = call(client, operation, arguments)
            if is_it:
                raise Crash(operation)
            return answer

        with patch.object(BaseClient, "_make_api_call", counted):
            yield

    @property
    def has_crashed(self) -> bool:
        return len(self.calls) >= self._at


def _start(task: Any, context: Any) -> TaskDeferred | dict[str, Any]:
    try:
        return dict(task.execute(context))
    except TaskDeferred as deferred:
        return deferred


def _one_try(account: Account, context: Any, crashing: _Crashing, **arguments: Any) -> dict[str, Any] | None:
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


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_no_crash_costs_a_second_job_or_a_row(account: Account, context: Any, after: bool) -> None:
    """At each write in turn, before and after the service has acted."""
    version, data = account.version(), account.rows()
    account.hold()
    points = list[str]()
    for at in range(1, 100):
        jobs, own = set(account.jobs()), changed(context, run_id=f"run-{at}")
        output = f"s3://automl-demo/crash-{at}-{after}/"
        given = {"model_package_arn": version, "data": data, "output_uri": output, "key_columns": ["id"]}
        crashing = _Crashing(at, after=after)
        result = _one_try(account, own, crashing, **given)
        if crashing.has_crashed:
            points.append(crashing.calls[at - 1])
        if result is None:
            result = _one_try(account, changed(own, try_number=2), _Crashing(-1, after=False), **given)
        assert result is not None
        new = set(account.jobs()) - jobs
        assert new == {result["transform_job_name"]}, points[-1:]
        assert account.read(result["output_uri"]) == expected(1, 2, 3), points[-1:]
        assert account.names(output) == ["_SUCCESS", "scores.csv"], points[-1:]
        assert account.models() == [], points[-1:]
        if not crashing.has_crashed:
            break
    assert {"CreateModel", "CreateTransformJob", "PutObject", "DeleteModel", "DeleteObjects"} <= set(points)
