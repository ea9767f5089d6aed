"""Child processes for training and prediction, forked from a process that has loaded their libraries.

Loading AutoGluon costs seconds of CPU; a process forked from one that has loaded it starts immediately. That parent is
:mod:`multiprocessing`'s fork server, which starts with the first child and ends with this server, however it ends.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any

# Needed by nearly every job and endpoint. The fork server skips modules that are not installed.
_LOADED_ONCE = ["airflow_sagemaker_automl.emulator.trainer.libraries"]
# macOS's libraries do not survive a fork, so there each process loads them itself (``spawn``).
_CONTEXT: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
# multiprocessing is not thread-safe here: it reads an exit status once, and reaps all children when it starts one.
_BOOKKEEPING = threading.Lock()
_LOG_TAIL = 600


class Gone(Exception):
    """The process has ended, so it can neither receive nor send."""


class Link:
    """One end of the connection between this server and a child: JSON documents in both directions.

    :param connection: the underlying connection.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def send(self, document: Mapping[str, Any]) -> None:
        """Send a document.

        :raises Gone: the other end is closed.
        """
        try:
            with self._sending:
                self._connection.send_bytes(json.dumps(document).encode())
        except OSError as error:
            raise Gone from error

    def receive(self) -> Any:
        """Wait for a document.

        :raises Gone: the other end is closed.
        """
        try:
            return json.loads(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise Gone from error

    def close(self) -> None:
        self._connection.close()


class Child:
    """A process and its subprocesses, in their own process group.

    :param main: its main function; it must return when the other end of its link is closed.
    :param name: name of the process.
    """

    def __init__(self, main: Callable[[Link], None], name: str) -> None:
        connection, theirs = _CONTEXT.Pipe()
        self.link = Link(connection)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended.
        # By default the threads of LightGBM and XGBoost spin while they wait for each other: on a busy machine a fit of
        # 0.1 s then takes many seconds.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        with _BOOKKEEPING:
            _CONTEXT.set_forkserver_preload(_LOADED_ONCE)
            self._process = _CONTEXT.Process(target=_begin, args=(main, theirs), name=name, daemon=True)
            self._process.start()
        theirs.close()
        self._pid: int = self._process.pid
        self._status: int | None = None
        self._ending = threading.Lock()
        with contextlib.suppress(OSError):  # It has ended already; its exit status is reported.
            send_handle(connection, self._log.fileno(), self._pid)

    def kill(self) -> None:
        """Kill the process and its subprocesses, and wait until they have ended."""
        if self._status is None:
            self._send_kill()
        self.wait()

    def wait(self) -> int:
        """Wait until the process has ended; its subprocesses end with it.

        :return: its exit status; for a killed process the negative signal number.
        """
        with self._ending:
            if self._status is None:
                wait([self._process.sentinel])
                self._send_kill()
                with _BOOKKEEPING:
                    self._status = int(self._process.exitcode)
                    self._process.close()
            return self._status

    def _send_kill(self) -> None:
        # The group may have ended, or not exist yet.
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(self._pid, signal.SIGKILL)

    def log_tail(self) -> str:
        """The end of the process's standard output and error."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_TAIL))
        return self._log.read().decode(errors="replace").strip() or "no output"

    def close(self) -> None:
        """Kill the process and release its resources."""
        self.kill()
        self.link.close()
        self._log.close()


def _begin(main: Callable[[Link], None], connection: Connection) -> None:
    """Make a newly forked process the leader of a process group and redirect its output to the log."""
    os.setsid()
    # With the server's start method, locks of the libraries' thread pools would be registered with the server, which
    # would report them as leaked.
    multiprocessing.set_start_method("fork" if sys.platform == "linux" else "spawn", force=True)
    log = recv_handle(connection)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    main(Link(connection))
