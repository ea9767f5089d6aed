"""The service's messages about quotas: which refusals are transient, and which are permanent."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.core.jobs.quota import Refusal
from demo.sandbox import emulator, sagemaker_client
from tests.support.jobs import start, tabular_request

_WORDS = (
    "The account-level service limit 'Maximum number of concurrent AutoML Jobs' is {limit} AutoML Jobs, with current "
    "utilization of {used} AutoML Jobs and a request delta of {delta} AutoML Jobs. Please use AWS Service Quotas to "
    "request an increase for this quota."
)


@pytest.mark.parametrize(
    ("limit", "used", "delta", "for_good"),
    [
        ("4", "4", "1", False),
        ("1", "1", "1", False),
        ("0", "0", "1", True),
        ("0", "4", "1", True),  # The quota was lowered while jobs ran.
        ("2", "0", "3", True),
        ("1,000", "1,000", "20", False),
        ("20", "0", "1,000", True),
    ],
)
def test_a_quota_that_nothing_fits_in_is_for_good(limit: str, used: str, delta: str, for_good: bool) -> None:
    """Only the limit and the requested number count; current jobs may end."""
    refusal = Refusal.read(_WORDS.format(limit=limit, used=used, delta=delta))
    assert refusal.is_for_good is for_good
    assert refusal.limit == int(limit.replace(",", ""))


@pytest.mark.parametrize(
    ("text", "limit", "for_good"),
    [
        ("The account-level service limit 'ml.g5.12xlarge for training job usage' is 0 Instances.", 0, True),
        ("The account-level service limit 'Jobs' is 3 Jobs.", 3, False),
        ("You have reached the limit of AutoML jobs.", None, False),
        ("4 AutoML jobs are in progress; 0 may be added.", None, False),
        ("", None, False),
    ],
)
def test_words_of_another_form_are_read_as_far_as_they_go(text: str, limit: int | None, for_good: bool) -> None:
    """Without numbers the refusal is transient; without a delta, one job is requested."""
    refusal = Refusal.read(text)
    assert (refusal.text, refusal.limit, refusal.is_for_good) == (text, limit, for_good)


@pytest.mark.emulator
@pytest.mark.parametrize(("quota", "for_good"), [(0, True), (1, False)])
def test_a_refusal_is_read_as_the_service_sends_it(quota: int, for_good: bool) -> None:
    """For an account with a quota of 0, and for one whose only job is running."""
    with emulator(concurrent_jobs=quota) as url:
        sagemaker = sagemaker_client(url)
        request = tabular_request("s3://no-such-bucket/at-all/")
        for _ in range(quota):
            start(sagemaker, request)
        with pytest.raises(ClientError, match="ResourceLimitExceeded") as refused:
            start(sagemaker, request)
    refusal = Refusal.read(refused.value.response["Error"]["Message"])
    assert (refusal.limit, refusal.delta, refusal.is_for_good) == (quota, 1, for_good)
