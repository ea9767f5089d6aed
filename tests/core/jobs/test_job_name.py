"""Job names that prevent duplicate training."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from airflow_sagemaker_automl.core.jobs.job_name import LONGEST_NAME, TaskIdentity

IDENTITY = TaskIdentity(
    deployment="production",
    dag_id="churn",
    task_id="train",
    run_id="manual__2026-11-20T12:00:00+00:00",
    map_index=-1,
    nonce="8d1f",
    generation=0,
)


def test_the_same_attempt_has_the_same_name() -> None:
    """A retry or a repeated execution finds the job by its name."""
    assert IDENTITY.job_name(1) == replace(IDENTITY).job_name(1)


@pytest.mark.parametrize(
    "change",
    [
        {"deployment": "staging"},
        {"dag_id": "churn2"},
        {"task_id": "train2"},
        {"run_id": "manual__2026-11-21T12:00:00+00:00"},
        {"map_index": 0},
        {"nonce": "77ab"},
        {"generation": 1},
        {"grows_with": "tries"},
    ],
)
def test_any_other_attempt_has_another_name(change: dict[str, object]) -> None:
    """Each part of the identity changes the name, and so does the attempt."""
    assert replace(IDENTITY, **change).job_name(1) != IDENTITY.job_name(1)  # type: ignore[arg-type]
    assert IDENTITY.job_name(2) != IDENTITY.job_name(1)


@pytest.mark.parametrize("dag_id", ["churn", "a" * 250, "wörter_und.punkte", "数据", "-", "A--B__c", "x" * 18 + "-y"])
def test_every_name_is_one_that_the_service_takes(dag_id: str) -> None:
    """For any DAG ID: at most 32 characters, in the service's pattern, in lower case."""
    name = replace(IDENTITY, dag_id=dag_id).job_name(1)
    assert re.fullmatch("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}", name)
    assert len(name) <= LONGEST_NAME
    assert name == name.lower()


def test_the_name_tells_where_it_comes_from() -> None:
    """The job name in the console shows the DAG."""
    assert IDENTITY.job_name(1).startswith("churn-train-")


def test_predecessors_are_the_older_generations() -> None:
    """Newest first; the first generation has no predecessors."""
    assert [older.generation for older in replace(IDENTITY, generation=3).predecessors()] == [2, 1, 0]
    assert [older.generation for older in replace(IDENTITY, generation=3).predecessors(2)] == [2]
    assert list(IDENTITY.predecessors()) == []


def test_a_namesake_has_everything_but_the_nonce() -> None:
    """Jobs from another installation or from before the state was lost match; jobs of another run do not."""
    assert IDENTITY.is_namesake(replace(IDENTITY, nonce="77ab").tags())
    assert not IDENTITY.is_namesake(IDENTITY.tags())
    assert not IDENTITY.is_namesake(replace(IDENTITY, nonce="77ab", run_id="another").tags())


def test_jobs_that_may_be_this_tasks_are_known_by_their_names() -> None:
    """The readable part is the same for all runs of the task, and differs for other tasks."""
    assert IDENTITY.may_have_named(replace(IDENTITY, run_id="another").job_name(3))
    assert not IDENTITY.may_have_named(replace(IDENTITY, task_id="train2").job_name(1))
    assert not IDENTITY.may_have_named("job")


def test_tags_are_within_what_the_service_takes() -> None:
    """Invalid characters are replaced, and long values are cut."""
    tags = replace(IDENTITY, run_id="run [1], " + "x" * 300, map_index=3).tags()
    assert tags["airflow:run_id"].startswith("run _1__ xxx")
    assert len(tags["airflow:run_id"]) == 256
    assert tags["airflow:map_index"] == "3"
    assert set(tags) == {
        f"airflow:{key}" for key in ("deployment", "dag_id", "task_id", "run_id", "map_index", "nonce")
    }
