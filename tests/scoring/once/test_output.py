"""What stands below the output: always one whole table, or none, and a marker that says which."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from tests.support.scoring import COLUMNS, Account, Handle, expected, finished, operator, scored, started
from tests.support.tasks import changed, deferral, resume
from tests.support.transforms import wait_for_transform


def test_a_later_run_replaces_the_table(account: Account, context: Any, given: dict[str, Any]) -> None:
    """Also that of another format; the marker is always that of the table beside it, and the youngest object."""
    first = scored(account, operator(**given), context)
    account.write(f"{given['data']}rows.csv", "id,age,income,note\nno. 9,29,1,x\n")
    second = scored(account, operator(**given), changed(context, run_id="second"))
    assert account.read(second["output_uri"]) == expected(9)
    assert first["output_uri"] == second["output_uri"]
    third = scored(account, operator(**given, output_format="parquet"), changed(context, run_id="third"))
    assert account.names(given["output_uri"]) == ["_SUCCESS", "scores.parquet"]
    assert account.marker(given["output_uri"])["table"] == third["output_uri"]
    assert account.marker(given["output_uri"])["transform_job_name"] == third["transform_job_name"]


def test_the_marker_is_missing_while_a_table_is_replaced(
    account: Account, context: Any, given: dict[str, Any], intercept: Callable[[Handle], None]
) -> None:
    """Whoever waits for it never reads a table that is half of one run and half of another."""
    scored(account, operator(**given), context)
    seen: list[list[str]] = []

    def noting(operation: str, arguments: Any, call: Callable[[], Any]) -> Any:
        if operation == "PutObject" and arguments["Key"].endswith("scores.csv"):
            seen.append([name for name in account.names(given["output_uri"]) if "/" not in name])
        return call()

    intercept(noting)
    scored(account, operator(**given), changed(context, run_id="second"))
    assert seen == [["scores.csv"]]


def test_of_two_tasks_that_begin_at_once_one_has_the_output(
    account: Account, context: Any, given: dict[str, Any], intercept: Callable[[Handle], None]
) -> None:
    """The other one is refused, even if it has seen the output empty; the first one's table stays."""
    first: list[str] = []

    def beginning_in_between(operation: str, arguments: Any, call: Callable[[], Any]) -> Any:
        if operation == "DescribeModelPackage" and not first:
            first.append("")
            first[0] = started(operator(**given), changed(context, task_id="first"))
        return call()

    intercept(beginning_in_between)
    with pytest.raises(AirflowFailException, match=r"is not empty: it has .*_work/owner"):
        operator(**given).execute(context)
    finished(account, first[0])
    again = operator(**given).execute
    with pytest.raises(AirflowFailException, match="is not empty"):
        again(context)
    assert list(account.jobs()) == first


def test_a_part_of_the_outputs_name_makes_no_folder_of_another_task_ones_own(
    account: Account, context: Any, given: dict[str, Any]
) -> None:
    """Here the output is below a folder ``predictions``, as the jobs' answers are."""
    given["output_uri"] = f"{given['output_uri']}predictions/churn/"
    dag = "a-dag-with-a-long-name-of-its-own"
    started(operator(**given), changed(context, dag_id=dag, task_id="first"))
    with pytest.raises(AirflowFailException, match="is not empty"):
        operator(**given).execute(changed(context, dag_id=dag))


def test_a_folder_that_the_console_has_made_is_empty(account: Account, context: Any, given: dict[str, Any]) -> None:
    """It is an object without content, whose name is the prefix."""
    account.write(given["output_uri"], "")
    assert scored(account, operator(**given), context)["scored_rows"] == 3


def test_a_write_whose_answer_is_lost_loses_no_input(
    account: Account, context: Any, given: dict[str, Any], intercept: Callable[[Handle], None]
) -> None:
    """boto3 repeats it, and S3 answers that the object exists: it is the execution's own."""

    def losing(operation: str, arguments: Any, call: Callable[[], Any]) -> Any:
        if operation == "PutObject" and arguments["Key"].endswith("prepared.json"):
            call()
        return call()

    intercept(losing)
    result = scored(account, operator(**given), context)
    assert account.read(result["output_uri"]) == expected(1, 2, 3)


def test_an_upload_that_is_denied_says_so_and_leaves_nothing(
    account: Account, context: Any, given: dict[str, Any], intercept: Callable[[Handle], None]
) -> None:
    """boto3 hides the service's error in one of its own, which no retry would help against."""

    def denying(operation: str, arguments: Any, call: Callable[[], Any]) -> Any:
        if operation == "PutObject" and "/input/" in arguments["Key"]:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no kms:GenerateDataKey"}}, operation)
        return call()

    intercept(denying)
    with pytest.raises(AirflowFailException, match="no kms:GenerateDataKey"):
        operator(**given).execute(context)
    assert (account.models(), account.jobs()) == ([], {})


@pytest.mark.parametrize(
    ("metric", "column"), [("MSE", "predicted_value"), ("F1", "predicted_label"), ("RMSE", "predicted_label")]
)
def test_without_its_job_the_metric_tells_what_a_version_predicts(
    account: Account, context: Any, given: dict[str, Any], metric: str, column: str
) -> None:
    """RMSE may be a regression's or a forecast's; keys that are registered name the columns in any case."""
    container = {"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}
    specification = {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    given["model_package_arn"] = account.version(
        CustomerMetadataProperties={"objective_metric": metric}, InferenceSpecification=specification
    )
    given["columns"] = COLUMNS
    name = started(operator(**given), context)
    (prepared,) = [each for each in account.objects(given["output_uri"]) if each.endswith("prepared.json")]
    assert json.loads(account.read(prepared))["predictions"] == [column]
    finished(account, name)


def test_data_as_it_is_has_its_result_beside_the_marker(account: Account, context: Any, given: dict[str, Any]) -> None:
    """With ``prepare=False`` the job's output is the result; the next run replaces it."""
    del given["key_columns"]
    given |= {"prepare": False, "data": account.put("bare", "21,1000,x\n", "a.csv")}
    first = scored(account, operator(**given), context)
    assert first["output_uri"] == f"{given['output_uri']}predictions/{first['transform_job_name']}/"
    assert account.read(f"{first['output_uri']}a.csv.out") == "aged 21,0.21\n"
    assert (first["rows"], first["scored_rows"], first["columns"]) == (None, None, [])
    assert operator(**given).execute(changed(context, try_number=2)) == first
    second = scored(account, operator(**given), changed(context, run_id="second"))
    assert sorted(account.names(given["output_uri"])) == [
        "_SUCCESS",
        f"predictions/{second['transform_job_name']}/a.csv.out",
    ]
    assert account.models() == []


@pytest.mark.parametrize("fault", ["missing", "fewer", "more", "columns"])
def test_predictions_that_do_not_match_are_no_table(
    account: Account, context: Any, given: dict[str, Any], fault: str
) -> None:
    """The error names the file; the table of the run before stands."""
    before = scored(account, operator(**given), context)
    account.hold()
    later = changed(context, run_id="later")
    deferred = deferral(operator(**given), later)
    name = deferred.trigger.job_name
    account.answer(name)
    job = account.sagemaker.describe_transform_job(TransformJobName=name)
    (uri,) = account.objects(job["TransformOutput"]["S3OutputPath"])
    body = {"fewer": "a,1\n", "more": "a,1\n" * 4, "columns": "a,1,2\n" * 3}.get(fault)
    if body is None:
        account.s3.delete_object(Bucket=uri.split("/")[2], Key=uri.split("/", 3)[3])
    else:
        account.write(uri, body)
    account.end()
    wait_for_transform(account.sagemaker, name)
    with pytest.raises(AirflowFailException, match=f"The output of transform job {name} does not match.*part-00000"):
        resume(operator(**given), later, deferred, "finished")
    assert account.read(before["output_uri"]) == expected(1, 2, 3)
    assert account.marker(given["output_uri"])["transform_job_name"] == before["transform_job_name"]


def test_times_are_those_of_the_job(account: Account, context: Any, given: dict[str, Any]) -> None:
    """In the result and the marker."""
    result = scored(account, operator(**given, instance_count="2"), context)
    created, ended = (datetime.fromisoformat(result[name]) for name in ("created", "ended"))
    assert created <= ended <= datetime.now(UTC)
    assert (
        account.marker(given["output_uri"]).items()
        >= {
            name: result[name] for name in ("created", "ended", "billed_seconds", "rows", "scored_rows", "columns")
        }.items()
    )


def test_rows_that_cannot_be_sent_may_be_left_out(account: Account, context: Any, given: dict[str, Any]) -> None:
    """With ``on_unusable_rows="report"`` they are counted; row numbers are those of all files together."""
    header = "age,income,note"
    given["data"] = account.put("rows", f"{header}\n21,1,x\n22,1\n23,1,x\n24,1,x,y\n", "a.csv")
    account.write(f"{given['data']}b.csv", f'{header}\n25,1,"x\ny"\n26,1,{"x" * (1 << 20)}\n27,1,x\n')
    del given["key_columns"]
    result = scored(account, operator(**given, on_unusable_rows="report", max_payload_mb="1"), context)
    assert [result[name] for name in ("rows", "scored_rows", "unusable_rows", "line_breaks_replaced")] == [7, 4, 3, 1]
    assert account.read(result["output_uri"]).splitlines() == [
        "row,predicted_label,probability",
        "1,aged 21,0.21",
        "3,aged 23,0.23",
        "5,aged 25,0.25",
        "7,aged 27,0.27",
    ]


def test_a_manifest_and_other_keys_of_answers(account: Account, context: Any, given: dict[str, Any]) -> None:
    """The files that it names, and a model of containers that answer something else than the version was registered."""
    name = json.dumps([{"prefix": given["data"]}, "rows.csv"])
    given["data"] = f"{account.put('manifest', name, 'rows.manifest')}rows.manifest"
    deferred = deferral(operator(**given, inference_response_keys=["predicted_label", "labels"]), context)
    model = account.sagemaker.describe_model(ModelName=str(deferred.trigger.job_name))
    (container,) = model["Containers"]
    assert "ModelPackageName" not in container
    assert container["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label,labels"
    account.answer(str(deferred.trigger.job_name))
    account.end()
    wait_for_transform(account.sagemaker, str(deferred.trigger.job_name))
    result = resume(operator(**given), context, deferred, "finished")
    assert result["columns"] == ["id", "predicted_label", "labels"]
