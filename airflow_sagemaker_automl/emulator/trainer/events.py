"""The events that the trainer sends to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.child import Link

# The service's limits for number and length of partial failures.
_MOST_REASONS = 5
_LONGEST_REASON = 1024


class EventStream:
    """Sends events from the trainer to the server.

    :param link: the link to the server.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    def stage(self, secondary_status: str) -> None:
        self._send("stage", secondary_status=secondary_status)

    def resolved(self, metric: str, problem_type: str | None = None) -> None:
        """Report the resolved attributes.

        :param metric: the objective.
        :param problem_type: problem type of a tabular job.
        """
        self._send("resolved", metric=metric, problem_type=problem_type)

    def artifacts(self, locations: dict[str, str]) -> None:
        """Report the locations of the job's notebooks, as ``AutoMLJobArtifacts``."""
        self._send("artifacts", locations=locations)

    def archive(self, uri: str, digest: str) -> None:
        """Report an archive that endpoints may load.

        :param digest: SHA-256 in hexadecimal digits.
        """
        self._send("archive", uri=uri, digest=digest)

    def candidate(self, candidate: dict[str, Any]) -> None:
        """Report a new or updated candidate.

        :param candidate: an ``AutoMLCandidate`` of the API, without times and steps.
        """
        self._send("candidate", candidate=candidate)

    def completed(self, best_candidate: str | None, reason: str, partial_failures: list[str]) -> None:
        shortened = [text[:_LONGEST_REASON] for text in partial_failures[:_MOST_REASONS]]
        self._send("completed", best_candidate=best_candidate, reason=reason, partial_failures=shortened)

    def failed(self, reason: str) -> None:
        self._send("failed", reason=reason)

    def _send(self, event: str, **values: Any) -> None:
        self._link.send({"event": event, **values})
