"""Waiting for versions of a model package group, in Airflow's test runner."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from demo.sandbox import REPOSITORY, sagemaker_client
from tests.in_airflow.test_watching import states
from tests.support.plain_http import once_answered
from tests.support.scripts import COMPLETED, FAILED, hold, let_go
from tests.support.versions import make_group, register


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        pytest.param(COMPLETED, "success", id="completed", marks=pytest.mark.matrix),
        pytest.param(FAILED, "failed", id="failed"),
    ],
)
def test_a_version_is_waited_for_in_the_triggerer(
    ending: dict[str, Any],
    state: str,
    airflow_database: None,
    alone: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The wait ends when a trigger has listed the group; a complete version needs no wait; a failure is not retried."""
    sagemaker = sagemaker_client(alone)
    group = make_group(sagemaker)
    hold(alone, group, ending)
    arns = [register(sagemaker, make_group(sagemaker)), register(sagemaker, group)]
    bag = DagBag(str(REPOSITORY / "tests" / "dags"), load_op_links=False)
    assert not bag.import_errors
    listed = once_answered(alone, "ListModelPackages", lambda: let_go(alone, group))
    run = bag.dags["complete"].test(run_conf={"versions": arns})
    listed.join()
    assert states(run) == {
        ("registered_elsewhere", -1): ("success", 1),
        ("complete", 0): ("success", 1),
        ("complete", 1): (state, 1),
    }
    results = run.get_task_instance("registered_elsewhere").xcom_pull(task_ids="complete", map_indexes=[0, 1])
    completed = arns if state == "success" else arns[:1]
    assert list(results) == [{"arn": arn, "status": "Completed"} for arn in completed]
    why = "failed: smoke: It exited with status 1.; image: It has a hole."
    assert (why in capsys.readouterr().out) == (state == "failed")
