"""Jobs as a trainer sees them, in the process of the test; the data are in the emulator's S3."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.emulator.trainer.events import EventStream
from airflow_sagemaker_automl.emulator.trainer.job import Job
from airflow_sagemaker_automl.emulator.trainer.storage import Storage
from demo.sandbox import BUCKET, REGION
from tests.support.jobs import unique

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_s3 import S3Client

PARQUET = "x-application/vnd.amazon+parquet"


class RecordedEvents(EventStream):
    """Events that are kept instead of sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def _send(self, event: str, **values: Any) -> None:
        self.sent.append({"event": event, **values})


def trainers_job(url: str, request: dict[str, Any], folder: Path) -> tuple[Job, list[dict[str, Any]]]:
    """Make a job of a request.

    :return: the job and the events that it has sent.
    """
    events = RecordedEvents()
    return Job(unique(), request, Storage(url, REGION), "", time.time(), folder, events), events.sent


def as_csv(table: pd.DataFrame) -> bytes:
    """Write a table as CSV."""
    return str(table.to_csv(index=False)).encode()


def as_parquet(table: Any) -> bytes:
    """Write a table of pandas or PyArrow as Parquet."""
    from pyarrow import Table, parquet

    content = io.BytesIO()
    write: Any = parquet.write_table
    write(table if isinstance(table, Table) else Table.from_pandas(table), content)
    return content.getvalue()


def put(s3: S3Client, *files: bytes) -> str:
    """Upload files.

    :return: their prefix.
    """
    prefix = unique("table")
    for number, body in enumerate(files):
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}/{number}", Body=body)
    return f"s3://{BUCKET}/{prefix}/"
