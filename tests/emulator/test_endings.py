"""Jobs end as on the service, with a helpful reason, and no process outlives its job or its server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from demo.sandbox import BUCKET, s3_client, sagemaker_client, upload_breast_cancer
from tests.support.datasets import load_breast_cancer
from tests.support.jobs import put_table, slow_data, start, tabular_request, unique, wait
from tests.support.processes import forked_by, has_ended

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], SageMakerClient, str]]:
    """A separate emulator with temporary files under ``tmp_path``: process, client and prefix of the data."""
    command = [sys.executable, "-m", "airflow_sagemaker_automl.emulator", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    yield process, sagemaker_client(url), upload_breast_cancer(url)
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


def _trainer_of(server: subprocess.Popen[str]) -> psutil.Process:
    process: psutil.Process = _eventually(lambda: forked_by(server.pid))[0]
    return process


def _slow_request(sagemaker: SageMakerClient, **config: Any) -> dict[str, Any]:
    """Write a request whose first candidate, a forest, trains quickly, while the boosted trees after it take long."""
    data = put_table(s3_client(sagemaker.meta.endpoint_url), "some-digits", slow_data()[:20_000])
    algorithms = ["randomforest", "xgboost", "lightgbm", "linear-learner"]
    generation = {"AlgorithmsConfig": [{"AutoMLAlgorithms": algorithms}]}
    return tabular_request(data, "target", CandidateGenerationConfig=generation, **config)


@pytest.mark.parametrize(
    ("target", "key", "reason"),
    [
        ("prognosis", "breast-cancer/", "target column 'prognosis' is not in the data"),
        ("diagnosis", "nothing-here/", "There is no data at s3://automl-demo/nothing-here/"),
        ("diagnosis", "binary/", "cannot be read as CSV"),
        ("diagnosis", "short/", "499 rows with a value in 'diagnosis'; at least 500"),
        ("diagnosis", "uneven/", "has other columns than"),
        ("constant", "constant/", "same value in every row"),
    ],
)
def test_data_that_cannot_be_trained_on_fails_the_job(
    target: str, key: str, reason: str, sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str
) -> None:
    """A missing target, an empty prefix, and unreadable or too few data end the job Failed with a clear reason."""
    table = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "diagnosis"})
    s3.put_object(Bucket=BUCKET, Key="binary/table.csv", Body=bytes(range(256)) * 10)
    put_table(s3, "short", table[:499])
    put_table(s3, "uneven", table[:300])
    s3.put_object(Bucket=BUCKET, Key="uneven/more.csv", Body=table[300:].rename(columns=str.upper).to_csv().encode())
    put_table(s3, "constant", table.assign(constant="same"))
    job = wait(sagemaker, start(sagemaker, tabular_request(f"s3://{BUCKET}/{key}", target)))
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Failed", "Failed")
    assert reason in job["FailureReason"]
    assert "BestCandidate" not in job
    assert job["EndTime"] >= job["CreationTime"]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            {"CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["nn-torch", "fastai"]}]}},
            "nn-torch, fastai are not installed with the emulator, which trains no substitute; "
            "installed for this kind of job are: lightgbm, ",
        ),
        (
            {
                "Mode": "HYPERPARAMETER_TUNING",
                "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["mlp"]}]},
            },
            "installed for this kind of job are: xgboost, linear-learner.",
        ),
    ],
)
def test_what_the_emulator_cannot_do_honestly_fails_with_a_word(
    config: dict[str, Any], reason: str, sagemaker: SageMakerClient, breast_cancer: str
) -> None:
    """An algorithm that is not installed is an error; no other algorithm is trained instead."""
    job = wait(sagemaker, start(sagemaker, tabular_request(breast_cancer, **config)))
    assert job["AutoMLJobStatus"] == "Failed"
    assert reason in job["FailureReason"]


def test_what_cannot_be_written_is_said(sagemaker: SageMakerClient, breast_cancer: str) -> None:
    """The error names an output bucket that does not exist."""
    request = tabular_request(breast_cancer)
    request["OutputDataConfig"] = {"S3OutputPath": "s3://no-such-bucket/out"}
    job = wait(sagemaker, start(sagemaker, request))
    assert job["FailureReason"].startswith("The output s3://no-such-bucket/out/")


@pytest.mark.parametrize(
    ("problem", "config"),
    [
        ("ImageClassification", {}),
        ("TextGeneration", {"BaseModelName": "Falcon7BInstruct", "TextGenerationHyperParameters": {"epochCount": "1"}}),
    ],
)
def test_other_problem_types_fail_instead_of_pretending(
    problem: str, config: dict[str, Any], sagemaker: SageMakerClient, breast_cancer: str
) -> None:
    """A job of a type that the emulator cannot train is accepted and fails with a reason and an alternative."""
    request = tabular_request(breast_cancer)
    request["AutoMLProblemTypeConfig"] = {f"{problem}JobConfig": config}
    job = wait(sagemaker, start(sagemaker, request))
    assert job["AutoMLJobStatus"] == "Failed"
    assert f"cannot train {problem}" in job["FailureReason"]
    assert "scripted job" in job["FailureReason"]


def test_a_trainer_killed_in_the_middle_of_a_fit_fails_its_job(
    server: tuple[subprocess.Popen[str], SageMakerClient, str],
) -> None:
    """After the trainer is killed no candidate appears, and the job fails with the reason."""
    process, sagemaker, _ = server
    name = start(sagemaker, _slow_request(sagemaker))
    _eventually(lambda: sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"])
    _trainer_of(process).send_signal(signal.SIGKILL)
    job = wait(sagemaker, name)
    assert job["AutoMLJobStatus"] == "Failed"
    assert "killed (SIGKILL)" in job["FailureReason"]
    assert "BestCandidate" not in job
    known = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"]
    # No process is left that could train another candidate.
    assert not forked_by(process.pid)
    assert sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"] == known


def test_stopping_a_job_ends_its_process(
    server: tuple[subprocess.Popen[str], SageMakerClient, str],
) -> None:
    """StopAutoMLJob ends the job Stopped and its trainer process; stopping again changes nothing."""
    process, sagemaker, _ = server
    name = start(sagemaker, _slow_request(sagemaker))
    trainer = _trainer_of(process)
    wait(sagemaker, name, until="TrainingModels")
    sagemaker.stop_auto_ml_job(AutoMLJobName=name)
    job = wait(sagemaker, name)
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Stopped", "Stopped")
    assert not trainer.is_running()
    sagemaker.stop_auto_ml_job(AutoMLJobName=name)
    assert sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name)["EndTime"] == job["EndTime"]


@pytest.mark.usefixtures("breast_cancer")  # Creates the bucket.
def test_a_job_out_of_time_ends_well_with_what_it_has(sagemaker: SageMakerClient) -> None:
    """At the run-time limit the job completes; the best candidate is one that was trained by then.

    How soon the first candidate is trained depends on the machine: if a limit is too short for it, a longer one is
    tried; no limit is long enough for all candidates.
    """
    for limit in (15, 30, 60, 120):
        request = _slow_request(sagemaker, CompletionCriteria={"MaxAutoMLJobRuntimeInSeconds": limit})
        job = wait(sagemaker, start(sagemaker, request), seconds=600)
        ending = (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"])
        assert ending == ("Completed", "MaxAutoMLJobRuntimeReached")
        if "BestCandidate" in job:
            break
    assert job["BestCandidate"]["InferenceContainers"]
    assert "CandidateArtifactLocations" not in job["BestCandidate"]["CandidateProperties"]


def test_a_job_without_time_for_any_candidate_has_none(sagemaker: SageMakerClient, slow_table: str) -> None:
    """A job without time for any candidate completes without a best candidate, as observed on the service."""
    request = tabular_request(slow_table, "target", CompletionCriteria={"MaxAutoMLJobRuntimeInSeconds": 1})
    job = wait(sagemaker, start(sagemaker, request))
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Completed", "MaxAutoMLJobRuntimeReached")
    assert "BestCandidate" not in job


@pytest.mark.parametrize("how", [pytest.param(signal.SIGTERM, marks=pytest.mark.matrix), signal.SIGINT, signal.SIGKILL])
def test_the_server_takes_its_trainers_along(
    how: signal.Signals, server: tuple[subprocess.Popen[str], SageMakerClient, str]
) -> None:
    """When the server is terminated, interrupted or killed, no trainer is left."""
    process, sagemaker, prefix = server
    name = start(sagemaker, tabular_request(prefix))
    trainer = _trainer_of(process)
    wait(sagemaker, name, until="TrainingModels")
    process.send_signal(how)
    process.wait(timeout=300)
    if how is not signal.SIGKILL:
        assert process.returncode == 0
    _eventually(lambda: has_ended(trainer))


def test_nothing_is_left_on_the_disk(
    server: tuple[subprocess.Popen[str], SageMakerClient, str], tmp_path: Path
) -> None:
    """A trainer's folder is removed when it ends, is stopped, or its server ends."""

    def folders() -> list[Path]:
        return list(tmp_path.glob("automl-emulator-*"))

    process, sagemaker, _ = server
    stopped, lost = (start(sagemaker, _slow_request(sagemaker)) for _ in range(2))
    for name in (stopped, lost):
        wait(sagemaker, name, until="TrainingModels")
    sagemaker.stop_auto_ml_job(AutoMLJobName=stopped)
    wait(sagemaker, stopped)
    assert len(folders()) == 1
    process.kill()
    _eventually(lambda: not folders())


def test_one_name_asked_for_by_many_starts_one_job(
    server: tuple[subprocess.Popen[str], SageMakerClient, str],
) -> None:
    """Of eight concurrent clients one creates the job; the others get the error that the name is in use."""
    _, sagemaker, _ = server
    request = tabular_request("s3://automl-demo/nothing/")

    def attempt(_: int) -> bool:
        try:
            start(sagemaker, request, "wanted-by-all")
        except sagemaker.exceptions.ResourceInUse:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_reset_forgets_everything(server: tuple[subprocess.Popen[str], SageMakerClient, str]) -> None:
    """After moto's reset there are no jobs, groups, scripts or trainer processes."""
    process, sagemaker, prefix = server
    url = sagemaker.meta.endpoint_url
    scripts = f"{url}/automl-emulator/scripts"
    body = b'{"Ending": {"AutoMLJobStatus": "Failed"}}'
    script = urllib.request.Request(f"{scripts}/x", body, method="PUT")  # noqa: S310
    urllib.request.urlopen(script).close()  # noqa: S310
    start(sagemaker, tabular_request(prefix), "forgotten")
    trainer = _trainer_of(process)
    sagemaker.create_model_package_group(ModelPackageGroupName="forgotten")
    urllib.request.urlopen(f"{url}/moto-api/reset", b"").close()  # noqa: S310
    assert not trainer.is_running()
    assert sagemaker.list_auto_ml_jobs()["AutoMLJobSummaries"] == []
    assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    with urllib.request.urlopen(scripts) as answer:  # noqa: S310
        assert json.loads(answer.read()) == {"Scripts": []}


def test_a_busy_port_is_one_clear_line(server: tuple[subprocess.Popen[str], SageMakerClient, str]) -> None:
    """A second server on the same port says that the port is in use, and exits with 1."""
    _, sagemaker, _ = server
    port = sagemaker.meta.endpoint_url.rpartition(":")[2]
    second = subprocess.run(
        [sys.executable, "-m", "airflow_sagemaker_automl.emulator", "--port", port], capture_output=True, text=True
    )
    assert second.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_server_listens_on_loopback_only(server: tuple[subprocess.Popen[str], SageMakerClient, str]) -> None:
    """No other address of the machine reaches the emulator."""
    process, _, _ = server
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(process.pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_names_are_taken_once_and_without_regard_to_case(sagemaker: SageMakerClient, breast_cancer: str) -> None:
    """A name cannot be reused, not even with other capitalization or after the job has ended."""
    name = start(sagemaker, tabular_request(breast_cancer, "prognosis"), unique("taken"))
    wait(sagemaker, name)
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        start(sagemaker, tabular_request(breast_cancer), name.upper())
