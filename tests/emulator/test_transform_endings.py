"""Transform jobs wait for a place, can be stopped, and no process outlives its job or its server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
import pytest

from demo.sandbox import s3_client, sagemaker_client, upload_breast_cancer
from tests.support.datasets import load_breast_cancer
from tests.support.jobs import start, tabular_request, wait
from tests.support.plain_http import send
from tests.support.processes import forked_by, has_ended
from tests.support.transforms import (
    output_keys,
    put_body,
    start_transform,
    transform_model,
    transformed,
    wait_for_transform,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_QUICK: dict[str, Any] = {"CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]}}


class _Server(NamedTuple):
    process: subprocess.Popen[str]
    sagemaker: SageMakerClient
    folder: Path
    model: str

    @property
    def processes(self) -> list[psutil.Process]:
        """Those that run jobs."""
        return forked_by(self.process.pid)

    def rows(self, times: int) -> str:
        """Prefix of rows without header and target."""
        table = load_breast_cancer(as_frame=True).frame.drop(columns="target")
        text = table.to_csv(index=False, header=False)
        return put_body(s3_client(self.sagemaker.meta.endpoint_url), text.encode() * times)

    def slow(self) -> str:
        """Start a job that takes far longer than any test waits: each of its rows is one invocation."""
        return start_transform(self.sagemaker, self.model, self.rows(200), BatchStrategy="SingleRecord")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Server]:
    """An emulator with one place and a trained model."""
    folder = tmp_path_factory.mktemp("server")
    command = [sys.executable, "-m", "airflow_sagemaker_automl.emulator", "--port", "0", "--concurrent-trainings", "1"]
    environment = {**os.environ, "TMPDIR": str(folder)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    sagemaker = sagemaker_client(url)
    job = wait(sagemaker, start(sagemaker, tabular_request(upload_breast_cancer(url), **_QUICK)))
    model = transform_model(sagemaker, job["BestCandidate"]["InferenceContainers"])
    yield _Server(process, sagemaker, folder, model)
    process.kill()
    process.wait()
    process.stdout.close()


def _eventually(condition: Callable[[], Any], seconds: float = 300) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not so within {seconds} s")


def test_a_job_waits_for_a_place_and_is_stopped_with_or_without_one(server: _Server) -> None:
    """It has no start until it begins; a stopped job stores no output and leaves neither process nor file."""
    sagemaker, s3 = server.sagemaker, s3_client(server.sagemaker.meta.endpoint_url)
    running = server.slow()
    _eventually(lambda: "TransformStartTime" in sagemaker.describe_transform_job(TransformJobName=running))
    waiting, next_ = (start_transform(sagemaker, server.model, server.rows(1)) for _ in range(2))
    assert f"Transform job {next_} waits, with 1 others before it: 1 jobs run" in (server.folder / "log").read_text()
    sagemaker.stop_transform_job(TransformJobName=waiting)
    given_up = wait_for_transform(sagemaker, waiting)
    assert given_up["TransformJobStatus"] == "Stopped"
    assert not {"TransformStartTime", "TransformEndTime"} & set(given_up)
    described = sagemaker.describe_transform_job(TransformJobName=next_)
    assert (described["TransformJobStatus"], "TransformStartTime" in described) == ("InProgress", False)
    sagemaker.stop_transform_job(TransformJobName=running)
    stopped = wait_for_transform(sagemaker, running)
    assert (stopped["TransformJobStatus"], output_keys(s3, stopped)) == ("Stopped", [])
    assert stopped["TransformEndTime"] > stopped["TransformStartTime"]
    assert output_keys(s3, wait_for_transform(sagemaker, next_)) == ["rows.csv.out"]
    _eventually(lambda: not server.processes)
    _eventually(lambda: not list(server.folder.glob("automl-emulator-*")))


def test_a_killed_process_fails_its_job(server: _Server) -> None:
    """The reason names the signal; there is no output."""
    name = server.slow()
    _eventually(lambda: server.processes)[0].send_signal(signal.SIGKILL)
    job = wait_for_transform(server.sagemaker, name)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "The transform process was killed (SIGKILL) before the job was finished."
    assert output_keys(s3_client(server.sagemaker.meta.endpoint_url), job) == []
    # The place is free again.
    assert transformed(server.sagemaker, server.model, server.rows(1))["TransformJobStatus"] == "Completed"


def test_a_reset_and_the_end_of_the_server_end_jobs(server: _Server) -> None:
    """After a reset no job is known; no process is left after either."""
    server.slow()
    (process,) = _eventually(lambda: server.processes)
    assert send(f"{server.sagemaker.meta.endpoint_url}/moto-api/reset", "POST")[0] == 200
    assert not process.is_running()
    assert server.sagemaker.list_transform_jobs()["TransformJobSummaries"] == []
    url = upload_breast_cancer(server.sagemaker.meta.endpoint_url)
    job = wait(server.sagemaker, start(server.sagemaker, tabular_request(url, **_QUICK)))
    model = transform_model(server.sagemaker, job["BestCandidate"]["InferenceContainers"])
    server._replace(model=model).slow()
    (process,) = _eventually(lambda: server.processes)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=300) == 0
    _eventually(lambda: has_ended(process))
