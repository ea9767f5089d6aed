"""Resources that all triggers of one connection share in a triggerer: a client, threads, and the queues for quotas.

They exist for as long as one of the triggers does. They are used from the event loop; the client is built and called in
threads.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from airflow_sagemaker_automl.core.values.canonical import digest
from airflow_sagemaker_automl.hooks.masking import mask_proxy_passwords
from airflow_sagemaker_automl.triggers.quota_queue import QuotaQueue

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.connection import Connection

# Our own thread pools: asyncio's default one is small and shared with other triggers. An endpoint that does not answer
# blocks only the calls of its own connection, and no kill.
_CALLS_AT_ONCE = 8
_KILLS_AT_ONCE = 8

R = TypeVar("R")


class SharedConnection:
    """One connection, and the number of its users.

    :param connection: the four connection arguments.
    """

    def __init__(self, connection: Connection) -> None:
        self._queues: defaultdict[str, QuotaQueue] = defaultdict(QuotaQueue)
        self.users = 0
        self._connection = connection
        self._hook: SageMakerAutoMLHook | None = None
        self._building = threading.Lock()
        self._threads = ThreadPoolExecutor(_CALLS_AT_ONCE, "sagemaker-automl")
        self._kill_threads = ThreadPoolExecutor(_KILLS_AT_ONCE, "sagemaker-automl-kill")

    def queue(self, quota: str) -> QuotaQueue:
        """Return the tasks that wait for a place in one of the account's quotas."""
        return self._queues[quota]

    @property
    def reserved_until(self) -> float:
        """Monotonic time at which the last reservation in a queue ends; in the past if there is none."""
        return max((queue.reserved_until for queue in self._queues.values()), default=-math.inf)

    def hook(self) -> SageMakerAutoMLHook:
        """Return the shared hook; call it in a thread, because it may read the connection and build a client."""
        with self._building:
            if self._hook is None:
                from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook

                mask_proxy_passwords(self._connection["botocore_config"])
                hook = SageMakerAutoMLHook.from_connection(self._connection)
                _ = hook.conn  # Built here, once: hundreds of triggers may start at the same time.
                self._hook = hook
            return self._hook

    def forget_hook(self) -> None:
        """Drop the hook, so that the connection is read again."""
        self._hook = None

    async def ask(self, call: Callable[[SageMakerAutoMLHook], R]) -> R:
        """Call AWS in a thread."""
        return await self.run(lambda: call(self.hook()))

    async def run(self, call: Callable[[], R]) -> R:
        """Make a blocking call in a thread; its log lines go to the caller's log."""
        return await _in_thread(self._threads, call)

    async def kill(self, call: Callable[[], R]) -> R:
        """Make a call for a kill in a separate thread pool, so that it does not wait for polls."""
        return await _in_thread(self._kill_threads, call)

    def close(self) -> None:
        """Let the threads end after their current calls; queued calls are cancelled."""
        for threads in (self._threads, self._kill_threads):
            threads.shutdown(wait=False, cancel_futures=True)


_connections: dict[str, SharedConnection] = {}


@contextmanager
def shared(connection: Connection) -> Iterator[SharedConnection]:
    """Use a shared connection for as long as the block lasts."""
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
    """Drop the shared hook of a connection, so that the connection is read again."""
    if reached := _connections.get(digest(connection)):
        reached.forget_hook()


def _end_if_unused(whose: str, reached: SharedConnection) -> None:
    if reached.users or _connections.get(whose) is not reached:
        return
    left = reached.reserved_until - time.monotonic()
    if left > 0:
        # A released task has not created its job yet: its place must not be given to another task.
        asyncio.get_running_loop().call_later(left, _end_if_unused, whose, reached)
        return
    del _connections[whose]
    reached.close()


async def _in_thread(threads: ThreadPoolExecutor, call: Callable[[], R]) -> R:
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(threads, lambda: context.run(call))
