"""Waiting for jobs that other tasks or users started, in Airflow's test runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from demo.sandbox import REPOSITORY, sagemaker_client
from tests.support.jobs import start, tabular_request, unique
from tests.support.plain_http import once_answered, send

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_BEST = {
    "CandidateName": "first",
    "FinalAutoMLJobObjectiveMetric": {"MetricName": "Accuracy", "Type": "Maximize", "Value": 0.75},
}
_ENDINGS: dict[str, dict[str, Any]] = {
    "model": {"AutoMLJobStatus": "Completed", "BestCandidate": "first"},
    "failed": {"AutoMLJobStatus": "Failed", "FailureReason": "The data is empty."},
    "empty": {"AutoMLJobStatus": "Completed"},
}


def started(sagemaker: SageMakerClient, ending: str, name: str | None = None, seconds: float = 0) -> str:
    """Start a job as another user would.

    :param name: Default: a unique one.
    :param seconds: duration of the job.
    :return: its name.
    """
    job_name = name or unique(ending)
    script = {
        "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": seconds}],
        "Candidates": [{"Candidate": _BEST}],
        "Ending": _ENDINGS[ending],
    }
    url = f"{sagemaker.meta.endpoint_url}/automl-emulator/scripts/{job_name}"
    assert send(f"{url}?job-names={job_name}", "PUT", script)[0] == 201
    start(sagemaker, tabular_request("s3://no-such-bucket/at-all/"), job_name)
    send(url, "DELETE")
    return job_name


def states(run: Any) -> dict[tuple[str, int], tuple[str, int]]:
    """List the tasks of a run: name and map index → state and number of tries."""
    return {(task.task_id, task.map_index): (str(task.state), task.try_number) for task in run.get_task_instances()}


@pytest.mark.parametrize("mode", ["poke", "reschedule", "deferrable"])
def test_the_sensor_waits_in_each_mode(
    mode: str, airflow_database: None, alone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """First for a job that is started after the sensor's first poll; then mapped over three ended jobs.

    The model is a result, the failure fails without a retry, and the job without a model is skipped.
    """
    name, sagemaker = unique("model"), sagemaker_client(alone)
    begun = once_answered(alone, "DescribeAutoMLJobV2", lambda: started(sagemaker, "model", name=name, seconds=2))
    jobs = [name, started(sagemaker, "failed"), started(sagemaker, "empty")]
    bag = DagBag(str(REPOSITORY / "tests" / "dags"), load_op_links=False)
    assert not bag.import_errors
    run = bag.dags[f"watch_{mode}"].test(run_conf={"jobs": jobs})
    begun.join()
    assert f"AutoML job {name} could not be described, retrying" in capsys.readouterr().out
    assert states(run) == {
        ("watch", -1): ("success", 1),
        ("objective_value", -1): ("success", 1),
        ("started_elsewhere", -1): ("success", 1),
        ("watch_all", 0): ("success", 1),
        ("watch_all", 1): ("failed", 1),
        ("watch_all", 2): ("skipped", 1),
    }
    after = run.get_task_instance("objective_value")
    assert after.xcom_pull(task_ids="objective_value") == ["model", 0.75]
    (result,) = after.xcom_pull(task_ids="watch_all", map_indexes=[0])
    assert result["job_name"] == name


@pytest.mark.parametrize(("ending", "watched"), [("model", "success"), ("failed", "failed")])
def test_the_shipped_watch_follows_the_job(
    ending: str, watched: str, airflow_database: None, sagemaker: SageMakerClient
) -> None:
    """The run succeeds or fails as the wait does; the stop task always runs, and does not change an ended job."""
    job = started(sagemaker, ending, seconds=2)
    run = DagBag(str(REPOSITORY / "dags"), load_op_links=False).dags["automl_watch"].test(run_conf={"job_name": job})
    assert states(run) == {("watch", -1): (watched, 1), ("stop", -1): ("success", 1)}
    assert run.state == watched


def test_the_shipped_watch_stops_the_job_when_time_is_over(
    airflow_database: None, sagemaker: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a shorter timeout than the DAG's own, the wait fails and the job is stopped."""
    job = started(sagemaker, "model", seconds=3600)
    dag = DagBag(str(REPOSITORY / "dags"), load_op_links=False).dags["automl_watch"]
    watch: Any = dag.get_task("watch")
    watch.timeout = 2
    run = dag.test(run_conf={"job_name": job})
    assert states(run) == {("watch", -1): ("failed", 1), ("stop", -1): ("success", 1)}
    assert f"AutoML job {job} was not finished within timeout = 2 s" in capsys.readouterr().out
    assert sagemaker.describe_auto_ml_job_v2(AutoMLJobName=job)["AutoMLJobStatus"] == "Stopped"
