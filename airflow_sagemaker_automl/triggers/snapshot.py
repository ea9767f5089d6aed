"""The result of one poll, as its triggers get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from airflow_sagemaker_automl.core.registry.version_arn import VersionState

L = TypeVar("L")


@dataclass(frozen=True)
class Snapshot(Generic[L]):
    """The result of one poll.

    :param listed: the list; None if it could not be read.
    :param problem: why it could not be read.
    :param listing_refused: whether the service refuses the list, so that each trigger must describe its own resource.
    :param is_lasting: whether the problem is not transient.
    :param is_hopeless: whether the problem has lasted so long that all triggers should stop waiting.
    """

    listed: L | None
    problem: str | None = None
    listing_refused: bool = False
    is_lasting: bool = False
    is_hopeless: bool = False


# Running jobs: name → secondary status.
Jobs = dict[str, str]
# ARN → status and approval of the newest versions of a group.
Versions = dict[str, VersionState]
