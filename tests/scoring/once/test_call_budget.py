"""How many calls to AWS a scoring may make: none is made twice for one fact."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.support.scoring import Account, operator
from tests.support.tasks import changed, deferral, resume
from tests.support.transforms import wait_for_transform

# Until the job runs.
START = {
    # The output, the data, and the training data.
    "ListObjectsV2": 3,
    "DescribeModelPackage": 1,
    # The roles of the columns.
    "DescribeAutoMLJobV2": 1,
    # What crashed runs have left behind.
    "ListModels": 1,
    # The headers of training data and data; the data itself.
    "GetObject": 3,
    "HeadObject": 1,
    # The claim of the output, rows, keys, and what was prepared.
    "PutObject": 4,
    "CreateModel": 1,
    "CreateTransformJob": 1,
}
# From its end to the table.
COLLECTION = {
    "DescribeTransformJob": 1,
    # What was prepared, the marker of an earlier run, keys, predictions.
    "GetObject": 4,
    "HeadObject": 2,
    # The old table; the task's own files.
    "DeleteObjects": 2,
    # Table and marker.
    "PutObject": 2,
    "DeleteModel": 1,
    "ListObjectsV2": 1,
}


class _Calls:
    """Counts the calls of this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._counted: Counter[str] = Counter()
        call = vars(BaseClient)["_make_api_call"]

        def counting(client: Any, operation: str, arguments: Any) -> Any:
            self._counted[operation] += 1
            return call(client, operation, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", counting)

    def since(self) -> dict[str, int]:
        """Give the calls since the last question, and begin again."""
        counted, self._counted = dict(self._counted), Counter()
        return counted


def _end(account: Account) -> None:
    for name, status in account.jobs().items():
        if status == "InProgress":
            account.answer(name)
            account.end()
            wait_for_transform(account.sagemaker, name)
    account.hold()


def test_a_first_run_keeps_to_its_budget(
    account: Account, context: Any, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without polls; each more file costs two requests for its header and its rows, each more part four."""
    calls = _Calls(monkeypatch)
    deferred = deferral(operator(**given), context)
    assert calls.since() == START
    _end(account)
    calls.since()
    resume(operator(**given), context, deferred, "finished")
    assert calls.since() == COLLECTION


def test_a_later_run_looks_at_the_table_that_it_replaces(
    account: Account, context: Any, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose it is: the marker is read, and its owner and that of the table are looked up."""
    deferred = deferral(operator(**given), context)
    _end(account)
    resume(operator(**given), context, deferred, "finished")
    calls = _Calls(monkeypatch)
    deferral(operator(**given), changed(context, run_id="later"))
    assert calls.since() == {**START, "GetObject": 4, "HeadObject": 3}


def test_a_retry_prepares_nothing_again(
    account: Account, context: Any, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lists the output, reads what was prepared, and is told that its job exists."""
    deferral(operator(**given), context)
    calls = _Calls(monkeypatch)
    deferral(operator(**given), changed(context, try_number=2))
    assert calls.since() == {
        "ListObjectsV2": 1,
        "GetObject": 1,
        # Refused: it exists, and is compared.
        "CreateModel": 1,
        "DescribeModel": 1,
        "CreateTransformJob": 1,
        "DescribeTransformJob": 1,
        "ListTags": 1,
    }


def test_arguments_are_judged_without_a_call(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is wrong with them is told at once."""
    calls = _Calls(monkeypatch)
    task = operator(data="s3://bucket/data/", output_uri="s3://bucket/out/", model_package_arn="{{ none }}")
    task.model_package_arn, task.instance_type, task.max_payload_mb = "", "ml.m5.huge", "200"
    with pytest.raises(Exception, match="3 errors") as raised:
        task.execute(context)
    assert calls.since() == {}
    for name in ("model_package_arn", "instance_type", "max_payload_mb"):
        assert name in str(raised.value)
