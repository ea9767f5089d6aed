"""What tasks leave in Airflow's database is small, however large the job is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.context import OutletEventAccessors

from airflow_sagemaker_automl import (
    SageMakerAutoMLJobOperator,
    SageMakerAutoMLJobSensor,
    SageMakerModelPackageApprovalSensor,
    approved,
    registered,
)
from tests.support.asking import Asking, Form, answer
from tests.support.gating import gate_task, registration
from tests.support.jobs import tabular_request, unique
from tests.support.scripts import script_jobs
from tests.support.tasks import DagRun, Store

# What some backends of XCom take.
_LARGEST = 48 * 1024
_MOST_CANDIDATES = 750
_METRICS = ("Accuracy", "BalancedAccuracy", "F1", "F1macro", "Precision", "PrecisionMacro", "Recall", "RecallMacro")
_SETS = ("Train", "Validation", "Test")


def _candidate(number: int) -> dict[str, Any]:
    """Describe a candidate with all that one can have, names as long as they may be."""
    container = {
        "Image": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{'i' * 100}:{number}",
        "ModelDataUrl": f"s3://automl-demo/{'d' * 200}/{number}/model.tar.gz",
        "Environment": {"VARIABLE": "v" * 200},
    }
    figures = [
        {"MetricName": name, "StandardMetricName": name, "Value": 0.5 + number / 10_000, "Set": data}
        for name in _METRICS
        for data in _SETS
    ]
    return {
        "CandidateName": f"{'c' * 59}-{number:04}",
        "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Type": "Maximize", "Value": 0.5 + number / 10_000},
        "InferenceContainers": [container] * 3,
        "CandidateProperties": {
            "CandidateArtifactLocations": {"Explainability": "s3://automl-demo/none"},
            "CandidateMetrics": figures,
        },
    }


def _left_by_a_run(url: str, candidates: int) -> dict[str, int]:
    """Train, judge, register, watch and approve: what → the characters that it leaves, all of them JSON."""
    name, group, left = unique(), unique("group"), dict[str, Any]()
    script_jobs(url, name, *(_candidate(number) for number in range(candidates, 0, -1)))
    ti = Asking(dag_id=unique("dag"), task_id="train", run_id=unique("run"), max_tries=2)
    outlets = [registered(group), approved(group)]
    context: Any = {
        "ti": ti,
        "task_instance": ti,
        "dag_run": DagRun(),
        "task_state_store": Store(),
        "outlet_events": OutletEventAccessors(),
    }
    train = SageMakerAutoMLJobOperator(
        task_id="train", request=tabular_request("s3://automl-demo/none/"), job_name=name, deferrable=False
    )
    train.poll_interval = 0.2
    left["train"] = train.execute(context)
    left["watch"] = SageMakerAutoMLJobSensor(task_id="watch", job_name=name, deferrable=False).poke(context).xcom_value
    left["judge"] = gate_task(name, group, may_be_new_group=True).execute(context)
    left["register"] = registration(name, group, outlets=outlets).execute(context)
    arn = left["register"]["model_package_arn"]
    form = Form()
    with pytest.MonkeyPatch.context() as airflow:
        airflow.setattr(task_runner, "SUPERVISOR_COMMS", form, raising=False)
        left["approve"] = answer(arn, context, outlets=outlets)
    sensor = SageMakerModelPackageApprovalSensor(task_id="wait", model_package_arn=arn, deferrable=False)
    left["wait"] = sensor.poke(context).xcom_value
    left["events"] = [context["outlet_events"][outlet].extra for outlet in outlets]
    assert all(left.values())
    return {key: len(json.dumps(value)) for key, value in left.items()}


def test_results_are_small_and_do_not_grow_with_the_candidates(emulator_url: str) -> None:
    """Every result and event of the largest job there can be is as large as that of a job with one candidate."""
    large, small = (_left_by_a_run(emulator_url, candidates) for candidates in (_MOST_CANDIDATES, 1))
    assert max(large.values()) < _LARGEST
    # A number may have more digits, a run another name.
    assert {key: size for key, size in large.items() if size > 1.1 * small[key]} == {}
