"""Each operator and sensor does its work once: what ``make test FAST=1`` runs beside the tests that ask nobody."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.execution_time import task_runner

import airflow_sagemaker_automl
from airflow_sagemaker_automl import BetterThanChampion, QualityGate, Threshold
from demo.sandbox import BUCKET
from tests.support.asking import Asking, Form, ask, event
from tests.support.jobs import ROLE, start, tabular_request, unique, wait
from tests.support.plain_http import send
from tests.support.scripts import CANDIDATE, script_jobs
from tests.support.task_classes import OPERATORS, SENSORS
from tests.support.tasks import DagRun, Store
from tests.support.trained import quick_job
from tests.support.versions import described

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

pytestmark = pytest.mark.smoke

_REQUEST = tabular_request("s3://no-such-bucket/at-all/")


class Walk:
    """Tasks that are executed one after the other, each with what the ones before have returned.

    :ivar walked: names of the classes that were executed.
    """

    def __init__(self) -> None:
        self.walked: set[str] = set()
        self._run = unique("run")

    def run(self, name: str, task_id: str, **arguments: Any) -> Any:
        """Execute a task of a class, and resume it with an approval where it asks a person."""
        task = self._task(name, task_id, arguments)
        if name != "SageMakerModelApprovalOperator":
            return task.execute(self._context(task_id))
        context = self._context(task_id)
        asked = ask(task, context)
        again = self._task(name, task_id, arguments)
        return again.execute_complete(context, event=event(), **(asked.kwargs or {}))

    def _task(self, name: str, task_id: str, arguments: dict[str, Any]) -> Any:
        self.walked.add(name)
        found: Any = getattr(airflow_sagemaker_automl, name)
        # The one that asks a person parks, and is never deferred.
        waits = {"deferrable": False} if "deferrable" in inspect.signature(found.__init__).parameters else {}
        return found(task_id=task_id, **waits, **arguments)

    def _context(self, task_id: str) -> Any:
        ti = Asking(dag_id="smoke", task_id=task_id, run_id=self._run)
        return {"ti": ti, "task_instance": ti, "dag_run": DagRun(), "task_state_store": Store()}


@pytest.fixture
def held_job(emulator_url: str, sagemaker: SageMakerClient) -> Iterator[str]:
    """Name of a job that runs until it is stopped."""
    name = unique("held")
    script = {
        "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 3600}],
        "Ending": {"AutoMLJobStatus": "Completed"},
    }
    send(f"{emulator_url}/automl-emulator/scripts/{name}?job-names={name}", "PUT", script)
    yield start(sagemaker, _REQUEST, name)
    send(f"{emulator_url}/automl-emulator/scripts/{name}", "DELETE")


def _half_of(s3: S3Client, table: str) -> str:
    """Write half of the rows of a table as other data.

    :return: their prefix.
    """
    bucket, _, prefix = table.removeprefix("s3://").partition("/")
    key = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"][0]["Key"]
    header, *rows = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode().splitlines()
    name = unique("half")
    s3.put_object(Bucket=BUCKET, Key=f"{name}/rows.csv", Body="\n".join([header, *rows[::2]]).encode())
    return f"s3://{BUCKET}/{name}/"


def test_every_operator_and_sensor_does_its_work_once(
    emulator_url: str,
    sagemaker: SageMakerClient,
    s3: S3Client,
    held_job: str,
    breast_cancer: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From a request to an approved version and its scores, in the order of a DAG; none is left out."""
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Form(), raising=False)
    job_name, group = unique("smoke"), unique("group")
    script_jobs(emulator_url, job_name, CANDIDATE)
    ending = {"Ending": {"TransformJobStatus": "Completed"}}
    send(f"{emulator_url}/automl-emulator/scripts/smoke?transform-jobs=smoke-score-*", "PUT", ending)
    walk = Walk()
    trained = walk.run("SageMakerAutoMLJobOperator", "train", request=_REQUEST, job_name=job_name, poll_interval=0.1)
    assert (trained["job_name"], trained["best_candidate"]["name"]) == (job_name, "best")
    assert walk.run("SageMakerAutoMLJobSensor", "watch", job_name=job_name)["outcome"] == "model"
    of_candidate = {"job_name": job_name, "model_package_group_name": group}
    beat = QualityGate(champion=BetterThanChampion())
    walk.run("SageMakerCheckGroupOperator", "check", gate=beat, model_package_group_name=group, may_be_new_group=True)
    evaluated = walk.run(
        "SageMakerModelEvaluationOperator",
        "evaluate",
        job_name=quick_job(sagemaker, breast_cancer)["AutoMLJobName"],
        model_package_group_name=group,
        may_be_new_group=True,
        data=_half_of(s3, breast_cancer),
        output_uri=f"s3://{BUCKET}/{unique('evaluated')}/",
        role_arn=ROLE,
        poll_interval=0.1,
    )
    assert evaluated["outcome"] == "without_champion"
    gate = QualityGate(thresholds=[Threshold(metric="F1", minimum=0.5)])
    verdict = walk.run("SageMakerQualityGateOperator", "judge", gate=gate, **of_candidate)
    assert verdict["approved"] is True
    version = walk.run(
        "SageMakerRegisterCandidateOperator", "register", approval_status="PendingManualApproval", **of_candidate
    )
    arn = version["model_package_arn"]
    changed = walk.run(
        "SageMakerUpdateModelPackageOperator", "note", model_package_arn=arn, source_uri="s3://bucket/a/"
    )
    assert [line["member"] for line in changed["changed"]] == ["SourceUri"]
    assert walk.run("SageMakerModelApprovalOperator", "ask", model_package_arn=arn)["outcome"] == "approved"
    watched = walk.run("SageMakerModelPackageApprovalSensor", "see", model_package_arn=arn)
    assert watched["approval_status"] == described(sagemaker, arn)["ModelApprovalStatus"] == "Approved"
    scored = walk.run(
        "SageMakerBatchScoringOperator",
        "score",
        model_package_arn=arn,
        data=breast_cancer,
        output_uri=f"s3://{BUCKET}/{unique('scores')}/",
        role_arn=ROLE,
        prepare=False,
        poll_interval=0.1,
    )
    waited = walk.run("SageMakerTransformJobSensor", "wait", job_name=scored["transform_job_name"])
    assert scored["status"] == waited["status"] == "Completed"
    walk.run("SageMakerStopAutoMLJobOperator", "stop", job_name=held_job)
    assert wait(sagemaker, held_job)["AutoMLJobStatus"] == "Stopped"
    assert walk.walked == {*OPERATORS, *SENSORS}
