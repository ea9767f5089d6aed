"""The evidence on a version and its card: existing reports, and the DAG run that registered it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STATISTICS_FILE = "statistics.json"
ANALYSIS_FILE = "analysis.json"


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report of the service that exists in S3.

    :param uri: its S3 URI.
    :param sha256: hexadecimal digest of its content.
    :param content: the parsed JSON: a mapping, or a list for text classification.
    """

    uri: str
    sha256: str
    content: Any

    def as_metrics_source(self) -> dict[str, str]:
        """Return it as ``MetricsSource``."""
        return {"ContentType": "application/json", "S3Uri": self.uri, "ContentDigest": f"sha256:{self.sha256}"}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The task that registered a version.

    :param commit_id: revision of the DAG's code; None if unknown.
    :param repository: repository of the DAG's code; None if unknown.
    """

    dag_id: str
    run_id: str
    task_id: str
    commit_id: str | None = None
    repository: str | None = None
