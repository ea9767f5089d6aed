"""Jobs that run until a benchmark ends them, in an emulator in a separate process.

AutoML jobs follow a script that is longer than any benchmark. moto creates training jobs as ``Completed``, so this
process sets their status directly; everything else goes over HTTP, as with any client.
"""

from __future__ import annotations

import _thread
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.plain_http import send
from demo.sandbox import BUCKET, REGION, REPOSITORY, end, sagemaker_client

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker-automl"
_CLIENTS = 4
_MORE_THAN_ANYBODY_WAITS_FOR = 100_000
_FOR_A_DAY = {
    "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 24 * 60 * 60}],
    "Ending": {"AutoMLJobStatus": "Stopped"},
}


class HeldJobs:
    """Client of the process.

    :param url: URL of the emulator.
    :param order: sends a command of :func:`_obey` to the process, waits until it is done, and returns the answer.
    """

    def __init__(self, url: str, order: Callable[[str], int]) -> None:
        self.url = url
        self._order = order
        self._sagemaker: SageMakerClient = sagemaker_client(url)

    def clear(self) -> None:
        """Delete all jobs."""
        send(f"{self.url}/moto-api/reset", "POST")

    def start_automl_jobs(self, names: list[str]) -> None:
        """Start AutoML jobs that run until they are stopped."""
        send(f"{self.url}/automl-emulator/scripts/held?job-names=*", "PUT", _FOR_A_DAY)
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/held/"}}
        request: dict[str, Any] = {
            "AutoMLJobInputDataConfig": [{"ChannelType": "training", "DataSource": source}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "target"}},
            "RoleArn": ROLE,
        }
        self._each(names, lambda name: self._sagemaker.create_auto_ml_job_v2(AutoMLJobName=name, **request))

    def end_automl_job(self, name: str) -> None:
        """End one AutoML job."""
        self._sagemaker.stop_auto_ml_job(AutoMLJobName=name)

    def start_training_jobs(self, names: list[str]) -> None:
        """Start training jobs that run until they are ended."""
        request: dict[str, Any] = {
            "AlgorithmSpecification": {"TrainingImage": "image:1", "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 24 * 60 * 60},
        }
        self._each(names, lambda name: self._sagemaker.create_training_job(TrainingJobName=name, **request))
        self._order("hold")

    def end_training_job(self, name: str) -> None:
        """End one training job."""
        self._order(f"complete {name}")

    def training_jobs_seen(self) -> int:
        """Count the training jobs that have been described at least once."""
        return self._order("seen")

    def requests(self) -> Counter[str]:
        """Count the requests since the last :meth:`clear`, by operation."""
        return Counter(send(f"{self.url}/automl-emulator/requests", "GET")["Requests"])

    def _each(self, names: list[str], start: Callable[[str], object]) -> None:
        with ThreadPoolExecutor(_CLIENTS) as pool:
            list(pool.map(start, names))


@contextmanager
def held_jobs() -> Iterator[HeldJobs]:
    """Run the process while the block runs.

    :raises RuntimeError: it did not start, or has ended.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.held_jobs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def order(line: str) -> int:
        assert process.stdin is not None
        assert process.stdout is not None
        print(line, file=process.stdin, flush=True)
        answer = process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The process that holds the jobs has ended (exit status {process.wait()}).")
        return int(answer)

    try:
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"The emulator did not start (exit status {process.wait()}).")
        yield HeldJobs(url, order)
    finally:
        end(process)
        process.stdin.close()
        process.stdout.close()


def main() -> None:
    """Serve until standard input is closed."""
    from airflow_sagemaker_automl.emulator.server import Emulator

    emulator = Emulator(0, concurrent_jobs=_MORE_THAN_ANYBODY_WAITS_FOR)
    threading.Thread(target=_obey, daemon=True).start()
    print(emulator.url, flush=True)
    try:
        emulator.serve()
    except KeyboardInterrupt:
        return


class _Seen(dict[str, Any]):
    """Training jobs, and the names of those that were described."""

    def __init__(self, jobs: dict[str, Any]) -> None:
        super().__init__(jobs)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return super().__getitem__(name)


def _obey() -> None:
    """Run the commands ``hold``, ``seen`` and ``complete NAME`` from standard input, and answer each with a line."""
    from airflow_sagemaker_automl.emulator.backend import LocalSageMaker

    seen = _Seen({})
    for line in sys.stdin:
        order, *names = line.split()
        if order == "hold":
            # moto reads training jobs from this mapping only.
            backend = LocalSageMaker.of(ACCOUNT, REGION)
            backend.training_jobs = seen = _Seen(backend.training_jobs)
            _set_status(seen.values(), "InProgress", "Training")
        elif order == "complete":
            _set_status([seen[name] for name in names], "Completed", "Completed")
        print(len(seen.names), flush=True)
    _thread.interrupt_main()


def _set_status(jobs: Iterable[Any], primary: str, secondary: str) -> None:
    for job in jobs:
        job.training_job_status, job.secondary_status = primary, secondary


if __name__ == "__main__":
    main()
