"""Changing a version, and looking at it afterwards: what is read may lag behind what was written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.package_change import package_change
from airflow_sagemaker_automl.exceptions import ServiceUnavailable

if TYPE_CHECKING:
    from airflow_sagemaker_automl.connection import ConnectsToSageMaker

_SHOWN_WITHIN_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 1.0


def change_and_describe(
    task: ConnectsToSageMaker, request: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Send an update, and describe the version when the update is to be seen.

    :param request: arguments of ``UpdateModelPackage``.
    :param before: answer of ``DescribeModelPackage`` from before.
    :return: the answer from afterwards; somebody else may have changed the version since.
    :raises ServiceUnavailable: a minute later it still is as it was; a retry looks again.
    """
    task.patiently(lambda hook: hook.update_model_package(request))
    arn, deadline = request["ModelPackageArn"], time.monotonic() + _SHOWN_WITHIN_SECONDS
    while True:
        described = task.patiently(lambda hook: hook.describe_model_package(arn))
        if _is_shown(request, before, described):
            return described
        if time.monotonic() > deadline:
            raise ServiceUnavailable(
                f"Model package {arn} was updated, and {_SHOWN_WITHIN_SECONDS:.0f} s later AWS still shows it as it "
                "was. A retry looks again."
            )
        time.sleep(_LOOK_EVERY_SECONDS)


def _is_shown(request: Mapping[str, Any], before: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    """Tell whether a version is as asked for, or has at least been changed."""
    is_touched = described.get("LastModifiedTime") != before.get("LastModifiedTime")
    return is_touched or not package_change(described, request).requests
