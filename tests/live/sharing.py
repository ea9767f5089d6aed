"""Something that is costly to start, run by one of several processes and used by all."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def shared(folder: Path, start: Callable[[], AbstractContextManager[Any]]) -> Iterator[Any]:
    """Use what the first process to ask has started; that process ends it when nobody uses it any more.

    Locks of the operating system tell who uses it, so that a process that is killed keeps nobody waiting.

    :param folder: where the processes meet; the same for all.
    :param start: runs it for as long as a block lasts; what it yields is JSON.
    """
    with ExitStack() as own, (folder / "in-use").open("w") as use:
        with _alone(folder):
            fcntl.flock(use, fcntl.LOCK_SH)
            address = folder / "address.json"
            is_owner = not address.exists()
            if is_owner:
                address.write_text(json.dumps(own.enter_context(start())))
            used = json.loads(address.read_text())
        try:
            yield used
        finally:
            while is_owner and not _end(folder, use):
                time.sleep(0.2)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "alone").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _end(folder: Path, use: IO[str]) -> bool:
    """Take the address away, unless somebody else uses it still."""
    with _alone(folder):
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        (folder / "address.json").unlink()
        return True
