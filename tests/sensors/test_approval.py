"""The sensor for somebody's decision: what each decision becomes, and what ends the wait beside one."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferred,
)

from airflow_sagemaker_automl import (
    ModelPackageUnfinished,
    SageMakerModelPackageApprovalSensor,
    ServiceUnavailable,
    approved,
    registered,
)
from airflow_sagemaker_automl.assets.events import ModelVersion
from airflow_sagemaker_automl.triggers.model_packages import ModelApprovalTrigger
from tests.support import tasks
from tests.support.plain_http import once_answered, send
from tests.support.scripts import FAILED, hold, let_go, script_versions
from tests.support.tasks import TaskInstance, changed
from tests.support.timing import SetTiming
from tests.support.versions import decide, decision_of, described, make_group, register
from tests.support.watching import MODES

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType


@dataclass
class Pushing(TaskInstance):
    """A task instance that keeps what is pushed."""

    pushed: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep a value."""
        self.pushed[key] = value


@dataclass
class OutletEvent:
    """What a task tells on one outlet."""

    extra: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
def context() -> Any:
    """The context of a task in a run of its own."""
    return {"ti": Pushing(dag_id="dag", task_id="watch", run_id="run")}


@pytest.fixture
def version(account: SageMakerClient) -> str:
    """ARN of a version that nobody has decided on."""
    return register(account, make_group(account))


def sensor(arn: Any, **arguments: Any) -> SageMakerModelPackageApprovalSensor:
    """Make the sensor under test; it pokes in its own process unless told otherwise."""
    defaults = {
        "task_id": "watch",
        "model_package_arn": arn,
        "aws_conn_id": "private",
        "deferrable": False,
        "poke_interval": 0.2,
        "timeout": 120,
        "botocore_config": {"retries": {"total_max_attempts": 1}, "read_timeout": 5},
    }
    return SageMakerModelPackageApprovalSensor(**{**defaults, **arguments})


def resume(task: SageMakerModelPackageApprovalSensor, context: Any, end: str, **kept: Any) -> Any:
    """Go on after a wait in the triggerer, as Airflow does."""
    event = {"model_package_arn": task.model_package_arn, "end": end, "deadline": None}
    return task.resume_execution("execute_complete", {"event": event, **kept}, context)


def faults(account: SageMakerClient, **members: Any) -> None:
    """Put faults in force in place of others."""
    assert send(f"{account.meta.endpoint_url}/automl-emulator/faults", "PUT", members)[0] == 200


def test_an_approval_is_the_result(mode: dict[str, Any], context: Any, account: SageMakerClient, version: str) -> None:
    """In each mode, with the words of whoever has approved; a version that is approved already needs no wait."""
    decide(account, version, why="Better than the last one")
    assert sensor(version, **mode).execute(context) == {
        "model_package_arn": version,
        "model_package_group_name": version.split("/")[1],
        "model_package_version": 1,
        "approval_status": "Approved",
        "approval_description": "Better than the last one",
        **decision_of(account, version),
    }


def test_a_poking_sensor_looks_until_somebody_decides(context: Any, account: SageMakerClient, version: str) -> None:
    """Whoever it is; where nothing is said, nothing is made up."""

    def approve() -> None:
        account.update_model_package(ModelPackageArn=version, ModelApprovalStatus="Approved")

    decision = once_answered(account.meta.endpoint_url, "DescribeModelPackage", approve)
    result = sensor(version).execute(context)
    decision.join()
    assert (result["approval_status"], result["approval_description"]) == ("Approved", None)


@pytest.mark.parametrize(("on_rejected", "error"), [("fail", AirflowFailException), ("skip", AirflowSkipException)])
@pytest.mark.parametrize("after_the_wait", [False, True])
def test_a_rejection_ends_the_task_as_it_is_told(
    on_rejected: Any,
    error: type[Exception],
    after_the_wait: bool,
    context: Any,
    account: SageMakerClient,
    version: str,
) -> None:
    """For good, or as a skip, with the reason; what it has found out is there for tasks that run all the same."""
    decide(account, version, "Rejected", "Too slow on wide tables")
    task = sensor(version, on_rejected=on_rejected, deferrable=after_the_wait)
    with pytest.raises(error, match=rf"version 1 \(F1 0\.75\) is Rejected: Too slow on wide tables \({version}\)"):
        resume(task, context, "finished") if after_the_wait else task.execute(context)
    pushed = context["ti"].pushed
    assert (pushed["approval_status"], pushed["approval_description"]) == ("Rejected", "Too slow on wide tables")
    assert pushed["return_value"]["model_package_arn"] == version
    assert pushed | decision_of(account, version) == pushed


def test_a_rejection_skips_unless_told_otherwise(
    context: Any, account: SageMakerClient, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a rejection by the gate or in Airflow; the log has it as a warning that begins with the figure."""
    decide(account, version, "Rejected", "Too slow")
    with pytest.raises(AirflowSkipException):
        sensor(version).execute(context)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "is Rejected: " in line]
    assert f"{version.split('/')[1]} version 1 (F1 0.75) is Rejected: Too slow" in line
    assert "[warning" in line
    assert sensor(version, on_rejected="pass").execute(context)["approval_status"] == "Rejected"


def test_soft_fail_skips_a_rejection_and_says_why(
    context: Any, account: SageMakerClient, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Airflow itself would name the option only."""
    decide(account, version, "Rejected", "Too slow")
    with pytest.raises(AirflowSkipException):
        sensor(version, soft_fail=True).execute(context)
    assert "is Rejected: Too slow" in capsys.readouterr().out


def test_a_version_that_waits_leaves_its_worker(context: Any, version: str) -> None:
    """Rescheduled, or deferred with everything that the triggerer needs, and one deadline."""
    with pytest.raises(AirflowRescheduleException):
        sensor(version, **MODES["reschedule"]).execute(context)
    before = time.time()
    task = sensor(version, deferrable=True, poke_interval=30, timeout=600, execution_timeout=timedelta(seconds=300))
    trigger = tasks.deferral(task, context).trigger
    assert isinstance(trigger, ModelApprovalTrigger)
    assert (trigger.model_package_arn, trigger.poll_interval) == (version, 30)
    assert trigger.connection == task.connection
    assert trigger.deadline is not None
    assert before + 300 <= trigger.deadline <= time.time() + 300


def test_a_deadline_ends_the_wait_and_changes_nothing(
    mode: dict[str, Any], context: Any, account: SageMakerClient, version: str
) -> None:
    """That of the sensor, or of the task where it comes first; the version stays to be decided on."""
    if mode["deferrable"]:
        now = time.time()
        with pytest.raises(
            AirflowSensorTimeout, match="was not approved or rejected, or not completed, within timeout = 0 s"
        ):
            resume(sensor(version, **mode, timeout=0), context, "deadline", deadline=now)
        with pytest.raises(
            AirflowTaskTimeout,
            match="was not approved or rejected, or not completed, within the task's execution_timeout",
        ):
            resume(sensor(version, **mode), context, "deadline", deadline=now + 9, task_deadline=now)
    else:
        with pytest.raises(AirflowSensorTimeout):
            sensor(version, **mode, timeout=0).execute(context)
    assert described(account, version)["ModelApprovalStatus"] == "PendingManualApproval"


def test_a_list_that_is_ahead_ends_no_wait(context: Any, version: str) -> None:
    """What the version says counts; the wait goes on until its first deadline."""
    deadline = time.time() + 100
    with pytest.raises(TaskDeferred) as deferred:
        resume(sensor(version, deferrable=True), context, "finished", deadline=deadline)
    assert isinstance(deferred.value.trigger, ModelApprovalTrigger)
    assert deferred.value.trigger.deadline == deadline


def test_an_approval_counts_when_the_version_is_completed(
    context: Any, account: SageMakerClient, private_url: str
) -> None:
    """What is registered as approved cannot be deployed before, and might fail."""
    group = make_group(account)
    hold(private_url, group)
    arn = register(account, group, ModelApprovalStatus="Approved")
    tasks.deferral(sensor(arn, deferrable=True), context)
    with pytest.raises(TaskDeferred):
        resume(sensor(arn, deferrable=True), context, "finished")
    completion = once_answered(private_url, "DescribeModelPackage", lambda: let_go(private_url, group))
    assert sensor(arn).execute(context)["approval_status"] == "Approved"
    completion.join()
    assert described(account, arn)["ModelPackageStatus"] == "Completed"


def test_a_version_that_has_failed_is_not_waited_for(
    mode: dict[str, Any], context: Any, account: SageMakerClient, private_url: str
) -> None:
    """Nobody approves what cannot be deployed; the message has the service's reasons."""
    group = make_group(account)
    script_versions(private_url, group, FAILED)
    arn = register(account, group)
    with pytest.raises(AirflowFailException, match=r"failed: smoke: It exited with status 1\."):
        sensor(arn, **mode).execute(context)


def test_a_version_that_is_not_there_fails_the_task_for_good(
    context: Any, account: SageMakerClient, version: str, set_timing: SetTiming
) -> None:
    """Deleted, or never there: after the minutes in which a new one may not be shown, in each mode."""
    account.delete_model_package(ModelPackageName=version)
    nothing = f"Model package {version} does not exist or was deleted"
    for name in ("reschedule", "deferrable"):
        with pytest.raises((AirflowRescheduleException, TaskDeferred)):
            sensor(version, **MODES[name]).execute(context)
    long_ago = changed(context, first_rescheduled=datetime.now(UTC) - timedelta(minutes=6))
    with pytest.raises(AirflowFailException, match=nothing):
        sensor(version, **MODES["reschedule"]).execute(long_ago)
    with pytest.raises(AirflowFailException, match=nothing):
        resume(sensor(version, deferrable=True), context, "unreadable")
    set_timing(visible=1)
    with pytest.raises(AirflowFailException, match=nothing):
        sensor(version).execute(context)


@pytest.mark.parametrize("arn", [None, "", "churn", "arn:aws:sagemaker:us-east-1:123456789012:model-package/alone"])
def test_what_is_no_version_fails_the_task_at_once(
    arn: Any, mode: dict[str, Any], context: Any, account: SageMakerClient
) -> None:
    """An XCom that was not there, a group's name, a package without a group: it says what it got."""
    with pytest.raises(AirflowFailException, match=f"model_package_arn: '{arn}' is not the ARN of a model version"):
        sensor(arn, **mode).execute(context)


def test_trouble_that_passes_ends_no_wait(
    context: Any, account: SageMakerClient, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even at the first look; each look that failed is in the log."""
    decide(account, version)
    faults(account, ThrottlingRate=1)
    for name in ("reschedule", "deferrable"):
        with pytest.raises((AirflowRescheduleException, TaskDeferred)):
            sensor(version, **MODES[name]).execute(context)
    calm = once_answered(account.meta.endpoint_url, "DescribeModelPackage", lambda: faults(account))
    assert sensor(version).execute(context)["approval_status"] == "Approved"
    calm.join()
    assert f"Model package {version} could not be described, retrying" in capsys.readouterr().out


def test_who_may_not_look_is_told_at_once(
    mode: dict[str, Any], context: Any, account: SageMakerClient, version: str, nowhere: str
) -> None:
    """A right that is missing ends the task for good; a wrong endpoint is found out, and a retry may help."""
    with pytest.raises(ServiceUnavailable, match=r"connection 'nowhere'.*endpoint_url"):
        sensor(version, **mode, aws_conn_id=nowhere).execute(context)
    faults(account, DeniedOperations=["DescribeModelPackage"])
    with pytest.raises(AirflowFailException, match="not authorized to perform: sagemaker:DescribeModelPackage"):
        sensor(version, **mode).execute(context)


def test_a_triggerer_that_may_not_see_the_version_gives_the_task_back(context: Any, version: str) -> None:
    """The error says what the triggerer lacks, and a retry may help."""
    with pytest.raises(ModelPackageUnfinished, match="sagemaker:DescribeModelPackage"):
        resume(sensor(version, deferrable=True), context, "unreadable")


@pytest.mark.parametrize(
    ("status", "told", "on_rejected"),
    [("Approved", ["approved"], "skip"), ("Rejected", [], "skip"), ("Rejected", [], "pass")],
)
def test_only_an_approval_is_told(
    status: ModelApprovalStatusType,
    told: list[str],
    on_rejected: Any,
    context: Any,
    account: SageMakerClient,
    version: str,
) -> None:
    """The asset of approvals has the version as it is; nothing was registered, and a rejection is no approval."""
    decide(account, version, status)
    group = version.split("/")[1]
    outlets = {"approved": approved(group), "registered": registered(group)}
    context["outlet_events"] = {asset: OutletEvent() for asset in outlets.values()}
    task = sensor(version, outlets=list(outlets.values()), on_rejected=on_rejected)
    if (status, on_rejected) == ("Rejected", "skip"):
        with pytest.raises(AirflowSkipException):
            task.execute(context)
    else:
        task.execute(context)
        assert task.outlets == [outlets[name] for name in told]
    extras = {name: context["outlet_events"][asset].extra for name, asset in outlets.items()}
    version_now = ModelVersion.from_description(described(account, version)).to_extra()
    assert extras == {name: version_now if name in told else {} for name in outlets}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"on_rejected": "accept"}, ValueError, r"^watch: on_rejected = 'accept' must be one of skip, fail"),
        ({"poll_interval": 5}, TypeError, "^watch: poll_interval is for operators; a sensor has a poke_interval"),
        ({"poke_interval": 0}, ValueError, "^watch: poke_interval = 0 must be more than 0 s"),
        ({"poke_intervall": 5}, TypeError, "^watch: .* has no argument 'poke_intervall'; did you mean 'poke_interval'"),
    ],
)
def test_a_mistake_is_found_when_the_dag_is_read(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    """The message begins with the task, and names the argument."""
    with pytest.raises(error, match=words):
        sensor("arn", **arguments)


def test_default_args_reach_the_sensor() -> None:
    """Its own arguments, those of every sensor, and those of the connection."""
    defaults = {"aws_conn_id": "production", "deferrable": True, "poke_interval": 30, "on_rejected": "fail"}
    with DAG(dag_id="defaults", schedule=None, default_args=defaults):
        task = SageMakerModelPackageApprovalSensor(task_id="watch", model_package_arn="arn")
    assert (task.aws_conn_id, task.deferrable, task.poke_interval, task.on_rejected) == ("production", True, 30, "fail")
