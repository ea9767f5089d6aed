"""The notebooks of a job: data exploration, and for tabular jobs the candidate definitions.

As on the service, every job has the first one:
https://docs.aws.amazon.com/sagemaker/latest/dg/timeseries-forecasting-data-exploration-notebook.html. The second one
describes pairs of a pipeline and an algorithm, which only tabular jobs have:
https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-notebook-output.html

Both can be run: they read the job's data from S3 with boto3, which uses the machine's AWS configuration to find the
service or the emulator.
"""

from __future__ import annotations

import json
from pprint import pformat
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.emulator.trainer.metrics import PROBLEM_TYPES

if TYPE_CHECKING:
    import pandas as pd

    from airflow_sagemaker_automl.emulator.trainer.history import History
    from airflow_sagemaker_automl.emulator.trainer.job import Job
    from airflow_sagemaker_automl.emulator.trainer.table import Split
    from airflow_sagemaker_automl.emulator.trainer.tabular_task import TabularTask

_READ = """\
import boto3
import pandas as pd


def read(part):
    body = boto3.client("s3").get_object(Bucket={bucket!r}, Key={prefix!r} + part + ".csv")["Body"]
    return pd.read_csv(body)


"""
_READ_SPLIT = """\
train, validation = read("train"), read("validation")
train.head()
"""
_READ_HISTORY = """\
train = read("history")
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
predictor.fit(train, tuning_data=validation, hyperparameters=candidates, fit_weighted_ensemble={ensemble})
predictor.leaderboard(validation)
"""
_EXPLORATION = ("DataExplorationNotebookLocation", "SageMakerAutopilotDataExplorationNotebook.ipynb")
_DEFINITIONS = ("CandidateDefinitionNotebookLocation", "SageMakerAutopilotCandidateDefinitionNotebook.ipynb")


def publish_tabular_notebooks(task: TabularTask) -> None:
    """Upload both notebooks of a tabular job and report their locations."""
    facts = [
        f"problem type: {task.problem_type}",
        f"columns to learn from: {len(task.features)}",
        *_facts(task.split, task.features),
    ]
    exploration = _exploration(task.job, _READ_SPLIT, task.target, facts)
    _publish(task.job, {_EXPLORATION: exploration, _DEFINITIONS: _candidate_definitions(task)})


def publish_text_notebook(job: Job, split: Split) -> None:
    """Upload the data exploration notebook of a text classification job and report its location."""
    content, label = job.config["ContentColumn"], job.config["TargetLabelColumn"]
    labels: pd.Series = split.train[label]
    facts = [f"column of texts: {content}", f"distinct labels: {labels.nunique()}", *_facts(split, [content])]
    _publish(job, {_EXPLORATION: _exploration(job, _READ_SPLIT, label, facts)})


def publish_forecast_notebook(job: Job, history: History) -> None:
    """Upload the data exploration notebook of a forecast job and report its location."""
    steps = [len(series.values) for series in history.series]
    facts = [
        f"series: {len(steps)}, by {', '.join(history.key_columns)}",
        f"frequency: {job.config['ForecastFrequency']}",
        f"time-steps of a series, aggregated and filled: {min(steps)} to {max(steps)}",
        f"columns that no model uses: {', '.join(history.unused) or 'none'}",
    ]
    _publish(job, {_EXPLORATION: _exploration(job, _READ_HISTORY, history.target, facts)})


def _publish(job: Job, notebooks: dict[tuple[str, str], list[Any]]) -> None:
    locations = {}
    for (member, name), cells in notebooks.items():
        locations[member] = f"{job.output}/sagemaker-automl-candidates/notebooks/{name}"
        job.storage.write(locations[member], json.dumps(_notebook(cells), indent=1).encode())
    job.events.artifacts(locations)


def _exploration(job: Job, read: str, target: str, facts: list[str]) -> list[Any]:
    listed = "\n".join(f"- {fact}" for fact in facts)
    return [
        f"# Data of {job.name}\n\n{listed}",
        ("code", _reading(job) + read),
        "## Columns",
        ("code", _EXPLORE),
        f"## The target, {target}",
        ("code", _EXPLORE_TARGET.format(target=target)),
    ]


def _candidate_definitions(task: TabularTask) -> list[Any]:
    known = PROBLEM_TYPES[task.problem_type]
    ensemble = task.mode == "ENSEMBLING" and not task.defines_candidates_only and task.job.most_candidates > 1
    trained = "None of them was trained." if task.defines_candidates_only else "The job trains them within its limits."
    if ensemble:
        trained += " Their weighted ensemble is one more candidate."
    train = _TRAIN.format(
        target=task.target, problem=known.autogluon, metric=known.metrics[task.metric], ensemble=ensemble
    )
    return [
        f"# Candidates of {task.job.name}\n\nMode {task.mode}, objective {task.metric}. {trained}",
        ("code", _reading(task.job) + _READ_SPLIT),
        "## Definitions\n\nAutoGluon's name of each algorithm, with the hyperparameters of each candidate.",
        ("code", f"candidates = {pformat(_definitions(task), width=100)}\n"),
        "## Training",
        ("code", train),
    ]


def _reading(job: Job) -> str:
    bucket, _, prefix = f"{job.output.removeprefix('s3://')}/preprocessed-data/".partition("/")
    return _READ.format(bucket=bucket, prefix=prefix)


def _facts(split: Split, features: list[str]) -> list[str]:
    rows = {part: len(rows) for part, rows in split.parts.items()}
    missing = split.train[features].isna().sum()
    return [
        *(f"{part.lower()} rows: {count}" for part, count in rows.items()),
        f"columns with missing values: {', '.join(missing[missing > 0].index.astype(str)) or 'none'}",
    ]


def _definitions(task: TabularTask) -> dict[str, list[dict[str, Any]]]:
    """List the candidates of this job in AutoGluon's form."""
    # Each mode's libraries take seconds to load.
    if task.mode == "ENSEMBLING":
        from airflow_sagemaker_automl.emulator.trainer.models import planned_models

        most = task.job.most_candidates
        if not task.defines_candidates_only:
            most = max(1, most - 1)  # Their ensemble counts as one.
        planned = [(key, settings) for _, key, settings in planned_models(task.algorithms)[:most]]
    else:
        from airflow_sagemaker_automl.emulator.trainer.tuning import planned_settings

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
