"""The objects that a transform job reads, and where their output goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_sagemaker_automl.emulator.trainer.channels import read_manifest
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.storage import split_uri

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage


class InputObject(NamedTuple):
    """An object to transform.

    :param prefix: URI that ``key`` is relative to.
    """

    prefix: str
    key: str

    @property
    def uri(self) -> str:
        return self.prefix + self.key

    def output_key(self) -> str:
        """Key of its output, relative to ``S3OutputPath``."""
        return f"{self.key.lstrip('/')}.out"


def objects_of(storage: Storage, source: dict[str, Any], region: str) -> list[InputObject]:
    """List the objects of an ``S3DataSource``.

    :param region: the job's region.
    :raises UnusableData: there are none with content, or the bucket does not exist or is in another region. A request
        without any object is refused before; these may have been deleted since.
    """
    uri = source["S3Uri"]
    of_bucket = storage.region_of(uri)
    if of_bucket != region:
        raise UnusableData(f"The data at {uri} are in {of_bucket}; the bucket must be in the job's region, {region}.")
    objects = _named(storage, uri) if source["S3DataType"] == "ManifestFile" else _found(storage, uri)
    if not objects:
        raise UnusableData(f"There is no data at {uri}: it names no object with content.")
    return objects


def _named(storage: Storage, uri: str) -> list[InputObject]:
    prefix, keys = read_manifest(storage, uri)
    return [InputObject(prefix, key) for key in keys]


def _found(storage: Storage, uri: str) -> list[InputObject]:
    bucket, prefix = split_uri(uri)
    keys = [split_uri(file)[1] for file in storage.files_under(uri)]
    bases = [_base(prefix, key) for key in keys]
    return [InputObject(f"s3://{bucket}/{base}", key.removeprefix(base)) for base, key in zip(bases, keys, strict=True)]


def _base(prefix: str, key: str) -> str:
    """Find the folder that a key is relative to: the prefix itself, or the one that the prefix is in."""
    if key.startswith(f"{prefix}/"):
        return f"{prefix}/"
    return prefix[: prefix.rfind("/") + 1]
