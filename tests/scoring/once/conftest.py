"""An account of its own, and a task in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient

from demo.sandbox import BUCKET, s3_client, sagemaker_client
from tests.support import scoring
from tests.support.jobs import unique
from tests.support.scoring import Account, Handle
from tests.support.tasks import new_context


@pytest.fixture
def account(alone: str) -> Account:
    """An emulator that nobody else uses, to which the default connection leads."""
    s3 = s3_client(alone)
    s3.create_bucket(Bucket=BUCKET)
    return Account(alone, sagemaker_client(alone), s3)


@pytest.fixture
def intercept(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handle], None]:
    """Hand each call of this process to a function: operation, arguments, and what sends it and returns the answer."""
    call = vars(BaseClient)["_make_api_call"]

    def begin(handle: Handle) -> None:
        def handled(client: Any, operation: str, arguments: Any) -> Any:
            return handle(operation, arguments, lambda: call(client, operation, arguments))

        monkeypatch.setattr(BaseClient, "_make_api_call", handled)

    return begin


@pytest.fixture
def context() -> Any:
    """The context of a task in a run of its own."""
    return new_context(unique("dag"), "score", unique("run"))


@pytest.fixture
def place() -> str:
    """An output prefix that nobody else uses."""
    return scoring.place()


@pytest.fixture
def given(account: Account, place: str) -> dict[str, Any]:
    """What the operator is given; jobs are held."""
    account.hold()
    return {
        "model_package_arn": account.version(),
        "data": account.rows(),
        "output_uri": place,
        "key_columns": ["id"],
        "instance_type": "ml.m5.large",
    }
