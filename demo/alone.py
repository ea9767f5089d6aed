"""One at a time: what works in a folder of its own keeps others out of it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Have a folder to oneself for as long as a block lasts; a process that is killed lets go of it.

    :param folder: need not be there.
    :param what: names who works there, as the beginning of a sentence.
    :raises RuntimeError: another process has it; the message says so.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"{what} is running here already; end it first.") from None
        yield
