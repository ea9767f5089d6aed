"""Assets with a watcher, so that approvals made elsewhere start DAG runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, AssetWatcher

from airflow_sagemaker_automl.assets.events import uri_of_watched_approvals
from airflow_sagemaker_automl.triggers.approvals import ModelApprovalsTrigger


def approvals_watched(
    group: str,
    *,
    aws_conn_id: str | None = "aws_default",
    region_name: str | None = None,
    verify: bool | str | None = None,
    botocore_config: dict[str, Any] | None = None,
    poll_interval: float | timedelta = 60,
) -> Asset:
    """Return an asset that gets an event when anyone approves a version of a model package group, anywhere.

    ::

        with DAG("deploy", schedule=approvals_watched("churn")):
            ...

    The triggerer emits an event for each version that becomes approved, for as long as an unpaused DAG is scheduled on
    this asset; see :class:`~airflow_sagemaker_automl.triggers.approvals.ModelApprovalsTrigger` for details. It
    also emits events for approvals made by tasks, up to one interval later than the tasks' outlets do. To start earlier
    for these, schedule the DAG on both assets; it may then start twice for one approval::

        with DAG("deploy", schedule=approved("churn") | approvals_watched("churn")):
            ...

    It is a separate asset, not ``approved(group)`` with a watcher, because Airflow uses the watchers from the DAG file
    that it parsed last: each DAG file with ``approved(group)`` among its outlets would end the watch. DAGs in several
    files can share one watched asset if they all pass the same arguments.

    :param group: name of the model package group, or its ARN, possibly in another account.
    :param aws_conn_id: Airflow connection for AWS; None uses boto3's own search for credentials.
    :param region_name: AWS region. Default: the connection's.
    :param verify: whether to verify TLS certificates, or a CA bundle. Default: the connection's.
    :param botocore_config: arguments of botocore's ``Config``. Must not contain secrets: it is stored with the DAG.
    :param poll_interval: seconds, or a timedelta, between two polls of the group (default: 60).
    :raises ValueError: the group is not a literal name or ARN, or the interval is not greater than zero.
    """
    seconds = poll_interval.total_seconds() if isinstance(poll_interval, timedelta) else float(poll_interval)
    if not seconds > 0:
        raise ValueError(f"poll_interval = {poll_interval!r} must be more than 0 s.")
    trigger = ModelApprovalsTrigger(
        group=group,
        aws_conn_id=aws_conn_id,
        region_name=region_name,
        verify=verify,
        botocore_config=botocore_config,
        poll_interval=seconds,
    )
    watched_by = (aws_conn_id or "boto3", *([region_name] if region_name else []))
    uri = uri_of_watched_approvals(group, *watched_by)
    return Asset(uri=uri, watchers=[AssetWatcher(name="/".join(("approvals", *watched_by)), trigger=trigger)])
