"""Processes of their own for what trains and what predicts, forked from one that has loaded their libraries.

Loading AutoGluon costs seconds of CPU; a process that is forked from one that has loaded it begins at once. That one is
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

# What nearly every job and endpoint needs. The fork server passes over what is not installed.
_LOADED_ONCE = [
    "airflow_sagemaker_automl.emulator.inference.chain",
    "airflow_sagemaker_automl.emulator.trainer.libraries",
    "airflow_sagemaker_automl.emulator.trainer.tabular",
]
# macOS's libraries do not survive a fork; there each process loads its own, as after ``spawn``.
_CONTEXT: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
# multiprocessing reads an exit status once, and looks after all children whenever it starts one: not made for threads.
_BOOKKEEPING = threading.Lock()
_LOG_TAIL = 600


class Gone(Exception):
    """The process has ended, so that it neither hears nor says anything."""


class Link:
    """One end of the way between this server and a child: JSON documents in both directions.

    :param connection: what carries them.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def send(self, document: Mapping[str, Any]) -> None:
        """Send a document.

        :raises Gone: nobody is there to receive it.
        """
        try:
            with self._sending:
                self._connection.send_bytes(json.dumps(document).encode())
        except OSError as error:
            raise Gone from error

    def receive(self) -> Any:
        """Wait for a document.

        :raises Gone: there will be none.
        """
        try:
            return json.loads(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise Gone from error

    def close(self) -> None:
        self._connection.close()


class Child:
    """A process and whatever it starts, in a process group of their own.

    :param main: what it does; it has to return when its link has nobody at the other end.
    :param name: of the process.
    """

    def __init__(self, main: Callable[[Link], None], name: str) -> None:
        connection, theirs = _CONTEXT.Pipe()
        self.link = Link(connection)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended.
        # By default the threads of LightGBM and XGBoost spin while they wait for each other, and on a machine that does
        # anything else a fit of a tenth of a second takes many seconds.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        with _BOOKKEEPING:
            _CONTEXT.set_forkserver_preload(_LOADED_ONCE)
            self._process = _CONTEXT.Process(target=_begin, args=(main, theirs), name=name, daemon=True)
            self._process.start()
        theirs.close()
        self._pid: int = self._process.pid
        self._status: int | None = None
        self._ending = threading.Lock()
        with contextlib.suppress(OSError):  # It has ended already, which its exit status tells.
            send_handle(connection, self._log.fileno(), self._pid)

    def kill(self) -> None:
        """Kill the process and whatever it has started, and wait until it is gone."""
        if self._status is None:
            self._send_kill()
        self.wait()

    def wait(self) -> int:
        """Wait until the process has ended; whatever it has started ends with it.

        :return: its exit status; that of a killed one is the signal's number, negative.
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
        # The group may be gone, or not there yet.
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(self._pid, signal.SIGKILL)

    def log_tail(self) -> str:
        """The last words of the process on its standard output and error."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_TAIL))
        return self._log.read().decode(errors="replace").strip() or "it said nothing"

    def close(self) -> None:
        """Kill the process and give back what it has held."""
        self.kill()
        self.link.close()
        self._log.close()


def _begin(main: Callable[[Link], None], connection: Connection) -> None:
    """Turn a process that was just forked into the leader of a group, whose words go to the log."""
    os.setsid()
    # Locks of the thread pools that libraries make there are no concern of the server's, which would miss them.
    multiprocessing.set_start_method("fork" if sys.platform == "linux" else "spawn", force=True)
    log = recv_handle(connection)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    main(Link(connection))
