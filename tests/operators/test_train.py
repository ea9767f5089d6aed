"""The job operator against the emulator: one job for each attempt, and no ending taken for another."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout, TaskDeferred

from airflow_sagemaker_automl import (
    AutoMLJobFailed,
    AutoMLJobNotFound,
    AutoMLJobRequest,
    AutoMLJobStopped,
    AutoMLJobUnfinished,
    CompletionCriteria,
    SageMakerAutoMLJobOperator,
    ServiceUnavailable,
    Tabular,
)
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.tasks.job_wait import wait_in_worker
from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger
from demo.sandbox import BUCKET
from tests.support.jobs import ROLE, start, tabular_request, unique, wait
from tests.support.plain_http import hold_jobs, once_answered, send
from tests.support.processes import child_that_listens
from tests.support.recorded import script
from tests.support.tasks import changed
from tests.support.timing import SetTiming

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


REQUEST = tabular_request("s3://no-such-bucket/at-all/")
# The emulator's words for a job whose target column is missing.
NO_TARGET = "The target column 'prognosis' is not in the data."


@pytest.fixture
def running(emulator_url: str) -> None:
    """All jobs run until they are stopped, or are out of time."""
    hold_jobs(emulator_url)


@pytest.fixture
def failing(emulator_url: str) -> None:
    """All jobs fail at once."""
    hold_jobs(emulator_url, Stages=[], Ending={"AutoMLJobStatus": "Failed", "FailureReason": NO_TARGET})


@pytest.fixture
def completing(emulator_url: str) -> None:
    """All jobs complete in a moment, as one that was trained did."""
    hold_jobs(emulator_url, **script("binary"), Stages=[{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 0.2}])


def operator(request: Any, **arguments: Any) -> SageMakerAutoMLJobOperator:
    """Make the operator under test; it waits in its own process unless told otherwise."""
    defaults = {"task_id": "train", "deferrable": False, "poll_interval": 0.2}
    return SageMakerAutoMLJobOperator(request=request, **{**defaults, **arguments})


def jobs_of(sagemaker: SageMakerClient, context: Any) -> list[str]:
    """List the jobs that carry the tags of a context's run, oldest first."""
    pages = sagemaker.get_paginator("list_auto_ml_jobs").paginate(SortBy="CreationTime", SortOrder="Ascending")
    names = []
    for summary in (summary for page in pages for summary in page["AutoMLJobSummaries"]):
        tags = sagemaker.list_tags(ResourceArn=summary["AutoMLJobArn"])["Tags"]
        if {"Key": "airflow:run_id", "Value": context["ti"].run_id} in tags:
            names.append(summary["AutoMLJobName"])
    return names


@pytest.mark.usefixtures("completing")
def test_a_typed_request_is_trained_and_its_result_is_json(context: Any, sagemaker: SageMakerClient) -> None:
    """Waiting in the worker, the task returns what downstream tasks need, as the service has it."""
    request = AutoMLJobRequest(
        problem_type=Tabular(target="diagnosis", completion=CompletionCriteria(max_candidates=2)),
        training_data=f"s3://{BUCKET}/breast-cancer/",
        output=f"s3://{BUCKET}/out",
        role_arn=ROLE,
        tags={"team": "risk"},
    )
    result = operator(request).execute(context)
    described = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=result["job_name"])
    best = described["BestCandidate"]
    assert result["job_arn"] == described["AutoMLJobArn"]
    assert (result["status"], result["secondary_status"]) == ("Completed", "MaxCandidatesReached")
    assert (result["problem_type"], result["resolved_problem_type"]) == ("Tabular", "BinaryClassification")
    assert result["objective"] == "F1"
    assert result["best_candidate"]["name"] == best["CandidateName"]
    assert result["best_candidate"]["objective_value"] == best["FinalAutoMLJobObjectiveMetric"]["Value"]
    assert set(result["best_candidate"]["metrics"]) == {"Train", "Validation", "Test"}
    assert result["elapsed_seconds"] > 0
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=result["job_arn"])["Tags"]}
    assert tags["team"] == "risk"
    assert (tags["airflow:dag_id"], tags["airflow:deployment"]) == (context["ti"].dag_id, "local")


def test_a_second_execution_goes_on_with_the_same_job(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """A crash after submission, or a redelivered message, starts no second job, whether the first has ended or not."""
    hold_jobs(emulator_url)
    task = operator(REQUEST, wait_for_completion=False)
    first, second = task.execute(context), task.execute(context)
    assert first["job_name"] == second["job_name"]
    assert first["status"] == second["status"] == "InProgress"
    assert jobs_of(sagemaker, context) == [first["job_name"]]
    hold_jobs(emulator_url, **script("binary"), Stages=[])
    later = changed(context, run_id=unique("run"))
    first = task.execute(later)
    wait(sagemaker, first["job_name"])
    after_the_end = operator(task.request).execute(later)
    assert (after_the_end["job_name"], after_the_end["status"]) == (first["job_name"], "Completed")
    assert jobs_of(sagemaker, later) == [first["job_name"]]


@pytest.mark.usefixtures("failing")
def test_a_retry_after_a_failure_starts_another_job(context: Any, sagemaker: SageMakerClient) -> None:
    """A job that failed is not continued; the retry has a name of its own, and so has the one after it."""
    task = operator(REQUEST)
    for attempt in (1, 2, 3):
        with pytest.raises(AutoMLJobFailed, match="target column 'prognosis' is not in the data"):
            task.execute(changed(context, try_number=attempt))
    assert len(set(jobs_of(sagemaker, context))) == 3


@pytest.mark.usefixtures("running")
def test_a_retry_does_not_go_on_with_a_job_that_was_stopped(context: Any, sagemaker: SageMakerClient) -> None:
    """What a kill has stopped, or is still stopping, has no model to come."""
    task = operator(REQUEST, wait_for_completion=False)
    first = task.execute(context)["job_name"]
    sagemaker.stop_auto_ml_job(AutoMLJobName=first)
    second = task.execute(changed(context, try_number=2))["job_name"]
    assert first != second


@pytest.mark.usefixtures("running")
def test_a_cleared_task_trains_again(context: Any) -> None:
    """Clearing a task that has ended raises max_tries, by which the operator knows to start anew."""
    task = operator(REQUEST, wait_for_completion=False)
    first = task.execute(context)
    cleared = task.execute(changed(context, max_tries=1, try_number=2))
    assert first["job_name"] != cleared["job_name"]


@pytest.mark.usefixtures("running")
def test_somebody_elses_job_is_not_taken_over(context: Any, sagemaker: SageMakerClient) -> None:
    """A name that is taken fails the task for good, saying whose it is, and leaves the other job alone."""
    name = start(sagemaker, tabular_request("s3://no-such-bucket/at-all/", "absent"))
    with pytest.raises(AirflowFailException, match="taken: Airflow did not start it"):
        operator(REQUEST, job_name=name).execute(context)
    other = changed(context, dag_id="another-dag")
    mine = operator(REQUEST, job_name=unique(), wait_for_completion=False)
    mine.execute(context)
    with pytest.raises(AirflowFailException, match=f"it belongs to DAG {context['ti'].dag_id}, run"):
        mine.execute(other)
    assert sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name)["AutoMLJobStatus"] == "InProgress"


@pytest.mark.usefixtures("failing")
def test_a_name_of_ones_own_cannot_be_used_again(context: Any) -> None:
    """With an explicit name a retry after a failure cannot start another job, and says so."""
    task = operator(REQUEST, job_name=unique())
    with pytest.raises(AutoMLJobFailed):
        task.execute(context)
    with pytest.raises(AirflowFailException, match="leave job_name unset"):
        task.execute(changed(context, try_number=2))


@pytest.mark.usefixtures("running")
def test_a_job_without_candidate_is_no_success(context: Any) -> None:
    """Completed, but no model: an error that says what to do."""
    limit = {"MaxAutoMLJobRuntimeInSeconds": 1}
    request = tabular_request("s3://no-such-bucket/at-all/", CompletionCriteria=limit)
    with pytest.raises(AirflowFailException, match=r"MaxAutoMLJobRuntimeReached.*raise its run-time limits"):
        operator(request).execute(context)


@pytest.mark.usefixtures("running")
def test_a_deadline_stops_the_job(context: Any, sagemaker: SageMakerClient) -> None:
    """The wait ends at its deadline, the job is told to stop, and a retry does not try again."""
    task = operator(REQUEST, wait_timeout=timedelta(seconds=1))
    with pytest.raises(AirflowFailException, match=r"did not finish within 1 s of its creation"):
        task.execute(context)
    (name,) = jobs_of(sagemaker, context)
    assert wait(sagemaker, name)["AutoMLJobStatus"] == "Stopped"


@pytest.mark.usefixtures("running")
def test_a_deferred_task_hands_everything_on(context: Any, sagemaker: SageMakerClient) -> None:
    """The trigger gets the job, the whole connection, the interval and one absolute deadline."""
    task = operator(
        REQUEST,
        deferrable=True,
        poll_interval=30,
        wait_timeout=600,
        region_name="us-east-1",
        verify=False,
        botocore_config={"retries": {"max_attempts": 1}},
    )
    before = time.time()
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    trigger = deferred.value.trigger
    assert isinstance(trigger, AutoMLJobTrigger)
    (name,) = jobs_of(sagemaker, context)
    assert trigger.job_name == name
    assert trigger.connection == {
        "aws_conn_id": "aws_default",
        "region_name": "us-east-1",
        "verify": False,
        "botocore_config": {"retries": {"max_attempts": 1}},
    }
    assert trigger.poll_interval == 30
    assert trigger.deadline is not None
    assert before + 600 <= trigger.deadline <= time.time() + 600
    assert deferred.value.method_name == "execute_complete"


@pytest.mark.usefixtures("completing")
def test_a_job_that_has_ended_needs_no_trigger(context: Any, sagemaker: SageMakerClient) -> None:
    """Adopting a completed job returns at once, deferrable or not."""
    name = operator(REQUEST, wait_for_completion=False).execute(context)["job_name"]
    wait(sagemaker, name)
    assert operator(REQUEST, deferrable=True).execute(context)["job_name"] == name


def test_the_task_judges_by_the_service_and_not_by_the_event(
    context: Any, completed_job: str, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """An event says only that the wait is over; an end that nobody knows is an error, never a success."""
    task = operator("request.yaml")
    done = task.execute_complete(context, {"job_name": completed_job, "end": "finished"})
    assert done["status"] == "Completed"
    late = task.execute_complete(context, {"job_name": completed_job, "end": "deadline"})
    assert late["status"] == "Completed"
    hold_jobs(emulator_url, Stages=[], Ending={"AutoMLJobStatus": "Failed", "FailureReason": NO_TARGET})
    failed = start(sagemaker, REQUEST)
    wait(sagemaker, failed)
    with pytest.raises(AutoMLJobFailed):
        task.execute_complete(context, {"job_name": failed, "end": "finished"})
    hold_jobs(emulator_url)
    running = start(sagemaker, REQUEST)
    with pytest.raises(AutoMLJobUnfinished, match="triggerer stopped waiting"):
        task.execute_complete(context, {"job_name": running, "end": "unreadable"})
    with pytest.raises(TaskDeferred):  # The service is not of one mind yet.
        operator("request.yaml", deferrable=True).execute_complete(context, {"job_name": running, "end": "finished"})
    with pytest.raises(ValueError, match="surprise"):
        task.execute_complete(context, {"job_name": completed_job, "end": "surprise"})
    impatient = operator("request.yaml", wait_timeout=1)
    with pytest.raises(AirflowFailException, match="did not finish within 1 s of its creation and is being stopped"):
        impatient.execute_complete(context, {"job_name": running, "end": "deadline"})
    assert wait(sagemaker, running)["AutoMLJobStatus"] == "Stopped"


@pytest.mark.usefixtures("running")
def test_the_execution_timeout_ends_a_deferred_wait_as_it_ends_any_task(
    context: Any, sagemaker: SageMakerClient
) -> None:
    """Airflow's own timeout in both modes: the task is retried, and killed, which stops the job."""
    running = start(sagemaker, REQUEST)
    task = operator("request.yaml", execution_timeout=timedelta(seconds=1))
    with pytest.raises(AirflowTaskTimeout, match=running):
        task.execute_complete(context, {"job_name": running, "end": "deadline"}, time.time())
    sagemaker.stop_auto_ml_job(AutoMLJobName=running)
    assert wait(sagemaker, running)["AutoMLJobStatus"] == "Stopped"


def _connections_to(port: int) -> set[int]:
    """List the connections of this process to a port, by their own ports."""
    return {each.laddr.port for each in psutil.Process().net_connections() if each.raddr and each.raddr.port == port}


@pytest.mark.usefixtures("running")
def test_a_service_that_is_away_for_a_while_fails_no_wait(
    context: Any, sagemaker: SageMakerClient, emulator_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the worker too: the emulator stops answering, is asked in vain, comes back, and the wait ends with the job."""
    port, name = int(emulator_url.rpartition(":")[2]), unique()
    server = child_that_listens(port)

    def be_away_until_asked_in_vain() -> None:
        server.suspend()
        try:
            before, asked, deadline = _connections_to(port), set[int](), time.monotonic() + 120
            while not asked - _connections_to(port):
                assert time.monotonic() < deadline, "nobody has asked, and given up"
                asked |= _connections_to(port) - before
                time.sleep(0.05)
        finally:
            server.resume()
        sagemaker.stop_auto_ml_job(AutoMLJobName=name)

    absence = once_answered(emulator_url, "DescribeAutoMLJobV2", be_away_until_asked_in_vain)
    impatient = {"retries": {"total_max_attempts": 1}, "read_timeout": 10, "connect_timeout": 10}
    with pytest.raises(AutoMLJobStopped):
        operator(REQUEST, job_name=name, botocore_config=impatient).execute(context)
    absence.join()
    assert f"AutoML job {name} could not be described, retrying" in capsys.readouterr().out


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("lasts", [False, True])
def test_a_right_that_is_taken_away_is_given_time(
    context: Any, sagemaker: SageMakerClient, emulator_url: str, set_timing: SetTiming, lasts: bool
) -> None:
    """A wait in a worker outlasts a denial that is undone, as one in the triggerer does, and ends on one that lasts."""
    faults = f"{emulator_url}/automl-emulator/faults"
    task = operator(REQUEST)
    if lasts:
        set_timing(unusable=0.1)

    def deny() -> None:
        send(faults, "PUT", {"DeniedOperations": ["DescribeAutoMLJobV2"]})

    def allow() -> None:
        send(faults, "DELETE")
        (name,) = jobs_of(sagemaker, context)
        sagemaker.stop_auto_ml_job(AutoMLJobName=name)

    def undo() -> None:
        denial.join()
        once_answered(emulator_url, "DescribeAutoMLJobV2", allow, times=2).join()

    # The first is that of the creation.
    denial = once_answered(emulator_url, "DescribeAutoMLJobV2", deny, times=2)
    if lasts:
        with pytest.raises(AirflowFailException, match="AccessDenied"):
            task.execute(context)
        denial.join()
        return
    undone = Thread(target=undo)
    undone.start()
    with pytest.raises(AutoMLJobStopped):
        task.execute(context)
    undone.join()


def test_a_job_too_new_to_be_seen_is_waited_for(emulator_url: str) -> None:
    """What CreateAutoMLJobV2 has accepted may not be shown at once; after minutes it is an error."""
    request = {"AutoMLJobName": unique("not-there"), **tabular_request("s3://bucket/x")}
    job = AutoMLJob.just_created(request, "arn")
    task = operator("request.yaml", poll_interval=0.1)
    assert wait_in_worker(task, job, time.time() + 1) == job
    with pytest.raises(AutoMLJobNotFound, match="check aws_conn_id and region_name"):
        wait_in_worker(task, replace(job, created=job.created - timedelta(minutes=10)), time.time() + 1)


def test_no_service_is_one_clear_line(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong port says which connection and what to look at; a retry may help."""
    wrong = '{"conn_type": "aws", "login": "a", "password": "b", "extra": {"region_name": "us-east-1", "endpoint_url": "http://127.0.0.1:9"}}'
    monkeypatch.setenv("AIRFLOW_CONN_NOWHERE", wrong)
    task = operator(
        tabular_request("s3://bucket/x"),
        aws_conn_id="nowhere",
        botocore_config={"retries": {"max_attempts": 1}, "connect_timeout": 1},
    )
    with pytest.raises(ServiceUnavailable) as raised:
        task.execute(context)
    assert "with connection 'nowhere' failed: Could not connect to the endpoint URL" in str(raised.value)
    assert "endpoint_url right?" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_credentials_is_one_clear_line(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the connection nor the machine has credentials: the error says what to do."""
    monkeypatch.setenv("AIRFLOW_CONN_EMPTY", '{"conn_type": "aws", "extra": {"region_name": "us-east-1"}}')
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, os.devnull)
    with pytest.raises(ServiceUnavailable, match="Set a key or a role in the connection") as raised:
        operator(tabular_request("s3://bucket/x"), aws_conn_id="empty").execute(context)
    assert "A connection that does not exist in Airflow is treated as an empty one" in str(raised.value)


@pytest.mark.usefixtures("running")
def test_the_caller_keeps_the_request_as_it_was(context: Any) -> None:
    """A mapped or retried task starts from the same values."""
    request = {**REQUEST, "Tags": [{"Key": "team", "Value": "risk"}]}
    before = repr(request)
    operator(request, wait_for_completion=False).execute(context)
    assert repr(request) == before
