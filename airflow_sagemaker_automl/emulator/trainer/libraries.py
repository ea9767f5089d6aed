"""The libraries of nearly every job and endpoint, loaded once in the process that others are forked from."""

from __future__ import annotations

import functools
from importlib import import_module

import autogluon.common.utils.utils as _versions

# Libraries that AutoGluon loads lazily, and those that explain its models.
for _library in ("autogluon.tabular.models", "lightgbm", "pyarrow.parquet", "shap", "sklearn.ensemble", "xgboost"):
    import_module(_library)

# AutoGluon reads the metadata of all installed packages, which takes 0.5 s, each time it saves or loads a predictor.
_versions.get_package_versions = functools.cache(_versions.get_package_versions)
_versions.get_package_versions()
