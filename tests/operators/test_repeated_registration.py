"""The same model, registered in the same way, is one version, whatever is repeated and whoever comes in between."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import OutletEventAccessors

from airflow_sagemaker_automl import SageMakerRegisterCandidateOperator, registered
from airflow_sagemaker_automl.assets.events import ModelVersion
from tests.support.jobs import start, tabular_request, unique, wait
from tests.support.plain_http import once_answered, send
from tests.support.scripts import CANDIDATE, FAILED, script_jobs, script_versions
from tests.support.tasks import TaskInstance, changed
from tests.support.timing import SetTiming

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def operator(job_name: str, group: str, **arguments: Any) -> SageMakerRegisterCandidateOperator:
    """Make the operator under test."""
    return SageMakerRegisterCandidateOperator(
        task_id="register", job_name=job_name, model_package_group_name=group, **arguments
    )


@contextmanager
def faulty(url: str, **faults: Any) -> Iterator[None]:
    """Let things go wrong for as long as the block lasts."""
    status, answer = send(f"{url}/automl-emulator/faults", "PUT", faults)
    assert status == 200, answer
    try:
        yield
    finally:
        send(f"{url}/automl-emulator/faults", "DELETE")


def another_run() -> Any:
    """Make the context of a task of another DAG."""
    return {"ti": TaskInstance(dag_id=unique("dag"), task_id="register", run_id=unique("run"))}


def versions(sagemaker: SageMakerClient, group: str) -> list[str]:
    """List the ARNs of a group's versions, oldest first."""
    listed = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    return [entry["ModelPackageArn"] for entry in listed]


@pytest.fixture
def job(sagemaker: SageMakerClient, emulator_url: str) -> str:
    """Name of a job that has ended with a candidate."""
    name = unique()
    script_jobs(emulator_url, name, CANDIDATE)
    start(sagemaker, tabular_request("s3://automl-demo/none/"), name)
    wait(sagemaker, name)
    return name


def test_another_run_finds_the_version(context: Any, job: str, sagemaker: SageMakerClient) -> None:
    """The card would name another DAG run, so that the service refuses the token; the version is found all the same."""
    group = unique("group")
    first = operator(job, group).execute(context)
    sagemaker.update_model_package(ModelPackageArn=first["model_package_arn"], ModelApprovalStatus="Rejected")
    again = operator(job, group).execute(another_run())
    assert again == {**first, "approval_status": "Rejected"}
    assert versions(sagemaker, group) == [first["model_package_arn"]]


def test_revision_and_repository_make_no_other_version(context: Any, job: str, sagemaker: SageMakerClient) -> None:
    """They say which code registered first; a word of the author's that changed makes another version."""
    group = unique("group")
    first = operator(job, group, commit_id="abc", repository="ssh://git/one").execute(context)["model_package_arn"]
    assert operator(job, group, commit_id="def").execute(changed(context, try_number=2))["model_package_arn"] == first
    assert sagemaker.describe_model_package(ModelPackageName=first)["MetadataProperties"]["CommitId"] == "abc"
    edited = operator(job, group, model_card={"intended_uses": {"risk_rating": "Low"}}).execute(context)
    assert edited["model_package_version"] == 2


def test_many_at_once_make_one_version(job: str, sagemaker: SageMakerClient) -> None:
    """Runs of several DAGs that register the same at the same time, in a group that is not there yet."""
    group, results = unique("group"), []

    def register() -> None:
        results.append(operator(job, group).execute(another_run())["model_package_arn"])

    threads = [threading.Thread(target=register) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == versions(sagemaker, group) * 6


def test_a_version_that_failed_is_followed_by_another(
    context: Any, job: str, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """It would be found for ever; its token would give it back too."""
    group = unique("group")
    script_versions(emulator_url, group, FAILED)
    with pytest.raises(AirflowFailException, match=r"smoke: It exited with status 1.; image: It has a hole."):
        operator(job, group).execute(context)
    script_versions(emulator_url, group)
    result = operator(job, group).execute(changed(context, try_number=2))
    assert (result["model_package_version"], result["model_package_status"]) == (2, "Completed")
    assert operator(job, group).execute(changed(context, try_number=3)) == result
    assert len(versions(sagemaker, group)) == 2


def test_another_run_is_not_stopped_by_a_version_that_failed(
    context: Any, job: str, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Its first try has the token of the version that failed, and takes the next one."""
    group = unique("group")
    script_versions(emulator_url, group, FAILED)
    with pytest.raises(AirflowFailException, match="It has a hole"):
        operator(job, group).execute(context)
    script_versions(emulator_url, group)
    assert operator(job, group).execute(another_run())["model_package_version"] == 2
    assert len(versions(sagemaker, group)) == 2


def test_a_list_that_lags_behind_is_waited_for(
    context: Any, job: str, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """The service knows the token before the list shows the version."""
    group = unique("group")
    first = operator(job, group).execute(context)
    url = f"{emulator_url}/automl-emulator/faults"
    with faulty(emulator_url, StaleListSeconds=3600):
        catching_up = once_answered(emulator_url, "ListModelPackages", lambda: send(url, "DELETE"), times=3)
        assert operator(job, group).execute(another_run()) == first
        catching_up.join()
    assert len(versions(sagemaker, group)) == 1


def test_only_as_many_versions_are_looked_at_as_needed(
    context: Any, job: str, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """The newest first, until it is found; one that goes away meanwhile is no trouble."""
    group = unique("group")
    made = [operator(job, group, description=f"number {count}").execute(context) for count in range(4)]
    retry = changed(context, try_number=2)
    send(f"{emulator_url}/automl-emulator/requests", "DELETE")
    assert operator(job, group, description="number 3").execute(retry) == made[3]
    requests = send(f"{emulator_url}/automl-emulator/requests", "GET")[1]["Requests"]
    assert (requests["ListModelPackages"], requests["DescribeModelPackage"]) == (1, 2)

    def delete() -> None:
        sagemaker.delete_model_package(ModelPackageName=made[2]["model_package_arn"])
        send(f"{emulator_url}/automl-emulator/faults", "DELETE")

    # The description of the newest is held back until the one before it is deleted.
    with faulty(emulator_url, LatencySeconds=3600, Operations=["DescribeModelPackage"]):
        deletion = once_answered(emulator_url, "ListModelPackages", delete)
        assert operator(job, group, description="number 0").execute(retry) == made[0]
        deletion.join()


def test_a_token_of_a_version_that_was_deleted_is_passed_over(
    context: Any, job: str, sagemaker: SageMakerClient, set_timing: SetTiming
) -> None:
    """The service may give back the old ARN, or refuse the token, for as long as it remembers it."""

    set_timing(visible=0.1)
    group = unique("group")
    first = operator(job, group).execute(context)["model_package_arn"]
    sagemaker.delete_model_package(ModelPackageName=first)
    second = operator(job, group).execute(changed(context, try_number=2))
    assert second["model_package_arn"] != first
    assert operator(job, group).execute(another_run()) == second
    assert versions(sagemaker, group) == [second["model_package_arn"]]


def test_what_was_created_in_vain_is_taken_away_again(
    context: Any, job: str, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """A group that this task has made for a version that the service refuses is deleted; one that was there is not."""
    made, there = unique("group"), unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=there)
    with faulty(emulator_url, DeniedOperations=["CreateModelPackage"]):
        for group in (made, there):
            with pytest.raises(AirflowFailException, match="CreateModelPackage"):
                operator(job, group).execute(context)

    def listed(name: str) -> bool:
        return bool(sagemaker.list_model_package_groups(NameContains=name)["ModelPackageGroupSummaryList"])

    assert (listed(made), listed(there)) == (False, True)


def test_an_old_job_is_looked_for_at_the_first_try(
    context: Any, job: str, sagemaker: SageMakerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long the service remembers a token is not documented, and a job may be registered long after its end."""
    from airflow_sagemaker_automl.tasks import registration

    group = unique("group")
    first = operator(job, group).execute(context)["model_package_arn"]
    kept = sagemaker.describe_model_package(ModelPackageName=first)
    sagemaker.delete_model_package(ModelPackageName=first)
    second = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification=kept["InferenceSpecification"],
        CustomerMetadataProperties=kept["CustomerMetadataProperties"],
        MetadataProperties=kept["MetadataProperties"],
    )["ModelPackageArn"]

    class Later(datetime):
        """A clock that is two hours fast."""

        @classmethod
        def now(cls, tz: Any = UTC) -> Later:
            return cls.fromtimestamp(time.time() + 2 * 60 * 60, tz)

    monkeypatch.setattr(registration, "datetime", Later)
    assert operator(job, group).execute(another_run())["model_package_arn"] == second


def test_a_source_is_set_when_the_version_is_completed(context: Any, job: str, sagemaker: SageMakerClient) -> None:
    """The service takes none together with containers; the second execution finds it set."""
    group, source = unique("group"), "arn:aws:sagemaker:us-east-1:123456789012:model/churn"
    task = operator(job, group, source_uri=source)
    arn = task.execute(context)["model_package_arn"]
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["SourceUri"] == source
    assert task.execute(changed(context, try_number=2))["model_package_arn"] == arn
    assert sagemaker.describe_model_package(ModelPackageName=arn)["LastModifiedTime"] == described["LastModifiedTime"]
    sagemaker.update_model_package(ModelPackageArn=arn, SourceUri="s3://bucket/elsewhere/")
    task.execute(changed(context, try_number=3))
    assert sagemaker.describe_model_package(ModelPackageName=arn)["SourceUri"] == "s3://bucket/elsewhere/"


def test_an_event_tells_the_version_as_it_is_at_last(context: Any, job: str, sagemaker: SageMakerClient) -> None:
    """Its deduplication key is that of the version with its source."""
    group = unique("group")
    task = operator(job, group, source_uri="s3://bucket/model/", outlets=[registered(group)])
    events = OutletEventAccessors()
    told: Any = {**context, "outlet_events": events}
    arn = task.execute(told)["model_package_arn"]
    version = ModelVersion.from_description(dict(sagemaker.describe_model_package(ModelPackageName=arn)))
    assert events[registered(group)].extra == version.to_extra()


def test_who_may_not_list_candidates_registers_the_best_without_a_leaderboard(
    context: Any, job: str, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """A candidate that is named has to be looked up, though."""
    with faulty(emulator_url, DeniedOperations=["ListCandidatesForAutoMLJob"]):
        arn = operator(job, unique("group")).execute(context)["model_package_arn"]
        with pytest.raises(AirflowFailException, match="ListCandidatesForAutoMLJob"):
            operator(job, unique("group"), candidate_name="best").execute(context)
    card = json.loads(sagemaker.describe_model_package(ModelPackageName=arn)["ModelCard"]["ModelCardContent"])
    assert "Candidates" not in {item["name"] for item in card["evaluation_details"]}


def test_who_may_not_list_relies_on_the_token(
    context: Any, completed_job: str, emulator_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the least of permissions a retry still makes no second version; the log says what it relied on."""
    group, retry = unique("group"), changed(context, try_number=2)
    with faulty(emulator_url, DeniedOperations=["ListModelPackages"]):
        first, again = (operator(completed_job, group).execute(retry)["model_package_arn"] for _ in range(2))
    assert first == again
    assert "only the client token prevents a second version" in capsys.readouterr().out
