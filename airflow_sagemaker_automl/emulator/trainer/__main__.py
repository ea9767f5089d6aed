"""Entry point of the trainer process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import traceback

from airflow_sagemaker_automl.emulator.trainer.events import EventStream
from airflow_sagemaker_automl.emulator.trainer.job import Job
from airflow_sagemaker_automl.emulator.trainer.table import UnusableData
from airflow_sagemaker_automl.emulator.trainer.tabular import train


def _end_with_parent(folder: str) -> None:
    """End this process group when the server goes away, however it goes: its end of our standard input closes."""
    while sys.stdin.readline():
        continue
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Train the job that standard input describes; what goes wrong becomes the job's failure reason."""
    events = EventStream.claim_stdout()
    spec = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, args=(spec["folder"],), daemon=True).start()
    try:
        train(Job.from_spec(spec, events))
    except UnusableData as error:
        events.failed(str(error))
    except Exception as error:
        traceback.print_exc()
        events.failed(f"Training failed with {type(error).__name__}: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
