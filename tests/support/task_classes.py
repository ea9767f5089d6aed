"""The package's operators and sensors, as its public names list them."""

from __future__ import annotations

import airflow_sagemaker_automl

OPERATORS = [
    name for name in airflow_sagemaker_automl.__all__ if name.startswith("SageMaker") and name.endswith("Operator")
]
SENSORS = [
    name for name in airflow_sagemaker_automl.__all__ if name.startswith("SageMaker") and name.endswith("Sensor")
]
TASKS = [getattr(airflow_sagemaker_automl, name) for name in (*OPERATORS, *SENSORS)]
