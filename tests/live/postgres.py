"""A PostgreSQL of its own for a metadata database: made in a temporary folder, gone with the block that uses it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DEBIAN = "/usr/lib/postgresql"
# Who runs it where Debian's packages were installed.
_ACCOUNT = "postgres"
_USER = "airflow"
_READY_WITHIN_SECONDS = 60
_STOPPED_WITHIN_SECONDS = 30
# What is lost with the machine may be lost here.
_SETTINGS = ("listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


def programs() -> Path | None:
    """Find the folder of PostgreSQL's server programs, the newest where Debian has several; None without any."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path(_DEBIAN).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


@contextmanager
def cluster(binaries: Path) -> Iterator[str]:
    """Run a cluster that only its user can reach, by a socket in a folder that is closed to others.

    :param binaries: folder of ``initdb`` and ``postgres``.
    :return: SQLAlchemy URL of an empty database.
    :raises RuntimeError: it did not start; the message has the end of its log.
    """
    # The path of a socket has 107 bytes at most, which pytest's folders may exceed.
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    account = _account(home)
    try:
        with (home / "postgres.log").open("wb") as log:
            _run_initdb(binaries, home, account)
            server = subprocess.Popen(
                [binaries / "postgres", "-D", home / "data", "-k", home, *_arguments()],
                cwd=home,
                stdout=log,
                stderr=log,
                user=account,
                group=account,
                # A Ctrl-C is for the program that tests.
                start_new_session=True,
            )
            try:
                _wait_until_ready(binaries, home, server)
                yield f"postgresql+psycopg2://{_USER}@/postgres?host={home}"
            finally:
                _stop(server)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _account(home: Path) -> str | None:
    """Choose who runs it: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    shutil.chown(home, _ACCOUNT, _ACCOUNT)
    return _ACCOUNT


def _run_initdb(binaries: Path, home: Path, account: str | None) -> None:
    command = [
        str(binaries / "initdb"),
        "-D",
        str(home / "data"),
        "-U",
        _USER,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    made = subprocess.run(command, cwd=home, capture_output=True, text=True, user=account, group=account)
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stderr}")


def _arguments() -> list[str]:
    return [argument for setting in _SETTINGS for argument in ("-c", setting)]


def _wait_until_ready(binaries: Path, home: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if subprocess.run([binaries / "pg_isready", "-q", "-h", home]).returncode == 0:
            return
        time.sleep(0.1)
    log = (home / "postgres.log").read_text(errors="replace")
    raise RuntimeError(f"PostgreSQL did not start; the end of its log:\n{log[-2000:]}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Stop it without waiting for its clients, which have ended or are of no use any more."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(_STOPPED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
    server.wait()
