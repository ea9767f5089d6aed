"""What the trainer tells the server, as lines of JSON on the standard output that it was started with."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import IO, Any


class EventStream:
    """The way from the trainer to the server.

    :param stream: where the lines go.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    @classmethod
    def claim_stdout(cls) -> EventStream:
        """Keep standard output for events; whatever libraries print goes to standard error from now on."""
        stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        return cls(stream)

    def stage(self, secondary_status: str) -> None:
        self._send("stage", secondary_status=secondary_status)

    def resolved(self, problem_type: str, metric: str) -> None:
        self._send("resolved", problem_type=problem_type, metric=metric)

    def candidate(self, candidate: dict[str, Any]) -> None:
        """Report a candidate, or more about one that is known already.

        :param candidate: an ``AutoMLCandidate`` of the API, without times and steps.
        """
        self._send("candidate", candidate=candidate)

    def completed(self, best_candidate: str | None, reason: str, partial_failures: list[str]) -> None:
        self._send("completed", best_candidate=best_candidate, reason=reason, partial_failures=partial_failures)

    def failed(self, reason: str) -> None:
        self._send("failed", reason=reason)

    def _send(self, event: str, **values: Any) -> None:
        with self._lock:
            self._stream.write(json.dumps({"event": event, **values}) + "\n")
            self._stream.flush()
