"""Hyperparameter tuning mode: a random search over the settings of XGBoost and of linear models.

As on the service, a candidate is a chain of a feature transformer, a model that predicts class numbers from transformed
features, and, for a classification, a container that maps the numbers to labels.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from autogluon.features.generators import AutoMLPipelineFeatureGenerator
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from airflow_sagemaker_automl.emulator.trainer.candidates import Publisher
from airflow_sagemaker_automl.emulator.trainer.feature_types import feature_metadata
from airflow_sagemaker_automl.emulator.trainer.scoring import objective, tuned_objective
from airflow_sagemaker_automl.emulator.trainer.tuned_containers import ChainPublisher
from airflow_sagemaker_automl.emulator.trainer.tuned_model import TunedModel

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.tabular_task import TabularTask

_SEED = 0
# The service tries hundreds; on a laptop a job without a limit should end within a minute.
DEFAULT_CANDIDATES = 10
_MOST_TREES = 300
_ROUNDS_WITHOUT_GAIN = 20
Settings = dict[str, Any]


def train_tuning(task: TabularTask) -> None:
    """Try settings until ``MaxCandidates`` or the time is reached, and publish every candidate."""
    job, planned = task.job, planned_settings(task)
    search = _Search(task)
    job.events.stage("ModelTuning")
    publisher = Publisher(
        job, task.split, task.metric, ChainPublisher(job).publish, describe_objective=partial(_describe_objective, task)
    )
    for number, (algorithm, settings) in enumerate(planned, start=1):
        if job.out_of_time:
            break
        publisher.publish(search.fit(f"{algorithm}-{number:03}", algorithm, settings))
    publisher.finish(len(planned), task.failures)


def _describe_objective(task: TabularTask, model: TunedModel, value: float) -> dict[str, Any]:
    if task.job.complete_objectives:
        return objective(task.metric, value)
    return tuned_objective(model.algorithm, task.problem_type, task.metric, value)


def sampled_settings(algorithms: list[str]) -> Iterator[tuple[str, Settings]]:
    """Sample settings endlessly: each algorithm in turn, its defaults first; the same sequence in every job."""
    generator = np.random.default_rng(_SEED)
    for turn in itertools.count():
        for algorithm in algorithms:
            yield algorithm, {} if turn == 0 else _SAMPLERS[algorithm](generator)


def planned_settings(task: TabularTask) -> list[tuple[str, Settings]]:
    """List the candidates to try: algorithm and settings."""
    most = task.job.config.get("CompletionCriteria", {}).get("MaxCandidates", DEFAULT_CANDIDATES)
    return list(itertools.islice(sampled_settings(task.algorithms), most))


def _sample_xgboost(generator: np.random.Generator) -> Settings:
    return {
        "learning_rate": round(float(10 ** generator.uniform(-2, -0.3)), 4),
        "max_depth": int(generator.integers(2, 10)),
        "min_child_weight": round(float(10 ** generator.uniform(-0.5, 1)), 3),
        "subsample": round(float(generator.uniform(0.5, 1)), 3),
        "colsample_bytree": round(float(generator.uniform(0.5, 1)), 3),
        "reg_lambda": round(float(10 ** generator.uniform(-2, 1.5)), 4),
        "reg_alpha": round(float(10 ** generator.uniform(-3, 1)), 4),
    }


def _sample_linear(generator: np.random.Generator) -> Settings:
    return {"regularisation": round(float(10 ** generator.uniform(-3, 3)), 5)}


_SAMPLERS: dict[str, Callable[[np.random.Generator], Settings]] = {
    "xgboost": _sample_xgboost,
    "linear-learner": _sample_linear,
}


class _Search:
    """The data that all candidates of a job share: transformed features and encoded labels."""

    def __init__(self, task: TabularTask) -> None:
        self._task = task
        self._is_regression = task.problem_type == "Regression"
        train, validation = task.split.train, task.split.validation
        self._features = task.features
        self._classes = [] if self._is_regression else sorted(train[task.target].unique().tolist())
        self._transformer = AutoMLPipelineFeatureGenerator(verbosity=0)
        metadata = feature_metadata(train[self._features], task.types)
        self._train = self._transformer.fit_transform(train[self._features], feature_metadata_in=metadata)
        self._labels = self._encoded(train[task.target])
        # Early stopping can only use labels that occur in the training data.
        known = validation if self._is_regression else validation[validation[task.target].isin(self._classes)]
        self._validation = self._transformer.transform(known[self._features])
        self._validation_labels = self._encoded(known[task.target])

    def fit(self, name: str, algorithm: str, settings: Settings) -> TunedModel:
        fit = self._fit_xgboost if algorithm == "xgboost" else self._fit_linear
        estimator = fit(settings)
        task = self._task
        return TunedModel(
            name, algorithm, task.problem_type, task.target, self._features, self._classes, self._transformer, estimator
        )

    def _encoded(self, labels: pd.Series) -> np.ndarray:
        if self._is_regression:
            return np.asarray(labels, dtype=float)
        codes = {value: code for code, value in enumerate(self._classes)}
        return np.array([codes[value] for value in labels])

    def _fit_xgboost(self, settings: Settings) -> Any:
        import xgboost

        longest = self._task.job.config.get("CompletionCriteria", {}).get("MaxRuntimePerTrainingJobInSeconds")
        left = [limit for limit in (longest, self._task.job.seconds_left()) if limit is not None]
        ends = time.monotonic() + min(left) if left else None

        class Deadline(xgboost.callback.TrainingCallback):
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                return ends is not None and time.monotonic() >= ends

        kind = xgboost.XGBRegressor if self._is_regression else xgboost.XGBClassifier
        estimator = kind(
            n_estimators=_MOST_TREES,
            early_stopping_rounds=_ROUNDS_WITHOUT_GAIN,
            enable_categorical=True,
            random_state=_SEED,
            n_jobs=os.cpu_count(),
            callbacks=[Deadline()],
            **settings,
        )
        estimator.fit(self._train, self._labels, eval_set=[(self._validation, self._validation_labels)], verbose=False)
        estimator.set_params(callbacks=None)  # The deadline must not be saved with the model.
        return estimator

    def _fit_linear(self, settings: Settings) -> Any:
        strength = settings.get("regularisation", 1.0)
        estimator = Ridge(alpha=strength) if self._is_regression else LogisticRegression(C=1 / strength, max_iter=2000)
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        columns = make_column_transformer(
            (numbers, make_column_selector(dtype_include="number")),
            (
                OneHotEncoder(handle_unknown="ignore"),
                make_column_selector(dtype_include=["category", "object", "bool"]),
            ),
        )
        return make_pipeline(columns, estimator).fit(self._train, self._labels)
