"""Which job an execution goes on with, and which it starts, against an account of its own whose jobs are held."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import SageMakerAutoMLJobOperator
from demo.sandbox import sagemaker_client
from tests.support.gating import requests
from tests.support.jobs import tabular_request, wait
from tests.support.plain_http import hold_jobs, send
from tests.support.tasks import Store, changed, elsewhere
from tests.support.timing import SetTiming

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

REQUEST = tabular_request("s3://no-such-bucket/at-all/")
COMPLETED = {
    "Stages": [],
    "Candidates": [
        {
            "AfterSeconds": 0,
            "Candidate": {
                "CandidateName": "first",
                "CandidateStatus": "Completed",
                "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Type": "Maximize", "Value": 0.75},
            },
        }
    ],
    "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "first"},
}
STOPPED_WITH_CANDIDATE = {**COMPLETED, "Ending": {"AutoMLJobStatus": "Stopped", "BestCandidate": "first"}}


@pytest.fixture
def account(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account whose jobs stay in progress."""
    send(f"{private_url}/automl-emulator/faults", "PUT", {"ConcurrentJobs": 100})
    hold_jobs(private_url)
    return sagemaker_client(private_url)


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No deployment is configured."""
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_AUTOML__DEPLOYMENT", "")


def script(account: SageMakerClient, document: dict[str, Any]) -> None:
    """Let all jobs that are created from now on follow a script."""
    status, answer = send(f"{account.meta.endpoint_url}/automl-emulator/scripts/held?job-names=*", "PUT", document)
    assert status in (200, 201), answer


def faults(account: SageMakerClient, **members: Any) -> None:
    """Switch faults on, in place of those in force; the account stays large enough."""
    document = {"ConcurrentJobs": 100, **members}
    status, answer = send(f"{account.meta.endpoint_url}/automl-emulator/faults", "PUT", document)
    assert status == 200, answer


def operator(request: Any = REQUEST, **arguments: Any) -> SageMakerAutoMLJobOperator:
    """Make the operator under test; it does not wait unless told otherwise."""
    defaults = {"task_id": "train", "aws_conn_id": "private", "wait_for_completion": False, "poll_interval": 0.2}
    return SageMakerAutoMLJobOperator(request=request, **{**defaults, **arguments})


def jobs(account: SageMakerClient) -> dict[str, str]:
    """List all jobs, oldest first: name and status."""
    listed = account.list_auto_ml_jobs(SortBy="CreationTime", SortOrder="Ascending", MaxResults=100)
    return {job["AutoMLJobName"]: job["AutoMLJobStatus"] for job in listed["AutoMLJobSummaries"]}


def test_two_executions_at_once_start_one_job(context: Any, account: SageMakerClient) -> None:
    """A message that is delivered twice: the name decides who creates, and both go on with the same job."""
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: operator().execute(context), range(8)))
    assert len({result["job_name"] for result in results}) == len(jobs(account)) == 1


def test_a_cleared_task_first_stops_what_it_still_runs(context: Any, account: SageMakerClient) -> None:
    """Each new generation stops the jobs of all older ones, and only those of its own task and run."""
    other = operator(task_id="other").execute(changed(context, task_id="other"))["job_name"]
    first = operator().execute(context)["job_name"]
    second = operator().execute(changed(context, max_tries=1, try_number=2))["job_name"]
    third = operator().execute(changed(context, max_tries=3, try_number=4))["job_name"]
    assert jobs(account) == {other: "InProgress", first: "Stopped", second: "Stopped", third: "InProgress"}


def test_two_installations_never_touch_each_others_jobs(context: Any, account: SageMakerClient) -> None:
    """Staging has the same DAG, run and account, and no name: it trains by itself, and a clear there stops its own."""
    production = operator().execute(context)["job_name"]
    staging = elsewhere(context)
    first = operator().execute(staging)["job_name"]
    again = operator().execute(changed(staging, max_tries=1, try_number=2))["job_name"]
    assert jobs(account) == {production: "InProgress", first: "Stopped", again: "InProgress"}


@pytest.mark.usefixtures("nameless")
def test_a_job_of_an_explicit_name_is_another_installations(context: Any, account: SageMakerClient) -> None:
    """The name is the same in both, the nonce is not: whoever comes second is told so, for good."""
    operator(job_name="nightly").execute(context)
    staging = elsewhere(context)
    with pytest.raises(
        AirflowFailException, match="of another Airflow deployment, or from before this task's state was lost"
    ):
        operator(job_name="nightly").execute(staging)
    assert jobs(account) == {"nightly": "InProgress"}


@pytest.mark.usefixtures("nameless")
def test_what_may_be_anothers_is_left_alone_after_the_state_is_lost(
    context: Any, account: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a configured deployment nobody knows whose the job is: it runs on, and the log names it."""
    first = operator().execute(context)["job_name"]
    lost = elsewhere(context, max_tries=1, try_number=2)
    second = operator().execute(lost)["job_name"]
    assert jobs(account) == {first: "InProgress", second: "InProgress"}
    told = capsys.readouterr().out
    assert f"AutoML job {first} runs and is not stopped" in told
    assert "Configure [sagemaker_automl] deployment" in told


def test_a_configured_deployment_finds_its_job_after_the_state_is_lost(
    context: Any, account: SageMakerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Airflow empties the state of a task that is cleared: the job of before is stopped."""
    monkeypatch.setenv("AIRFLOW__SAGEMAKER_AUTOML__DEPLOYMENT", "production")
    first = operator().execute(context)["job_name"]
    lost = elsewhere(context, max_tries=1, try_number=2)
    second = operator().execute(lost)["job_name"]
    assert jobs(account) == {first: "Stopped", second: "InProgress"}


def test_a_retry_whose_state_is_lost_finds_its_job(context: Any, account: SageMakerClient) -> None:
    """The nonce is the same as long as the run is: the name is known without the store."""
    first = operator().execute(context)["job_name"]
    lost: Any = {**changed(context, try_number=2), "task_state_store": Store()}
    assert operator().execute(lost)["job_name"] == first
    assert jobs(account) == {first: "InProgress"}


def test_fewer_retries_before_a_clear_train_anew(context: Any, account: SageMakerClient) -> None:
    """Lowered by as many as were used, they leave max_tries as it was; the finished job is not the cleared task's."""
    script(account, COMPLETED)
    first = operator(retries=1).execute(changed(context, max_tries=1))["job_name"]
    wait(account, first)
    cleared: Any = changed(context, max_tries=1, try_number=2)
    cleared["dag_run"] = replace(context["dag_run"], clear_number=1)
    assert operator(retries=0).execute(cleared)["job_name"] != first


def test_old_generations_are_looked_at_once(context: Any, account: SageMakerClient) -> None:
    """Neither two hundred retries nor a retry after a clear asks for jobs that were settled before."""
    url = account.meta.endpoint_url
    task = operator(retries=200)
    task.execute(changed(context, max_tries=200))
    cleared = changed(context, max_tries=201, try_number=2)
    task.execute(cleared)
    requests(url)
    for number in range(3, 6):
        task.execute(changed(cleared, try_number=number))
    # Each try is told that its job exists, describes it, and reads its tags.
    assert requests(url) == {"CreateAutoMLJobV2": 3, "DescribeAutoMLJobV2": 3, "ListTags": 3}


def test_a_job_that_was_taken_is_taken_after_the_next_clear_too(context: Any, account: SageMakerClient) -> None:
    """With ``reuse_job="clears"`` the model of the first generation serves all later ones, though they have no job."""
    script(account, COMPLETED)
    task = operator(reuse_job="clears")
    first = task.execute(context)["job_name"]
    wait(account, first)
    for clears in (1, 2, 3):
        assert task.execute(changed(context, max_tries=clears, try_number=clears + 1))["job_name"] == first


def test_after_a_clear_a_finished_job_is_taken_where_that_is_wanted(context: Any, account: SageMakerClient) -> None:
    """With ``reuse_job="clears"`` clearing downstream tasks together with the training costs nothing."""
    script(account, COMPLETED)
    first = operator(reuse_job="clears").execute(context)["job_name"]
    wait(account, first)
    cleared = changed(context, max_tries=1, try_number=2)
    assert operator(reuse_job="clears").execute(cleared)["job_name"] == first
    assert operator().execute(cleared)["job_name"] != first


def test_after_a_clear_a_job_is_not_taken_for_another_request(
    context: Any, account: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who has changed the request and clears the task gets what is asked for now; the log says why."""
    script(account, COMPLETED)
    first = operator(reuse_job="clears").execute(context)["job_name"]
    wait(account, first)
    changed_request = {**REQUEST, "RoleArn": "arn:aws:iam::123456789012:role/another"}
    again = operator(changed_request, reuse_job="clears").execute(changed(context, max_tries=1, try_number=2))
    assert again["job_name"] != first
    assert (
        "is not adopted, its request differs: RoleArn is 'arn:aws:iam::123456789012:role/sagemaker-automl' in the job"
        in capsys.readouterr().out
    )


def test_a_running_job_is_not_taken_after_a_clear(context: Any, account: SageMakerClient) -> None:
    """Only what has ended well is; a job that runs is stopped, whatever ``reuse_job`` says."""
    first = operator(reuse_job="clears").execute(context)["job_name"]
    second = operator(reuse_job="clears").execute(changed(context, max_tries=1, try_number=2))["job_name"]
    assert jobs(account) == {first: "Stopped", second: "InProgress"}


def test_each_try_may_train_anew(context: Any, account: SageMakerClient) -> None:
    """With ``reuse_job="never"`` a retry stops the last try's job and starts its own; the same try finds its job."""
    task = operator(reuse_job="never", retries=2)
    first = task.execute(changed(context, max_tries=2))["job_name"]
    assert task.execute(changed(context, max_tries=2))["job_name"] == first
    second = task.execute(changed(context, max_tries=2, try_number=2))["job_name"]
    assert jobs(account) == {first: "Stopped", second: "InProgress"}


def test_what_to_reuse_is_one_of_three(context: Any) -> None:
    """A misspelt option is refused when the DAG is parsed."""
    with pytest.raises(ValueError, match="reuse_job = 'always' must be one of retries, clears, never"):
        operator(reuse_job="always")


@pytest.mark.parametrize(("on_stopped", "same"), [("pass", True), ("fail", False)])
def test_a_retry_goes_on_with_an_ending_that_is_accepted(
    context: Any, account: SageMakerClient, on_stopped: str, same: bool
) -> None:
    """A stopped job with a candidate is the result for those who accept it, and a reason to train anew for others."""
    script(account, STOPPED_WITH_CANDIDATE)
    task = operator(on_stopped=on_stopped)
    first = task.execute(context)["job_name"]
    wait(account, first)
    again = task.execute(changed(context, try_number=2))
    assert (again["job_name"] == first) is same
    if same:
        assert again["outcome"] == "stopped_with_candidate"


def test_going_on_with_a_job_of_another_request_is_told(
    context: Any, account: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """A retry after the DAG was changed goes on with the job that runs, and says member by member what differs."""
    first = operator().execute(context)["job_name"]
    capsys.readouterr()
    changed_request = tabular_request("s3://no-such-bucket/at-all/", "another")
    assert operator(changed_request).execute(changed(context, try_number=2))["job_name"] == first
    told = capsys.readouterr().out
    member = "AutoMLProblemTypeConfig.TabularJobConfig.TargetAttributeName"
    assert f"has a different request: {member} is 'diagnosis' in the job and 'another' in the request" in told


def test_a_name_of_ones_own_is_gone_on_with_only_for_the_same_request(context: Any, account: SageMakerClient) -> None:
    """Same task, same name, same request: the same job. Another request: refused for good, saying what differs."""
    task = operator(job_name="my-job")
    assert task.execute(context)["job_name"] == task.execute(changed(context, try_number=2))["job_name"] == "my-job"
    other = operator(tabular_request("s3://no-such-bucket/other/"), job_name="my-job")
    with pytest.raises(AirflowFailException, match=r"has a different request: AutoMLJobInputDataConfig\[0\]\.Data"):
        other.execute(changed(context, try_number=2))
    assert jobs(account) == {"my-job": "InProgress"}


def test_where_tags_may_not_be_read_the_request_tells_whose_a_job_is(context: Any, account: SageMakerClient) -> None:
    """Without ``ListTags``: a job with the same request is this task's, one with another request is not."""
    faults(account, DeniedOperations=["ListTags"])
    first = operator().execute(context)["job_name"]
    assert operator().execute(changed(context, try_number=2))["job_name"] == first
    other = operator({**REQUEST, "RoleArn": "arn:aws:iam::123456789012:role/another"})
    with pytest.raises(AirflowFailException, match="access to its tags is denied, and it has a different request"):
        other.execute(changed(context, try_number=2))


def test_tags_that_are_late_make_nobody_a_stranger(context: Any, account: SageMakerClient) -> None:
    """The job is there, asked for in the same words, and its tags are not: they are waited for."""
    first = operator().execute(context)["job_name"]
    faults(account, StaleTags=2)
    assert operator().execute(changed(context, try_number=2))["job_name"] == first


def test_a_job_whose_tags_never_come_is_known_by_its_derived_name(
    context: Any, account: SageMakerClient, set_timing: SetTiming
) -> None:
    """Nobody else can have chosen that name; a name that was given is no such evidence."""
    set_timing(taken_job_visible=0.5)
    first = operator().execute(context)["job_name"]
    operator(job_name="given").execute(context)
    faults(account, StaleTags=1000)
    assert operator().execute(changed(context, try_number=2))["job_name"] == first
    with pytest.raises(AirflowFailException, match="Airflow did not start it"):
        operator(job_name="given").execute(changed(context, try_number=2))


def test_a_create_whose_answer_is_lost_is_found_again(context: Any, account: SageMakerClient) -> None:
    """The service has the job although nobody heard it say so; asking again finds it by its name and tags."""
    faults(account, DroppedAnswerRate=0.7, Operations=["CreateAutoMLJobV2"], Seed=1)
    name = operator().execute(context)["job_name"]
    assert jobs(account) == {name: "InProgress"}


def test_throttling_and_faults_of_the_service_do_not_fail_a_submission(context: Any, account: SageMakerClient) -> None:
    """Nine of ten calls are refused: it takes longer, and ends with one job."""
    faults(account, ThrottlingRate=0.6, ServiceUnavailableRate=0.5, Seed=1)
    name = operator(botocore_config={"retries": {"total_max_attempts": 1}}).execute(context)["job_name"]
    faults(account)
    assert jobs(account) == {name: "InProgress"}


def test_editing_the_retries_of_a_dag_makes_no_job_a_strangers(context: Any, account: SageMakerClient) -> None:
    """A try that finds another number in its DAG file goes on with the job of the try before."""
    tries = changed(context, max_tries=3)
    name = operator(retries=3).execute(tries)["job_name"]
    again = operator(retries=1).execute(changed(tries, try_number=2))["job_name"]
    assert again == name
    assert jobs(account) == {name: "InProgress"}
