"""A task that scores is killed at any of its calls, before it is sent or after it was answered: one job, one table."""

from __future__ import annotations

import csv
import io
import os
from contextlib import ExitStack
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from demo.sandbox import BUCKET, NEW_ROWS, REGION, s3_client, sagemaker_client, upload_breast_cancer
from tests.live.killer import KillerAt, killing
from tests.live.service import FIRST_KEY, transform_jobs
from tests.support.jobs import unique
from tests.support.trained import quick_job, version_of

if TYPE_CHECKING:
    from tests.live.rest import Api, Run
    from tests.live.service import Service

pytestmark = pytest.mark.live

# The calls of a scoring that is not disturbed, and its polls.
_CALLS = 40
# In make matrix each call, before and after it, in both places; otherwise calls while input and table are written.
_KILLS: list[tuple[int, str, str]] = (
    list(product(range(1, _CALLS), ("before", "after"), ("deferred", "here")))
    if int(os.environ.get("LIVE_KILLS", "10")) > 10
    else [(12, "before", "deferred"), (12, "after", "here"), (24, "before", "here"), (24, "after", "deferred")]
)


def _version(url: str) -> str:
    """Train a model in a service, and register it.

    :return: ARN of the version.
    """
    sagemaker, data = sagemaker_client(url), upload_breast_cancer(url)
    return version_of(sagemaker, quick_job(sagemaker, data))


def _patients(s3: Any, key: str) -> list[str]:
    body = s3.get_object(Bucket=BUCKET, Key=key)["Body"]
    return [row["patient"] for row in csv.DictReader(io.TextIOWrapper(body))]


def test_one_transform_job_and_one_table_wherever_the_task_is_killed(api: Api, service: Service) -> None:
    """Each run pays for one job, writes the whole table, and leaves no model and nothing of its own behind.

    It waits in the triggerer or in the worker.
    """
    version, s3 = _version(service.url), s3_client(service.url)
    killed: dict[str, KillerAt] = {}
    runs: dict[str, Run] = {}
    with ExitStack() as proxies:
        for number, when, where in _KILLS:
            name = f"{where}-{when}-{number}"
            killed[name] = KillerAt(service.url, when, number)
            aws_conn_id = unique("aws-scored")
            api.connect_to_aws(aws_conn_id, proxies.enter_context(killing(killed[name])), REGION, FIRST_KEY)
            conf = {
                "aws_conn_id": aws_conn_id,
                "version": version,
                "data": f"s3://{BUCKET}/{NEW_ROWS}/",
                "output_uri": f"s3://{BUCKET}/scored/{name}/",
            }
            runs[name] = api.trigger(f"scored_{where}", conf)
        for name, run in runs.items():
            assert run.wait_for_end() == "success", (name, killed[name].killed)
    expected = _patients(s3, f"{NEW_ROWS}/rows.csv")
    for name, run in runs.items():
        at = (name, killed[name].killed)
        assert transform_jobs(service.url, run) == ["Completed"], at
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"scored/{name}/")["Contents"]]
        assert sorted(key.rpartition("/")[2] for key in keys) == ["_SUCCESS", "scores.csv"], at
        assert _patients(s3, f"scored/{name}/scores.csv") == expected, at
    assert not sagemaker_client(service.url).list_models()["Models"]
    # Calls of the first try: the last ones of the sweep come after its end.
    assert sum(bool(killer.killed) for killer in killed.values()) >= len(killed) / 2
