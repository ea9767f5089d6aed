"""Links to the AWS console, as Airflow's UI reads them, after runs in Airflow's test runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.definitions.operatorlink import XComOperatorLink

from airflow_sagemaker_automl.observability.links import AutoMLJobLink, TrainingLogsLink
from demo.sandbox import REGION, REPOSITORY
from tests.in_airflow.test_watching import started
from tests.support.consoles import connection_with_console

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.mark.parametrize(
    ("mode", "has_console"),
    [
        pytest.param("reschedule", True, id="rescheduled", marks=pytest.mark.matrix),
        pytest.param("deferrable", True, id="deferred"),
        pytest.param("deferrable", False, id="emulator"),
    ],
)
def test_each_task_has_the_links_of_its_own_job(
    mode: str,
    has_console: bool,
    airflow_database: None,
    emulator_url: str,
    sagemaker: SageMakerClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For mapped, successful and failed tasks the links lead to the job's logs; with an emulator they are empty."""
    if has_console:
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection_with_console(emulator_url, REGION))
    jobs = [started(sagemaker, "model", seconds=2), started(sagemaker, "failed")]
    bag = DagBag(str(REPOSITORY / "tests" / "dags"), load_op_links=False)
    run: Any = bag.dags[f"watch_{mode}"].test(run_conf={"jobs": jobs})
    for task_id, map_index, job in (("watch", -1, jobs[0]), ("watch_all", 0, jobs[0]), ("watch_all", 1, jobs[1])):
        (ti,) = [each for each in run.get_task_instances() if (each.task_id, each.map_index) == (task_id, map_index)]
        logs, training_jobs = (
            XComOperatorLink(link.name, link.xcom_key).get_link(ti.task, ti_key=ti.key)
            for link in (TrainingLogsLink(), AutoMLJobLink())
        )
        if has_console:
            assert logs.endswith(f"TrainingJobs$3FlogStreamNameFilter$3D{job}")
            assert training_jobs.endswith("#/jobs")
        else:
            assert (logs, training_jobs) == ("", "")
