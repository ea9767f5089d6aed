"""Candidate and champion are compared on the same rows, and the figures are those of their predictions."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from airflow.sdk.exceptions import AirflowFailException
from scipy import stats
from sklearn import metrics as known

from airflow_sagemaker_automl import SageMakerModelEvaluationOperator
from tests.evaluation.conftest import Jobs
from tests.support.customers import LABEL, customers
from tests.support.gating import registration
from tests.support.jobs import ROLE, put_table, start, tabular_request, unique, wait
from tests.support.tasks import changed
from tests.support.trained import QUICK

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


def evaluation(job: str, group: str, data: str, place: str, **arguments: Any) -> SageMakerModelEvaluationOperator:
    """Make the operator under test; it waits in the worker unless told otherwise."""
    given = {"job_name": job, "model_package_group_name": group, "data": data, "output_uri": place}
    defaults = {"task_id": "evaluate", "role_arn": ROLE, "deferrable": False, "poll_interval": 0.2}
    return SageMakerModelEvaluationOperator(**{**defaults, **given, **arguments})


def _read(s3: S3Client, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _scores(s3: S3Client, place: str, name: str) -> pd.DataFrame:
    """Read the predictions of a model, in the order of the rows."""
    table = pd.read_parquet(io.BytesIO(_read(s3, f"{place}scores/{name}/scores.parquet")))
    labels = json.loads(table["labels"].iloc[0].replace("'", '"'))
    chances = np.array([json.loads(each) for each in table["probabilities"]])
    return table.assign(chance=chances[:, labels.index("yes")])


def _jobs(sagemaker: SageMakerClient, place: str) -> list[str]:
    """List the transform jobs that wrote below a place."""
    pages = sagemaker.get_paginator("list_transform_jobs").paginate()
    names = [job["TransformJobName"] for page in pages for job in page["TransformJobSummaries"]]
    described = (sagemaker.describe_transform_job(TransformJobName=name) for name in names)
    return [job["TransformJobName"] for job in described if job["TransformOutput"]["S3OutputPath"].startswith(place)]


@pytest.fixture
def champion(jobs: Jobs, context: Any) -> str:
    """ARN of an approved version of the bad model, in a group of its own; it answers the label alone."""
    other = changed(context, task_id="register")
    version = registration(jobs.bad, unique("group"), approval_status="Approved").execute(other)
    return str(version["model_package_arn"])


def test_a_better_candidate_is_shown_to_be_better(
    context: Any, jobs: Jobs, champion: str, place: str, s3: S3Client, sagemaker: SageMakerClient
) -> None:
    """All figures are computed again from the predictions in S3; slices and customers are taken into account."""
    group, number = champion.rpartition(":model-package/")[2].split("/")
    task = evaluation(jobs.good, group, jobs.held_out, place, slices=["region", "age"], cluster_columns=["customer"])
    result = task.execute(context)
    assert (result["outcome"], result["champion"], result["rows"]) == ("compared", champion, len(jobs.rows))
    ours = _scores(s3, place, result["candidate_name"])
    theirs = _scores(s3, place, f"{group}-{number}")
    assert ours[LABEL].tolist() == theirs[LABEL].tolist() == jobs.rows[LABEL].tolist()
    found = {each["metric"]: each for each in result["metrics"]}
    assert set(found) == {"Accuracy", "AUC", "BalancedAccuracy", "F1", "LogLoss", "Precision", "Recall"}
    truth = jobs.rows[LABEL] == "yes"
    for scores, role in ((ours, "candidate"), (theirs, "champion")):
        chosen = scores["predicted_label"] == "yes"
        assert found["Accuracy"][role] == pytest.approx((chosen == truth).mean())
        assert found["F1"][role] == pytest.approx(known.f1_score(truth, chosen))
        assert found["AUC"][role] == pytest.approx(known.roc_auc_score(truth, scores["chance"]), abs=1e-6)
    correct = [(scores["predicted_label"] == jobs.rows[LABEL]).astype(int) for scores in (ours, theirs)]
    difference = (correct[0] - correct[1]).to_numpy()
    summed = pd.Series(difference - difference.mean()).groupby(jobs.rows["customer"].to_numpy()).sum()
    error = np.sqrt((summed**2).sum() * len(summed) / (len(summed) - 1)) / len(difference)
    of_accuracy = found["Accuracy"]["difference"]
    assert (of_accuracy["standard_error"], of_accuracy["units"]) == (pytest.approx(error), len(summed))
    width = stats.t.ppf(0.975, len(summed) - 1) * error
    assert of_accuracy["low"] == pytest.approx(difference.mean() - width)
    assert of_accuracy["low"] > 0
    report = json.loads(_read(s3, result["report"]))
    assert {each["value"] for each in report["slices"] if each["column"] == "region"} == {"north", "south", "east"}
    assert sum(each["rows"] for each in report["slices"] if each["column"] == "age") == len(jobs.rows)
    assert len(_jobs(sagemaker, place)) == 2
    assert json.dumps(result)


def test_scores_are_used_again(context: Any, jobs: Jobs, champion: str, place: str, sagemaker: SageMakerClient) -> None:
    """A retry finds its report, and another run the scores of both: no model scores the same rows twice."""
    group = champion.rpartition(":model-package/")[2].partition("/")[0]
    first = evaluation(jobs.good, group, jobs.held_out, place).execute(context)
    again = evaluation(jobs.good, group, jobs.held_out, place).execute(changed(context, try_number=2))
    assert again == first
    later = evaluation(jobs.good, group, jobs.held_out, place).execute(changed(context, run_id=unique("run")))
    assert {**later, "report": None} == {**first, "report": None}
    assert later["report"] != first["report"]
    assert len(_jobs(sagemaker, place)) == 2


def test_without_a_champion_the_candidate_is_evaluated_alone(context: Any, jobs: Jobs, place: str) -> None:
    """The group need not exist if it may be new."""
    task = evaluation(jobs.good, unique("group"), jobs.held_out, place, may_be_new_group=True, metrics=["F1", "AUC"])
    result = task.execute(context)
    assert (result["outcome"], result["champion"]) == ("without_champion", None)
    assert [(each["metric"], each["difference"]) for each in result["metrics"]] == [("F1", None), ("AUC", None)]


@pytest.mark.parametrize("on_champion_cannot_score", ["fail", "pass"])
def test_a_champion_with_other_columns_cannot_score(
    on_champion_cannot_score: str,
    context: Any,
    jobs: Jobs,
    champion: str,
    place: str,
    s3: S3Client,
    sagemaker: SageMakerClient,
) -> None:
    """The option says what follows; nobody takes the candidate for compared."""
    group = champion.rpartition(":model-package/")[2].partition("/")[0]
    table = jobs.rows.drop(columns="region")
    data = put_table(s3, unique("narrow"), table)
    # The candidate has never seen the column that is missing.
    narrow = _narrow_job(sagemaker, s3)
    task = evaluation(narrow, group, data, place, on_champion_cannot_score=on_champion_cannot_score)
    if on_champion_cannot_score == "fail":
        with pytest.raises(AirflowFailException, match=f"the champion {champion} cannot score it.*'region'"):
            task.execute(context)
        assert _jobs(sagemaker, place) == []
        return
    result = task.execute(context)
    assert result["outcome"] == "champion_cannot_score"
    assert "region" in result["reason"]
    assert all(each["difference"] is None for each in result["metrics"])


def _narrow_job(sagemaker: SageMakerClient, s3: S3Client) -> str:
    place = put_table(s3, unique("customers"), customers(600, 5).drop(columns="region"))
    name = start(sagemaker, tabular_request(place, LABEL, **QUICK))
    assert wait(sagemaker, name)["AutoMLJobStatus"] == "Completed"
    return name


def test_training_data_judge_nobody(context: Any, jobs: Jobs, place: str, s3: S3Client) -> None:
    """Nor does a copy of a training file."""
    group = unique("group")
    body = _read(s3, f"{jobs.training}table.csv")
    copy = unique("copy")
    s3.put_object(Bucket="automl-demo", Key=f"{copy}/other.csv", Body=body)
    for data in (jobs.training, f"s3://automl-demo/{copy}/"):
        with pytest.raises(AirflowFailException, match="is training data of"):
            evaluation(jobs.good, group, data, place, may_be_new_group=True).execute(context)


def _with_some(label: str) -> Any:
    """Change the labels of some rows."""
    return lambda rows: rows.assign(**{LABEL: rows[LABEL].where(rows.index > 3, label)})


def test_rows_that_were_seen_in_training_are_counted(
    context: Any, jobs: Jobs, place: str, s3: S3Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log warns, and the report has the numbers."""
    seen = pd.read_csv(io.BytesIO(_read(s3, f"{jobs.training}table.csv")))[:50]
    data = put_table(s3, unique("mixed"), pd.concat([jobs.rows, seen]))
    result = evaluation(jobs.good, unique("group"), data, place, may_be_new_group=True).execute(context)
    found = json.loads(_read(s3, result["report"]))["seen_in_training"]["candidate"]
    assert found == {"tested": len(jobs.rows) + 50, "trained": 1200, "seen": 50}
    assert "50 of the first 650 rows are in the training data" in capsys.readouterr().out


def test_the_report_says_how_often_the_same_data_have_decided(
    context: Any, jobs: Jobs, place: str, s3: S3Client
) -> None:
    """In the same group; a retry is the same evaluation."""
    group = unique("group")
    counted = []
    for run in ("first", "second"):
        task = evaluation(jobs.good, group, jobs.held_out, place, may_be_new_group=True)
        result = task.execute(changed(context, run_id=run))
        counted.append(json.loads(_read(s3, result["report"]))["earlier_evaluations"])
    assert counted == [0, 1]
    other = evaluation(jobs.good, unique("group"), jobs.held_out, place, may_be_new_group=True)
    result = other.execute(changed(context, run_id="third"))
    assert json.loads(_read(s3, result["report"]))["earlier_evaluations"] == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows.drop(columns=LABEL), f"'{LABEL}'|{LABEL}"),
        (lambda rows: rows[:99], "it has 99 rows, and minimum_rows is 100"),
        (lambda rows: rows[rows[LABEL] == "yes"], "all rows have the same 'churned': 'yes'"),
        (
            lambda rows: rows.assign(churned=rows[LABEL].where(rows.index > 3, "maybe")),
            "no model knows the label 'maybe'",
        ),
        (_with_some(""), "there are rows without 'churned'"),
    ],
    ids=["no label", "few rows", "one class", "unknown label", "missing label"],
)
def test_rows_that_tell_nothing_fail_the_task(
    change: Any, reason: str, context: Any, jobs: Jobs, place: str, s3: S3Client
) -> None:
    """One clear message each, without a retry."""
    data = put_table(s3, unique("rows"), change(jobs.rows))
    with pytest.raises(AirflowFailException, match=reason):
        evaluation(jobs.good, unique("group"), data, place, may_be_new_group=True).execute(context)


def test_labels_that_are_numbers_are_those_that_the_models_answer(
    context: Any, place: str, s3: S3Client, sagemaker: SageMakerClient, breast_cancer: str
) -> None:
    """1.0 in the data and 1 in the answer are the same label; the positive one may be 0."""
    table, held_out = (
        customers(rows, seed).assign(**{LABEL: lambda rows: (rows[LABEL] == "yes") * 1.0})
        for rows, seed in ((600, 1), (300, 2))
    )
    training = put_table(s3, unique("numbers"), table.assign(**{LABEL: table[LABEL].astype(int)}))
    job = start(sagemaker, tabular_request(training, LABEL, **QUICK))
    assert wait(sagemaker, job)["AutoMLJobStatus"] == "Completed"
    data = put_table(s3, unique("numbers"), held_out)
    given = {"may_be_new_group": True, "metrics": ["Accuracy", "Recall"], "positive_label": 0}
    result = evaluation(job, unique("group"), data, place, **given).execute(context)
    accuracy, recall = (each["candidate"] for each in result["metrics"])
    scores = pd.read_parquet(io.BytesIO(_read(s3, f"{place}scores/{result['candidate_name']}/scores.parquet")))
    is_right = scores["predicted_label"].astype(float) == held_out[LABEL].to_numpy()
    assert accuracy == pytest.approx(is_right.mean())
    assert accuracy > 0.6
    assert recall == pytest.approx(is_right[(held_out[LABEL] == 0).to_numpy()].mean())


@pytest.mark.parametrize("name", ["slices", "cluster_columns", "weights"])
def test_columns_with_the_name_of_a_prediction_are_refused(name: str, place: str) -> None:
    """At parse, like all that is literal."""
    wrong = "probability" if name == "weights" else ["probability"]
    with pytest.raises(AirflowFailException, match="must not have the name of a prediction"):
        evaluation("job", "churn", "s3://bucket/rows/", place, **{name: wrong})
