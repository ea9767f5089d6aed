"""Sensors, imported from here only when they are asked for, so that a DAG pays for what it uses."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_sagemaker_automl.sensors.approval import SageMakerModelPackageApprovalSensor
    from airflow_sagemaker_automl.sensors.jobs import SageMakerAutoMLJobSensor

__all__ = ["SageMakerAutoMLJobSensor", "SageMakerModelPackageApprovalSensor"]

_MODULES = {
    "SageMakerAutoMLJobSensor": "jobs",
    "SageMakerModelPackageApprovalSensor": "approval",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
