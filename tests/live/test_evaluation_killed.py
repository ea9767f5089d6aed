"""A task that evaluates is killed at any of its calls: two transform jobs at most, and one report."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from demo.sandbox import BUCKET, REGION, s3_client, sagemaker_client, upload_breast_cancer
from tests.live.killer import KillerAt, killing
from tests.live.service import FIRST_KEY, transform_jobs
from tests.support.customers import LABEL, customers
from tests.support.jobs import put_table, start, tabular_request, unique, wait
from tests.support.trained import QUICK, version_of

if TYPE_CHECKING:
    from tests.live.rest import Api, Run
    from tests.live.service import Service

pytestmark = [pytest.mark.live, pytest.mark.matrix]

# The calls of an evaluation that is not disturbed.
_CALLS = 70
# In make matrix each call, before and after it, in both places; otherwise calls while inputs and jobs are made.
_KILLS: list[tuple[int, str, str]] = (
    list(product(range(1, _CALLS), ("before", "after"), ("deferred", "here")))
    if int(os.environ.get("LIVE_KILLS", "10")) > 10
    else [(30, "before", "deferred"), (44, "after", "here")]
)


def _models(url: str) -> tuple[str, str]:
    """Train two models in a service, and approve one.

    :return: name of the other's job, and the group.
    """
    upload_breast_cancer(url)  # Creates the bucket.
    sagemaker, s3 = sagemaker_client(url), s3_client(url)
    put_table(s3, "held-out", customers(300, 2))
    requests = [tabular_request(put_table(s3, f"seen-{seed}", customers(600, seed)), LABEL, **QUICK) for seed in (1, 3)]
    champion, candidate = (wait(sagemaker, start(sagemaker, request)) for request in requests)
    version = version_of(sagemaker, champion)
    return candidate["AutoMLJobName"], version.rpartition(":model-package/")[2].partition("/")[0]


def _keys(s3: Any, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def test_two_transform_jobs_and_one_report_wherever_the_task_is_killed(api: Api, service: Service) -> None:
    """No model and nothing of its own is left behind, and all runs report the same."""
    (job_name, group), s3 = _models(service.url), s3_client(service.url)
    killed: dict[str, KillerAt] = {}
    runs: dict[str, Run] = {}
    with ExitStack() as proxies:
        for number, when, where in _KILLS:
            name = f"{where}-{when}-{number}"
            killed[name] = KillerAt(service.url, when, number)
            aws_conn_id = unique("aws-evaluated")
            api.connect_to_aws(aws_conn_id, proxies.enter_context(killing(killed[name])), REGION, FIRST_KEY)
            conf = {
                "aws_conn_id": aws_conn_id,
                "job_name": job_name,
                "group": group,
                "data": f"s3://{BUCKET}/held-out/",
                "output_uri": f"s3://{BUCKET}/evaluated/{name}/",
            }
            runs[name] = api.trigger(f"evaluated_{where}", conf)
        for name, run in runs.items():
            assert run.wait_for_end() == "success", (name, killed[name].killed)
    reports = []
    for name, run in runs.items():
        at = (name, killed[name].killed)
        assert transform_jobs(service.url, run) == ["Completed", "Completed"], at
        keys = _keys(s3, f"evaluated/{name}/")
        (report,) = [key for key in keys if key.endswith("evaluation.json")]
        reports.append(json.loads(s3.get_object(Bucket=BUCKET, Key=report)["Body"].read())["metrics"])
        assert not [key for key in keys if "/_work/" in key], at
    assert all(each == reports[0] for each in reports)
    assert not sagemaker_client(service.url).list_models()["Models"]
    # Calls of the first try: the last ones of the sweep come after its end.
    assert sum(bool(killer.killed) for killer in killed.values()) >= len(killed) / 2
