"""Which algorithms a job trains: those that it requests, if its mode has them and they are installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData

# In Mode AUTO the service chooses between the two modes by this size.
LARGEST_ENSEMBLING_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True)
class Algorithm:
    """An algorithm of the service and the library that trains it here.

    :param name: as in ``AutoMLAlgorithms``.
    :param library: module that is needed to train it; None if the emulator has no library for it.
    """

    name: str
    library: str | None

    @property
    def is_installed(self) -> bool:
        return self.library is not None and importlib.util.find_spec(self.library) is not None


ENSEMBLING = (
    Algorithm("lightgbm", "lightgbm"),
    Algorithm("catboost", "catboost"),
    Algorithm("xgboost", "xgboost"),
    Algorithm("randomforest", "sklearn"),
    Algorithm("extra-trees", "sklearn"),
    Algorithm("linear-learner", "sklearn"),
    # AutoGluon's neural networks need torch, which is larger than all other libraries together.
    Algorithm("nn-torch", None),
    Algorithm("fastai", None),
)
TUNING = (Algorithm("xgboost", "xgboost"), Algorithm("linear-learner", "sklearn"), Algorithm("mlp", None))
TIME_SERIES = (
    Algorithm("arima", "statsforecast"),
    Algorithm("ets", "statsforecast"),
    Algorithm("npts", "numpy"),
    Algorithm("prophet", "prophet"),
    Algorithm("cnn-qr", None),
    Algorithm("deepar", None),
)


def choose_mode(config: dict[str, Any], size: int) -> str:
    """Find a tabular job's mode: the one that it names, otherwise one that suits the size of the data.

    :param config: ``TabularJobConfig``.
    :param size: bytes of the training data.
    :return: ``ENSEMBLING`` or ``HYPERPARAMETER_TUNING``.
    """
    mode = config.get("Mode", "AUTO")
    if mode != "AUTO":
        return str(mode)
    return "ENSEMBLING" if size < LARGEST_ENSEMBLING_BYTES else "HYPERPARAMETER_TUNING"


def choose_algorithms(config: dict[str, Any], available: Sequence[Algorithm]) -> tuple[list[str], list[str]]:
    """Find the algorithms to train.

    :param config: configuration of the problem type.
    :param available: the algorithms of its mode.
    :return: their names, and messages about requested algorithms that are not among them.
    :raises UnusableData: none of the requested algorithms can be trained.
    """
    asked = [
        name
        for choice in config.get("CandidateGenerationConfig", {}).get("AlgorithmsConfig", [])
        for name in choice["AutoMLAlgorithms"]
    ]
    installed = [algorithm.name for algorithm in available if algorithm.is_installed]
    if not asked:
        return installed, []
    foreign = [name for name in asked if name not in {algorithm.name for algorithm in available}]
    if foreign:
        known = ", ".join(algorithm.name for algorithm in available)
        raise UnusableData(f"{', '.join(foreign)} cannot be chosen for this kind of job; valid are: {known}.")
    absent = [name for name in asked if name not in installed]
    chosen = [name for name in installed if name in asked]
    if not absent:
        return chosen, []
    are = "is" if len(absent) == 1 else "are"
    if not chosen:
        raise UnusableData(
            f"{', '.join(absent)} {are} not installed with the emulator, which trains no substitute; "
            f"installed for this kind of job are: {', '.join(installed)}."
        )
    return chosen, [f"{', '.join(absent)} {are} not installed with the emulator, so there are no candidates for it."]
