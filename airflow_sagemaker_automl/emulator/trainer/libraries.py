"""The libraries of nearly every job and endpoint, loaded by the process that theirs are forked from."""

from __future__ import annotations

import functools
from importlib import import_module

import autogluon.common.utils.utils as _versions

# What AutoGluon loads not before it needs it, and what explains its models.
for _library in ("autogluon.tabular.models", "lightgbm", "pyarrow.parquet", "shap", "sklearn.ensemble", "xgboost"):
    import_module(_library)

# AutoGluon reads the metadata of every installed package, for half a second, whenever it saves or loads a predictor.
_versions.get_package_versions = functools.cache(_versions.get_package_versions)
_versions.get_package_versions()
