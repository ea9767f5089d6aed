"""Trains a tabular job: looks at the data first, since most jobs that fail do so there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.algorithms import ENSEMBLING, TUNING, choose_algorithms, choose_mode
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.features import load_specification
from airflow_sagemaker_automl.emulator.trainer.metrics import PROBLEM_TYPES
from airflow_sagemaker_automl.emulator.trainer.table import Columns, Split, load_split, publish_split

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job


@dataclass(frozen=True)
class TabularTask:
    """A tabular job once its data are known.

    :param problem_type: as in ``ProblemType`` of the API.
    :param metric: the objective.
    :param weight: column of row weights.
    :param types: column → type that the feature specification gives.
    :param algorithms: names of those to train.
    :param failures: what of the request cannot be done.
    """

    job: Job
    split: Split
    mode: str
    problem_type: str
    metric: str
    weight: str | None
    types: dict[str, str]
    algorithms: list[str]
    failures: tuple[str, ...]

    @property
    def target(self) -> str:
        return str(self.job.config["TargetAttributeName"])

    @property
    def features(self) -> list[str]:
        return [name for name in self.split.train.columns if name not in (self.target, self.weight)]


def train(job: Job) -> None:
    """Train a job and report everything to its events.

    :raises UnusableData: the data, or what is asked of it, cannot be trained on.
    """
    job.events.stage("AnalyzingData")
    specification = load_specification(job.storage, job.config.get("FeatureSpecificationS3Uri"))
    weight = job.config.get("SampleWeightAttributeName")
    target = job.config["TargetAttributeName"]
    split = load_split(job.storage, job.request, Columns(target, weight, specification))
    mode = choose_mode(job.config, split.size)
    if weight and mode == "HYPERPARAMETER_TUNING":
        raise UnusableData("SampleWeightAttributeName works in ENSEMBLING mode only.")
    algorithms, failures = choose_algorithms(job.config, ENSEMBLING if mode == "ENSEMBLING" else TUNING)
    job.events.stage("FeatureEngineering")
    publish_split(job, split)
    # The libraries take seconds to load, which a job that fails at its data need not wait for.
    problem_type, metric = _resolve(job, split.train[target])
    job.events.resolved(metric, problem_type)
    task = TabularTask(job, split, mode, problem_type, metric, weight, specification.types, algorithms, tuple(failures))
    _train_as_asked(task)


def _train_as_asked(task: TabularTask) -> None:
    if task.job.config.get("GenerateCandidateDefinitionsOnly"):
        from airflow_sagemaker_automl.emulator.trainer.notebooks import publish_notebooks

        publish_notebooks(task)
        task.job.events.completed(None, "CandidateDefinitionsGenerated", list(task.failures))
    elif task.mode == "ENSEMBLING":
        from airflow_sagemaker_automl.emulator.trainer.models import train_ensembling

        train_ensembling(task)
    else:
        from airflow_sagemaker_automl.emulator.trainer.tuning import train_tuning

        train_tuning(task)


def _resolve(job: Job, labels: pd.Series) -> tuple[str, str]:
    """Find the problem type and the objective: what the request says, else what the labels look like."""
    from autogluon.core.utils import infer_problem_type

    classes = labels.nunique()
    if classes < 2:
        raise UnusableData("The target column has the same value in every row; there is nothing to learn.")
    by_autogluon = {value.autogluon: name for name, value in PROBLEM_TYPES.items()}
    problem_type = job.config.get("ProblemType") or by_autogluon[infer_problem_type(labels, silent=True)]
    if problem_type == "BinaryClassification" and classes != 2:
        raise UnusableData(f"BinaryClassification needs exactly 2 values in the target column; it has {classes}.")
    if problem_type == "Regression" and not pd.api.types.is_numeric_dtype(labels):
        raise UnusableData("Regression needs a numeric target column; it has other values than numbers.")
    objective = job.request.get("AutoMLJobObjective", {}).get("MetricName")
    return problem_type, objective or PROBLEM_TYPES[problem_type].default_metric
