"""What a version and its card are documented with: reports that really exist, and where in Airflow it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STATISTICS_FILE = "statistics.json"
ANALYSIS_FILE = "analysis.json"


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report of the service that really exists.

    :param uri: its S3 URI.
    :param sha256: hexadecimal digest of its content.
    :param content: the parsed JSON; mostly a mapping, of text classifications a list.
    """

    uri: str
    sha256: str
    content: Any

    def as_metrics_source(self) -> dict[str, str]:
        """Write it as ``MetricsSource``."""
        return {"ContentType": "application/json", "S3Uri": self.uri, "ContentDigest": f"sha256:{self.sha256}"}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where in Airflow a version comes from.

    :param commit_id: revision of the code that made it, where it is known.
    :param repository: where that code is, where it is known.
    """

    dag_id: str
    run_id: str
    task_id: str
    commit_id: str | None = None
    repository: str | None = None
