"""Whatever the table: a job ends in time, says in plain words what is wrong, and computes from the named columns."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings, strategies as st

from airflow_sagemaker_automl.emulator.trainer.day_order import DAY_FIRST
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.history import load_history
from tests.emulator.downloads import reported, split_part
from tests.emulator.tables import TARGET, Column, Sample, columns, samples
from tests.emulator.trainers import PARQUET, put, trainers_job
from tests.support.endpoints import predicted, put_up
from tests.support.examples import examples
from tests.support.jobs import start, tabular_request, wait

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

pytestmark = pytest.mark.usefixtures("breast_cancer")  # It makes the bucket.

# Names of exceptions, and words that only a library or Python says.
_LIBRARY = re.compile(
    r"[A-Z]\w*(Error|Exception|Warning)\b|Traceback|Errno|\bcodec\b|\bdtype|C error|tokeniz|NaT\b|numpy|pandas\.|"
    r"sklearn|Arrow|site-packages|autogluon",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?:[A-Z\d]|s3://).*[.]", re.DOTALL)
_ALGORITHMS = {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]}
_OF_TEXT = Column("sentence", 40, 0)


def _require_plain(reason: str) -> None:
    assert not _LIBRARY.search(reason.replace("row numbers of pandas", "")), reason
    assert _SENTENCE.fullmatch(reason), reason
    assert len(reason) < 1024


def _request(s3: S3Client, sample: Sample, problem: dict[str, Any]) -> dict[str, Any]:
    request = tabular_request(put(s3, sample.body()))
    request["AutoMLProblemTypeConfig"] = problem
    if sample.form == "parquet":
        request["AutoMLJobInputDataConfig"][0]["ContentType"] = PARQUET
    return request


def _written(value: Any) -> str:
    """A label as it is the same in any file: numbers by their value."""
    try:
        return f"{float(str(value)):g}"
    except ValueError:
        return str(pd.Timestamp(value).isoformat()) if re.match(r"\d{4}-\d\d-\d\d", str(value)) else str(value)


def _require_labels_of(sample: Sample, labels: pd.Series) -> None:
    """Hold the labels of the split against the named column: none is lost, none is of another column."""
    if sample.defect in ("cut", "open quote"):  # Nothing in a text says that its end is missing, or its middle.
        return
    expected = [value for value in sample.table()[TARGET] if not pd.isna(value) and str(value).strip()]
    extra = {"two headers": [TARGET]}.get(sample.defect or "", []) if sample.form == "csv" else []
    counted = pd.Series([_written(value) for value in [*expected, *extra]]).value_counts()
    assert labels.map(_written).value_counts().to_dict() == counted.to_dict()


@settings(max_examples=examples(240))
@given(sample=samples(540, **{TARGET: columns()}), regression=st.booleans())
@example(
    sample=Sample({"a": Column("float", 700, 0), TARGET: Column("truth", 2, 30)}, 540, "csv", None), regression=False
)
@example(
    sample=Sample({"a": Column("list", 3, 0), TARGET: Column("decimal", 40, 0)}, 540, "parquet", None), regression=True
)
@example(
    sample=Sample({"a": Column("odd text", 5, 0), TARGET: Column("odd text", 2, 0)}, 540, "csv", "open quote"),
    regression=False,
)
def test_any_table_is_judged_in_plain_words_and_by_its_target(
    sample: Sample, regression: bool, s3: S3Client, emulator_url: str
) -> None:
    """Either a sentence says why a table is unusable, or its split has all labels of the target, ready to compute."""
    from airflow_sagemaker_automl.emulator.trainer.tabular import prepare

    config = {"TargetAttributeName": TARGET, **({"ProblemType": "Regression"} if regression else {})}
    request = _request(s3, sample, {"TabularJobConfig": config})
    with tempfile.TemporaryDirectory() as folder:
        job, events = trainers_job(emulator_url, request, Path(folder))
        try:
            task = prepare(job)
        except UnusableData as error:
            _require_plain(str(error))
            return
    for note in task.failures:
        _require_plain(note)
    assert not sample.is_unreadable
    assert events[-1] == {"event": "resolved", "metric": task.metric, "problem_type": task.problem_type}
    parts = task.split.parts
    labels = pd.concat([rows[TARGET] for rows in parts.values()])
    if not any("no model learns them" in note for note in task.failures):
        _require_labels_of(sample, labels)
    kinds = {type(label) for label in labels.tolist()}
    assert kinds == {str} or kinds <= {int, float}
    assert task.problem_type != "Regression" or str not in kinds
    for name in task.features:
        column = pd.concat([rows[name] for rows in parts.values()])
        assert not pd.api.types.is_float_dtype(column) or np.isfinite(column.dropna()).all()
        assert pd.api.types.infer_dtype(column, skipna=True) not in ("mixed", "mixed-integer", "bytes", "decimal")
    dates = {name for name, column in sample.columns.items() if column.kind == "day first" and column.distinct > 12}
    assert all(job.column_types[name] == DAY_FIRST for name in dates & set(task.features))


@settings(max_examples=examples(60))
@given(sample=samples(120, **{TARGET: columns(), "feature 0": columns("sentence", "letter") | columns()}))
@example(sample=Sample({"feature 0": _OF_TEXT, TARGET: Column("truth", 2, 0)}, 120, "csv", None))
def test_any_texts_are_judged_in_plain_words(sample: Sample, s3: S3Client, emulator_url: str) -> None:
    """Any column may be called the text and any other the label."""
    from airflow_sagemaker_automl.emulator.trainer.text import prepare

    config = {"ContentColumn": "feature 0", "TargetLabelColumn": TARGET}
    request = _request(s3, sample, {"TextClassificationJobConfig": config})
    with tempfile.TemporaryDirectory() as folder:
        try:
            split = prepare(trainers_job(emulator_url, request, Path(folder))[0])
        except UnusableData as error:
            _require_plain(str(error))
            return
    assert {type(text) for rows in split.parts.values() for text in rows["feature 0"]} == {str}
    if not any("no model learns them" in note for note in split.notes):
        _require_labels_of(sample, split.labels(TARGET))


@settings(max_examples=examples(100))
@given(
    sample=samples(
        90,
        **{
            TARGET: columns("decimal", "float") | columns(),
            "day": columns("date", "moment", "day first", "epoch", "mixed orders") | columns(),
            "feature 0": columns("letter", "integer") | columns(),
        },
    ),
    frequency=st.sampled_from(["D", "H", "M", "1min"]),
)
@example(
    sample=Sample(
        {"feature 0": Column("letter", 3, 0), TARGET: Column("decimal", 40, 0), "day": Column("day first", 40, 0)},
        90, "parquet", None,
    ),
    frequency="D",
)  # fmt: skip
def test_any_series_is_judged_in_plain_words(sample: Sample, frequency: str, s3: S3Client, emulator_url: str) -> None:
    """Any column may be called timestamp, item or target; what is forecast sums up to the target."""
    names = {"TargetAttributeName": TARGET, "TimestampAttributeName": "day", "ItemIdentifierAttributeName": "feature 0"}
    config = {"ForecastFrequency": frequency, "ForecastHorizon": 2, "TimeSeriesConfig": names}
    request = _request(s3, sample, {"TimeSeriesForecastingJobConfig": config})
    with tempfile.TemporaryDirectory() as folder:
        try:
            history = load_history(trainers_job(emulator_url, request, Path(folder))[0])
        except UnusableData as error:
            _require_plain(str(error))
            return
    for note in history.notes:
        _require_plain(note)
    whole = sum(float(value) for value in sample.table()[TARGET] if not pd.isna(value))
    assert sum(series.values.sum() for series in history.series) == pytest.approx(whole)


def _score(actual: pd.Series, answers: list[str]) -> tuple[str, float]:
    """Compute a metric that both sides know: MSE of numbers, or accuracy."""
    if pd.api.types.is_float_dtype(actual):
        return "MSE", float(((actual - pd.Series(answers).astype(float).to_numpy()) ** 2).mean())
    return "Accuracy", float((actual.map(_written).to_numpy() == [_written(answer) for answer in answers]).mean())


# A failing example is shown as it is: to train smaller ones costs minutes.
@settings(max_examples=examples(12), phases=[Phase.explicit, Phase.generate])
@given(
    sample=samples(540, informative=st.just(Column("float", 40, 0)), **{TARGET: columns()}),
    mode=st.sampled_from(["ENSEMBLING", "HYPERPARAMETER_TUNING"]),
)
@example(
    sample=Sample(
        {"informative": Column("float", 40, 0), "d": Column("day first", 40, 2), TARGET: Column("truth", 2, 30)},
        540, "csv", "trailing commas",
    ),
    mode="ENSEMBLING",
)  # fmt: skip
@example(
    sample=Sample(
        {"a": Column("odd text", 40, 2), "informative": Column("float", 40, 0), TARGET: Column("truth", 700, 0)},
        540,
        "csv",
        None,
    ),
    mode="HYPERPARAMETER_TUNING",
)
def test_any_job_ends_in_time_and_its_metrics_are_those_of_the_target(
    sample: Sample, mode: str, s3: S3Client, sagemaker: SageMakerClient
) -> None:
    """Status and reason agree, and the metric is computed again from the split and the answers of an endpoint."""
    config = {"TargetAttributeName": TARGET, "Mode": mode, "CandidateGenerationConfig": _ALGORITHMS}
    config["CompletionCriteria"] = {"MaxCandidates": 1}
    request = _request(s3, sample, {"TabularJobConfig": config})
    job = wait(sagemaker, start(sagemaker, request))
    assert (job["AutoMLJobStatus"] == "Failed") == ("FailureReason" in job)
    assert (job["AutoMLJobStatus"] == "Completed") == ("BestCandidate" in job)
    for note in job.get("PartialFailureReasons", []):
        _require_plain(note["PartialFailureMessage"])
    if job["AutoMLJobStatus"] == "Failed":
        _require_plain(job["FailureReason"])
        return
    best = job["BestCandidate"]
    rows = split_part(s3, job, "test", dtype=str, keep_default_na=False, na_values=[""])
    answers = predicted(sagemaker, put_up(sagemaker, best["InferenceContainers"]), rows.drop(columns=TARGET))
    resolved = job["ResolvedAttributes"]["AutoMLProblemTypeResolvedAttributes"]["TabularResolvedAttributes"]
    actual = rows[TARGET].astype(float) if resolved["ProblemType"] == "Regression" else rows[TARGET]
    metric, value = _score(actual, [answer for (answer,) in answers])
    assert reported(best, metric, "Test") == pytest.approx(value, rel=1e-4, abs=1e-9)
