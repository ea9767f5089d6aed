"""The two notebooks of a job that trains no candidates: data exploration and candidate definitions.

Both can be run: they read the job's split from S3 with boto3, which uses the machine's AWS configuration to find the
service or the emulator.
"""

from __future__ import annotations

import json
from pprint import pformat
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.emulator.trainer.metrics import PROBLEM_TYPES
from airflow_sagemaker_automl.emulator.trainer.models import planned_models
from airflow_sagemaker_automl.emulator.trainer.tuning import planned_settings

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.tabular_task import TabularTask

_READ = """\
import boto3
import pandas as pd


def read(part):
    body = boto3.client("s3").get_object(Bucket={bucket!r}, Key={prefix!r} + part + ".csv")["Body"]
    return pd.read_csv(body)


train, validation = read("train"), read("validation")
train.head()
"""
_EXPLORE = """\
columns = pd.DataFrame(
    {
        "type": train.dtypes.astype(str),
        "missing": train.isna().mean(),
        "distinct": train.nunique(),
    }
)
columns
"""
_EXPLORE_TARGET = """\
train[{target!r}].describe(include="all")
"""
_TRAIN = """\
from autogluon.tabular import TabularPredictor

predictor = TabularPredictor(label={target!r}, problem_type={problem!r}, eval_metric={metric!r})
predictor.fit(train, tuning_data=validation, hyperparameters=candidates, fit_weighted_ensemble=False)
predictor.leaderboard(validation)
"""


def publish_notebooks(task: TabularTask) -> None:
    """Upload both notebooks and report their locations."""
    job = task.job
    bucket, _, prefix = f"{job.output.removeprefix('s3://')}/preprocessed-data/".partition("/")
    read = _READ.format(bucket=bucket, prefix=prefix)
    known = PROBLEM_TYPES[task.problem_type]
    exploration = [
        f"# Data of {job.name}\n\n{_facts(task)}",
        ("code", read),
        "## Columns",
        ("code", _EXPLORE),
        f"## The target, {task.target}",
        ("code", _EXPLORE_TARGET.format(target=task.target)),
    ]
    definitions = [
        f"# Candidates of {job.name}\n\nMode {task.mode}, objective {task.metric}. None of them was trained.",
        ("code", read),
        "## Definitions\n\nAutoGluon's name of each algorithm, with the hyperparameters of each candidate.",
        ("code", f"candidates = {pformat(_definitions(task), width=100)}\n"),
        "## Training",
        (
            "code",
            _TRAIN.format(target=task.target, problem=known.autogluon, metric=known.metrics[task.metric]),
        ),
    ]
    folder = f"{job.output}/sagemaker-automl-candidates/notebooks"
    locations = {}
    for member, name, cells in (
        ("DataExplorationNotebookLocation", "SageMakerAutopilotDataExplorationNotebook.ipynb", exploration),
        ("CandidateDefinitionNotebookLocation", "SageMakerAutopilotCandidateDefinitionNotebook.ipynb", definitions),
    ):
        locations[member] = f"{folder}/{name}"
        job.storage.write(locations[member], json.dumps(_notebook(cells), indent=1).encode())
    job.events.artifacts(locations)


def _facts(task: TabularTask) -> str:
    rows = {part: len(rows) for part, rows in task.split.parts.items()}
    missing = task.split.train[task.features].isna().sum()
    lines = [
        f"- problem type: {task.problem_type}",
        f"- columns to learn from: {len(task.features)}",
        *(f"- {part.lower()} rows: {count}" for part, count in rows.items()),
        f"- columns with missing values: {', '.join(missing[missing > 0].index.astype(str)) or 'none'}",
    ]
    return "\n".join(lines)


def _definitions(task: TabularTask) -> dict[str, list[dict[str, Any]]]:
    """List the candidates that this job would train, in AutoGluon's form."""
    if task.mode == "ENSEMBLING":
        models = planned_models(task.algorithms)[: task.job.most_candidates]
        planned = [(key, settings) for _, key, settings in models]
    else:
        keys = {"xgboost": "XGB", "linear-learner": "LR"}
        planned = [(keys[name], _in_autogluon_words(settings)) for name, settings in planned_settings(task)]
    definitions: dict[str, list[dict[str, Any]]] = {}
    for key, settings in planned:
        definitions.setdefault(key, []).append(settings)
    return definitions


def _in_autogluon_words(settings: dict[str, Any]) -> dict[str, Any]:
    strength = settings.get("regularisation")
    return settings if strength is None else {"C": 1 / strength}


def _notebook(cells: list[Any]) -> dict[str, Any]:
    written = []
    for number, cell in enumerate(cells):
        base: dict[str, Any] = {"id": f"cell-{number}", "metadata": {}}
        if isinstance(cell, str):
            written.append({**base, "cell_type": "markdown", "source": cell.splitlines(keepends=True)})
        else:
            source = cell[1].splitlines(keepends=True)
            written.append({**base, "cell_type": "code", "source": source, "execution_count": None, "outputs": []})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": written, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
