"""The asset of a group's scorings, and its events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset

from airflow_sagemaker_automl.assets.events import name_of_group
from airflow_sagemaker_automl.core.registry.model_version import is_same_group

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

_URI = re.compile(r"sagemaker://model-package-groups/(?P<group>[^/]+)(?P<kind>/.*)?")
_SCORED = "/scored"
# Members of the operator's result that an event carries.
CARRIED = (
    "model_package_arn",
    "model_package_group_name",
    "transform_job_name",
    "transform_job_arn",
    "output_uri",
    "columns",
    "rows",
    "scored_rows",
    "unusable_rows",
    "ended",
)


def scored(group: str) -> Asset:
    """Return the asset for tables that were scored with versions of a group.

    An event's ``extra`` has ``model_package_arn``, ``model_package_group_name``, ``transform_job_name``,
    ``transform_job_arn``, ``output_uri`` (of the table), ``columns``, ``rows``, ``scored_rows``, ``unusable_rows``,
    ``ended`` and ``deduplication_key``. Events are emitted at least once: a cleared task emits its event again.

    :param group: name of the model package group, or its ARN, of which only the name is used.
    :raises ValueError: it is neither, or a template.
    """
    return Asset(uri=f"sagemaker://model-package-groups/{name_of_group(group)}{_SCORED}")


def emit_scoring_event(operator: BaseOperator, context: Context, result: Mapping[str, Any]) -> None:
    """Emit the asset event of a scoring, when the task succeeds.

    :param operator: the running task; outlets that get no event are removed from it.
    :param result: of the task.
    """
    kept: list[Any] = []
    for outlet in operator.outlets:
        match = _URI.fullmatch(str(getattr(outlet, "uri", None) or getattr(outlet, "name", None) or ""))
        if match is None:
            kept.append(outlet)
            continue
        if "output_uri" not in result:
            operator.log.warning("No event for %s: this task does not wait for the table", match[0])
        elif match["kind"] == _SCORED and is_same_group(match["group"], result["model_package_group_name"]):
            event = context["outlet_events"][outlet]
            carried = {key: result.get(key) for key in CARRIED}
            event.extra = {**event.extra, **carried, "deduplication_key": result["transform_job_arn"]}
            kept.append(outlet)
        else:
            operator.log.warning("No event for %s: this task scored with %s", match[0], result["model_package_arn"])
    # A new list, because Airflow's copy of the task shares the old one with the DAG.
    operator.outlets = kept
