"""Tabular models in ensembling mode, by AutoGluon: a candidate per model, and the weighted ensemble of them."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from autogluon.core.callbacks import AbstractCallback
from autogluon.features.generators import AutoMLPipelineFeatureGenerator
from autogluon.tabular import TabularPredictor

from airflow_sagemaker_automl.emulator.trainer.candidates import Publisher, describe_candidate
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.feature_types import feature_metadata
from airflow_sagemaker_automl.emulator.trainer.metrics import PROBLEM_TYPES
from airflow_sagemaker_automl.emulator.trainer.predictor import PredictorModel, publish_model
from airflow_sagemaker_automl.emulator.trainer.scoring import objective
from airflow_sagemaker_automl.emulator.trainer.values import listed

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job
    from airflow_sagemaker_automl.emulator.trainer.tabular_task import TabularTask

# Unlimited forests on a large table take hundreds of megabytes.
_FOREST = {"n_estimators": 100, "max_depth": 12}
# The objective is computed after each round, which takes longer than the round itself on a small table.
_BOOSTING = {"num_boost_round": 100, "learning_rate": 0.1}
# Algorithm → AutoGluon's key, and the hyperparameters of each model to train.
_MODELS: dict[str, tuple[str, tuple[dict[str, Any], ...]]] = {
    "lightgbm": ("GBM", (_BOOSTING, {**_BOOSTING, "extra_trees": True, "ag_args": {"name_suffix": "XT"}})),
    "catboost": ("CAT", ({},)),
    "xgboost": ("XGB", ({"n_estimators": 100},)),
    "randomforest": ("RF", (_FOREST,)),
    "extra-trees": ("XT", (_FOREST,)),
    "linear-learner": ("LR", ({},)),
}


def train_ensembling(task: TabularTask) -> None:
    """Train on a split table, upload models and reports, and send the events.

    :raises UnusableData: none of the algorithms could be trained.
    """
    job = task.job
    models = _choose_models(task)
    job.events.stage("TrainingModels")
    predictor = None if job.out_of_time else _fit(task, models)
    trained = predictor.model_names() if predictor else []
    if not trained and not job.out_of_time:
        raise UnusableData(_why_untrained(task))
    publisher = Publisher(job, task.split, task.metric, partial(publish_model, job, predictor), task.weight)
    for name in trained:
        publisher.publish(PredictorModel(predictor, name, task.problem_type))
    publisher.finish(sum(len(settings) for settings in models.values()), task.failures)


def _why_untrained(task: TabularTask) -> str:
    features = task.split.train[task.features]
    metadata = feature_metadata(features, task.types)
    transformed = AutoMLPipelineFeatureGenerator(verbosity=0).fit_transform(features, feature_metadata_in=metadata)
    if transformed.nunique().max() > 1:
        return "None of the algorithms could be trained on this data."
    return (
        f"None of the columns is of use to a model ({listed(task.features)}): their values are the same in nearly "
        "every row, or different in nearly every row, as those of an identifier."
    )


def planned_models(algorithms: list[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """List the models of these algorithms: algorithm, AutoGluon's key, hyperparameters."""
    return [(name, _MODELS[name][0], settings) for name in algorithms for settings in _MODELS[name][1]]


def _choose_models(task: TabularTask) -> dict[str, list[dict[str, Any]]]:
    """Choose as many models as ``MaxCandidates`` allows; their ensemble counts as one."""
    longest = task.job.config.get("CompletionCriteria", {}).get("MaxRuntimePerTrainingJobInSeconds")
    limit = {} if longest is None else {"ag_args_fit": {"max_time_limit": longest}}
    hyperparameters: dict[str, list[dict[str, Any]]] = {}
    for _, key, settings in planned_models(task.algorithms)[: max(1, task.job.most_candidates - 1)]:
        hyperparameters.setdefault(key, []).append({**settings, **limit})
    return hyperparameters


def _fit(task: TabularTask, models: dict[str, list[dict[str, Any]]]) -> TabularPredictor:
    known = PROBLEM_TYPES[task.problem_type]
    predictor = TabularPredictor(
        label=task.target,
        problem_type=known.autogluon,
        eval_metric=known.metrics[task.metric],
        path=str(task.job.folder / "training"),
        verbosity=1,
        sample_weight=task.weight,
        weight_evaluation=task.weight is not None,
    )
    return predictor.fit(
        task.split.train,
        tuning_data=task.split.validation,
        hyperparameters=models,
        time_limit=task.job.seconds_left(),
        feature_metadata=feature_metadata(task.split.train[task.features], task.types) or "infer",
        num_cpus=os.cpu_count(),
        num_gpus=0,
        # A threshold tuned on the validation rows would bias all metrics on them.
        calibrate_decision_threshold=False,
        fit_weighted_ensemble=task.job.most_candidates > 1,
        raise_on_no_models_fitted=False,
        callbacks=[_CandidateProgress(task.job, task.metric)],
    )


class _CandidateProgress(AbstractCallback):  # type: ignore[misc]  # AutoGluon ships no types.
    """Reports each candidate as soon as its model is trained and scored on the validation rows."""

    def __init__(self, job: Job, metric: str) -> None:
        super().__init__()
        self._job = job
        self._metric = metric

    def _after_model_fit(self, trainer: Any, model_names: list[str], **_: Any) -> bool:
        for model in model_names:
            score = float(trainer.get_model_attribute(model, "val_score"))
            # AutoGluon negates scores that are minimized.
            value = score if trainer.eval_metric.greater_is_better_internal else -score
            self._job.events.candidate(describe_candidate(self._job, model, objective(self._metric, value)))
        return False

    def __getstate__(self) -> dict[str, Any]:
        """AutoGluon pickles its callbacks with the predictor; a pipe cannot be pickled."""
        return {"_skip": self._skip}
