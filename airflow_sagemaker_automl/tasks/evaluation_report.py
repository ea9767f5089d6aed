"""The report of an evaluation: its summary, and how the task that judges by it reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.evaluation.record import EvaluationRecord
from airflow_sagemaker_automl.core.values.canonical import digest
from airflow_sagemaker_automl.core.values.documents import Unreadable, parse_json
from airflow_sagemaker_automl.core.values.literals import text
from airflow_sagemaker_automl.core.values.metric_names import MINIMIZE, read_metric
from airflow_sagemaker_automl.exceptions import InvalidQualityGate, Violation

if TYPE_CHECKING:
    from airflow_sagemaker_automl.tasks.base import SageMakerTask

_ARGUMENT = "evaluation"
_MOST_SLICES_SHOWN = 5
_NOT_A_RESULT = (
    "must be the result of SageMakerModelEvaluationOperator, or its JSON; in a template use the filter tojson"
)


def summary(record: EvaluationRecord, uri: str) -> dict[str, Any]:
    """Return the result of a task that evaluates: small, with the address of the report.

    :param uri: of the report.
    """
    written = record.to_json()
    slices = written.pop("slices")
    judged = [each for each in slices if not each["why_not"]]
    return {
        **written,
        "report": uri,
        "report_digest": digest(record.to_json()),
        "slices": {"judged": len(judged), "not_judged": len(slices) - len(judged)},
        "worst_slices": sorted(judged, key=_improvement)[:_MOST_SLICES_SHOWN],
    }


def read_evaluation(task: SageMakerTask, given: Any) -> EvaluationRecord | None:
    """Read the report that a result of an evaluation names.

    :param given: the result, its JSON, or an empty value.
    :return: None if there is no evaluation.
    :raises InvalidQualityGate: it is no such result, or its report is missing or was changed.
    """
    try:
        result = parse_json(given) if isinstance(given, str) and given.strip() else given
    except Unreadable:
        raise InvalidQualityGate([Violation(_ARGUMENT, given, _NOT_A_RESULT)]) from None
    if not result:
        return None
    uri = text(result.get("report")) if isinstance(result, Mapping) else None
    if uri is None:
        raise InvalidQualityGate([Violation(_ARGUMENT, result, _NOT_A_RESULT)])
    prefix, _, name = uri.rpartition("/")
    report = task.call_with_retries(lambda hook: hook.read_report(prefix, name))
    if report is None:
        rule = f"names the report {uri}, which cannot be read. Clear the task that evaluates"
        raise InvalidQualityGate([Violation(_ARGUMENT, None, rule)])
    try:
        record = EvaluationRecord.from_json(report.content)
    except (KeyError, TypeError, ValueError) as error:
        rule = f"names {uri}, which is no report of an evaluation ({error!r})"
        raise InvalidQualityGate([Violation(_ARGUMENT, None, rule)]) from error
    if digest(record.to_json()) != result.get("report_digest"):
        rule = f"names the report {uri}, which was changed since. Clear the task that evaluates"
        raise InvalidQualityGate([Violation(_ARGUMENT, None, rule)])
    return record


def _improvement(found: Mapping[str, Any]) -> float:
    """Order slices by the first metric: by the improvement, or by the value if there is no champion."""
    if not found["metrics"]:
        return 0.0
    metric = found["metrics"][0]
    if metric["difference"]:
        return float(metric["difference"]["improvement"])
    return float(metric["candidate"]) * (-1 if read_metric(metric["metric"]).direction == MINIMIZE else 1)
