"""What an earlier version of the package has stored, in Airflow's database and in AWS, still loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk._shared.module_loading import import_string

from airflow_sagemaker_automl import ModelVersion, approved, registered, scored
from airflow_sagemaker_automl.assets.scored import CARRIED
from airflow_sagemaker_automl.core.gate.verdict import read_verdict
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.jobs.job_name import TaskIdentity
from airflow_sagemaker_automl.core.jobs.task_record import TaskRecord
from airflow_sagemaker_automl.core.registry.decision import Answer
from airflow_sagemaker_automl.core.registry.model_package import Metadata, recorded_objective
from airflow_sagemaker_automl.core.registry.new_approvals import Watermark
from airflow_sagemaker_automl.core.scoring.prepared import PreparedScoring
from airflow_sagemaker_automl.tasks.quota_place import QueuePlace
from airflow_sagemaker_automl.tasks.scoring_output import OWNER, owner_of
from airflow_sagemaker_automl.triggers.base import WaitEnd
from tests.exceptions.transform_jobs import transform_job
from tests.support.requests import smallest

VERSIONS = sorted((Path(__file__).parent / "stored").glob("*.json"))


@pytest.fixture(params=VERSIONS, ids=lambda file: file.stem)
def stored(request: pytest.FixtureRequest) -> Any:
    """What one version has stored."""
    return json.loads(request.param.read_text())


def test_triggers_of_deferred_tasks_are_built_again(stored: Any) -> None:
    """By their stored path and arguments; a current trigger would be stored with all of these."""
    for trigger in stored["triggers"]:
        built = import_string(trigger["path"])(**trigger["arguments"])
        path, arguments = built.serialize()
        assert path == trigger["path"]
        assert arguments.items() >= trigger["arguments"].items()


def test_events_of_triggers_are_read(stored: Any) -> None:
    """Why a wait ended is a known value."""
    assert [WaitEnd(event["end"]) for event in stored["events"].values()]


def test_what_a_task_keeps_while_it_waits_is_read(stored: Any) -> None:
    """Its place in the queue, the record of its jobs, a reviewer's answer, and what a watch has reported."""
    assert QueuePlace(**stored["queue_place"]).to_json().items() >= stored["queue_place"].items()
    assert TaskRecord.from_json(stored["task_record"]).to_json().items() >= stored["task_record"].items()
    assert Answer.from_json(stored["answer"]).to_json().items() >= stored["answer"].items()
    watermark = Watermark.from_json(stored["watermark"])
    assert watermark is not None
    assert watermark.to_json().items() >= stored["watermark"].items()


def test_events_of_assets_are_read(stored: Any) -> None:
    """By a DAG that starts after an upgrade, from a task or from a watcher."""
    extra = stored["event_extra"]
    version = ModelVersion.from_extra(extra)
    assert version.to_extra().items() >= extra.items()
    assert ModelVersion.from_extra({"from_trigger": True, "payload": extra}) == version
    makers = {"registered": registered, "approved": approved, "scored": scored}
    assert {name: makers[name]("churn").uri for name in stored["asset_uris"]} == stored["asset_uris"]


def test_scorings_are_read(stored: Any) -> None:
    """What a retry finds in S3, and the members of events that DAGs read."""
    prepared = PreparedScoring.from_json(stored["prepared_scoring"])
    assert prepared.to_json().items() >= stored["prepared_scoring"].items()
    assert set(stored["scored_extra"]) <= {*CARRIED, "deduplication_key"}
    task = TaskIdentity(
        deployment="production", dag_id="churn", task_id="score", run_id="any", map_index=-1, nonce="any", generation=0
    )
    assert {"metadata": OWNER, "value": owner_of(task)} == stored["scoring_owner"]


def test_results_in_xcom_are_read(stored: Any) -> None:
    """A verdict by the task that registers; and the members of results are still there."""
    verdict, wrong = read_verdict(stored["verdict"])
    assert wrong == []
    assert verdict is not None
    assert verdict.items() <= stored["verdict"].items()
    trained = AutoMLJob.just_created({"AutoMLJobName": "job", **smallest()}, "arn").to_json()
    assert set(stored["xcom_keys"]["SageMakerAutoMLJobOperator"]) <= set(trained)
    assert set(stored["xcom_keys"]["SageMakerQualityGateOperator"]) == set(stored["verdict"])
    assert set(transform_job("Completed").to_json()) <= set(stored["xcom_keys"]["SageMakerBatchScoringOperator"])


def test_metadata_of_versions_are_read(stored: Any) -> None:
    """A champion that an earlier version has registered can be compared with."""
    assert set(stored["metadata"]) <= {key.value for key in Metadata}
    objective = recorded_objective(stored["metadata"])
    assert objective is not None
    assert (objective.metric, objective.direction) == ("F1", "Maximize")
