"""Requests as DAGs write them, resolved by Airflow: the service gets the intended request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.dag_processing.dagbag import DagBag

from demo.sandbox import REPOSITORY
from tests.support.requests import LARGEST_CONFIGS, largest

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def run_of(dag_id: str) -> Any:
    """Run a test DAG to its end."""
    bag = DagBag(str(REPOSITORY / "tests" / "dags"), load_op_links=False)
    assert not bag.import_errors
    return bag.dags[dag_id].test()


def asked_for(dag_id: str, sagemaker: SageMakerClient) -> dict[tuple[str, str], dict[str, Any]]:
    """Run a DAG.

    :return: task and map index → the service's description of the job.
    """
    run = run_of(dag_id)
    assert {
        f"{task.task_id}[{task.map_index}]" for task in run.get_task_instances() if task.state != "success"
    } == set()
    jobs = {}
    for page in sagemaker.get_paginator("list_auto_ml_jobs").paginate():
        for summary in page["AutoMLJobSummaries"]:
            tags = {
                tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=summary["AutoMLJobArn"])["Tags"]
            }
            if (tags.get("airflow:dag_id"), tags.get("airflow:run_id")) == (dag_id, run.run_id):
                job = dict(sagemaker.describe_auto_ml_job_v2(AutoMLJobName=summary["AutoMLJobName"]))
                jobs[tags["airflow:task_id"], tags["airflow:map_index"]] = {**job, "Tags": tags}
                sagemaker.stop_auto_ml_job(AutoMLJobName=summary["AutoMLJobName"])
    return jobs


def assert_is_the_largest(job: dict[str, Any], kind: str) -> None:
    """Compare the service's description with the intended request, including types."""
    meant = largest(kind)
    echoed = set(meant) - {"AutoMLJobName", "Tags"}
    assert {key: job[key] for key in echoed} == {key: meant[key] for key in echoed}
    assert job["Tags"]["team"] == "risk"


def test_jinja_works_in_every_leaf_of_a_mapped_request(airflow_database: None, sagemaker: SageMakerClient) -> None:
    """Every leaf of the largest request of each type is a template, and ``expand`` makes one job from each."""
    jobs = asked_for("templated_leaves", sagemaker)
    for number, kind in enumerate(LARGEST_CONFIGS):
        assert_is_the_largest(jobs["submit", str(number)], kind)
    assert len(jobs) == len(LARGEST_CONFIGS)


def test_xcoms_work_in_every_leaf(airflow_database: None, sagemaker: SageMakerClient) -> None:
    """In a dictionary, and in a typed request, also in place of a list or a mapping."""
    jobs = asked_for("xcom_leaves", sagemaker)
    assert_is_the_largest(jobs["dictionary", "-1"], "TabularJobConfig")
    config = jobs["typed", "-1"]["AutoMLProblemTypeConfig"]["TimeSeriesForecastingJobConfig"]
    assert config["TimeSeriesConfig"]["TargetAttributeName"] == "demand"
    assert (config["ForecastFrequency"], config["ForecastHorizon"]) == ("1D", 14)
    assert config["ForecastQuantiles"] == ["p10", "p90"]
    assert config["Transformations"] == {"Filling": {"demand": {"middlefill": "zero"}}}
    assert config["CandidateGenerationConfig"] == {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["ets"]}]}
    assert config["CompletionCriteria"] == {"MaxAutoMLJobRuntimeInSeconds": 7200}


def test_files_mapped_requests_and_migrated_ones_are_sent(airflow_database: None, sagemaker: SageMakerClient) -> None:
    """A file beside the DAG, alone and in ``expand``, and a request for the V1 API."""
    jobs = asked_for("other_spellings", sagemaker)
    assert set(jobs) == {("file", "-1"), ("mapped", "0"), ("mapped", "1"), ("migrated", "-1")}
    for place, job in jobs.items():
        config = job["AutoMLProblemTypeConfig"]["TabularJobConfig"]
        assert config["TargetAttributeName"] == "y"
        if place != ("mapped", "1"):
            assert config["CompletionCriteria"] == {"MaxCandidates": 3}


def test_what_is_refused_in_the_worker_uses_up_no_retry(airflow_database: None, sagemaker: SageMakerClient) -> None:
    """An invalid mapped request, and one that is invalid after rendering; the valid one beside them is sent."""
    run = run_of("refused_late")
    tries = {(task.task_id, task.map_index): (task.state, task.try_number) for task in run.get_task_instances()}
    assert tries == {
        ("wrong_requests", -1): ("success", 1),
        ("mapped", 0): ("success", 1),
        ("mapped", 1): ("failed", 1),
        ("rendered", -1): ("failed", 1),
    }
