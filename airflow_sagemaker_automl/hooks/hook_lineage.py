"""What custom code reads and writes with the hook, for Airflow's hook lineage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.registry.lineage import s3_places

if TYPE_CHECKING:
    from airflow.sdk import BaseHook


def collect(hook: BaseHook, *, read: Iterable[Any] = (), version: tuple[str, str] | None = None) -> None:
    """Add what a hook has done to Airflow's hook lineage, which has no effect without a reader.

    :param read: S3 URIs that were read; others are left out.
    :param version: name or ARN of a model package group, and the ARN of the version that was created in it.
    """
    from airflow.sdk.lineage import get_hook_lineage_collector

    collector = get_hook_lineage_collector()
    for place in s3_places(read):
        bucket, key = place.namespace.removeprefix("s3://"), place.name.removeprefix("/")
        collector.add_input_asset(hook, scheme="s3", asset_kwargs={"bucket": bucket, "key": key})
    if version:
        group, arn = version
        collector.add_output_asset(
            hook,
            scheme="sagemaker",
            asset_kwargs={"model_package_group": group},
            asset_extra={"model_package_arn": arn},
        )
