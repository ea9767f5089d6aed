"""What ``python -m airflow_sagemaker_automl`` runs."""

from __future__ import annotations

from airflow_sagemaker_automl.cli import main

if __name__ == "__main__":
    main(prog_name="python -m airflow_sagemaker_automl")
