"""What all triggers of one connection share in a triggerer: a client, threads to ask with, and the queue for the quota.

It is there for as long as one of them is, and is reached from the event loop; a client is built and called in threads.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from airflow_sagemaker_automl.capacity_queue import CapacityQueue
from airflow_sagemaker_automl.core.canonical import digest
from airflow_sagemaker_automl.masking import mask_proxy_passwords

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks import Connection, SageMakerAutoMLHook

# Threads of our own: those that asyncio shares out are few, and other triggers need them too. An endpoint that does not
# answer holds up those of its connection alone, and no kill.
_CALLS_AT_ONCE = 8
_KILLS_AT_ONCE = 8

R = TypeVar("R")


class SharedConnection:
    """One connection, and who uses it.

    :param connection: the four connection arguments.
    :ivar queue: who waits for a place in the account's quota.
    """

    def __init__(self, connection: Connection) -> None:
        self.queue = CapacityQueue()
        self.users = 0
        self._connection = connection
        self._hook: SageMakerAutoMLHook | None = None
        self._building = threading.Lock()
        self._threads = ThreadPoolExecutor(_CALLS_AT_ONCE, "sagemaker-automl")
        self._kill_threads = ThreadPoolExecutor(_KILLS_AT_ONCE, "sagemaker-automl-kill")

    def hook(self) -> SageMakerAutoMLHook:
        """Give the one hook; called in threads, where a connection may be read and a client built."""
        with self._building:
            if self._hook is None:
                from airflow_sagemaker_automl.hooks import SageMakerAutoMLHook

                mask_proxy_passwords(self._connection["botocore_config"])
                hook = SageMakerAutoMLHook.from_connection(self._connection)
                _ = hook.conn  # Built here, once: hundreds of triggers may start at the same time.
                self._hook = hook
            return self._hook

    def forget_hook(self) -> None:
        """Have the connection read again."""
        self._hook = None

    async def ask(self, call: Callable[[SageMakerAutoMLHook], R]) -> R:
        """Ask AWS, off the event loop."""
        return await self.run(lambda: call(self.hook()))

    async def run(self, call: Callable[[], R]) -> R:
        """Call what may take its time, off the event loop; what it logs goes to the log of whoever calls."""
        return await _in_thread(self._threads, call)

    async def kill(self, call: Callable[[], R]) -> R:
        """Call what cannot wait for those who only ask."""
        return await _in_thread(self._kill_threads, call)

    def close(self) -> None:
        """Let the threads end, when what they ask for is answered; nobody waits for the rest."""
        for threads in (self._threads, self._kill_threads):
            threads.shutdown(wait=False, cancel_futures=True)


_connections: dict[str, SharedConnection] = {}


@contextmanager
def shared(connection: Connection) -> Iterator[SharedConnection]:
    """Use a connection for as long as a block lasts."""
    whose = digest(connection)
    reached = _connections.get(whose)
    if reached is None:
        reached = _connections[whose] = SharedConnection(connection)
    reached.users += 1
    try:
        yield reached
    finally:
        reached.users -= 1
        _end_if_unused(whose, reached)


def forget_hook(connection: Connection) -> None:
    """Have a connection read again by those who use it."""
    if reached := _connections.get(digest(connection)):
        reached.forget_hook()


def _end_if_unused(whose: str, reached: SharedConnection) -> None:
    if reached.users or _connections.get(whose) is not reached:
        return
    left = reached.queue.reserved_until - time.monotonic()
    if left > 0:
        # A task was let go, and has not created its job yet: its place must not be given to the next one that comes.
        asyncio.get_running_loop().call_later(left, _end_if_unused, whose, reached)
        return
    del _connections[whose]
    reached.close()


async def _in_thread(threads: ThreadPoolExecutor, call: Callable[[], R]) -> R:
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(threads, lambda: context.run(call))
