"""Operators, imported from here only when they are asked for, so that a DAG pays for what it uses."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_sagemaker_automl.operators.approval import SageMakerModelApprovalOperator
    from airflow_sagemaker_automl.operators.jobs import SageMakerAutoMLJobOperator
    from airflow_sagemaker_automl.operators.quality_gate import SageMakerQualityGateOperator
    from airflow_sagemaker_automl.operators.registry import SageMakerRegisterCandidateOperator
    from airflow_sagemaker_automl.operators.stopping import SageMakerStopAutoMLJobOperator
    from airflow_sagemaker_automl.operators.updating import SageMakerUpdateModelPackageOperator

__all__ = [
    "SageMakerAutoMLJobOperator",
    "SageMakerModelApprovalOperator",
    "SageMakerQualityGateOperator",
    "SageMakerRegisterCandidateOperator",
    "SageMakerStopAutoMLJobOperator",
    "SageMakerUpdateModelPackageOperator",
]

_MODULES = {
    "SageMakerAutoMLJobOperator": "jobs",
    "SageMakerQualityGateOperator": "quality_gate",
    "SageMakerModelApprovalOperator": "approval",
    "SageMakerRegisterCandidateOperator": "registry",
    "SageMakerStopAutoMLJobOperator": "stopping",
    "SageMakerUpdateModelPackageOperator": "updating",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
