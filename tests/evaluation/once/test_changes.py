"""What changes while an evaluation runs: the champion, the data, the task itself, or what a job ends as."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow.parquet as parquet
import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from airflow_sagemaker_automl import EvaluationIncomplete, TransformJobFailed
from demo.sandbox import BUCKET
from tests.support.evaluating import LABELS, ROLES, ROWS, WHOLE, end, evaluated, finish, guess, hold, left, operator
from tests.support.scoring import Account, Handle, place
from tests.support.tasks import changed, deferral, resume
from tests.support.transforms import wait_for_transform
from tests.support.versions import decide


def _newer_rows(account: Account, data: str) -> None:
    """Replace the rows: the labels stay, and the ages are others."""
    lines = account.read(f"{data}rows.csv").splitlines()
    account.write(f"{data}rows.csv", "\n".join([lines[0], *(line.replace(",note", ",other") for line in lines[1:])]))


def _champion(account: Account, given: dict[str, Any]) -> str:
    listed = account.sagemaker.list_model_packages(ModelPackageGroupName=given["model_package_group_name"])
    return listed["ModelPackageSummaryList"][0]["ModelPackageArn"]


def test_a_cleared_task_stops_the_jobs_and_evaluates_anew(
    account: Account, context: Any, given: dict[str, Any]
) -> None:
    """With the champion of now, and both jobs of the generation before are stopped."""
    deferral(operator(**given), context)
    before = list(account.jobs())
    newer = account.version(group=given["model_package_group_name"], kind="BinaryClassification")
    cleared = changed(context, max_tries=1, try_number=2)
    deferred = deferral(operator(**given), cleared)
    assert [account.jobs()[name] for name in before] == ["Stopped", "Stopped"]
    finish(account)
    result = resume(operator(**given), cleared, deferred, "finished")
    assert result["champion"] == newer
    assert len(account.jobs()) == 4


def test_a_clear_stops_the_job_of_a_champion_that_is_none_any_more(
    account: Account, context: Any, given: dict[str, Any]
) -> None:
    """Without a champion there is no new job that would take its place."""
    deferral(operator(**given), context)
    before = list(account.jobs())
    decide(account.sagemaker, _champion(account, given), "Rejected")
    deferral(operator(**given), changed(context, max_tries=1, try_number=2))
    assert [account.jobs()[name] for name in before] == ["Stopped", "Stopped"]
    assert len(account.jobs()) == 3


def test_two_executions_at_once_make_one_report(account: Account, context: Any, given: dict[str, Any]) -> None:
    """A message that is delivered twice: two jobs, and the same result."""

    def execute(_: int) -> TaskDeferred:
        return deferral(operator(**given), context)

    with ThreadPoolExecutor(2) as pool:
        deferred = list(pool.map(execute, range(2)))
    assert len(account.jobs()) == 2
    finish(account)
    results = [resume(operator(**given), context, each, "finished") for each in deferred]
    assert results[0] == results[1]
    assert len(account.jobs()) == 2
    assert left(account, given["output_uri"]) == WHOLE


def test_the_champion_stays_the_same_over_all_tries(account: Account, context: Any, given: dict[str, Any]) -> None:
    """Though a newer version is approved; the gate notices that."""
    first = _champion(account, given)
    deferral(operator(**given), context)
    account.version(group=given["model_package_group_name"], kind="BinaryClassification")
    again = changed(context, try_number=2)
    deferred = deferral(operator(**given), again)
    finish(account)
    assert resume(operator(**given), again, deferred, "finished")["champion"] == first
    assert len(account.jobs()) == 2


@pytest.mark.parametrize("is_deleted", [False, True], ids=["rejected", "deleted"])
def test_a_champion_that_is_no_champion_any_more(
    account: Account, context: Any, given: dict[str, Any], is_deleted: bool
) -> None:
    """The error says what to do, and no job works on."""
    arn = _champion(account, given)
    first, second = (hold(account, context, role) for role in ROLES)
    deferred = deferral(operator(**given), context)
    if is_deleted:
        account.sagemaker.delete_model_package(ModelPackageName=arn)
    else:
        decide(account.sagemaker, arn, "Rejected")
    end(account, first)
    with pytest.raises(AirflowFailException, match=f"{arn} was the champion when .* Clear the task"):
        resume(operator(**given), context, deferred, "finished")
    assert wait_for_transform(account.sagemaker, second, seconds=30)["TransformJobStatus"] == "Stopped"


def test_data_that_change_between_both_inputs_compare_nobody(
    account: Account, context: Any, given: dict[str, Any], intercept: Callable[[Handle], None]
) -> None:
    """The error comes before any job is started, and nothing is left of either."""
    prepared: list[str] = []

    def changing(operation: str, arguments: Any, call: Callable[[], Any]) -> Any:
        answer = call()
        if operation == "PutObject" and arguments["Key"].endswith("prepared.json"):
            prepared.append(arguments["Key"])
            if len(prepared) == 1:
                _newer_rows(account, given["data"])
        return answer

    intercept(changing)
    with pytest.raises(AirflowFailException, match=r"files changed while .* data_digest is .* Clear the task"):
        operator(**given).execute(context)
    assert (account.jobs(), account.models()) == ({}, [])
    assert left(account, given["output_uri"]) == ["evaluations/plan.json"]


def test_data_that_change_between_two_tries(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The candidate was scored in the first try, and the champion's input is lost."""
    candidate, champion = (hold(account, context, role) for role in ROLES)
    deferred = deferral(operator(**given), context)
    end(account, candidate)
    with pytest.raises(TaskDeferred):
        resume(operator(**given), context, deferred, "finished")
    (lost,) = [uri for uri in account.objects(given["output_uri"]) if uri.endswith("prepared.json")]
    account.s3.delete_object(Bucket=BUCKET, Key=lost.split("/", 3)[3])
    _newer_rows(account, given["data"])
    with pytest.raises(AirflowFailException, match=r"files changed while .* for the candidate and .* for the champion"):
        operator(**given).execute(changed(context, try_number=2))
    assert account.jobs()[champion] != "Completed"


def _fewer(table: Any) -> Any:
    return table.slice(0, 30)


def _others(table: Any) -> Any:
    place = table.column_names.index("churned")
    return table.set_column(place, "churned", [["yes", *table["churned"].to_pylist()[1:]]])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_fewer, r"not scored the same rows \(40 rows of the candidate, 30 of the champion\)"),
        (_others, r"not scored the same rows \(other values in 'churned'\)"),
    ],
    ids=["fewer", "others"],
)
def test_scores_of_other_rows_are_not_compared(
    account: Account, context: Any, given: dict[str, Any], change: Any, reason: str
) -> None:
    """For example those that somebody has written there."""
    candidate, champion = (hold(account, context, role) for role in ROLES)
    deferred = deferral(operator(**given), context)
    end(account, champion)
    with pytest.raises(TaskDeferred) as waiting:
        operator(**given).execute_complete(context, {"job_name": champion, "end": "finished"})
    assert waiting.value.trigger.job_name == candidate
    (uri,) = [each for each in account.objects(given["output_uri"]) if each.endswith("scores.parquet")]
    key = uri.split("/", 3)[3]
    body = io.BytesIO()
    stored = account.s3.get_object(Bucket=BUCKET, Key=key)
    parquet.write_table(change(parquet.read_table(io.BytesIO(stored["Body"].read()))), body)
    account.s3.put_object(Bucket=BUCKET, Key=key, Body=body.getvalue(), Metadata=stored["Metadata"])
    end(account, candidate)
    with pytest.raises(AirflowFailException, match=f"{reason}; clear the task"):
        resume(operator(**given), context, deferred, "finished")


def test_scores_that_another_run_replaces_are_scored_again(
    account: Account, context: Any, given: dict[str, Any], intercept: Callable[[Handle], None]
) -> None:
    """Two runs of the task evaluate different data at the same time: a retry helps."""
    deferred = deferral(operator(**given), context)
    finish(account)
    replaced: list[str] = []

    def replacing(operation: str, arguments: Any, call: Callable[[], Any]) -> Any:
        answer = call()
        is_marker = operation == "PutObject" and "/scores/group-" in arguments["Key"] and "_SUCCESS" in arguments["Key"]
        if is_marker and not replaced:
            replaced.append(arguments["Key"])
            other = {**given, "data": account.rows(ROWS, churned=LABELS[::-1])}
            evaluated(account, changed(context, run_id="other"), **other)
        return answer

    intercept(replacing)
    with pytest.raises(EvaluationIncomplete, match="another run of this task replaced the scores of the candidate"):
        resume(operator(**given), context, deferred, "finished")
    result = evaluated(account, changed(context, try_number=2), **given)
    assert (result["outcome"], result["data"]) == ("compared", given["data"])


@pytest.mark.parametrize("kind", ["Regression", "BinaryClassification"])
def test_predictions_that_are_no_numbers(account: Account, context: Any, given: dict[str, Any], kind: str) -> None:
    """The error names the model and the row, and nobody is compared."""
    values = [str(number) for number in range(ROWS)] if kind == "Regression" else LABELS
    given["data"] = account.rows(ROWS, churned=values)
    given["job_name"] = account.job(kind=kind)
    given["model_package_group_name"] = f"{given['model_package_group_name']}-of-its-own"
    account.version(group=given["model_package_group_name"], kind=kind)
    candidate, champion = (hold(account, context, role) for role in ROLES)
    deferred = deferral(operator(**given), context)
    good = (lambda row: row[0]) if kind == "Regression" else guess
    bad = (
        (lambda row: "nan" if row[0] == "23" else row[0])
        if kind == "Regression"
        else (lambda row: guess(row).replace("0.2", "nan"))
    )
    end(account, champion, bad)
    end(account, candidate, good)
    with pytest.raises(AirflowFailException, match=r"the champion: .* no numbers, .*first .*row \d+.* clear the task"):
        resume(operator(**given), context, deferred, "finished")


def test_scores_of_another_task_are_used(account: Account, context: Any, given: dict[str, Any]) -> None:
    """If they would be the same; others stay, and the output is refused."""
    evaluated(account, changed(context, task_id="other"), **given)
    result = operator(**given).execute(context)
    assert result["outcome"] == "compared"
    assert len(account.jobs()) == 2
    _newer_rows(account, given["data"])
    with pytest.raises(AirflowFailException, match="is not empty"):
        operator(**given).execute(changed(context, run_id="later"))
    assert len(account.jobs()) == 2


@pytest.mark.parametrize("option", ["fail", "pass"])
@pytest.mark.parametrize("deferrable", [True, False])
def test_the_job_of_the_champion_fails(
    account: Account, context: Any, given: dict[str, Any], option: str, deferrable: bool
) -> None:
    """The option decides: the task fails, and a retry tries again; or the candidate is evaluated alone."""
    given |= {"on_champion_cannot_score": option, "output_uri": place()}
    candidate, champion = hold(account, context, "candidate"), hold(account, context, "champion", "Failed")
    deferred = deferral(operator(**given), context)
    end(account, candidate)
    account.script({"Ending": {"TransformJobStatus": "Failed"}}, champion)
    wait_for_transform(account.sagemaker, champion)

    def again() -> Any:
        # Not deferred: a retry in the worker finds a failed job, and starts another.
        return resume(operator(**given, deferrable=deferrable), context, deferred, "finished")

    if option == "fail":
        advice = "Set on_champion_cannot_score='pass'"
        with pytest.raises(EvaluationIncomplete, match=f"champion arn:.* Transform job {champion} failed.*{advice}"):
            again()
        result = evaluated(account, changed(context, try_number=2), **given)
        assert (result["outcome"], len(account.jobs())) == ("compared", 3)
        return
    result = again()
    assert (result["outcome"], list(account.jobs())) == ("champion_cannot_score", [candidate, champion])
    assert champion in result["reason"]
    assert (account.models(), left(account, given["output_uri"])) == ([], [*WHOLE[:5], "scores/scores.parquet"])


def test_a_failed_job_of_the_champion_is_repeated_before_it_is_left_out(
    account: Account, context: Any, given: dict[str, Any]
) -> None:
    """The service may have failed, and not the champion: only on the last try is the candidate evaluated alone."""
    given |= {"on_champion_cannot_score": "pass", "output_uri": place()}
    context["ti"].max_tries = 1
    candidate, champion = hold(account, context, "candidate"), hold(account, context, "champion", "Failed")
    deferred = deferral(operator(**given), context)
    end(account, candidate)
    account.script({"Ending": {"TransformJobStatus": "Failed"}}, champion)
    wait_for_transform(account.sagemaker, champion)
    with pytest.raises(EvaluationIncomplete, match="A retry scores again; if the last one fails too"):
        resume(operator(**given), context, deferred, "finished")
    result = evaluated(account, changed(context, try_number=2), **given)
    assert (result["outcome"], len(account.jobs())) == ("compared", 3)


def test_all_that_is_wrong_is_said_at_once(context: Any, given: dict[str, Any]) -> None:
    """After rendering, too: the arguments of the jobs with those of the evaluation, before any call."""
    task = operator(**given)
    task.confidence, task.instance_count, task.job_name = 2, "many", ""
    with pytest.raises(AirflowFailException, match="The evaluation cannot begin; 3 errors") as error:
        task.execute(context)
    for name in ("confidence = 2", "instance_count = 'many'", "job_name = ''"):
        assert name in str(error.value)


def test_the_job_of_the_candidate_fails(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The task fails, whatever the option is; a retry starts another job, and keeps that of the champion."""
    given["on_champion_cannot_score"] = "pass"
    candidate, champion = hold(account, context, "candidate", "Failed"), hold(account, context, "champion")
    deferred = deferral(operator(**given), context)
    account.script({"Ending": {"TransformJobStatus": "Failed"}}, candidate)
    wait_for_transform(account.sagemaker, candidate)
    with pytest.raises(TransformJobFailed, match=f"Transform job {candidate} failed"):
        resume(operator(**given), context, deferred, "finished")
    assert account.jobs() == {candidate: "Failed", champion: "InProgress"}
    again = changed(context, try_number=2)
    second = deferral(operator(**given), again)
    end(account, champion)
    finish(account)
    assert resume(operator(**given), again, second, "finished")["outcome"] == "compared"
    assert len(account.jobs()) == 3
    assert account.models() == []
