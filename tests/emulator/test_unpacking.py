"""Model archives are unpacked with Python's filter and without it, as in the Python of Debian 12."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from airflow_sagemaker_automl.emulator.inference.model_data import unpack


@pytest.fixture(params=["with filters", "without filters"])
def _python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without filters":
        monkeypatch.delattr(tarfile, "data_filter")
        plain = tarfile.TarFile.extractall

        def extractall(archive: tarfile.TarFile, path: Path) -> None:
            """Accept no filter, as before Python 3.11.4."""
            plain(archive, path)

        monkeypatch.setattr(tarfile.TarFile, "extractall", extractall)


def archive_of(*members: tarfile.TarInfo) -> tarfile.TarFile:
    """Make an archive with short members."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for member in members:
            member.size = 4 if member.isfile() else 0
            archive.addfile(member, io.BytesIO(b"word"))
    written.seek(0)
    return tarfile.open(fileobj=written)


def folder_named(name: str) -> tarfile.TarInfo:
    """Describe a folder."""
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def link_to(target: str) -> tarfile.TarInfo:
    """Describe a symbolic link."""
    member = tarfile.TarInfo("link")
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


@pytest.mark.usefixtures("_python")
def test_a_model_is_unpacked(tmp_path: Path) -> None:
    """Files and folders are unpacked in their places."""
    with archive_of(folder_named("."), folder_named("models"), tarfile.TarInfo("models/one.pkl")) as archive:
        unpack(archive, tmp_path)
    assert (tmp_path / "models" / "one.pkl").read_text() == "word"


@pytest.mark.usefixtures("_python")
@pytest.mark.parametrize("member", [tarfile.TarInfo("../outside"), link_to("/etc/passwd")])
def test_nothing_gets_out_of_the_folder(tmp_path: Path, member: tarfile.TarInfo) -> None:
    """A member outside the folder is refused, by name or by link."""
    folder = tmp_path / "model"
    folder.mkdir()
    with archive_of(member) as archive, pytest.raises(tarfile.TarError):
        unpack(archive, folder)
    assert list(tmp_path.iterdir()) == [folder]
