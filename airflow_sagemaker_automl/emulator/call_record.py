"""Records calls in a folder: ``python -m airflow_sagemaker_automl.emulator --record-calls FOLDER``.

The record shows which permissions a DAG needs, and which of its operators make which calls. The folder gets a file for
each emulator, with a line for each distinct call::

    {"service": "sagemaker", "operation": "ListAutoMLJobs", "airflow": "SageMakerAutoMLJobOperator"}
    {"service": "s3", "operation": "PutObject", "airflow": null}

``service`` and ``operation`` are as in AWS's API reference; some IAM actions have other names
(``s3:ListBucket`` is for ``ListObjectsV2``). ``airflow`` is null for a call that does not come from Airflow's AWS
connections, and otherwise the class of operator, sensor or executor that made it, as the Amazon provider reports it:
``_PythonDecoratedOperator`` for ``@task`` functions, and ``Unknown`` or ``BaseExecutor`` for triggers and for what a
task does after a deferral. A request is recorded when it arrives, whatever its result.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_sagemaker_automl.emulator.calls import Call, call_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class CallRecord:
    """Records the calls that one emulator receives.

    :param folder: an existing folder; several emulators may share it.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{os.getpid()}.jsonl"
        self._known: set[Call] = set()
        self._lock = threading.Lock()

    def note(self, environ: WSGIEnvironment) -> None:
        """Record a request, unless the same call is recorded already.

        :param environ: the request, whose body stays readable.
        """
        call = call_of(environ)
        if call is None:
            return
        with self._lock:
            if call in self._known:
                return
            self._known.add(call)
            with self._file.open("a") as file:
                file.write(json.dumps(call._asdict()) + "\n")
