"""The libraries of nearly every job and endpoint, loaded once in the process that others are forked from."""

from __future__ import annotations

import functools
import gc
from importlib import import_module

import autogluon.common.utils.utils as _versions

from airflow_sagemaker_automl.emulator.trainer.storage import Storage

# Libraries that AutoGluon loads lazily, those that explain its models, and what each process starts with.
for _module in (
    *("autogluon.tabular.models", "lightgbm", "networkx", "pyarrow.parquet", "shap", "sklearn.ensemble", "xgboost"),
    "airflow_sagemaker_automl.emulator.inference.chain",
    "airflow_sagemaker_automl.emulator.inference.transform",
    "airflow_sagemaker_automl.emulator.trainer.process",
    "airflow_sagemaker_automl.emulator.trainer.tabular",
):
    import_module(_module)

# AutoGluon reads the metadata of all installed packages, which takes 0.5 s, each time it saves or loads a predictor.
_versions.get_package_versions = functools.cache(_versions.get_package_versions)
_versions.get_package_versions()

# boto3 keeps the description of S3, which it reads for the first client.
Storage("http://127.0.0.1:1", "us-east-1")

# A garbage collection over all that is loaded takes 0.2 s, and copies its pages; a forked process skips it.
gc.collect()
gc.freeze()
