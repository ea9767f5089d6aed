"""An account that nobody else uses, and what a watcher leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.sandbox import sagemaker_client
from tests.support.timing import SetTiming
from tests.support.watches import Log, Store

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.fixture(autouse=True)
def _no_dag_file_is_read(set_timing: SetTiming) -> None:
    """Nothing takes a watcher off its asset here, so that nothing is waited for before it is written down."""
    set_timing(watch_settled=0.0)


@pytest.fixture
def account(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account that nobody else uses."""
    return sagemaker_client(private_url)


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    """What the test logs."""
    return Log(capsys)


@pytest.fixture
def store() -> Store:
    """The state store of an asset that nobody has watched yet."""
    return Store()
