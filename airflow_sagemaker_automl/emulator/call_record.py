"""Which calls were made, in a folder: ``python -m airflow_sagemaker_automl.emulator --record-calls FOLDER``.

It answers which permissions a DAG needs, and which of its operators make which calls. The folder gets a file for each
emulator, with a line for each call that differs from those before::

    {"service": "sagemaker", "operation": "ListAutoMLJobs", "airflow": "SageMakerAutoMLJobOperator"}
    {"service": "s3", "operation": "PutObject", "airflow": null}

``service`` and ``operation`` are as in AWS's API reference; IAM's actions are called otherwise here and there
(``s3:ListBucket`` is for ``ListObjectsV2``). ``airflow`` is null for a call that does not come from Airflow's AWS
connections, and otherwise the class of operator, sensor or executor that made it, as the Amazon provider says it:
``_PythonDecoratedOperator`` for ``@task`` functions, and ``Unknown`` or ``BaseExecutor`` for triggers and for what a
task does after a deferral. A request is recorded when it comes in, whatever becomes of it.
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
    """Writes down the calls that one emulator gets.

    :param folder: is there already; several emulators may share it.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{os.getpid()}.jsonl"
        self._known: set[Call] = set()
        self._lock = threading.Lock()

    def note(self, environ: WSGIEnvironment) -> None:
        """Write a request down, unless it has been.

        :param environ: the request, which can be read again afterwards.
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
