"""How a version stands that somebody is to decide on, and the update that says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.model_package import is_finished
from airflow_sagemaker_automl.exceptions import ModelPackageGone, ModelPackageUnfinished
from airflow_sagemaker_automl.operators.changing import change_and_describe
from airflow_sagemaker_automl.service_errors import is_invalid

if TYPE_CHECKING:
    from airflow_sagemaker_automl.connection import ConnectsToSageMaker


def described_to_decide(task: ConnectsToSageMaker, arn: str) -> dict[str, Any]:
    """Look at a version.

    :return: the answer of ``DescribeModelPackage``.
    :raises ModelPackageGone: there is none.
    :raises ModelPackageFailed: it cannot be used.
    :raises ModelPackageUnfinished: it cannot be used yet.
    """
    try:
        described = task.patiently(lambda hook: hook.describe_model_package(arn))
    except Exception as error:
        if is_invalid(error):
            raise ModelPackageGone(arn, str(error)) from error
        raise
    task.remember_version(described)
    if not is_finished(described):
        reason = "It can be decided on when it is Completed; a retry looks again."
        raise ModelPackageUnfinished(arn, described["ModelPackageStatus"], reason)
    return described


def send_decision(
    task: ConnectsToSageMaker, request: Mapping[str, Any], described: Mapping[str, Any]
) -> dict[str, Any]:
    """Send an update.

    :param request: arguments of ``UpdateModelPackage``.
    :param described: the version before.
    :return: the version afterwards.
    :raises ModelPackageGone: there is no such version any more.
    """
    try:
        return change_and_describe(task, request, described)
    except Exception as error:
        if is_invalid(error):
            described_to_decide(task, request["ModelPackageArn"])
        raise
