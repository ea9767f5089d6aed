"""Names of AutoML jobs: the same task attempt always gets the same name, so it cannot start two jobs.

``CreateAutoMLJobV2`` has no idempotency token; its only key is the name, which is unique in an account and region.
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
# 60 bits: with 100 000 jobs, names collide in one of 100 million deployments, and the tags would reveal it.
_DIGEST_LENGTH = 12
NONCE_TAG = "airflow:nonce"


@dataclass(frozen=True, kw_only=True)
class TaskIdentity:
    """The task in a DAG run that a job belongs to.

    :param deployment: name of the Airflow deployment; empty if it has none.
    :param nonce: distinguishes installations whose other names are all the same.
    :param generation: how many times the task has had to train again.
    :param grows_with: whether the generation increases with each clear of a finished or deferred task, or each try.
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

        :param attempt: 1 for the first job of this identity, 2 after that failed, and so on.
        :return: 1 to 32 lowercase letters, digits and hyphens; it starts with a readable part.
        """
        return f"{self._slug()}-{self._digest(attempt)}"

    def predecessors(self, oldest: int = 0) -> Iterator[TaskIdentity]:
        """Yield the older generations of the same task in the same run, newest first.

        :param oldest: the last generation to yield. Default: 0.
        """
        return (replace(self, generation=generation) for generation in range(self.generation - 1, oldest - 1, -1))

    def of_part(self, part: str) -> TaskIdentity:
        """Return the owner of one of several jobs that the task runs at the same time.

        :param part: tells the jobs apart; no id of a task has the slash before it.
        """
        return replace(self, task_id=f"{self.task_id}/{part}")

    def may_have_named(self, job_name: str) -> bool:
        """Tell whether a job's name looks like a name of this task, in any run."""
        return job_name[: -_DIGEST_LENGTH - 1] == self._slug()

    def _slug(self) -> str:
        readable = re.sub("[^a-z0-9]+", "-", f"{self.dag_id}-{self.task_id}".lower())
        return readable.strip("-")[: LONGEST_NAME - _DIGEST_LENGTH - 1].strip("-") or "automl"

    def _digest(self, attempt: int) -> str:
        raw = hashlib.sha256(json.dumps([*astuple(self), attempt]).encode()).digest()
        return base64.b32encode(raw).decode().lower()[:_DIGEST_LENGTH]

    def tags(self) -> dict[str, str]:
        """Tags that mark a job as this task's, with characters and lengths that the service accepts."""
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
        """Tell whether tags name the same task with another nonce: of another Airflow, or after the nonce was lost."""
        own = self.tags()
        return tags.get(NONCE_TAG) != own[NONCE_TAG] and all(
            tags.get(key) == value for key, value in own.items() if key != NONCE_TAG
        )


def _tag_value(text: str) -> str:
    return re.sub(r"[^\w .:/=+\-@]", "_", text)[:256]
