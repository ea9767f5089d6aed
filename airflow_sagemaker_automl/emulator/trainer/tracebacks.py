"""Publishes the traceback of a library's error, since the reason of a failed job is a sentence."""

from __future__ import annotations

import contextlib
import traceback
from typing import TYPE_CHECKING

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job


def publish_traceback(job: Job, name: str) -> str:
    """Upload the traceback of the current exception.

    :param name: name of the file, without its ending.
    :return: a sentence that says where it is.
    """
    traceback.print_exc()
    uri = f"{job.output}/tracebacks/{name}.txt"
    with contextlib.suppress(UnusableData):
        job.storage.write(uri, traceback.format_exc().encode())
        return f"The traceback is in {uri}."
    return "Its traceback could not be written to S3."
