"""What is known of a scoring before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_sagemaker_automl.tasks.scoring_data import ScoringData
    from airflow_sagemaker_automl.tasks.scoring_version import ScoringVersion


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is known of a scoring before anything is written.

    :param version: the version that scores.
    :param containers: of the model to create.
    :param expected: the columns that the container gets, in order.
    :param data: the files; None if they are sent as they are.
    :param fingerprint: of all that decides on the result.
    :param data_digest: of the content of the files; empty if they are sent as they are.
    """

    version: ScoringVersion
    containers: list[dict[str, Any]]
    expected: Sequence[str]
    data: ScoringData | None
    fingerprint: str
    data_digest: str
