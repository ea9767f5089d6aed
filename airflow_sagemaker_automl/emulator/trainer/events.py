"""What the trainer tells the server, as lines of JSON on the standard output that it was started with."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import IO, Any

# As many partial failures, and as long, as the service's answers have room for.
_MOST_REASONS = 5
_LONGEST_REASON = 1024


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

    def resolved(self, metric: str, problem_type: str | None = None) -> None:
        """Report what the job goes by.

        :param metric: the objective.
        :param problem_type: of a tabular job.
        """
        self._send("resolved", metric=metric, problem_type=problem_type)

    def artifacts(self, locations: dict[str, str]) -> None:
        """Report where the job's notebooks are, as ``AutoMLJobArtifacts``."""
        self._send("artifacts", locations=locations)

    def candidate(self, candidate: dict[str, Any]) -> None:
        """Report a candidate, or more about one that is known already.

        :param candidate: an ``AutoMLCandidate`` of the API, without times and steps.
        """
        self._send("candidate", candidate=candidate)

    def completed(self, best_candidate: str | None, reason: str, partial_failures: list[str]) -> None:
        shortened = [text[:_LONGEST_REASON] for text in partial_failures[:_MOST_REASONS]]
        self._send("completed", best_candidate=best_candidate, reason=reason, partial_failures=shortened)

    def failed(self, reason: str) -> None:
        self._send("failed", reason=reason)

    def _send(self, event: str, **values: Any) -> None:
        with self._lock:
            self._stream.write(json.dumps({"event": event, **values}) + "\n")
            self._stream.flush()
