"""Rules of tabular jobs: metrics, algorithms by mode, sample weights.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TabularJobConfig.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, at, sequence, text
from airflow_sagemaker_automl.core.values.wording import one_of
from airflow_sagemaker_automl.exceptions import Violation

OBJECTIVES = {
    "Regression": ("MAE", "MSE", "R2", "RMSE"),
    "BinaryClassification": ("Accuracy", "AUC", "BalancedAccuracy", "F1", "Precision", "Recall"),
    "MulticlassClassification": ("Accuracy", "BalancedAccuracy", "F1macro", "PrecisionMacro", "RecallMacro"),
}
ALGORITHMS = {
    "ENSEMBLING": (
        "catboost",
        "extra-trees",
        "fastai",
        "lightgbm",
        "linear-learner",
        "nn-torch",
        "randomforest",
        "xgboost",
    ),
    "HYPERPARAMETER_TUNING": ("linear-learner", "mlp", "xgboost"),
}
_OF_ANY_MODE = tuple(dict.fromkeys(name for names in ALGORITHMS.values() for name in names))
_MODES = ("AUTO", *ALGORITHMS)


def violations(config: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """Validate a ``TabularJobConfig``."""
    mode = config.get("Mode")
    if config.get("TargetAttributeName") is None:
        yield Violation(f"{path}.TargetAttributeName", None, "is required: the column to predict")
    yield from one_of(f"{path}.ProblemType", config.get("ProblemType"), tuple(OBJECTIVES))
    yield from one_of(f"{path}.Mode", mode, _MODES)
    yield from _algorithms(config, mode, path)
    yield from _weights(config, mode, path)


def objective(config: Any, metric: Any, path: str) -> Iterator[Violation]:
    """Rule 14: problem type and metric, both or neither.

    :param config: the ``TabularJobConfig``.
    :param metric: the objective metric of the request.
    :param path: path of the metric.
    """
    problem_type = at(config, "ProblemType")
    if UNRESOLVED in (problem_type, metric, config):
        return
    if problem_type is None and metric is not None:
        where = "AutoMLProblemTypeConfig.TabularJobConfig.ProblemType"
        yield Violation(where, None, f"is required with an objective; {path} is {metric!r}")
    elif problem_type is not None and metric is None:
        yield Violation(path, None, f"is required with a problem type; ProblemType is {problem_type!r}")
    elif isinstance(problem_type, str) and problem_type in OBJECTIVES:
        yield from one_of(path, metric, OBJECTIVES[problem_type], where=f"for {problem_type}")


def listed_algorithms(config: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yield the path and value of each requested algorithm."""
    for outer, entry in enumerate(sequence(at(config, "CandidateGenerationConfig", "AlgorithmsConfig"))):
        for inner, algorithm in enumerate(sequence(at(entry, "AutoMLAlgorithms"))):
            yield f"{path}.CandidateGenerationConfig.AlgorithmsConfig[{outer}].AutoMLAlgorithms[{inner}]", algorithm


def one_attribute(config: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """Rule 13: ``AlgorithmsConfig`` has exactly one entry."""
    entries = at(config, "CandidateGenerationConfig", "AlgorithmsConfig")
    if len(sequence(entries)) > 1:
        yield Violation(
            f"{path}.CandidateGenerationConfig.AlgorithmsConfig",
            entries,
            "must have one entry that lists all algorithms",
        )


def _algorithms(config: Mapping[str, Any], mode: Any, path: str) -> Iterator[Violation]:
    """Rule 13: the algorithms depend on the mode."""
    yield from one_attribute(config, path)
    entries = at(config, "CandidateGenerationConfig", "AlgorithmsConfig")
    if mode == "AUTO" and entries:
        where = f"{path}.CandidateGenerationConfig.AlgorithmsConfig"
        rule = "must be left out in mode AUTO; to choose algorithms, set Mode to ENSEMBLING or HYPERPARAMETER_TUNING"
        yield Violation(where, entries, rule)
        return
    known = ALGORITHMS.get(mode, _OF_ANY_MODE) if isinstance(mode, str) else _OF_ANY_MODE
    where = f"in mode {mode}" if known is not _OF_ANY_MODE else "for Tabular"
    for place, algorithm in listed_algorithms(config, path):
        yield from one_of(place, algorithm, known, where=where)


def remarks(config: Any, path: str) -> Iterator[str]:
    """Rule 13: algorithms without a mode; the service may choose ``AUTO``, which does not allow them.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CandidateGenerationConfig.html
    """
    if not isinstance(config, Mapping) or config.get("Mode") is not None:
        return
    chosen = [algorithm for _, algorithm in listed_algorithms(config, path)]
    if chosen:
        fitting = [mode for mode, known in ALGORITHMS.items() if all(name in (*known, UNRESOLVED) for name in chosen)]
        yield (
            f"{path}.CandidateGenerationConfig.AlgorithmsConfig is set without Mode. The mode determines the "
            f"available algorithms, and mode AUTO does not allow choosing any. {_mode_to_add(fitting)}"
        )


def _mode_to_add(fitting: list[str]) -> str:
    if not fitting:
        return "No mode has all of these algorithms."
    only = ", the only mode with all of these algorithms" if len(fitting) == 1 else ""
    return f"Set Mode to {' or '.join(fitting)}{only}."


def _weights(config: Mapping[str, Any], mode: Any, path: str) -> Iterator[Violation]:
    """Rule 15: sample weights need mode ``ENSEMBLING``."""
    column = config.get("SampleWeightAttributeName")
    if column is None:
        return
    if mode not in ("ENSEMBLING", UNRESOLVED):
        given = f"Mode is {mode!r}" if mode else "Mode is not set"
        rule = f"requires Mode 'ENSEMBLING', the only mode with sample weights; {given}"
        yield Violation(f"{path}.SampleWeightAttributeName", column, rule)
    if text(column) and column == config.get("TargetAttributeName"):
        yield Violation(f"{path}.SampleWeightAttributeName", column, "must not be the target column")
