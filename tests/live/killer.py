"""A proxy before an emulator that kills whoever calls: before a call is passed on, or after it was answered."""

from __future__ import annotations

import http.client
import os
import random
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_SHARE = 0.3
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length"})


class Killer:
    """Kills processes of tasks, so many in all, at calls that chance chooses.

    :param url: of the emulator.
    :param kills: how many.
    :param seed: of chance.
    :ivar killed: when each was killed, and at which operation, for example ``after CreateAutoMLJobV2``.
    """

    def __init__(self, url: str, kills: int, seed: int) -> None:
        self.killed: list[str] = []
        self.address = urlsplit(url)
        self._left = kills
        self._chance = random.Random(seed)
        self._lock = threading.Lock()

    @property
    def is_done(self) -> bool:
        """Whether all have been killed."""
        return self._left == 0

    def chooses(self, when: str) -> bool:
        """Tell whether to kill at a call, before it is passed on or after it was answered."""
        return self._chance.random() < _SHARE

    def strikes(self, when: str, operation: str, port: int) -> bool:
        """Kill the process of a task that has a connection from a port, if it is to be."""
        with self._lock:
            if not self._left or not self.chooses(when):
                return False
            process = _task_with(port)
            if process is None:
                return False
            self._left -= 1
            self.killed.append(f"{when} {operation}")
            os.kill(process, signal.SIGKILL)
            return True

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a call on, and its answer back; whoever was killed meanwhile reads neither."""
        request, port = Request(environ), int(environ["REMOTE_PORT"])
        operation = request.headers.get("X-Amz-Target", request.method).rpartition(".")[2]
        if self.strikes("before", operation, port):
            return Response(status=HTTPStatus.SERVICE_UNAVAILABLE)(environ, start_response)
        connection = http.client.HTTPConnection(str(self.address.hostname), self.address.port)
        connection.request(request.method, request.full_path, request.get_data(), dict(request.headers))
        answer = connection.getresponse()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
        response = Response(answer.read(), answer.status, headers)
        connection.close()
        self.strikes("after", operation, port)
        return response(environ, start_response)


class KillerAt(Killer):
    """Kills one process, at one call.

    :param url: of the emulator.
    :param when: ``before`` the call is passed on, or ``after`` it was answered.
    :param number: of the call, from 1.
    :ivar calls: how many calls there were.
    """

    def __init__(self, url: str, when: str, number: int) -> None:
        super().__init__(url, 1, 0)
        self._when, self._number = when, number
        self.calls = 0

    def chooses(self, when: str) -> bool:
        """Tell whether it is the call."""
        self.calls += when == "before"
        return (when, self.calls) == (self._when, self._number)


def _task_with(port: int) -> int | None:
    """Find the process of a task by its end of a connection; a triggerer is no task."""
    for connection in psutil.net_connections(kind="tcp"):
        if connection.pid and connection.laddr and connection.laddr.port == port:
            return connection.pid if "airflow worker" in " ".join(psutil.Process(connection.pid).cmdline()) else None
    return None


@contextmanager
def killing(killer: Killer) -> Iterator[str]:
    """Run the proxy for as long as the block lasts.

    :return: its URL.
    """
    server = make_server("127.0.0.1", 0, killer, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Say nothing."""
