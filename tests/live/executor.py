"""Workers that begin with what their tasks import, so that a hundred tasks of a second each take minutes, not hours."""

from __future__ import annotations

import importlib

from airflow.executors.local_executor import LocalExecutor

_NEEDED = (
    "airflow.providers.amazon.aws.hooks.base_aws",
    "airflow.providers.openlineage.plugins.openlineage",
    "airflow.sdk.execution_time.task_runner",
    "airflow_sagemaker_automl.observability.facets",
    "airflow_sagemaker_automl.hooks.automl",
    "airflow_sagemaker_automl.operators",
    "airflow_sagemaker_automl.triggers.base",
    "airflow_sagemaker_automl.hooks.service_model",
)


class PreparedLocalExecutor(LocalExecutor):
    """Airflow's own, whose worker processes are forks of a process that has imported what it needs."""

    def start(self) -> None:
        """Start the workers."""
        for module in _NEEDED:
            importlib.import_module(module)
        super().start()
