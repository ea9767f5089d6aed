"""Finds the script of a job: by its tag, or by its name."""

from __future__ import annotations

from typing import TypeVar

from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from airflow_sagemaker_automl.emulator.documents import InvalidDocument
from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.rehearsals import Rehearsals
from airflow_sagemaker_automl.emulator.script import TAG, Script
from airflow_sagemaker_automl.emulator.transform_script import TransformScript

AnyScript = TypeVar("AnyScript", Script, TransformScript)


class ScriptChoice:
    """The scripts that jobs of an account may follow.

    :param rehearsals: the scripts that were PUT.
    :param partition: of the account's S3.
    """

    def __init__(self, rehearsals: Rehearsals, account: str, partition: str) -> None:
        self._rehearsals = rehearsals
        self._account = account
        self._partition = partition

    def of_job(
        self, kind: type[AnyScript], job_name: str, tags: list[dict[str, str]]
    ) -> tuple[list[dict[str, str]], AnyScript | None]:
        """Find the script of a job.

        :param kind: the scripts for jobs of its kind.
        :return: the job's tags, which name the script if there is one, and the script.
        :raises ValidationException: the tag names a script that does not exist or is not valid for the job.
        """
        named = next((tag["Value"] for tag in tags if tag["Key"] == TAG), None)
        if named is None:
            named = self._rehearsals.matching(job_name, kind)
            if named is None:
                return tags, None
            tags = [*tags, {"Key": TAG, "Value": named}]
        try:
            script = self._stored(named, kind) if named.startswith("s3://") else self._rehearsals.find(named, kind)
        except InvalidDocument as error:
            raise ValidationException(f"The script {named} cannot be used for a job: {error}") from None
        if script is None:
            known = "PUT it to /automl-emulator/scripts/NAME first, or give an S3 URI"
            raise ValidationException(f"The tag {TAG} names the script {named!r}, which does not exist; {known}.")
        return tags, script

    def _stored(self, uri: str, kind: type[AnyScript]) -> AnyScript | None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            stored = s3_backends[self._account][self._partition].get_object(bucket, key)
        except S3ClientError:  # The bucket does not exist.
            return None
        return kind.from_json(stored.value) if stored else None
