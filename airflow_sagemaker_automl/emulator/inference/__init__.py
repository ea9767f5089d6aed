"""The process behind an endpoint's variant: it loads the archives of one chain of containers and predicts with them.

A program of its own, started as ``python -m airflow_sagemaker_automl.emulator.inference`` for each variant.
"""
