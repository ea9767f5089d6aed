"""Gate and registration in Airflow's test runner: rendered, skipped, mapped, and the results for users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.dag_processing.dagbag import DagBag
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

from demo.sandbox import REPOSITORY
from tests.dags.judging import GROUP
from tests.support.gating import ended, figures
from tests.support.versions import make_group

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def run_of(dag_id: str, **params: Any) -> Any:
    """Run a test DAG to its end."""
    bag = DagBag(str(REPOSITORY / "tests" / "dags"), load_op_links=False)
    assert not bag.import_errors
    return bag.dags[dag_id].test(run_conf=params)


def states(run: Any) -> dict[str, str]:
    """Return the final state of each task of a run."""
    return {
        task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]": task.state
        for task in run.get_task_instances()
    }


def xcoms(run: Any, task_id: str, map_index: int = -1) -> dict[str, Any]:
    """Read the XComs of a task."""
    query = select(XComModel).where(
        XComModel.run_id == run.run_id, XComModel.task_id == task_id, XComModel.map_index == map_index
    )
    with create_session() as session:
        return {entry.key: XComModel.deserialize_value(entry) for entry in session.scalars(query)}


def test_a_worse_challenger_is_stopped_and_the_verdict_is_left(
    airflow_database: None, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """The first is approved; a worse one is skipped with its registration; a better one replaces the champion."""
    first, worse, better = (ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.8, 0.7, 0.9))
    run = run_of("judge", job_name=first)
    assert states(run) == {"known_later": "success", "judge": "success", "register": "success"}
    champion = xcoms(run, "register")["return_value"]
    assert champion["approval_status"] == "Approved"
    run = run_of("judge", job_name=worse)
    assert states(run) == {"known_later": "success", "judge": "skipped", "register": "skipped"}
    left = xcoms(run, "judge")
    assert {key: value for key, value in left.items() if key in left["return_value"]} == left["return_value"]
    assert (left["approved"], left["champion"]) == (False, champion["model_package_arn"])
    assert [rule["reason"] for rule in left["rules"]] == [
        "it is 0.7",
        "0.7 < champion 0.8 (version 1): worse by 0.1; each figure is from its own job's data",
    ]
    run = run_of("judge", job_name=better, margin=0.1)
    assert xcoms(run, "register")["return_value"]["approval_status"] == "Approved"
    listed = sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    assert [summary.get("ModelApprovalStatus") for summary in listed] == ["Approved", "Approved"]


def test_a_mapped_gate_judges_each_job(airflow_database: None, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """Templates in it are rendered for each job; a rejected one also returns its verdict."""
    jobs = [ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.99, 0.1)]
    run = run_of("judge", job_name=ended(sagemaker, emulator_url, figures(0.95)))
    assert states(run)["register"] == "success"
    run = run_of("judge_each", job_names=jobs, margin=0.02)
    assert states(run) == {
        "trained": "success",
        "judge_each[0]": "success",
        "judge_each[1]": "failed",
        "register_first[0]": "success",
    }
    assert xcoms(run, "register_first", 0)["approval_status"] == "Approved"
    verdicts = [xcoms(run, "judge_each", index) for index in (0, 1)]
    assert [verdict["approved"] for verdict in verdicts] == [True, False]
    assert [verdict["return_value"]["job_name"] for verdict in verdicts] == jobs


def test_nothing_is_trained_for_a_group_that_does_not_exist(airflow_database: None, sagemaker: SageMakerClient) -> None:
    """A wrong group name costs one call and no job, also in a mapped retraining for each of several groups."""
    group = make_group(sagemaker)
    run = run_of("retrain_each", groups=[group[:-1], f"{group}-south"])
    assert run.state == "failed"
    ended_as = states(run)
    for index in (0, 1):
        assert ended_as[f"each.retraining.check_group[{index}]"] == "failed"
        assert ended_as[f"each.retraining.train[{index}]"] == "upstream_failed"
    assert sagemaker.list_auto_ml_jobs(NameContains="retrain-each")["AutoMLJobSummaries"] == []
