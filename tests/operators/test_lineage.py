"""What tasks tell OpenLineage of what they read and wrote: at their start, at their end, after a wait, and failed."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.openlineage.extractors import OperatorLineage
from airflow.providers.openlineage.extractors.manager import ExtractorManager
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.utils.state import TaskInstanceState
from openlineage.client.serde import Serde

from airflow_sagemaker_automl import (
    SageMakerAutoMLJobOperator,
    SageMakerModelApprovalOperator,
    SageMakerModelPackageApprovalSensor,
    SageMakerQualityGateOperator,
    SageMakerRegisterCandidateOperator,
    SageMakerUpdateModelPackageOperator,
    approved,
)
from airflow_sagemaker_automl.observability.facets import PRODUCER
from tests.support.gating import ended, figures, gate_task, registration
from tests.support.jobs import tabular_request, unique
from tests.support.scripts import FAILED, script_jobs, script_versions
from tests.support.versions import decide, make_group, register

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from mypy_boto3_sagemaker import SageMakerClient

DATA = "s3://automl-demo/nowhere/at-all/"
MODEL = "s3://automl-demo model.tar.gz"
REPORT = "s3://automl-demo none/analysis.json"
ACCOUNT = "arn:aws:sagemaker:us-east-1:123456789012"


def told(task: BaseOperator, state: TaskInstanceState = TaskInstanceState.SUCCESS) -> OperatorLineage[Any, Any]:
    """Ask a task as OpenLineage does, by the way that it goes to find who is to be asked."""
    extractor = ExtractorManager()._get_extractor(task)
    assert extractor is not None
    if state == TaskInstanceState.RUNNING:
        answer = extractor.extract()
    elif state == TaskInstanceState.FAILED:
        answer = extractor.extract_on_failure(None)
    else:
        answer = extractor.extract_on_complete(SimpleNamespace(state=state))
    assert answer is not None
    return answer


def names(datasets: list[Any]) -> list[str]:
    """List the names of datasets, with their namespaces before them."""
    return [f"{dataset.namespace} {dataset.name}" for dataset in datasets]


def training(job_name: str | None = None, request: Any = None, **arguments: Any) -> SageMakerAutoMLJobOperator:
    """Make a task that trains."""
    return SageMakerAutoMLJobOperator(
        task_id="train",
        request=request or tabular_request(DATA, target="target"),
        job_name=job_name,
        poll_interval=0.1,
        **{"deferrable": False, **arguments},
    )


@pytest.mark.parametrize(
    "operator",
    [
        SageMakerAutoMLJobOperator,
        SageMakerModelApprovalOperator,
        SageMakerQualityGateOperator,
        SageMakerRegisterCandidateOperator,
        SageMakerUpdateModelPackageOperator,
        SageMakerModelPackageApprovalSensor,
    ],
)
def test_without_openlineage_nothing_is_told_and_nothing_breaks(operator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener of somebody else's that asks is told that there is nothing."""
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage.extractors", None)
    task = object.__new__(operator)
    assert task.get_openlineage_facets_on_start() is None
    assert task.get_openlineage_facets_on_complete(None) is None
    assert task.get_openlineage_facets_on_failure(None) is None


def test_a_start_tells_of_the_data(context: Any) -> None:
    """It comes when the fields are rendered, and before anything is asked of the service."""
    task = training(
        extra_request={"AutoMLJobInputDataConfig": tabular_request("s3://more")["AutoMLJobInputDataConfig"]}
    )
    began = told(task, TaskInstanceState.RUNNING)
    assert (names(began.inputs), began.outputs, began.job_facets, began.run_facets) == (["s3://more /"], [], {}, {})
    unread = training(request="request.yaml")
    assert told(unread, TaskInstanceState.RUNNING) == OperatorLineage()
    version = SageMakerModelApprovalOperator(task_id="ask", model_package_arn=f"{ACCOUNT}:model-package/a/7")
    assert names(told(version, TaskInstanceState.RUNNING).outputs) == [f"{ACCOUNT} model-package/a/7"]
    unknown = SageMakerModelApprovalOperator(task_id="ask", model_package_arn="{{ nothing }}")
    assert told(unknown, TaskInstanceState.RUNNING) == OperatorLineage()


def test_a_training_that_was_deferred_tells_the_same(context: Any, emulator_url: str) -> None:
    """What was seen before the wait is lost with it, and seen again."""
    name = unique()
    script_jobs(emulator_url, name, figures(0.9))
    here = training(name)
    here.execute(context)
    end = told(here)
    assert names(end.inputs) == ["s3://automl-demo nowhere/at-all"]
    assert names(end.outputs) == [MODEL, REPORT]
    job, ending = end.job_facets["sageMakerAutoML_job"], end.run_facets["sageMakerAutoML_ending"]
    assert (job.jobName, job.jobArn) == (name, f"{ACCOUNT}:automl-job/{name}")
    assert (job.problemType, job.objectiveMetric, job.objectiveType) == ("Tabular", "F1", "Maximize")
    assert (job.bestCandidate, job.bestObjectiveValue) == ("best", 0.9)
    assert (ending.status, ending.outcome) == ("Completed", "model")
    assert ending.bestCandidateMetrics["Test"]["F1"] == pytest.approx(0.85)
    assert end.run_facets["externalQuery"].externalQueryId == job.jobArn
    written = json.loads(Serde.to_json(job))
    assert written["_producer"] == PRODUCER
    assert written["_schemaURL"].endswith("#/$defs/JobFacet")

    later = training(name, deferrable=True)
    later.execute_complete(context, {"end": "finished", "job_name": name})
    assert told(later) == end


@pytest.mark.parametrize("is_deferred", [True, False], ids=["deferred", "here"])
def test_a_job_that_fails_still_has_its_data(context: Any, emulator_url: str, is_deferred: bool) -> None:
    """The service's reason stands beside Airflow's own error."""
    name = unique()
    script_jobs(emulator_url, name, AutoMLJobStatus="Failed", FailureReason="Too few rows.")
    task = training(name)
    with pytest.raises(Exception, match="Too few rows"):
        task.execute(context)
    if is_deferred:
        task = training(name, request="request.yaml", deferrable=True)
        with pytest.raises(Exception, match="Too few rows"):
            task.execute_complete(context, {"end": "finished", "job_name": name})
    failure = told(task, TaskInstanceState.FAILED)
    assert (names(failure.inputs), failure.outputs) == (["s3://automl-demo nowhere/at-all"], [])
    assert failure.run_facets["sageMakerAutoML_ending"].failureReason == "Too few rows."
    assert failure.job_facets["sageMakerAutoML_job"].jobName == name


def test_a_request_that_is_refused_has_its_data(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """Even one that is known when the task has read it, and of which no job came."""
    name = ended(sagemaker, emulator_url, figures(0.9))
    task = training(name, request="{{ a_template }}")
    task.request = json.dumps(tabular_request(DATA, target="target"))
    assert told(task, TaskInstanceState.RUNNING).inputs == []
    with pytest.raises(AirflowFailException, match=name):
        task.execute(context)
    failure = told(task, TaskInstanceState.FAILED)
    assert names(failure.inputs) == ["s3://automl-demo nowhere/at-all"]
    assert (failure.outputs, failure.job_facets, failure.run_facets) == ([], {}, {})


def test_a_gate_tells_of_the_candidate_and_the_champion(
    context: Any, emulator_url: str, sagemaker: SageMakerClient
) -> None:
    """Both are read, nothing is written; the verdict is a facet of the run, also of one that is skipped."""
    group = make_group(sagemaker)
    champion = register(sagemaker, group)
    decide(sagemaker, champion)
    name = ended(sagemaker, emulator_url, figures(0.6))
    task = gate_task(name, group, on_rejected="skip")
    with pytest.raises(Exception, match="Rejected"):
        task.execute(context)
    end = told(task, TaskInstanceState.SKIPPED)
    assert names(end.inputs) == [MODEL, REPORT, f"{ACCOUNT} model-package/{group}/1"]
    assert end.outputs == []
    verdict = end.run_facets["sageMakerAutoML_verdict"]
    assert (verdict.approved, verdict.candidateName, verdict.championArn) == (False, "best", champion)
    assert verdict.rules[0]["value"] == 0.6
    assert end.job_facets["sageMakerAutoML_job"].jobName == name
    assert "sageMakerAutoML_ending" not in end.run_facets


def test_a_registration_that_was_deferred_tells_the_same(
    context: Any, emulator_url: str, sagemaker: SageMakerClient
) -> None:
    """Model in, version out; all of it is read off the version."""
    name, group = ended(sagemaker, emulator_url, figures(0.8)), make_group(sagemaker)
    here = registration(name, group)
    arn = here.execute(context)["model_package_arn"]
    end = told(here)
    assert names(end.inputs) == [MODEL]
    assert names(end.outputs) == [f"{ACCOUNT} model-package/{group}/1"]
    version = end.outputs[0].facets["sageMakerAutoML_modelVersion"]
    assert (version.jobName, version.candidateName, version.objectiveValue) == (name, "best", 0.8)
    assert (version.approvalStatus, version.modelPackageStatus) == ("PendingManualApproval", "Completed")
    assert end.job_facets["sageMakerAutoML_job"].problemType == "Tabular"

    later = registration(name, group)
    later.execute_complete(context, {"end": "finished", "model_package_arn": arn, "deadline": None})
    after = told(later)
    assert (after.inputs, after.outputs) == (end.inputs, end.outputs)
    job = after.job_facets["sageMakerAutoML_job"]
    assert (job.jobName, job.jobArn) == (name, f"{ACCOUNT}:automl-job/{name}")


def test_a_version_that_fails_still_has_its_model(context: Any, emulator_url: str, sagemaker: SageMakerClient) -> None:
    """It is there, and no use; so it is told of, deferred or not."""
    name, group = ended(sagemaker, emulator_url, figures(0.8)), make_group(sagemaker)
    script_versions(emulator_url, group, FAILED)
    here, later = registration(name, group), registration(name, group)
    with pytest.raises(AirflowFailException):
        here.execute(context)
    (listed,) = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    with pytest.raises(AirflowFailException):
        later.execute_complete(
            context, {"end": "finished", "model_package_arn": listed["ModelPackageArn"], "deadline": None}
        )
    for task in (here, later):
        failure = told(task, TaskInstanceState.FAILED)
        assert names(failure.inputs) == [MODEL]
        assert names(failure.outputs) == [f"{ACCOUNT} model-package/{group}/1"]
        assert failure.outputs[0].facets["sageMakerAutoML_modelVersion"].modelPackageStatus == "Failed"


@pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        (SageMakerUpdateModelPackageOperator, {"approval_status": "Approved"}),
        (SageMakerModelPackageApprovalSensor, {}),
    ],
    ids=["here", "elsewhere"],
)
def test_a_decision_is_told_of_the_version(
    context: Any, sagemaker: SageMakerClient, operator: Any, arguments: dict[str, Any]
) -> None:
    """The version as it stands by then, with the job that made it."""
    arn = register(sagemaker, make_group(sagemaker))
    if operator is SageMakerModelPackageApprovalSensor:
        decide(sagemaker, arn)
    task = operator(task_id="decide", model_package_arn=arn, **arguments)
    task.execute(context)
    (version,) = told(task).outputs
    facet = version.facets["sageMakerAutoML_modelVersion"]
    assert (facet.modelPackageArn, facet.approvalStatus, facet.objectiveMetric) == (arn, "Approved", "F1")
    assert told(task).job_facets["sageMakerAutoML_job"].jobName == "the-job"


def test_only_a_task_that_succeeds_is_told_to_have_approved(context: Any, sagemaker: SageMakerClient) -> None:
    """One that is skipped, for the version is rejected, has told nobody of an approval."""
    group = make_group(sagemaker)
    arn = register(sagemaker, group)
    decide(sagemaker, arn, "Rejected")
    task = SageMakerModelPackageApprovalSensor(
        task_id="wait", model_package_arn=arn, on_rejected="skip", outlets=[approved(group)]
    )
    with pytest.raises(AirflowSkipException):
        task.execute(context)
    version = f"{ACCOUNT} model-package/{group}/1"
    assert names(told(task, TaskInstanceState.SKIPPED).outputs) == [version]
    assert names(told(task).outputs) == [version, f"sagemaker://model-package-groups {group}/approved"]
