"""Jobs with figures, and the two tasks that judge and register their candidates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl import (
    BetterThanChampion,
    QualityGate,
    SageMakerQualityGateOperator,
    SageMakerRegisterCandidateOperator,
)
from tests.support.jobs import start, tabular_request, unique, wait
from tests.support.plain_http import send
from tests.support.scripts import CANDIDATE, script_jobs

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

BETTER = QualityGate(champion=BetterThanChampion())


def gate_task(job_name: str, group: str, gate: Any = BETTER, **arguments: Any) -> SageMakerQualityGateOperator:
    """Make the operator under test."""
    return SageMakerQualityGateOperator(
        task_id="judge", job_name=job_name, model_package_group_name=group, gate=gate, **arguments
    )


def registration(job_name: str, group: str, **arguments: Any) -> SageMakerRegisterCandidateOperator:
    """Make the operator that follows a gate."""
    return SageMakerRegisterCandidateOperator(
        task_id="register", job_name=job_name, model_package_group_name=group, deferrable=False, **arguments
    )


def figures(f1: float, **members: Any) -> dict[str, Any]:
    """Describe a candidate that was ranked by F1, in the service's words."""
    metrics = [
        {"MetricName": "F1", "StandardMetricName": "F1", "Value": f1, "Set": "Validation"},
        {"StandardMetricName": "LogLoss", "Value": 1 - f1, "Set": "Validation"},
        {"MetricName": "F1", "StandardMetricName": "F1", "Value": f1 - 0.05, "Set": "Test"},
    ]
    return {
        **CANDIDATE,
        "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Type": "Maximize", "Value": f1},
        "CandidateProperties": {
            "CandidateArtifactLocations": {"Explainability": "s3://automl-demo/none"},
            "CandidateMetrics": metrics,
        },
        **members,
    }


def ended(sagemaker: SageMakerClient, url: str, *candidates: dict[str, Any], **ending: Any) -> str:
    """Let a job end.

    :param candidates: the first is the best.
    :return: its name.
    """
    name = unique()
    script_jobs(url, name, *candidates, **ending)
    start(sagemaker, tabular_request("s3://automl-demo/none/"), name)
    wait(sagemaker, name)
    return name


@contextmanager
def faulty(url: str, **faults: Any) -> Iterator[None]:
    """Let things go wrong for as long as the block lasts."""
    status, answer = send(f"{url}/automl-emulator/faults", "PUT", faults)
    assert status == 200, answer
    try:
        yield
    finally:
        send(f"{url}/automl-emulator/faults", "DELETE")


def requests(url: str) -> dict[str, int]:
    """Count the requests since the last count, by operation."""
    counted: dict[str, int] = send(f"{url}/automl-emulator/requests", "GET")[1]["Requests"]
    send(f"{url}/automl-emulator/requests", "DELETE")
    return counted
