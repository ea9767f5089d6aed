"""Assets that Airflow itself watches, so that DAGs start for what people decide elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, AssetWatcher

from airflow_sagemaker_automl.approval_watch import ModelApprovalsTrigger
from airflow_sagemaker_automl.assets import uri_of_watched_approvals


def approvals_watched(
    group: str,
    *,
    aws_conn_id: str | None = "aws_default",
    region_name: str | None = None,
    verify: bool | str | None = None,
    botocore_config: dict[str, Any] | None = None,
    poll_interval: float | timedelta = 60,
) -> Asset:
    """Have approvals in a model package group told by whomever they are made, in SageMaker Studio for example.

    ::

        with DAG("deploy", schedule=approvals_watched("churn")):
            ...

    The triggerer tells of each version that becomes approved, for as long as a DAG that is not paused is scheduled on
    this asset; see :class:`~airflow_sagemaker_automl.approval_watch.ModelApprovalsTrigger` for what is told when. It
    tells of approvals that tasks make, too, up to an interval later than their outlets do: an approval is one event
    here, whoever makes it. A DAG that is not to wait so long takes both, and may start twice for an approval::

        with DAG("deploy", schedule=approved("churn") | approvals_watched("churn")):
            ...

    It is an asset of its own, and not ``approved(group)`` with a watcher, for Airflow takes the watchers of an asset
    from the DAG file that it has read last: each file that has ``approved(group)`` among its outlets would end the
    watch. DAGs in several files may have one watched asset, if they all give the same arguments.

    :param group: name of the model package group, or its ARN, which may be another account's.
    :param aws_conn_id: Airflow connection for AWS; None leaves it to boto3's own search for credentials.
    :param region_name: AWS region. Default: the connection's.
    :param verify: whether to verify TLS certificates, or a CA bundle. Default: the connection's.
    :param botocore_config: arguments of botocore's ``Config``. It is no place for secrets: it is stored with the DAG.
    :param poll_interval: seconds, or a timedelta, between two looks at the group.
    :raises ValueError: the group is none, or a template, or the interval is not more than zero.
    """
    seconds = poll_interval.total_seconds() if isinstance(poll_interval, timedelta) else float(poll_interval)
    if not seconds > 0:
        raise ValueError(f"The interval between two looks must be more than 0 s, not {poll_interval!r}.")
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
