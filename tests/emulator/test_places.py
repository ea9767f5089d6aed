"""More jobs than the machine can train wait for each other, and the emulator says so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from airflow_sagemaker_automl.emulator.places import TrainingPlaces
from demo.sandbox import end, s3_client, sagemaker_client, upload_breast_cancer
from tests.support.jobs import put_table, slow_data, start, tabular_request, wait

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sagemaker import SageMakerClient


def test_jobs_begin_in_order_as_places_become_free(capfd: pytest.CaptureFixture[str]) -> None:
    """One that gives up is left out, and who waits is logged with its position and the option."""
    begun: list[str] = []
    begins = {name: (lambda name=name: begun.append(name)) for name in ("a", "b", "c", "d")}
    places = TrainingPlaces(1)
    for name, begin in begins.items():
        places.enter(f"AutoML job {name}", begin)
    assert begun == ["a"]
    assert "AutoML job d waits, with 2 others before it: 1 jobs run at the same time (--con" in capfd.readouterr().err
    assert [places.withdraw(begins[name]) for name in ("a", "c", "c")] == [False, True, False]
    places.leave()
    assert begun == ["a", "b"]
    places.leave()
    places.leave()
    places.enter("AutoML job c", begins["c"])
    assert begun == ["a", "b", "d", "c"]
    assert not capfd.readouterr().err


@contextmanager
def _one_place(log: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "airflow_sagemaker_automl.emulator", "--port", "0", "--concurrent-trainings", "1"]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        end(process)
        process.stdout.close()


def _status(sagemaker: SageMakerClient, job: str) -> tuple[str, str]:
    described = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=job)
    return described["AutoMLJobStatus"], described["AutoMLJobSecondaryStatus"]


@pytest.mark.matrix
def test_a_job_without_a_place_starts_when_one_is_free(tmp_path: Path) -> None:
    """Until then it is ``Starting``, can be stopped, and its run-time limit does not count."""
    with _one_place(tmp_path / "log") as url:
        sagemaker, data = sagemaker_client(url), upload_breast_cancer(url)
        first = start(sagemaker, tabular_request(put_table(s3_client(url), "digits", slow_data()), "target"))
        wait(sagemaker, first, until="TrainingModels")
        algorithms = {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]}
        quick = tabular_request(
            data, CandidateGenerationConfig=algorithms, CompletionCriteria={"MaxAutoMLJobRuntimeInSeconds": 600}
        )
        given_up, second = start(sagemaker, quick), start(sagemaker, quick)
        assert _status(sagemaker, second) == ("InProgress", "Starting")
        sagemaker.stop_auto_ml_job(AutoMLJobName=given_up)
        assert wait(sagemaker, given_up, seconds=30)["AutoMLJobStatus"] == "Stopped"
        assert _status(sagemaker, second) == ("InProgress", "Starting")
        sagemaker.stop_auto_ml_job(AutoMLJobName=first)
        assert wait(sagemaker, second)["AutoMLJobStatus"] == "Completed"
    assert f"AutoML job {second} waits, with 1 others before it" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_at_least_one_job_must_be_able_to_train(number: str) -> None:
    """The message shows the value and the rule."""
    started = subprocess.run(
        [sys.executable, "-m", "airflow_sagemaker_automl.emulator", f"--concurrent-trainings={number}"],
        capture_output=True,
        text=True,
    )
    assert (started.returncode, f"{number!r} is not a number of jobs (1 or more)" in started.stderr) == (2, True)
