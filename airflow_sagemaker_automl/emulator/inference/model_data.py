"""The archives with model data: only those that this emulator's trainers wrote are unpacked."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

_CHANGED = "it has changed since a training job wrote it"
_NOT_WRITTEN = "no training job of this emulator wrote it there"
_UNTRUSTED = (
    'The emulator does not load the model data from URL: "{uri}", because {why}. '
    "Loading model data runs code, so endpoints and transform jobs use only archives that were trained since the "
    "emulator was started or reset, unchanged, from where the job wrote them."
)


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack files and folders; refuse paths outside the folder.

    :raises tarfile.TarError: the archive has other members.
    """
    if hasattr(tarfile, "data_filter"):
        archive.extractall(folder, filter="data")
        return
    # Python 3.11.2 (Debian 12) has no filters.
    for member in archive.getmembers():
        is_below = (folder / member.name).resolve().is_relative_to(folder.resolve())
        if not is_below or not (member.isfile() or member.isdir()):
            raise tarfile.TarError(f"{member.name} is not a file or folder within the archive")
    archive.extractall(folder)  # noqa: S202  # Each member has been checked.


def download(storage: Storage, container: Mapping[str, Any], digest: str | None, folder: Path) -> None:
    """Download and unpack a container's archive.

    :param digest: SHA-256 of the archive; None refuses it.
    :raises UnusableData: it cannot be read, or is not the one that a trainer has written.
    """
    uri = container.get("ModelDataUrl")
    if uri is None:
        raise UnusableData(
            f'The container "{container["Image"]}" has no ModelDataUrl; the emulator loads no other model data.'
        )
    try:
        body: Any = storage.read(uri)
    except UnusableData as error:
        raise UnusableData(
            f'Failed to download model data for container "{container["Image"]}" from URL: "{uri}". Please ensure that '
            f"there is an object located at the URL. {error}"
        ) from error
    with body:
        if hashlib.file_digest(body, "sha256").hexdigest() != digest:
            raise UnusableData(_UNTRUSTED.format(uri=uri, why=_CHANGED if digest else _NOT_WRITTEN))
        body.seek(0)
        try:
            with tarfile.open(fileobj=body) as archive:
                unpack(archive, folder)
        except tarfile.TarError as error:
            raise UnusableData(f'Failed to extract model data from URL: "{uri}": it is not a tar archive.') from error
