"""Models of a table, by AutoGluon: one candidate per model, and the weighted ensemble of them all."""

from __future__ import annotations

import importlib.util
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import autogluon.tabular
import pandas as pd
from autogluon.core.callbacks import AbstractCallback
from autogluon.core.metrics import get_metric
from autogluon.core.utils import infer_problem_type
from autogluon.tabular import TabularPredictor

from airflow_sagemaker_automl.emulator.trainer.metrics import PROBLEM_TYPES, STANDARD_NAME_ONLY
from airflow_sagemaker_automl.emulator.trainer.reports import explain, model_statistics
from airflow_sagemaker_automl.emulator.trainer.table import Split, UnusableData

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job

_SETS = ("Train", "Validation", "Test")
# Unbounded forests of a large table weigh hundreds of megabytes.
_FOREST = {"n_estimators": 100, "max_depth": 12}


@dataclass(frozen=True)
class Algorithm:
    """An algorithm of the service and the AutoGluon model that stands for it.

    :param name: as in ``AutoMLAlgorithms``.
    :param key: AutoGluon's key.
    :param library: module without which it cannot be trained.
    :param settings: hyperparameters of each model to train.
    """

    name: str
    key: str
    library: str
    settings: tuple[dict[str, Any], ...] = ({},)


_ALGORITHMS = (
    Algorithm("lightgbm", "GBM", "lightgbm", ({}, {"extra_trees": True, "ag_args": {"name_suffix": "XT"}})),
    Algorithm("catboost", "CAT", "catboost"),
    Algorithm("xgboost", "XGB", "xgboost"),
    Algorithm("randomforest", "RF", "sklearn", (_FOREST,)),
    Algorithm("extra-trees", "XT", "sklearn", (_FOREST,)),
    Algorithm("linear-learner", "LR", "sklearn"),
)


def train_candidates(job: Job, split: Split) -> None:
    """Train on a split table, upload models and reports, and report everything.

    :raises UnusableData: what is asked for cannot be trained on this data.
    """
    problem_type, metric = _resolve(job, split.train[job.config["TargetAttributeName"]])
    job.events.resolved(problem_type, metric)
    predictor = None if job.out_of_time else _fit(job, split, problem_type, metric)
    if predictor is None or not predictor.model_names():
        if not job.out_of_time:
            raise UnusableData("None of the algorithms could be trained on this data.")
        job.events.completed(None, "MaxAutoMLJobRuntimeReached", [])
        return
    candidates = _publish_candidates(job, predictor, split, problem_type, metric)
    best = _best(predictor, candidates)
    failures = [] if job.out_of_time else _publish_reports(job, predictor, split, problem_type, candidates[best])
    job.events.candidate(candidates[best])
    job.events.completed(job.candidate_name(best), _completion_reason(job, len(candidates)), failures)


def _image_name() -> str:
    return f"automl-emulator:autogluon-{autogluon.tabular.__version__}"


def _resolve(job: Job, labels: pd.Series) -> tuple[str, str]:
    """Find the problem type and the objective: what the request says, else what the labels look like."""
    inferred = infer_problem_type(labels, silent=True)
    by_autogluon = {value.autogluon: name for name, value in PROBLEM_TYPES.items()}
    problem_type = job.config.get("ProblemType") or by_autogluon[inferred]
    classes = labels.nunique()
    if problem_type == "BinaryClassification" and classes != 2:
        raise UnusableData(f"BinaryClassification needs exactly 2 values in the target column; it has {classes}.")
    if problem_type == "Regression" and not pd.api.types.is_numeric_dtype(labels):
        raise UnusableData("Regression needs a numeric target column; it has other values than numbers.")
    if classes < 2:
        raise UnusableData("The target column has the same value in every row; there is nothing to learn.")
    objective = job.request.get("AutoMLJobObjective", {}).get("MetricName")
    return problem_type, objective or PROBLEM_TYPES[problem_type].default_metric


def _fit(job: Job, split: Split, problem_type: str, metric: str) -> TabularPredictor:
    known = PROBLEM_TYPES[problem_type]
    predictor = TabularPredictor(
        label=job.config["TargetAttributeName"],
        problem_type=known.autogluon,
        eval_metric=known.metrics[metric],
        path=str(job.folder / "training"),
        verbosity=1,
    )
    hyperparameters = _hyperparameters(job)
    job.events.stage("TrainingModels")
    return predictor.fit(
        split.train,
        tuning_data=split.validation,
        hyperparameters=hyperparameters,
        time_limit=job.seconds_left(),
        num_cpus=os.cpu_count(),
        num_gpus=0,
        # A threshold tuned on the validation rows would flatter every figure on them.
        calibrate_decision_threshold=False,
        fit_weighted_ensemble=_most_candidates(job) > 1,
        raise_on_no_models_fitted=False,
        callbacks=[_CandidateProgress(job, metric)],
    )


def _most_candidates(job: Job) -> int:
    return int(job.config.get("CompletionCriteria", {}).get("MaxCandidates", 750))


def _hyperparameters(job: Job) -> dict[str, list[dict[str, Any]]]:
    """Choose the models to train, as many as ``MaxCandidates`` lets; the ensemble of them counts as one."""
    wanted = [name for config in _algorithms_config(job) for name in config["AutoMLAlgorithms"]]
    chosen = [algorithm for algorithm in _ALGORITHMS if not wanted or algorithm.name in wanted]
    installed = [algorithm for algorithm in chosen if importlib.util.find_spec(algorithm.library)]
    if not installed:
        raise UnusableData(f"None of the algorithms asked for is installed with the emulator: {', '.join(wanted)}.")
    longest = job.config.get("CompletionCriteria", {}).get("MaxRuntimePerTrainingJobInSeconds")
    limit = {} if longest is None else {"ag_args_fit": {"max_time_limit": longest}}
    models = [(algorithm.key, {**settings, **limit}) for algorithm in installed for settings in algorithm.settings]
    hyperparameters: dict[str, list[dict[str, Any]]] = {}
    for key, settings in models[: max(1, _most_candidates(job) - 1)]:
        hyperparameters.setdefault(key, []).append(settings)
    return hyperparameters


def _algorithms_config(job: Job) -> list[dict[str, Any]]:
    config: list[dict[str, Any]] = job.config.get("CandidateGenerationConfig", {}).get("AlgorithmsConfig", [])
    return config


class _CandidateProgress(AbstractCallback):  # type: ignore[misc]  # AutoGluon ships no types.
    """Reports each candidate as soon as its model is trained and scored on the validation rows."""

    def __init__(self, job: Job, metric: str) -> None:
        super().__init__()
        self._job = job
        self._metric = metric

    def _after_model_fit(self, trainer: Any, model_names: list[str], **_: Any) -> bool:
        for model in model_names:
            score = trainer.get_model_attribute(model, "val_score")
            self._job.events.candidate(_candidate(self._job, model, self._metric, trainer.eval_metric, score))
        return False

    def __getstate__(self) -> dict[str, Any]:
        """AutoGluon pickles its callbacks with the predictor; a pipe cannot be."""
        return {"_skip": self._skip}


def _candidate(job: Job, model: str, metric: str, scorer: Any, score: float) -> dict[str, Any]:
    return {
        "CandidateName": job.candidate_name(model),
        "FinalAutoMLJobObjectiveMetric": {
            "Type": "Maximize" if scorer.greater_is_better_internal else "Minimize",
            "MetricName": metric,
            "StandardMetricName": metric,
            "Value": _value(scorer, score),
        },
        "ObjectiveStatus": "Succeeded",
        "CandidateStatus": "Completed",
    }


def _value(scorer: Any, score: float) -> float:
    """Give a score back in the metric's own units; AutoGluon turns those that are minimised around."""
    return float(score) if scorer.greater_is_better_internal else -float(score)


def _publish_candidates(
    job: Job, predictor: TabularPredictor, split: Split, problem_type: str, metric: str
) -> dict[str, dict[str, Any]]:
    """Upload every candidate's model and report its metrics on all three parts of the data."""
    metrics = PROBLEM_TYPES[problem_type].metrics
    tables = {
        name: predictor.leaderboard(
            getattr(split, name.lower()), extra_metrics=list(metrics.values()), silent=True
        ).set_index("model")
        for name in _SETS
    }
    candidates = {}
    for model in tables["Validation"].index:  # Best first: it is what counts if time runs out.
        score = tables["Validation"].loc[model, "score_test"]
        candidate = _candidate(job, model, metric, predictor.eval_metric, score)
        candidate["CandidateProperties"] = {
            "CandidateMetrics": [
                _metric_datum(name, ours, part, figure)
                for part in _SETS
                for name, ours in metrics.items()
                if math.isfinite(figure := tables[part].loc[model, ours])
            ]
        }
        candidate["InferenceContainers"] = [_publish_model(job, predictor, model, problem_type)]
        job.events.candidate(candidate)
        candidates[model] = candidate
    return candidates


def _metric_datum(name: str, autogluon_name: str, part: str, score: float) -> dict[str, Any]:
    value = _value(get_metric(autogluon_name), score)
    standard_only = {} if name in STANDARD_NAME_ONLY else {"MetricName": name}
    return {**standard_only, "StandardMetricName": name, "Value": value, "Set": part}


def _publish_model(job: Job, predictor: TabularPredictor, model: str, problem_type: str) -> dict[str, Any]:
    candidate = job.candidate_name(model)
    clone = job.folder / "deployment" / candidate
    predictor.clone_for_deployment(path=str(clone), model=model)
    uri = f"{job.output}/sagemaker-automl-candidates/model/{candidate}/model.tar.gz"
    job.storage.write_archive(uri, clone)
    environment = {"MODEL_NAME": candidate, "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    if problem_type != "Regression":
        environment["SAGEMAKER_INFERENCE_OUTPUT"] = "predicted_label"
        environment["SAGEMAKER_INFERENCE_SUPPORTED"] = "predicted_label,probability,probabilities,labels"
    return {"Image": f"{job.image_prefix}{_image_name()}", "ModelDataUrl": uri, "Environment": environment}


def _best(predictor: TabularPredictor, candidates: dict[str, dict[str, Any]]) -> str:
    """Choose by the objective on the validation rows; of equals the simplest, which was trained first."""

    def score(model: str) -> float:
        objective = candidates[model]["FinalAutoMLJobObjectiveMetric"]
        return float(objective["Value"]) * (1 if objective["Type"] == "Maximize" else -1)

    best: str = max(predictor.model_names(), key=score)
    return best


def _publish_reports(
    job: Job, predictor: TabularPredictor, split: Split, problem_type: str, candidate: dict[str, Any]
) -> list[str]:
    """Upload the best candidate's reports and note where they are; a report that fails costs the job nothing else.

    :return: what went wrong, for ``PartialFailureReasons``.
    """
    name = candidate["CandidateName"]
    model = next(model for model in predictor.model_names() if job.candidate_name(model) == name)
    reports = (
        ("GeneratingExplainabilityReport", "explainability", "analysis.json", "Explainability", explain),
        ("GeneratingModelInsightsReport", "model_monitor", "statistics.json", "ModelInsights", model_statistics),
    )
    locations: dict[str, str] = {}
    failures = []
    for stage, folder, file, member, build in reports:
        job.events.stage(stage)
        prefix = f"{job.output}/documentation/{folder}/output/{name}"
        try:
            job.storage.write(f"{prefix}/{file}", build(predictor, model, split.validation))
        except Exception as error:
            failures.append(f"{file} could not be made: {type(error).__name__}: {error}"[:1024])
        else:
            locations[member] = prefix
    if "Explainability" in locations:  # Its own member in the service's answer is required.
        candidate["CandidateProperties"]["CandidateArtifactLocations"] = locations
    return failures


def _completion_reason(job: Job, candidates: int) -> str:
    asked_for = sum(len(settings) for settings in _hyperparameters(job).values())
    if job.out_of_time or (job.seconds_left() is not None and candidates < asked_for):
        return "MaxAutoMLJobRuntimeReached"
    return "MaxCandidatesReached" if candidates >= _most_candidates(job) else "Completed"
