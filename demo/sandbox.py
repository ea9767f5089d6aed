"""A sandbox: an emulator with data, and the environment of an Airflow that uses only this emulator."""

from __future__ import annotations

import io
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

REPOSITORY = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
BUCKET = "automl-demo"
# Prefix in the bucket → share of rows with a wrong label.
TABLES = {"breast-cancer": 0.0, "breast-cancer-in-haste": 0.1, "breast-cancer-damaged": 0.4}
# Prefix in the bucket of a table without labels, to be scored.
NEW_ROWS = "new-patients"
_ENDED_WITHIN_SECONDS = 20
_SESSION = boto3.Session(region_name=REGION)


def interrupt_on_signals() -> None:
    """Let Ctrl-C, SIGTERM and a closed terminal end this program and its child processes.

    Programs that a shell starts in the background ignore Ctrl-C otherwise, and so do their children.
    """
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(how, signal.default_int_handler)


@contextmanager
def emulator(port: int = 0, *, concurrent_jobs: int | None = None, allowed_hosts: Sequence[str] = ()) -> Iterator[str]:
    """Run an emulator while the block runs.

    :param port: TCP port on loopback; 0 selects a free one.
    :param concurrent_jobs: quota of concurrent AutoML jobs. Default: the emulator's.
    :param allowed_hosts: names, apart from localhost, under which it may be addressed.
    :return: its URL.
    :raises RuntimeError: it did not start; the message has the exit status.
    """
    quota = [] if concurrent_jobs is None else ["--concurrent-jobs", str(concurrent_jobs)]
    hosts = [part for name in allowed_hosts for part in ("--allow-host", name)]
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow_sagemaker_automl.emulator", "--port", str(port), *quota, *hosts],
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C must reach this process only, which ends the emulator when it is done.
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        if not ready.startswith("Emulator ready on "):
            raise RuntimeError(f"The emulator did not start (exit status {process.wait()}).")
        yield ready.split()[-1]
    finally:
        end(process)
        process.stdout.close()


def end(process: subprocess.Popen[Any]) -> None:
    """Terminate a process, and kill it if it does not end in time."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_ENDED_WITHIN_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            process.kill()
    process.wait()


def sagemaker_client(url: str, access_key: str = "emulator") -> SageMakerClient:
    """Create a plain boto3 client of the emulator's SageMaker."""
    return _SESSION.client(
        "sagemaker", endpoint_url=url, aws_access_key_id=access_key, aws_secret_access_key="emulator"
    )


def s3_client(url: str) -> S3Client:
    """Create a plain boto3 client of the emulator's S3."""
    return _SESSION.client("s3", endpoint_url=url, aws_access_key_id="emulator", aws_secret_access_key="emulator")


def breast_cancer_files(wrong_labels: float = 0.0) -> list[tuple[str, bytes]]:
    """Write scikit-learn's copy of the Wisconsin breast cancer table, 569 rows, as two CSV files.

    :param wrong_labels: share of rows that have the wrong diagnosis; random, but the same rows in each call.
    :return: names and contents; the target column is ``diagnosis``.
    """
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    labels = bunch.frame["target"].copy()
    wrong = labels.sample(frac=wrong_labels, random_state=1).index
    labels[wrong] = 1 - labels[wrong]
    table = bunch.frame.assign(diagnosis=labels.map(dict(enumerate(bunch.target_names)))).drop(columns="target")
    parts = (table[:300], table[300:])
    return [(f"part-{number}.csv", rows.to_csv(index=False).encode()) for number, rows in enumerate(parts)]


def new_patients() -> bytes:
    """Write 100 rows of the breast cancer table as CSV, without the diagnosis and with the column ``patient``."""
    import pandas as pd

    rows = pd.concat([pd.read_csv(io.BytesIO(body)) for _, body in breast_cancer_files()], ignore_index=True)
    some = rows.drop(columns="diagnosis").sample(n=100, random_state=1)
    some.insert(0, "patient", [f"P{number:04}" for number in some.index])
    return str(some.to_csv(index=False)).encode()


def upload_breast_cancer(url: str) -> str:
    """Create a bucket in the emulator, and upload the breast cancer table, two copies with wrong labels, and new rows.

    :return: the S3 prefix of the original table.
    """
    s3 = s3_client(url)
    s3.create_bucket(Bucket=BUCKET)
    for table, wrong_labels in TABLES.items():
        for name, body in breast_cancer_files(wrong_labels):
            s3.put_object(Bucket=BUCKET, Key=f"{table}/{name}", Body=body)
    s3.put_object(Bucket=BUCKET, Key=f"{NEW_ROWS}/rows.csv", Body=new_patients())
    return f"s3://{BUCKET}/breast-cancer/"


def airflow_environment(home: Path, url: str) -> dict[str, str]:
    """Return the environment variables of an Airflow whose AWS connection points at the emulator.

    :param home: ``AIRFLOW_HOME``.
    :param url: URL of the emulator.
    """
    extra = {
        "region_name": REGION,
        "endpoint_url": url,
        # To assume a role, Airflow ignores endpoint_url.
        "service_config": {"sts": {"endpoint_url": url}},
    }
    connection = {"conn_type": "aws", "login": "emulator", "password": "emulator", "extra": extra}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "AWS_"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True",
        "AIRFLOW__SAGEMAKER_AUTOML__DEPLOYMENT": "local",
        # The JWT library warns if the secret is shorter than 64 bytes.
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
