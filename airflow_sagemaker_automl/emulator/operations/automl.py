"""AutoML jobs and their candidates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.listing import Members, page, within

_JOB_ORDER = {"Name": "AutoMLJobName", "CreationTime": "CreationTime", "Status": "AutoMLJobStatus"}


def create(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``CreateAutoMLJobV2``."""
    return {"AutoMLJobArn": account.start_job(request).arn}


def describe(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DescribeAutoMLJobV2``."""
    return account.find_job(request["AutoMLJobName"]).describe()


def list_jobs(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListAutoMLJobs``."""
    wanted = within(account.summaries(), request, "AutoMLJobName", StatusEquals="AutoMLJobStatus")
    member = _JOB_ORDER[request.get("SortBy", "Name")]
    return page(
        wanted,
        request,
        "AutoMLJobSummaries",
        name="AutoMLJobName",
        sort_key=lambda job: job[member],
        order="Descending",
    )


def list_candidates(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListCandidatesForAutoMLJob``."""
    candidates = account.find_job(request["AutoMLJobName"]).candidates()
    wanted = within(
        candidates, request, "CandidateName", StatusEquals="CandidateStatus", CandidateNameEquals="CandidateName"
    )
    sort_keys: dict[str, Callable[[Members], Any]] = {
        "CreationTime": lambda candidate: candidate["CreationTime"],
        "Status": lambda candidate: candidate["CandidateStatus"],
        # Candidates without a metric yet sort below all others.
        "FinalObjectiveMetricValue": lambda candidate: candidate.get("FinalAutoMLJobObjectiveMetric", {}).get(
            "Value", -math.inf
        ),
    }
    sort_key = sort_keys[request.get("SortBy", "CreationTime")]
    return page(wanted, request, "Candidates", name="CandidateName", sort_key=sort_key, order="Ascending")


def stop(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``StopAutoMLJob``."""
    account.stop_job(request["AutoMLJobName"])
    return {}


OPERATIONS = {
    "CreateAutoMLJobV2": create,
    "DescribeAutoMLJobV2": describe,
    "ListAutoMLJobs": list_jobs,
    "ListCandidatesForAutoMLJob": list_candidates,
    "StopAutoMLJob": stop,
}
