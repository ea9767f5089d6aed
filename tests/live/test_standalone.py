"""The main job in a whole Airflow: API server, scheduler, DAG processor, triggerer and workers of their own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from demo.standalone import free_port, standalone
from tests.live.components import processes_of
from tests.live.rest import ENDED, Api

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sagemaker import SageMakerClient

DAG_ID = "automl_retraining"
GROUP = "live-breast-cancer"


@pytest.mark.live
def test_the_retraining_dag_runs_in_a_whole_airflow(
    tmp_path: Path, emulator_url: str, sagemaker: SageMakerClient, breast_cancer: str
) -> None:
    """Triggered over REST, the task is seen deferred, the run succeeds, and the registry has the documented version."""
    with standalone(tmp_path / "airflow", emulator_url, free_port()) as airflow:
        run = Api(airflow).trigger(DAG_ID, {"model_package_group": GROUP, "training_data": breast_cancer})
        seen: set[str | None] = set()
        deadline = time.monotonic() + 150
        while run.state() not in ENDED:
            assert time.monotonic() < deadline, f"still running; task states seen: {seen}"
            seen.add(run.task("train")["state"])
            time.sleep(0.3)
        assert run.state() == "success"
        assert "deferred" in seen
        trained, registered = run.xcom("train"), run.xcom("register")
    job = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=trained["job_name"])
    assert trained["best_candidate"]["name"] == job["BestCandidate"]["CandidateName"]
    version = sagemaker.describe_model_package(ModelPackageName=registered["model_package_arn"])
    assert version["ModelApprovalStatus"] == registered["approval_status"] == "PendingManualApproval"
    assert version["CustomerMetadataProperties"]["run_id"] == run.run_id
    (container,) = job["BestCandidate"]["InferenceContainers"]
    answering = {**container["Environment"], "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability"}
    assert version["InferenceSpecification"]["Containers"] == [{**container, "Environment": answering}]
    assert '"model_artifact"' in version["ModelCard"]["ModelCardContent"]
    assert processes_of(tmp_path) == []
