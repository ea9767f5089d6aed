"""Links to the AWS console: which task has which, and what becomes of them when something goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, TaskDeferralError
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import GetXCom, SetXCom, XComResult
from airflow.serialization.serialized_objects import DagSerialization

from airflow_sagemaker_automl import (
    SageMakerAutoMLJobSensor,
    SageMakerModelApprovalOperator,
    SageMakerModelPackageApprovalSensor,
    SageMakerQualityGateOperator,
    SageMakerStopAutoMLJobOperator,
    SageMakerUpdateModelPackageOperator,
)
from airflow_sagemaker_automl.observability.links import JOB_LINKS, AutoMLJobLink, ConsoleLink, TrainingLogsLink
from demo.sandbox import REGION
from tests.in_airflow.test_watching import started
from tests.support.consoles import connection_with_console
from tests.support.gating import ended, figures, gate_task, registration
from tests.support.jobs import start, tabular_request, unique, wait
from tests.support.plain_http import hold_jobs
from tests.support.task_classes import TASKS
from tests.support.tasks import TaskInstance
from tests.support.versions import decide, make_group, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@dataclass
class XComs:
    """Airflow's side of the line from a running task, as far as the task writes and reads XComs.

    :ivar stored: map index and key → value.
    """

    stored: dict[tuple[int | None, str], Any] = field(default_factory=dict)

    def send(self, message: SetXCom | GetXCom) -> XComResult | None:
        """Keep a value, or give the one that is kept."""
        place = message.map_index, message.key
        if isinstance(message, SetXCom):
            self.stored[place] = message.value
            return None
        return XComResult(key=message.key, value=self.stored.get(place))


@pytest.fixture
def xcoms(monkeypatch: pytest.MonkeyPatch) -> XComs:
    """What tasks write from now on."""
    xcoms = XComs()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", xcoms, raising=False)
    return xcoms


@pytest.fixture
def connection(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Id of a connection that looks as if it pointed at AWS."""
    monkeypatch.setenv("AIRFLOW_CONN_CONSOLE", connection_with_console(emulator_url, REGION))
    return "console"


@pytest.fixture
def context() -> Any:
    """The context of a mapped task in a run of its own."""
    return {"ti": TaskInstance(dag_id=unique("dag"), task_id="stop", run_id=unique("run"), map_index=3)}


@pytest.fixture
def job(sagemaker: SageMakerClient, emulator_url: str) -> str:
    """Name of a job that runs until it is stopped."""
    name = unique()
    hold_jobs(emulator_url, name)
    return start(sagemaker, tabular_request("s3://no-such-bucket/at-all/"), name)


def stopping(job: str, **arguments: Any) -> SageMakerStopAutoMLJobOperator:
    """Make a task that has links as soon as it has looked at its job."""
    return SageMakerStopAutoMLJobOperator(task_id="stop", job_name=job, **arguments)


def shown(task: BaseOperator, context: Any) -> dict[str, str]:
    """Ask for the links as Airflow does when a worker is done with a task: name → URL, without those that are empty."""
    found = {link.name: link.get_link(task, ti_key=context["ti"]) for link in task.operator_extra_links}
    return {name: url for name, url in found.items() if url}


@pytest.mark.parametrize("operator", TASKS, ids=lambda operator: str(operator.__name__))
def test_every_task_has_links_that_do_not_meet(operator: type[BaseOperator]) -> None:
    """Airflow keeps links by name and by key, and takes them off the class where a task is mapped."""
    links: list[Any] = list(operator.operator_extra_links)
    assert any(isinstance(link, ConsoleLink) for link in links)
    assert len({link.name for link in links}) == len({link.xcom_key for link in links}) == len(links)


def test_the_approval_keeps_what_airflow_links() -> None:
    """Whatever links Airflow's own operator has, or will have, are there, too."""
    links = set(map(type, SageMakerModelApprovalOperator.operator_extra_links))
    assert {type(link) for link in HITLOperator.operator_extra_links} < links


def test_the_links_of_a_mapped_task_are_stored_with_its_dag() -> None:
    """The pages know of a task what is stored."""
    with DAG(dag_id="mapped", schedule=None) as dag:
        SageMakerStopAutoMLJobOperator.partial(task_id="stop").expand(job_name=["one", "two"])
    (stored,) = DagSerialization.to_dict(dag)["dag"]["tasks"]
    assert stored["__var"]["_operator_extra_links"] == {link.name: link.xcom_key for link in JOB_LINKS}


def test_links_are_written_at_once_for_the_mapped_task(connection: str, context: Any, job: str, xcoms: XComs) -> None:
    """Also where the task is to leave no result; the training job is none as long as there is no candidate."""
    task = stopping(job, aws_conn_id=connection, do_xcom_push=False)
    task.execute(context)
    assert set(xcoms.stored) == {(3, AutoMLJobLink().xcom_key), (3, TrainingLogsLink().xcom_key)}
    assert sorted(xcoms.stored.values()) == sorted(shown(task, context).values())
    assert shown(task, context)["CloudWatch logs"].endswith(f"$3D{job}")


_OF_JOB = {"AutoML job", "CloudWatch logs"}
_OF_VERSION = {"Model package group", "Model package version"}
_SHOWING: dict[str, tuple[Callable[..., BaseOperator], set[str]]] = {
    "gate": (
        lambda job, arn, **given: SageMakerQualityGateOperator(
            job_name=job, model_package_group_name="none", gate={"most_partial_failures": 0}, **given
        ),
        {*_OF_JOB, "Model package group"},
    ),
    "job sensor": (lambda job, arn, **given: SageMakerAutoMLJobSensor(job_name=job, **given), _OF_JOB),
    "approval": (
        lambda job, arn, **given: SageMakerModelApprovalOperator(model_package_arn=arn, **given),
        _OF_VERSION,
    ),
    "update": (
        lambda job, arn, **given: SageMakerUpdateModelPackageOperator(
            model_package_arn=arn, approval_status="Approved", **given
        ),
        _OF_VERSION,
    ),
    "approval sensor": (
        lambda job, arn, **given: SageMakerModelPackageApprovalSensor(model_package_arn=arn, **given),
        _OF_VERSION,
    ),
}


@pytest.mark.parametrize(("make", "names"), _SHOWING.values(), ids=_SHOWING)
def test_each_task_links_what_it_is_about(
    make: Callable[..., BaseOperator],
    names: set[str],
    connection: str,
    context: Any,
    sagemaker: SageMakerClient,
    xcoms: XComs,
) -> None:
    """Those of the job where it looks at one, those of the version where that is what it is about."""
    job, arn = started(sagemaker, "model"), register(sagemaker, make_group(sagemaker))
    wait(sagemaker, job)
    decide(sagemaker, arn)
    task = make(job, arn, task_id="task", aws_conn_id=connection)
    task.execute(context)
    assert set(shown(task, context)) == names
    assert len([key for _, key in xcoms.stored if key.startswith("_link_")]) == len(names)


@pytest.mark.parametrize("make", [gate_task, registration])
def test_a_job_that_is_no_good_is_linked(
    make: Any, connection: str, context: Any, emulator_url: str, sagemaker: SageMakerClient, xcoms: XComs
) -> None:
    """Whoever wants to know why goes there."""
    job = ended(sagemaker, emulator_url, AutoMLJobStatus="Failed", FailureReason="No rows.")
    task = make(job, "none", aws_conn_id=connection)
    with pytest.raises(AirflowFailException, match="No rows"):
        task.execute(context)
    assert set(shown(task, context)) == _OF_JOB


def test_a_candidate_that_is_no_good_is_linked(
    connection: str, context: Any, emulator_url: str, sagemaker: SageMakerClient, xcoms: XComs
) -> None:
    """Its training job says why."""
    step = {
        "CandidateStepType": "AWS::SageMaker::TrainingJob",
        "CandidateStepArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/step",
        "CandidateStepName": "step",
    }
    candidate = figures(0.9, InferenceContainers=[], CandidateSteps=[step])
    task = registration(ended(sagemaker, emulator_url, candidate), "none", aws_conn_id=connection)
    with pytest.raises(AirflowFailException, match="cannot be registered"):
        task.execute(context)
    assert set(shown(task, context)) == {*_OF_JOB, "Candidate's training job"}


def test_an_emulator_has_no_links(context: Any, job: str, xcoms: XComs) -> None:
    """Nothing is written, and what Airflow asks for at the end is empty."""
    task = stopping(job)
    task.execute(context)
    assert (shown(task, context), xcoms.stored) == ({}, {})


def test_a_link_that_cannot_be_written_ends_no_task(
    connection: str, context: Any, job: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log says that it comes later, and so it does: Airflow asks for it at the end."""
    task = stopping(job, aws_conn_id=connection)
    assert task.execute(context)["job_name"] == job
    assert "The links to the AWS console could not be written yet" in capsys.readouterr().out
    assert set(shown(task, context)) == {"AutoML job", "CloudWatch logs"}


def test_a_task_that_fails_on_its_return_keeps_its_links(connection: str, context: Any, job: str, xcoms: XComs) -> None:
    """What another instance has shown before the wait is there, though this one has not even looked at the job."""
    before = stopping(job, aws_conn_id=connection)
    before.execute(context)
    after = stopping(job, aws_conn_id=connection)
    after.pre_execute(context)
    with pytest.raises(TaskDeferralError):
        after.resume_execution("__fail__", {"error": "The triggerer is gone."}, context)
    assert shown(after, context) == shown(before, context) != {}


def test_another_try_begins_without_links(connection: str, context: Any, job: str, xcoms: XComs) -> None:
    """Those of the job before would be wrong; ``dag.test()`` runs all tries of a task in one instance."""
    task = stopping(job, aws_conn_id=connection)
    task.execute(context)
    task.pre_execute(context)
    assert shown(task, context) == {}
