"""A lock on a folder, so that two programs do not use it at the same time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Lock a folder while the block runs; if the process is killed, the lock is released.

    :param folder: need not exist.
    :param what: name of the program, for the error message.
    :raises RuntimeError: another process has locked the folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"{what} is running here already; end it first.") from None
        yield
