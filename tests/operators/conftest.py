"""The context of a task, an emulator of its own, and a job that has completed there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from demo.sandbox import s3_client, sagemaker_client
from tests.support.jobs import unique
from tests.support.recorded import replay
from tests.support.tasks import new_context

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.fixture
def emulator_url(alone: str) -> str:
    """URL of an emulator that no other test uses meanwhile; two jobs may run there at the same time."""
    return alone


@pytest.fixture
def sagemaker(emulator_url: str) -> SageMakerClient:
    """A plain boto3 client of its SageMaker."""
    return sagemaker_client(emulator_url)


@pytest.fixture
def s3(emulator_url: str) -> S3Client:
    """A plain boto3 client of its S3."""
    return s3_client(emulator_url)


@pytest.fixture
def context(emulator_url: str) -> Any:
    """The context of a task in a run of its own."""
    return new_context(unique("dag"), "train", unique("run"))


@pytest.fixture
def completed_job(emulator_url: str) -> str:
    """Name of a job that has completed with two candidates, as one that was trained did."""
    return replay(emulator_url)
