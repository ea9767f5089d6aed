"""Update a version and describe it afterwards: reads may lag behind writes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.registry.package_change import package_change
from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import ServiceUnavailable

if TYPE_CHECKING:
    from airflow_sagemaker_automl.tasks.base import SageMakerTask


def update_and_describe(task: SageMakerTask, request: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Send an update, and describe the version until the update is visible.

    :param request: arguments of ``UpdateModelPackage``.
    :param before: response of ``DescribeModelPackage`` before the update.
    :return: the response after the update; another user may have changed the version again.
    :raises ServiceUnavailable: the update is not visible after 60 seconds; a retry checks again.
    """
    task.call_with_retries(lambda hook: hook.update_model_package(request))
    arn, deadline = request["ModelPackageArn"], time.monotonic() + timing().update_visible
    while True:
        described = task.call_with_retries(lambda hook: hook.describe_model_package(arn))
        if _is_shown(request, before, described):
            return described
        if time.monotonic() > deadline:
            raise ServiceUnavailable(
                f"Model package {arn} was updated, but {timing().update_visible:.0f} s later AWS still shows the "
                "earlier values. A retry checks again."
            )
        time.sleep(timing().update_poll)


def _is_shown(request: Mapping[str, Any], before: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    """Tell whether the version matches the update, or was at least modified."""
    is_touched = described.get("LastModifiedTime") != before.get("LastModifiedTime")
    return is_touched or not package_change(described, request).requests
