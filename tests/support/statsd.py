"""A StatsD server that keeps what it is sent: a UDP socket on a free port of loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

_BEGINNING = "airflow.sagemaker_automl."
_LARGEST_PACKET = 65_536
_LOOKS_PER_SECOND = 10


class Packet(NamedTuple):
    """One metric as it came over the wire.

    :param name: after the prefixes of Airflow and of the package.
    :param value: as it was written.
    :param kind: ``c`` for a counter, ``g`` for a gauge, ``ms`` for a timer.
    """

    name: str
    value: str
    kind: str


class StatsD:
    """What has been received of the package's metrics.

    :ivar port: where it listens.
    """

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self._packets: list[Packet] = []
        self.port: int = server.getsockname()[1]
        threading.Thread(target=self._receive, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """Settings of an Airflow that sends to it, and nothing but the package's metrics."""
        return statsd_settings(self.port)

    def forget(self) -> None:
        """Begin anew."""
        self._packets = []

    def names(self) -> set[str]:
        """Name all that has come."""
        return {packet.name for packet in list(self._packets)}

    def values(self, name: str, kind: str) -> list[float]:
        """List the values of a metric, in the order of their coming."""
        return [float(packet.value) for packet in list(self._packets) if (packet.name, packet.kind) == (name, kind)]

    def total(self, name: str) -> int:
        """Add up a counter."""
        return int(sum(self.values(name, "c")))

    def wait_for(self, condition: Callable[[], bool], otherwise: str, seconds: float = 600) -> None:
        """Wait until what has come is as it should be; the message says what has come."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{otherwise}; {self._packets}"
            time.sleep(1 / _LOOKS_PER_SECOND)

    def counted(self, **totals: int) -> None:
        """Wait until counters have these totals, with ``__`` for a dot, and check that no more comes of them."""
        wanted = {name.replace("__", "."): total for name, total in totals.items()}
        self.wait_for(lambda: all(self.total(name) >= total for name, total in wanted.items()), f"not {wanted}")
        assert {name: self.total(name) for name in wanted} == wanted

    def _receive(self) -> None:
        with suppress(OSError):  # The socket has been closed.
            while data := self._server.recv(_LARGEST_PACKET):
                for line in data.decode().splitlines():
                    name, _, rest = line.partition(":")
                    value, _, kind = rest.partition("|")
                    if name.startswith(_BEGINNING):
                        self._packets.append(Packet(name.removeprefix(_BEGINNING), value, kind))


def statsd_settings(port: int) -> dict[str, str]:
    """Configure an Airflow that sends metrics to a port of loopback, and nothing but the package's."""
    return {
        "AIRFLOW__METRICS__METRICS_ALLOW_LIST": r"^sagemaker_automl\.",
        "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_PORT": str(port),
    }


@contextmanager
def listening(port: int = 0) -> Iterator[StatsD]:
    """Receive metrics until the block ends, on a free port unless one is given."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", port))
        statsd = StatsD(server)
        yield statsd
        # A thread that waits in recv() is not woken by a close.
        server.sendto(b"", server.getsockname())
