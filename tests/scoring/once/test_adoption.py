"""Which job, version and table an execution goes on with, and which it makes anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from airflow_sagemaker_automl import TransformJobFailed, TransformJobStopped
from tests.support.jobs import ROLE, unique
from tests.support.scoring import Account, expected, finished, operator, scored, started
from tests.support.tasks import Store, changed, deferral, elsewhere, resume
from tests.support.timing import SetTiming
from tests.support.transforms import wait_for_transform
from tests.support.versions import decide


def test_a_retry_resumes_the_job_that_runs(account: Account, context: Any, given: dict[str, Any]) -> None:
    """Also if the task's record is lost; what was prepared is not prepared again."""
    name = started(operator(**given), context)
    before = {uri: account.read(uri) for uri in account.objects(given["output_uri"]) if uri.endswith(".csv")}
    assert started(operator(**given), changed(context, try_number=2)) == name
    lost: Any = {**changed(context, try_number=2), "task_state_store": Store()}
    assert started(operator(**given), lost) == name
    assert account.jobs() == {name: "InProgress"}
    assert account.models() == [name]
    assert {uri: account.read(uri) for uri in account.objects(given["output_uri"]) if uri.endswith(".csv")} == before


def test_a_retry_takes_the_job_that_has_ended(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The worker died while it waited, and its job has completed since."""
    name = started(operator(**given), context)
    finished(account, name)
    result = operator(**given).execute(changed(context, try_number=2))
    assert (result["transform_job_name"], result["outcome"]) == (name, "scored")
    assert account.read(result["output_uri"]) == expected(1, 2, 3)
    assert (account.jobs(), account.models()) == ({name: "Completed"}, [])


def test_an_execution_after_the_end_returns_the_same(account: Account, context: Any, given: dict[str, Any]) -> None:
    """Airflow did not hear of the success: the table that stands is the result, and nothing is created."""
    result = scored(account, operator(**given), context)
    name = result["transform_job_name"]
    again = operator(**given).execute(changed(context, try_number=2))
    assert again == result
    event = {"job_name": name, "end": "finished"}
    assert operator(**given).execute_complete(context, event) == result
    assert (account.jobs(), account.models()) == ({name: "Completed"}, [])
    assert account.names(given["output_uri"]) == ["_SUCCESS", "scores.csv"]


@pytest.mark.parametrize(("ending", "error"), [("Failed", TransformJobFailed), ("Stopped", TransformJobStopped)])
def test_a_retry_after_a_job_without_predictions_starts_another(
    account: Account, context: Any, given: dict[str, Any], ending: str, error: type[Exception]
) -> None:
    """With the same model and input."""
    account.hold(Ending={"TransformJobStatus": ending})
    task = operator(**given)
    deferred = deferral(task, context)
    name = deferred.trigger.job_name
    account.hold()
    wait_for_transform(account.sagemaker, name)
    with pytest.raises(error, match=f"Transform job {name}"):
        resume(operator(**given), context, deferred, "finished")
    result = scored(account, operator(**given), changed(context, try_number=2))
    assert account.jobs() == {name: ending, result["transform_job_name"]: "Completed"}
    assert account.read(result["output_uri"]) == expected(1, 2, 3)
    assert account.models() == []
    assert account.names(given["output_uri"]) == ["_SUCCESS", "scores.csv"]


def test_two_executions_at_once_start_one_job(account: Account, context: Any, given: dict[str, Any]) -> None:
    """A message that is delivered more than once: neither deletes the other's input, and all follow one job."""

    def execute(_: int) -> str:
        with pytest.raises(TaskDeferred) as deferred:
            operator(**given).execute(context)
        return str(deferred.value.trigger.job_name)

    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(execute, range(4)))
    assert list(account.jobs()) == list(names)
    (name,) = names
    job = account.sagemaker.describe_transform_job(TransformJobName=name)
    assert account.objects(job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    finished(account, name)
    event = {"job_name": name, "end": "finished"}
    results = [operator(**given).execute_complete(context, event) for _ in range(2)]
    assert results[0] == results[1]
    assert account.read(results[0]["output_uri"]) == expected(1, 2, 3)
    assert account.names(given["output_uri"]) == ["_SUCCESS", "scores.csv"]


def test_the_version_stays_the_same_over_all_tries(account: Account, context: Any, given: dict[str, Any]) -> None:
    """Though a newer one is approved in the meantime; the next run takes that one."""
    del given["model_package_arn"]
    group = unique("group")
    first = account.version(group=group)
    given["model_package_group_name"] = group
    account.hold(Ending={"TransformJobStatus": "Failed"})
    name = started(operator(**given), context)
    account.hold()
    wait_for_transform(account.sagemaker, name)
    second = account.version(group=group)
    assert scored(account, operator(**given), changed(context, try_number=2))["model_package_arn"] == first
    decide(account.sagemaker, second)
    assert scored(account, operator(**given), changed(context, run_id="next"))["model_package_arn"] == second


def test_a_version_that_is_rejected_meanwhile(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The job that runs is resumed; its model exists, so it is not made again."""
    name = started(operator(**given), context)
    decide(account.sagemaker, given["model_package_arn"], "Rejected")
    assert started(operator(**given), changed(context, try_number=2)) == name
    account.sagemaker.delete_model(ModelName=name)
    assert started(operator(**given), changed(context, try_number=2)) == name


def test_a_cleared_task_stops_its_job_and_scores_anew(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The version and the data may be others by then."""
    first = started(operator(**given), context)
    cleared = changed(context, max_tries=1, try_number=2)
    second = started(operator(**given), cleared)
    assert account.jobs() == {first: "Stopped", second: "InProgress"}
    finished(account, second)
    result = operator(**given).execute(cleared)
    assert result["transform_job_name"] == second
    third = started(operator(**given), changed(context, max_tries=2, try_number=3))
    assert account.jobs() == {first: "Stopped", second: "Completed", third: "InProgress"}


def test_each_try_may_score_anew(account: Account, context: Any, given: dict[str, Any]) -> None:
    """With ``reuse_job="never"`` a retry stops the last try's job and starts its own; the same try finds its job."""
    task = operator(**given, reuse_job="never", retries=2)
    first = started(task, changed(context, max_tries=2))
    assert started(task, changed(context, max_tries=2)) == first
    second = started(task, changed(context, max_tries=2, try_number=2))
    assert account.jobs() == {first: "Stopped", second: "InProgress"}


def test_a_table_may_be_kept_over_a_clear(account: Account, context: Any, given: dict[str, Any]) -> None:
    """With ``reuse_job="clears"``, if version, data and arguments are the same; no job is started then."""
    result = scored(account, operator(**given, reuse_job="clears"), context)
    cleared = changed(context, max_tries=1, try_number=2)
    assert operator(**given, reuse_job="clears").execute(cleared) == result
    assert len(account.jobs()) == 1
    assert started(operator(**given), cleared) not in (None, result["transform_job_name"])


@pytest.mark.parametrize("change", ["data", "version", "arguments", "run"])
def test_another_table_is_not_kept_over_a_clear(
    account: Account, context: Any, given: dict[str, Any], change: str
) -> None:
    """Whatever decides on the result is compared."""
    result = scored(account, operator(**given, reuse_job="clears"), context)
    later = changed(context, max_tries=1, try_number=2)
    if change == "data":
        account.write(f"{given['data']}more.csv", "id,age,income,note\nno. 4,24,1,x\n")
    elif change == "version":
        given["model_package_arn"] = account.version()
    elif change == "arguments":
        given["output_format"] = "parquet"
    else:
        later = changed(context, run_id="another")
    assert started(operator(**given, reuse_job="clears"), later) != result["transform_job_name"]


def test_data_as_it_is_is_compared_over_a_clear(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The predictions of other objects below the same prefix are another result."""
    del given["key_columns"]
    given |= {"prepare": False, "data": account.put("bare", "21,1000,x\n", "a.csv"), "reuse_job": "clears"}
    result = scored(account, operator(**given), context)
    cleared = changed(context, max_tries=1, try_number=2)
    assert operator(**given).execute(cleared) == result
    account.write(f"{given['data']}a.csv", "22,1000,x\n")
    assert started(operator(**given), changed(context, max_tries=2, try_number=3)) != result["transform_job_name"]


def test_a_job_of_a_stranger_is_not_resumed(account: Account, context: Any, given: dict[str, Any]) -> None:
    """Its name is the same, and its tags tell of another task."""
    name = started(operator(**given), context)
    account.sagemaker.add_tags(
        ResourceArn=account.sagemaker.describe_transform_job(TransformJobName=name)["TransformJobArn"],
        Tags=[{"Key": "airflow:dag_id", "Value": "another"}],
    )
    with pytest.raises(AirflowFailException, match=f"The Transform job name '{name}' is taken"):
        operator(**given).execute(changed(context, try_number=2))
    assert account.jobs() == {name: "InProgress"}
    assert account.models() == [name]


def test_a_model_of_a_stranger_is_not_used(account: Account, context: Any, given: dict[str, Any]) -> None:
    """It has the task's name and another content; it stays."""
    name = started(operator(**given), context)
    account.sagemaker.stop_transform_job(TransformJobName=name)
    wait_for_transform(account.sagemaker, name)
    account.sagemaker.delete_model(ModelName=name)
    container: Any = {"Image": "other:1", "ModelDataUrl": "s3://bucket/other.tar.gz"}
    account.sagemaker.create_model(ModelName=name, Containers=[container], ExecutionRoleArn=ROLE)
    with pytest.raises(AirflowFailException, match="is taken by another model: it has another Containers"):
        operator(**given).execute(changed(context, try_number=2))
    assert account.models() == [name]


def test_two_installations_never_touch_each_others_jobs(account: Account, context: Any, given: dict[str, Any]) -> None:
    """Staging has the same DAG and run, and an output of its own."""
    production = started(operator(**given), context)
    staging = elsewhere(context)
    other = started(operator(**{**given, "output_uri": f"{given['output_uri'][:-1]}-staging/"}), staging)
    assert account.jobs() == {production: "InProgress", other: "InProgress"}


def test_answers_that_are_lost_cost_no_second_job(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The service has model and job although nobody heard it say so."""
    account.fault(DroppedAnswerRate=0.7, Operations=["CreateModel", "CreateTransformJob", "DeleteModel"], Seed=2)
    result = scored(account, operator(**given), context)
    assert account.jobs() == {result["transform_job_name"]: "Completed"}
    account.fault()
    assert account.models() == []


def test_throttling_takes_longer_and_changes_nothing(
    account: Account, context: Any, given: dict[str, Any], set_timing: SetTiming
) -> None:
    """Most calls are refused at first."""
    set_timing(retries=40)
    task = operator(**given, botocore_config={"retries": {"total_max_attempts": 1}})
    account.fault(ThrottlingRate=0.5, ServiceUnavailableRate=0.3, Seed=1)
    with suppress(TaskDeferred):
        task.execute(context)
    account.fault()
    (name,) = account.jobs()
    assert account.models() == [name]
