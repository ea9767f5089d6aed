"""Transform jobs."""

from __future__ import annotations

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.listing import Members, page, within

_ORDER = {"Name": "TransformJobName", "CreationTime": "CreationTime", "Status": "TransformJobStatus"}


def create(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``CreateTransformJob``."""
    return {"TransformJobArn": account.transforms.create(request).arn}


def describe(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DescribeTransformJob``."""
    return account.transforms.find(request["TransformJobName"]).describe()


def list_jobs(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListTransformJobs``, by default the newest first."""
    summaries = account.transforms.summaries(account.lists_as_of())
    wanted = within(summaries, request, "TransformJobName", StatusEquals="TransformJobStatus")
    member = _ORDER[request.get("SortBy", "CreationTime")]
    return page(
        wanted,
        request,
        "TransformJobSummaries",
        name="TransformJobName",
        sort_key=lambda job: job[member],
        order="Descending",
    )


def stop(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``StopTransformJob``."""
    account.transforms.stop(request["TransformJobName"])
    return {}


OPERATIONS = {
    "CreateTransformJob": create,
    "DescribeTransformJob": describe,
    "ListTransformJobs": list_jobs,
    "StopTransformJob": stop,
}
