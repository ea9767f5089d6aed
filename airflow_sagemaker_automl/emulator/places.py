"""The number of processes that train or transform at the same time: each needs a core and hundreds of megabytes."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable


class TrainingPlaces:
    """Lets trainers and transform jobs begin as long as there are places; others begin in order as soon as one is free.

    :param number: how many may run at the same time.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._taken = 0
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()

    def enter(self, job: str, begin: Callable[[], None]) -> None:
        """Begin now or later.

        :param job: kind and name of the job, for the log.
        :param begin: starts the process without waiting for anything; who calls it must :meth:`leave` in the end.
        """
        with self._lock:
            if self._taken < self._number:
                self._taken += 1
                begin()
                return
            self._waiting.append(begin)
            ahead = len(self._waiting) - 1
        print(  # noqa: T201 - the server's log.
            f"{job} waits, with {ahead} others before it: {self._number} jobs run at the same time "
            "(--concurrent-trainings).",
            file=sys.stderr,
            flush=True,
        )

    def withdraw(self, begin: Callable[[], None]) -> bool:
        """Give up waiting.

        :return: False if it does not wait, so it has begun.
        """
        with self._lock:
            if begin not in self._waiting:
                return False
            self._waiting.remove(begin)
            return True

    def leave(self) -> None:
        """Free a place, and let the next job begin."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft()()
            else:
                self._taken -= 1
