"""Scripts for transform jobs: how a job proceeds that is scripted instead of run.

A script is a JSON object with the service's own members::

    {
      "Seconds": 2,
      "Ending": {"TransformJobStatus": "Failed", "FailureReason": "AlgorithmError: See job logs for more information"}
    }

``Seconds``
    How long the job stays ``InProgress`` (default 0).
``Held``
    Whether it then stays ``InProgress`` until its script is deleted or replaced (default: false).
``Ending``
    Required. ``TransformJobStatus`` is ``Completed``, ``Failed`` or ``Stopped``. ``FailureReason`` is allowed with
    ``Failed``.
``StoppingSeconds``
    How long the job stays ``Stopping`` when ``StopTransformJob`` stops it (default 0).

A scripted job reads and writes nothing: one that ends ``Completed`` has no output.

A script that is PUT to ``/automl-emulator/scripts/<name>?transform-jobs=<pattern>`` applies to every transform job
with a matching name that is created afterwards. The tag ``automl-emulator:script`` selects a script as it does for
AutoML jobs, and the emulator adds it to a job that a pattern matches, so that every scripted job has it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from airflow_sagemaker_automl.emulator import documents
from airflow_sagemaker_automl.emulator.contract import violations
from airflow_sagemaker_automl.emulator.documents import seconds_problems, unknown_members
from airflow_sagemaker_automl.emulator.jobs import FINISHED
from airflow_sagemaker_automl.emulator.transform_job import TransformJob

_MEMBERS = frozenset({"Seconds", "Held", "Ending", "StoppingSeconds"})
_LOOKS_PER_SECOND = 20


@dataclass(frozen=True)
class TransformScript:
    """A validated script.

    :param seconds: duration of the job.
    :param ending: members of ``DescribeTransformJob``.
    :param stopping_seconds: how long a stop takes.
    :param is_held: whether jobs stay in progress until :meth:`let_go`.
    """

    seconds: float
    ending: dict[str, Any]
    stopping_seconds: float
    is_held: bool
    _gone: Event = field(default_factory=Event)

    @property
    def may_end(self) -> bool:
        """Whether a job ends after its duration."""
        return not self.is_held or self._gone.is_set()

    def let_go(self) -> None:
        """Let held jobs end."""
        self._gone.set()

    @classmethod
    def from_json(cls, text: str | bytes) -> TransformScript:
        """Read and check a script.

        :raises InvalidDocument: with all problems.
        """
        document = documents.read(text, "script", _problems)
        return cls(
            document.get("Seconds", 0),
            document["Ending"],
            document.get("StoppingSeconds", 0),
            document.get("Held", False),
        )


class TransformPlayback:
    """One transform job and its script.

    :param job: its state follows the script.
    """

    def __init__(self, job: TransformJob, script: TransformScript) -> None:
        self._job = job
        self._script = script
        self._stop_asked = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._play, name=f"playback-{job.name}", daemon=True)

    def start(self) -> None:
        self._job.begin()
        self._thread.start()

    def stop(self) -> None:
        """Leave the script; the job is ``Stopped`` after the script's ``StoppingSeconds``."""
        if self._job.begin_stopping():
            self._stop_asked.set()

    def close(self) -> None:
        """End immediately, in whatever state the job is."""
        self._closed.set()
        self._stop_asked.set()
        self._thread.join()

    def _play(self) -> None:
        self._stop_asked.wait(self._script.seconds)
        while not self._script.may_end and not self._stop_asked.is_set():
            self._stop_asked.wait(1 / _LOOKS_PER_SECOND)
        if not self._stop_asked.is_set():
            self._end()
        # A stop that came just before the end takes precedence.
        if not self._job.is_finished and not self._closed.wait(self._script.stopping_seconds):
            self._job.stopped()

    def _end(self) -> None:
        status = self._script.ending["TransformJobStatus"]
        if status == "Completed":
            self._job.complete()
        elif status == "Failed":
            self._job.fail(self._script.ending.get("FailureReason"))
        else:
            self._job.stopped()


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown_members(document, _MEMBERS, "The script")
    for name in ("Seconds", "StoppingSeconds"):
        yield from seconds_problems(document, name, name)
    if not isinstance(document.get("Held", False), bool):
        yield f"Held must be true or false, not {document['Held']!r}."
    ending = document.get("Ending")
    if not isinstance(ending, dict):
        yield "Ending is required and must be an object."
        return
    yield from unknown_members(ending, {"TransformJobStatus", "FailureReason"}, "Ending")
    status = ending.get("TransformJobStatus")
    if status not in FINISHED:
        allowed = ", ".join(sorted(FINISHED))
        yield f"Ending.TransformJobStatus must be one of {allowed}, not {status!r}."
    if "FailureReason" in ending:
        yield from violations("FailureReason", ending["FailureReason"], "Ending.FailureReason")
        if status != "Failed":
            yield "Ending.FailureReason: only a Failed job has one."
