"""The main function of the trainer process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from pathlib import Path

from airflow_sagemaker_automl.emulator.child import Gone, Link
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.events import EventStream
from airflow_sagemaker_automl.emulator.trainer.job import Job
from airflow_sagemaker_automl.emulator.trainer.tracebacks import publish_traceback

_REMOVED_WITHIN_SECONDS = 10


def train(link: Link) -> None:
    """Train the job that arrives on the link."""
    events = EventStream(link)
    spec = link.receive()
    threading.Thread(target=end_with_server, args=(link, spec["folder"]), daemon=True).start()
    run(Job.from_spec(spec, events))


def run(job: Job) -> None:
    """Train a job; what fails it becomes its reason, in a sentence."""
    try:
        _train(job)
    except UnusableData as error:
        job.events.failed(str(error))
    except Exception:
        kept = publish_traceback(job, "training")
        job.events.failed(f"The training failed for a reason that the emulator does not recognize. {kept}")


def end_with_server(link: Link, folder: str) -> None:
    """End this process group when the server ends, even if it is killed: the link is closed then."""
    with contextlib.suppress(Gone):
        link.receive()
    group = os.getpid()
    if os.fork():
        return
    # A process of another group, so that nobody writes into the folder any more while it is removed.
    try:
        os.setsid()
        os.killpg(group, signal.SIGKILL)
        until = time.monotonic() + _REMOVED_WITHIN_SECONDS
        while Path(folder).exists() and time.monotonic() < until:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(0)


def _train(job: Job) -> None:
    """Train a job by its problem type; modules are imported on demand because each loads its own libraries."""
    if job.problem_type == "Tabular":
        from airflow_sagemaker_automl.emulator.trainer.tabular import train

        train(job)
    elif job.problem_type == "TimeSeriesForecasting":
        from airflow_sagemaker_automl.emulator.trainer.time_series import train

        train(job)
    elif job.problem_type == "TextClassification":
        from airflow_sagemaker_automl.emulator.trainer.text import train

        train(job)
    else:
        raise UnusableData(
            f"The emulator cannot train {job.problem_type}. "
            "Use a scripted job instead, in which you define the stages and the candidates."
        )
