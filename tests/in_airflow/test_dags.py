"""DAGs in Airflow's test runner: rendering, deferral, resuming, and the registered versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from airflow_sagemaker_automl import SageMakerAutoMLJobOperator
from airflow_sagemaker_automl.core.rules.tabular import OBJECTIVES
from demo.sandbox import REPOSITORY
from tests.support.jobs import unique

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sagemaker import SageMakerClient

RETRAINING = "automl_retraining"
DAGS = sorted((REPOSITORY / "dags").glob("*.py"))


def _run(folder: str, dag_id: str, conf: dict[str, Any]) -> Any:
    bag = DagBag(str(REPOSITORY / folder), load_op_links=False)
    assert not bag.import_errors
    return bag.dags[dag_id].test(run_conf=conf)


@pytest.mark.parametrize("file", DAGS, ids=lambda file: file.name)
def test_every_dag_of_the_repository_is_imported(file: Path, airflow_database: None) -> None:
    """No import error, and at least one DAG per file."""
    bag = DagBag(str(file), load_op_links=False)
    assert not bag.import_errors
    assert bag.dags


def test_the_retraining_dag_registers_a_version(
    airflow_database: None, sagemaker: SageMakerClient, breast_cancer: str
) -> None:
    """The shipped DAG registers a version with the form's texts on its card, approved by the gate's verdict."""
    run = _run("dags", "automl_retraining", {"training_data": breast_cancer, "purpose": "A purpose"})
    assert run.state == "success"
    states = {each.task_id.removeprefix("retraining."): each.state for each in run.get_task_instances()}
    assert {task for task, state in states.items() if state == "skipped"} == {"approve_in_airflow", "approve_in_studio"}
    newest = sagemaker.list_model_packages(ModelPackageGroupName="breast-cancer")["ModelPackageSummaryList"][0]
    described = sagemaker.describe_model_package(ModelPackageName=newest["ModelPackageArn"])
    assert described["CustomerMetadataProperties"]["run_id"] == run.run_id
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["ApprovalDescription"] == f"By the quality gate, in run {run.run_id} of DAG automl_retraining."
    assert '"purpose_of_model":"A purpose"' in described["ModelCard"]["ModelCardContent"]


def test_airflow_lists_the_dags_in_their_order(airflow_database: None) -> None:
    """Airflow sorts its list by the shown names, which have the numbers 1, 2, 3 and so on."""
    dags = DagBag(str(REPOSITORY / "dags"), load_op_links=False).dags.values()
    numbers = sorted(int(dag.dag_display_name.partition(". ")[0]) for dag in dags)
    assert numbers == list(range(1, len(numbers) + 1))
    assert {dag.dag_id for dag in dags} == {file.stem for file in DAGS}


def test_the_form_offers_the_objectives_of_each_problem_type(airflow_database: None) -> None:
    """All that SageMaker has for tables, each with the problem types that have it."""
    params = DagBag(str(REPOSITORY / "dags" / "automl_retraining.py"), load_op_links=False).dags[RETRAINING].params
    problem_type, objective = (params.get_param(name).schema for name in ("problem_type", "objective"))
    assert {*problem_type["enum"]} == OBJECTIVES.keys()
    assert {*objective["enum"]} == {metric for metrics in OBJECTIVES.values() for metric in metrics}
    for metric, label in objective["values_display"].items():
        having = [problem_type["values_display"][name] for name, metrics in OBJECTIVES.items() if metric in metrics]
        assert label == f"{metric} ({having[0] if len(having) == 1 else 'two or more classes'})"


def test_the_task_that_asks_a_person_in_the_retraining_dag_has_retries(airflow_database: None) -> None:
    """Without retries a worker that is lost after the response would require a second response."""
    bag = DagBag(str(REPOSITORY / "dags" / "automl_retraining.py"), load_op_links=False)
    assert bag.dags["automl_retraining"].get_task("retraining.approve_in_airflow").retries


@pytest.mark.parametrize("dag_id", ["train_and_register_deferred", "train_and_register_here"])
def test_templates_reach_every_leaf(
    dag_id: str, airflow_database: None, sagemaker: SageMakerClient, breast_cancer: str
) -> None:
    """The service gets the rendered values, and the version comes from the run's own job, deferred or not."""
    group = unique("group")
    run = _run("tests/dags", dag_id, {"group": group, "data": breast_cancer})
    assert run.state == "success"
    (version,) = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    described = sagemaker.describe_model_package(ModelPackageName=version["ModelPackageArn"])
    metadata = described["CustomerMetadataProperties"]
    assert (metadata["dag_id"], metadata["run_id"]) == (dag_id, run.run_id)
    assert f"Run {run.run_id}" in described["ModelCard"]["ModelCardContent"]
    job = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=metadata["automl_job_name"])
    assert job["AutoMLProblemTypeConfig"]["TabularJobConfig"]["TargetAttributeName"] == "diagnosis"
    assert job["OutputDataConfig"]["S3OutputPath"] == f"s3://automl-demo/{dag_id}"


def test_a_job_that_fails_fails_the_run(airflow_database: None, sagemaker: SageMakerClient, breast_cancer: str) -> None:
    """If the job of a deferred task fails, the task fails, and nothing downstream runs."""
    group = unique("group")
    run = _run("tests/dags", "train_and_register_deferred", {"group": group, "target": "prognosis"})
    assert run.state == "failed"
    states = {instance.task_id: instance.state for instance in run.get_task_instances()}
    assert states == {"train": "failed", "register": "upstream_failed"}
    assert not sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]


def test_deferring_follows_airflows_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """``[operators] default_deferrable`` applies if the DAG does not set it."""
    for setting in (True, False):
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", str(setting))
        assert SageMakerAutoMLJobOperator(task_id="train", request="request.yaml").deferrable is setting
        assert (
            SageMakerAutoMLJobOperator(task_id="train", request="request.yaml", deferrable=not setting).deferrable
            is not setting
        )


@pytest.mark.matrix
def test_all_five_problem_types_are_green(
    airflow_database: None, sagemaker: SageMakerClient, breast_cancer: str
) -> None:
    """Three types are trained, with metrics; two are scripted, have the script's tag, and no metrics."""
    run = _run("dags", "automl_problem_types", {"bucket": "automl-demo"})
    assert {instance.task_id for instance in run.get_task_instances() if instance.state != "success"} == set()
    jobs = {}
    pages = sagemaker.get_paginator("list_auto_ml_jobs").paginate()
    for summary in (summary for page in pages for summary in page["AutoMLJobSummaries"]):
        tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=summary["AutoMLJobArn"])["Tags"]}
        if tags.get("airflow:run_id") == run.run_id and tags["airflow:dag_id"] == "automl_problem_types":
            job = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=summary["AutoMLJobName"])
            jobs[tags["airflow:task_id"]] = (job, "automl-emulator:script" in tags)
    assert {task: rehearsed for task, (_, rehearsed) in jobs.items()} == {
        "tabular": False,
        "time_series_forecasting": False,
        "text_classification": False,
        "image_classification": True,
        "text_generation": True,
    }
    for job, rehearsed in jobs.values():
        assert job["AutoMLJobStatus"] == "Completed"
        assert ("FinalAutoMLJobObjectiveMetric" in job["BestCandidate"]) is not rehearsed
        assert ("InferenceContainers" in job["BestCandidate"]) is not rehearsed
