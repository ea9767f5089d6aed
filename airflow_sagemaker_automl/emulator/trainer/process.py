"""The main function of the trainer process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import traceback

from airflow_sagemaker_automl.emulator.child import Gone, Link
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.events import EventStream
from airflow_sagemaker_automl.emulator.trainer.job import Job


def train(link: Link) -> None:
    """Train the job that arrives on the link; an error becomes the job's failure reason."""
    events = EventStream(link)
    spec = link.receive()
    threading.Thread(target=_end_with_server, args=(link, spec["folder"]), daemon=True).start()
    try:
        _train(Job.from_spec(spec, events))
    except UnusableData as error:
        events.failed(str(error))
    except Exception as error:
        traceback.print_exc()
        events.failed(f"Training failed with {type(error).__name__}: {error}")


def _end_with_server(link: Link, folder: str) -> None:
    """End this process group when the server ends, even if it is killed: the link is closed then."""
    with contextlib.suppress(Gone):
        link.receive()
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpid(), signal.SIGKILL)


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
