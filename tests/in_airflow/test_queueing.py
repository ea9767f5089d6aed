"""The queue for the quota in Airflow's test runner, which loses the state of a deferred task."""

from __future__ import annotations

from airflow.dag_processing.dagbag import DagBag

from demo.sandbox import REPOSITORY, sagemaker_client
from tests.support.jobs import start, tabular_request
from tests.support.plain_http import hold_jobs, once_answered


def test_a_task_that_was_refused_trains_when_there_is_room(
    airflow_database: None, private_url: str, private_connection: str
) -> None:
    """The task is deferred while the account is at its quota, resumes when a job has stopped, and trains."""
    hold_jobs(private_url)
    sagemaker = sagemaker_client(private_url)
    for name in ("one", "two"):
        start(sagemaker, tabular_request("s3://no-such-bucket/at-all/"), name)
    hold_jobs(private_url, Stages=[])
    room = once_answered(private_url, "ListAutoMLJobs", lambda: sagemaker.stop_auto_ml_job(AutoMLJobName="one"))
    run = DagBag(str(REPOSITORY / "tests" / "dags"), load_op_links=False).dags["queue_for_the_quota"].test()
    room.join()
    assert {task.task_id: str(task.state) for task in run.get_task_instances()} == {"train": "success"}
