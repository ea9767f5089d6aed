"""The table that a scoring writes: whose it is, when it is whole, and what is removed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.scoring.arguments import MARKER, PREDICTIONS, WORK, OutputFormat
from airflow_sagemaker_automl.core.values.canonical import digest
from airflow_sagemaker_automl.exceptions import InvalidScoring, OutputTaken, Violation
from airflow_sagemaker_automl.hooks import s3_objects

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.job_name import TaskIdentity
    from airflow_sagemaker_automl.hooks.s3_objects import StoredObject
    from airflow_sagemaker_automl.tasks.base import SageMakerTask

# Metadata of every object that a scoring writes.
OWNER = "airflow-scoring-owner"
_TABLES = ("scores.csv", "scores.parquet")
_MOST_SHOWN = 3


class ScoringOutput:
    """The output prefix of a scoring.

    :param task: calls AWS with retries.
    :param output: the prefix, as given.
    :param identity: the task that writes there; its runs share what they write.
    :param kms_key: encrypts what is written. Default: the bucket's own encryption.
    """

    def __init__(self, task: SageMakerTask, output: str, identity: TaskIdentity, kms_key: str | None) -> None:
        self._task, self._identity = task, identity
        self.prefix = f"{output.rstrip('/')}/"
        self.marker = f"{self.prefix}{MARKER}"
        self._claim = f"{self.prefix}{WORK}owner"
        self._owner = owner_of(identity)
        self.extra: dict[str, Any] = {"Metadata": {OWNER: self._owner}}
        if kms_key:
            self.extra |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}

    def work(self, name: str) -> str:
        """Return the prefix of a scoring's own files; readers of tables skip names that begin with an underscore."""
        return f"{self.prefix}{WORK}{name}/"

    def objects(self) -> list[StoredObject]:
        """List everything below the prefix.

        :raises InvalidScoring: the bucket does not exist.
        """
        try:
            return self._below(self.prefix)
        except Exception as error:
            if not s3_objects.is_no_bucket(error):
                raise
            rule = "must be in a bucket that exists"
            raise InvalidScoring([Violation("output_uri", self.prefix, rule)]) from error

    def require_own(self, found: Sequence[StoredObject]) -> None:
        """Require that the prefix is empty, or has only what this task wrote in this or another run.

        :param found: all objects below the prefix.
        :raises OutputTaken: it has something else.
        """
        folders: dict[str, list[str]] = {}
        foreign = []
        for each in found:
            if each.uri == self.prefix and not each.size:
                continue  # The console of S3 makes a folder of it.
            folder, separator, rest = each.uri.removeprefix(self.prefix).partition("/")
            if separator and f"{folder}/" in (WORK, PREDICTIONS) and each.uri != self._claim:
                folders.setdefault(f"{self.prefix}{folder}/{rest.partition('/')[0]}/", []).append(each.uri)
            elif not self._may_be_own(each.uri) or not self._is_own(each.uri):
                foreign.append(each.uri)
        for folder, uris in folders.items():
            if not self._is_own_folder(folder, uris):
                foreign.append(folder)
        if foreign:
            more = f" and {len(foreign) - _MOST_SHOWN} more" if len(foreign) > _MOST_SHOWN else ""
            raise OutputTaken(self.prefix, f"it has {', '.join(foreign[:_MOST_SHOWN])}{more}")

    def claim(self) -> None:
        """Keep other tasks from writing below the prefix until :meth:`release`.

        :raises OutputTaken: another task has begun to write there at the same time.
        """
        if not self.write_once(self._claim, "") and not self._is_own(self._claim):
            raise OutputTaken(self.prefix, f"it has {self._claim}")

    def release(self, work: str) -> None:
        """Remove a scoring's own files, and the claim."""
        self._delete([*(each.uri for each in self._below(work)), self._claim])

    def remove(self, uri: str) -> None:
        """Remove an object, if there is one."""
        self._delete([uri])

    def publish(self, path: Path, output_format: OutputFormat, result: Mapping[str, Any], before: Any) -> str:
        """Write the table, and then the marker that says that it is whole.

        :param result: content of the marker.
        :param before: content of the marker of an earlier run; None if there is none.
        :return: URI of the table.
        """
        table = f"{self.prefix}scores.{output_format}"
        others = [f"{self.prefix}{name}" for name in _TABLES if not table.endswith(name)]
        # Without a marker nobody takes the old table for the one of this run.
        self._delete([self.marker, *others])
        self._remove_predictions(before, but=None)
        self._task.call_with_retries(lambda hook: s3_objects.upload(hook.s3, path, table, self.extra))
        self.mark(result, table)
        return table

    def publish_predictions(self, predictions: str, result: Mapping[str, Any], before: Any) -> None:
        """Say that the predictions of a job, which stay as the job wrote them, are whole; remove earlier results.

        :param predictions: S3 prefix of the job's output.
        """
        self._delete([self.marker, *(f"{self.prefix}{name}" for name in _TABLES)])
        self._remove_predictions(before, but=predictions)
        self.mark(result, predictions)

    def mark(self, result: Mapping[str, Any], table: str) -> None:
        """Write the marker."""
        self.write(self.marker, json.dumps({**result, "table": table}, indent=2))

    def write(self, uri: str, text: str) -> None:
        """Write a small object."""
        self._task.call_with_retries(lambda hook: s3_objects.put_text(hook.s3, uri, text, self.extra))

    def write_once(self, uri: str, text: str) -> bool:
        """Write a small object, unless it exists.

        :return: False if it exists.
        """
        return self._task.call_with_retries(lambda hook: s3_objects.put_new_text(hook.s3, uri, text, self.extra))

    def read(self, uri: str) -> Any:
        """Read a small JSON object; None if there is none, or it is no JSON."""
        found = self._task.call_with_retries(lambda hook: s3_objects.read_text(hook.s3, uri))
        try:
            return None if found is None else json.loads(found)
        except ValueError:
            return None

    def remove_below(self, prefix: str) -> None:
        """Remove all objects below a prefix."""
        self._delete(each.uri for each in self._below(prefix))

    def _remove_predictions(self, before: Any, but: str | None) -> None:
        earlier = before.get("table") if isinstance(before, dict) else None
        if isinstance(earlier, str) and earlier.startswith(f"{self.prefix}{PREDICTIONS}") and earlier != but:
            self.remove_below(earlier)

    def _is_own_folder(self, folder: str, uris: Sequence[str]) -> bool:
        """Tell whether a folder of a scoring is this task's: by its name, and by an object that the task wrote."""
        if not self._identity.may_have_named(folder.rstrip("/").rpartition("/")[2]):
            return False
        # Only SageMaker writes there, without metadata.
        of_jobs = (f"{self.prefix}{PREDICTIONS}", f"{folder}{PREDICTIONS}")
        written = [uri for uri in uris if not uri.startswith(of_jobs)]
        return not written or self._is_own(written[-1])

    def _may_be_own(self, uri: str) -> bool:
        return uri in (self._claim, self.marker, *(f"{self.prefix}{name}" for name in _TABLES))

    def _is_own(self, uri: str) -> bool:
        found = self._task.call_with_retries(lambda hook: s3_objects.find_object(hook.s3, uri))
        return found is None or found[1].get(OWNER) == self._owner  # It was deleted in the meantime.

    def _below(self, prefix: str) -> list[StoredObject]:
        return self._task.call_with_retries(lambda hook: s3_objects.objects_below(hook.s3, prefix))

    def _delete(self, uris: Iterable[str]) -> None:
        gone = list(uris)
        self._task.call_with_retries(lambda hook: s3_objects.delete(hook.s3, gone))


def owner_of(identity: TaskIdentity) -> str:
    """Return the mark of a task's objects: the same for all of its runs."""
    return digest([identity.deployment, identity.dag_id, identity.task_id, identity.map_index])
