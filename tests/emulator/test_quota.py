"""The quota of concurrent AutoML jobs: which jobs are refused, with which message, and when there is room again."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from demo.sandbox import emulator, sagemaker_client
from tests.support.jobs import ROLE, start, tabular_request, wait
from tests.support.plain_http import hold_jobs, send

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_REQUEST = tabular_request("s3://no-such-bucket/at-all/")


@pytest.fixture
def sagemaker(private_url: str) -> SageMakerClient:
    """A client of an emulator with a quota of two jobs, which run until they are stopped."""
    hold_jobs(private_url)
    return sagemaker_client(private_url)


def _faults(sagemaker: SageMakerClient) -> str:
    return f"{sagemaker.meta.endpoint_url}/automl-emulator/faults"


def test_a_job_above_the_quota_is_refused(sagemaker: SageMakerClient) -> None:
    """The error is the service's, with limit and utilization; the refused name stays unused."""
    for name in ("first", "second"):
        start(sagemaker, _REQUEST, name)
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded) as refused:
        start(sagemaker, _REQUEST, "third")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert refused.value.response["Error"]["Message"] == (
        "The account-level service limit 'Maximum number of concurrent AutoML Jobs' is 2 AutoML Jobs, with current "
        "utilization of 2 AutoML Jobs and a request delta of 1 AutoML Jobs. Please use AWS Service Quotas to request "
        "an increase for this quota."
    )
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_auto_ml_job_v2(AutoMLJobName="third")


def test_a_job_that_has_ended_makes_room(sagemaker: SageMakerClient) -> None:
    """A stopping job still counts, a stopped one does not."""
    for name, seconds in (("first", 3600), ("second", 0)):
        hold_jobs(str(sagemaker.meta.endpoint_url), StoppingSeconds=seconds)
        start(sagemaker, _REQUEST, name)
    sagemaker.stop_auto_ml_job(AutoMLJobName="first")
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded):
        start(sagemaker, _REQUEST, "third")
    sagemaker.stop_auto_ml_job(AutoMLJobName="second")
    assert wait(sagemaker, "second")["AutoMLJobStatus"] == "Stopped"
    assert sagemaker.describe_auto_ml_job_v2(AutoMLJobName="first")["AutoMLJobStatus"] == "Stopping"
    assert start(sagemaker, _REQUEST, "third") == "third"


def test_a_taken_name_is_said_before_the_quota(sagemaker: SageMakerClient) -> None:
    """A repeated create request at the quota gets the error that the name is in use."""
    for name in ("first", "second"):
        start(sagemaker, _REQUEST, name)
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        start(sagemaker, _REQUEST, "first")


def test_jobs_of_the_first_version_share_the_quota(sagemaker: SageMakerClient) -> None:
    """``CreateAutoMLJob`` counts towards the quota and is refused by it, like ``CreateAutoMLJobV2``."""
    source: Any = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://no-such-bucket/at-all/"}}

    def create(name: str) -> None:
        sagemaker.create_auto_ml_job(
            AutoMLJobName=name,
            InputDataConfig=[{"DataSource": source, "TargetAttributeName": "target"}],
            OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/out"},
            RoleArn=ROLE,
        )

    create("first")
    start(sagemaker, _REQUEST, "second")
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded):
        create("third")


def test_each_region_has_a_quota_of_its_own(sagemaker: SageMakerClient) -> None:
    """Jobs in one region do not count in another."""
    for name in ("first", "second"):
        start(sagemaker, _REQUEST, name)
    session = boto3.Session("emulator", "emulator", region_name="eu-west-1")
    elsewhere = session.client("sagemaker", endpoint_url=sagemaker.meta.endpoint_url)
    assert start(elsewhere, _REQUEST, "third") == "third"


def test_of_many_that_ask_at_once_as_many_get_in_as_there_is_room(sagemaker: SageMakerClient) -> None:
    """Of eight concurrent requests with room for two, exactly two succeed."""

    def attempt(number: int) -> bool:
        try:
            start(sagemaker, _REQUEST, f"job-{number}")
        except sagemaker.exceptions.ResourceLimitExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 2


def test_the_quota_changes_while_the_emulator_runs(sagemaker: SageMakerClient) -> None:
    """It can be lowered below the number of running jobs, to zero, and raised; the end of all faults restores it."""
    start(sagemaker, _REQUEST, "first")
    for quota in (0, 1):
        document = {"ConcurrentJobs": quota}
        in_force = {"Faults": document, "ConcurrentJobs": quota, "SecondsLeft": None}
        assert send(_faults(sagemaker), "PUT", document) == (200, in_force)
        words = f"is {quota} AutoML Jobs, with current utilization of 1 AutoML Jobs"
        with pytest.raises(ClientError, match=words):
            start(sagemaker, _REQUEST, "second")
    send(_faults(sagemaker), "PUT", {"ConcurrentJobs": 5})
    for number in range(4):
        start(sagemaker, _REQUEST, f"job-{number}")
    assert send(_faults(sagemaker), "DELETE") == (204, None)
    assert send(_faults(sagemaker), "GET")[1]["ConcurrentJobs"] == 2
    with pytest.raises(ClientError, match="is 2 AutoML Jobs, with current utilization of 5 AutoML Jobs"):
        start(sagemaker, _REQUEST, "second")


def test_a_reset_restores_the_quota() -> None:
    """A reset clears scripts and faults even if no service has been used."""
    with emulator(concurrent_jobs=7) as url:
        hold_jobs(url)
        send(f"{url}/automl-emulator/faults", "PUT", {"ConcurrentJobs": 0})
        assert send(f"{url}/moto-api/reset", "POST")[0] == 200
        assert send(f"{url}/automl-emulator/faults", "GET")[1]["ConcurrentJobs"] == 7
        assert send(f"{url}/automl-emulator/scripts", "GET")[1] == {"Scripts": []}


def test_the_quota_is_four_where_nobody_says_another() -> None:
    """The default is four, as in AWS's largest regions."""
    with emulator() as url:
        assert send(f"{url}/automl-emulator/faults", "GET")[1]["ConcurrentJobs"] == 4


@pytest.mark.parametrize("number", ["-1", "many", "1.5", ""])
def test_a_quota_that_is_no_number_is_refused_at_the_start(number: str) -> None:
    """The error of the command line names the allowed values."""
    command = [sys.executable, "-m", "airflow_sagemaker_automl.emulator", f"--concurrent-jobs={number}"]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 2
    assert f"{number!r} is not a number of jobs (0 or more)" in refused.stderr
