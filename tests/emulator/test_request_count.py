"""The emulator counts its answers, so that tests need not read its log."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from demo.sandbox import REGION, sagemaker_client
from tests.support.jobs import ROLE
from tests.support.plain_http import send


def _counts(url: str) -> object:
    status, answer = send(f"{url}/automl-emulator/requests", "GET")
    assert status == 200
    return answer


def test_answers_are_counted_by_operation(private_url: str) -> None:
    """Errors and calls for credentials count, too; requests to the control interface do not."""
    assert _counts(private_url) == {"Requests": {}}
    sagemaker = sagemaker_client(private_url)
    sagemaker.list_auto_ml_jobs()
    sagemaker.list_auto_ml_jobs()
    with pytest.raises(ClientError, match="Could not find"):
        sagemaker.describe_auto_ml_job_v2(AutoMLJobName="nobody")
    sts = boto3.Session("emulator", "emulator", region_name=REGION).client("sts", endpoint_url=private_url)
    assert sts.assume_role(RoleArn=ROLE, RoleSessionName="session")["AssumedRoleUser"]
    assert _counts(private_url) == {"Requests": {"AssumeRole": 1, "DescribeAutoMLJobV2": 1, "ListAutoMLJobs": 2}}


def test_what_is_dropped_does_not_count(private_url: str) -> None:
    """A throttled request counts; a request whose connection was closed does not."""
    once = Config(retries={"total_max_attempts": 1})
    session = boto3.Session("emulator", "emulator", region_name=REGION)
    sagemaker = session.client("sagemaker", endpoint_url=private_url, config=once)
    for fault in ("ThrottlingRate", "DroppedRequestRate", "DroppedAnswerRate"):
        send(f"{private_url}/automl-emulator/faults", "PUT", {fault: 1})
        with pytest.raises((ClientError, BotoCoreError)):
            sagemaker.list_auto_ml_jobs()
    assert _counts(private_url) == {"Requests": {"ListAutoMLJobs": 1}}


def test_requests_at_once_all_count(private_url: str) -> None:
    """Concurrent requests are all counted, and the counts are reset on request and by moto's reset."""
    url = f"{private_url}/automl-emulator/requests"
    sagemaker = sagemaker_client(private_url)
    for method, again in (("DELETE", url), ("POST", f"{private_url}/moto-api/reset")):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: sagemaker.list_auto_ml_jobs(), range(40)))
        assert _counts(private_url) == {"Requests": {"ListAutoMLJobs": len(answers)}}
        assert send(again, method)[0] in (200, 204)
        assert _counts(private_url) == {"Requests": {}}
    assert send(url, "PUT", {})[0] == 405
