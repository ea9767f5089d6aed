"""Trains a tabular job: checks the data first, since most failures occur there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_sagemaker_automl.emulator.trainer.algorithms import ENSEMBLING, TUNING, choose_algorithms, choose_mode
from airflow_sagemaker_automl.emulator.trainer.classes import learnable
from airflow_sagemaker_automl.emulator.trainer.columns import Columns, require_variety, types_of
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.features import load_specification
from airflow_sagemaker_automl.emulator.trainer.metrics import PROBLEM_TYPES
from airflow_sagemaker_automl.emulator.trainer.table import Split, load_split, publish_split
from airflow_sagemaker_automl.emulator.trainer.tabular_task import TabularTask
from airflow_sagemaker_automl.emulator.trainer.values import is_numeric

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job


def train(job: Job) -> None:
    """Train a job and send its events.

    :raises UnusableData: the data cannot be trained on, or not as requested.
    """
    _train_as_asked(prepare(job))


def prepare(job: Job) -> TabularTask:
    """Read and judge the data of a job, and resolve what its request leaves open.

    :raises UnusableData: the data cannot be trained on, or not as requested.
    """
    job.events.stage("AnalyzingData")
    specification = load_specification(job.storage, job.config.get("FeatureSpecificationS3Uri"))
    weight = job.config.get("SampleWeightAttributeName")
    target = job.config["TargetAttributeName"]
    columns = Columns(target, weight, specification)
    split = load_split(job.storage, job.request, columns)
    mode = choose_mode(job.config, split.size)
    if weight and mode == "HYPERPARAMETER_TUNING":
        raise UnusableData("SampleWeightAttributeName works in ENSEMBLING mode only.")
    algorithms, failures = choose_algorithms(job.config, ENSEMBLING if mode == "ENSEMBLING" else TUNING)
    job.events.stage("FeatureEngineering")
    # The libraries take seconds to load; a job with unusable data fails before that.
    problem_type, metric = _resolve(job, split, target)
    if problem_type != "Regression":
        split = learnable(split, target)
    require_variety(split.train, list(columns.roles))
    job.column_types = types_of(split.train, split.day_orders)
    publish_split(job, split)
    job.events.resolved(metric, problem_type)
    failures += split.notes
    return TabularTask(job, split, mode, problem_type, metric, weight, specification.types, algorithms, tuple(failures))


def _train_as_asked(task: TabularTask) -> None:
    from airflow_sagemaker_automl.emulator.trainer.notebooks import publish_tabular_notebooks

    publish_tabular_notebooks(task)
    if task.defines_candidates_only:
        task.job.events.completed(None, "CandidateDefinitionsGenerated", list(task.failures))
    elif task.mode == "ENSEMBLING":
        from airflow_sagemaker_automl.emulator.trainer.models import train_ensembling

        train_ensembling(task)
    else:
        from airflow_sagemaker_automl.emulator.trainer.tuning import train_tuning

        train_tuning(task)


def _resolve(job: Job, split: Split, target: str) -> tuple[str, str]:
    """Find the problem type and the objective: from the request, otherwise from the labels.

    :raises UnusableData: the labels do not suit the problem type.
    """
    from autogluon.core.utils import infer_problem_type

    labels = split.labels(target)
    classes = labels.nunique()
    if classes < 2:
        raise UnusableData("The target column has the same value in every row; there is nothing to learn.")
    by_autogluon = {value.autogluon: name for name, value in PROBLEM_TYPES.items()}
    problem_type = job.config.get("ProblemType") or by_autogluon[infer_problem_type(labels, silent=True)]
    if problem_type == "BinaryClassification" and classes != 2:
        raise UnusableData(f"BinaryClassification needs exactly 2 values in the target column; it has {classes}.")
    if problem_type == "Regression" and not is_numeric(labels):
        raise UnusableData("Regression needs a numeric target column; it has other values than numbers.")
    objective = job.request.get("AutoMLJobObjective", {}).get("MetricName")
    return problem_type, objective or PROBLEM_TYPES[problem_type].default_metric
