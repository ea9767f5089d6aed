"""Names of AutoML jobs: the same task attempt always gets the same name, so that it cannot train twice.

``CreateAutoMLJobV2`` has no idempotency token; the name, unique in an account and region, is its only key.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Literal

LONGEST_NAME = 32
# 60 bits: names of a hundred thousand jobs collide once in a hundred million deployments, and tags would tell.
_DIGEST_LENGTH = 12
NONCE_TAG = "airflow:nonce"


@dataclass(frozen=True, kw_only=True)
class TaskIdentity:
    """Which run of which task a job belongs to.

    :param deployment: name of the Airflow deployment; empty where it has none.
    :param nonce: tells installations apart whose names are all the same.
    :param generation: how often the task has been asked to train anew.
    :param grows_with: whether it grows when a task that has ended or is deferred is cleared, or with each try.
    """

    deployment: str
    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    nonce: str
    generation: int
    grows_with: Literal["clears", "tries"] = "clears"

    def job_name(self, attempt: int) -> str:
        """Derive the name of an attempt's job.

        :param attempt: 1 for the first job of this identity, 2 after that has failed, and so on.
        :return: 1 to 32 lower-case letters, digits and hyphens, readable at the front.
        """
        return f"{self._slug()}-{self._digest(attempt)}"

    def predecessors(self, oldest: int = 0) -> Iterator[TaskIdentity]:
        """Give the older generations of the same task in the same run, newest first.

        :param oldest: the oldest to give.
        """
        return (replace(self, generation=generation) for generation in range(self.generation - 1, oldest - 1, -1))

    def may_have_named(self, job_name: str) -> bool:
        """Tell whether a job's name looks like one of this task's, in any run."""
        return job_name[: -_DIGEST_LENGTH - 1] == self._slug()

    def _slug(self) -> str:
        readable = re.sub("[^a-z0-9]+", "-", f"{self.dag_id}-{self.task_id}".lower())
        return readable.strip("-")[: LONGEST_NAME - _DIGEST_LENGTH - 1].strip("-") or "automl"

    def _digest(self, attempt: int) -> str:
        raw = hashlib.sha256(json.dumps([*astuple(self), attempt]).encode()).digest()
        return base64.b32encode(raw).decode().lower()[:_DIGEST_LENGTH]

    def tags(self) -> dict[str, str]:
        """Tags that mark a job as this task's, in characters and lengths that the service takes."""
        marks = {
            "deployment": self.deployment,
            "dag_id": self.dag_id,
            "task_id": self.task_id,
            "run_id": self.run_id,
            "map_index": str(self.map_index),
            "nonce": self.nonce,
        }
        return {f"airflow:{key}": _tag_value(value) for key, value in marks.items()}

    def is_namesake(self, tags: Mapping[str, str]) -> bool:
        """Tell whether tags name the same task with another nonce: that of another Airflow, or one that was lost."""
        own = self.tags()
        return tags.get(NONCE_TAG) != own[NONCE_TAG] and all(
            tags.get(key) == value for key, value in own.items() if key != NONCE_TAG
        )


def _tag_value(text: str) -> str:
    return re.sub(r"[^\w .:/=+\-@]", "_", text)[:256]
