"""scikit-learn's tables; each process of a test run collects all tests, and few need what takes so long to import."""

from __future__ import annotations

from typing import Any


def load_breast_cancer(**options: Any) -> Any:
    """Give scikit-learn's copy of the Wisconsin breast cancer table."""
    from sklearn import datasets

    return datasets.load_breast_cancer(**options)


def load_diabetes(**options: Any) -> Any:
    """Give the diabetes table, whose target is a number."""
    from sklearn import datasets

    return datasets.load_diabetes(**options)


def load_wine(**options: Any) -> Any:
    """Give the wine table, which has three classes."""
    from sklearn import datasets

    return datasets.load_wine(**options)
