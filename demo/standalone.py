"""A local Airflow on loopback (API server, scheduler, DAG processor, triggerer) that runs while a block runs."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.sandbox import airflow_environment

# Generous limits, for very busy machines.
_HEALTHY_WITHIN_SECONDS = 600
_ANSWERED_WITHIN_SECONDS = 180
_STOPPED_WITHIN_SECONDS = 40
_COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


@dataclass(frozen=True)
class Airflow:
    """A running Airflow.

    :param url: URL of its API server and web UI.
    :param user: a user with all permissions.
    :param environment: environment variables of its processes.
    """

    url: str
    user: str
    password: str
    environment: dict[str, str]

    def request(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """Call its REST API.

        :param path: with a leading slash, for example ``/api/v2/dags``.
        :return: the parsed response.
        :raises urllib.error.HTTPError: the response is an error.
        """
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)  # noqa: S310 - our own URL.
        with urllib.request.urlopen(request, timeout=_ANSWERED_WITHIN_SECONDS) as answer:  # noqa: S310
            return json.load(answer)

    def token(self) -> str:
        """Log in."""
        answer = self.request("POST", "/auth/token", {"username": self.user, "password": self.password})
        token: str = answer["access_token"]
        return token


def free_port() -> int:
    """Find a free TCP port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def standalone(home: Path, emulator_url: str, port: int, tell: Callable[[str], None] = print) -> Iterator[Airflow]:
    """Run ``airflow standalone`` with all DAGs switched on while the block runs; wait until it is healthy.

    :param home: ``AIRFLOW_HOME``; the log is written to ``standalone.log`` there.
    :param emulator_url: endpoint of its AWS connection.
    :param port: port of its API server.
    :param tell: called with the names of the components that are not healthy yet.
    :raises RuntimeError: it did not become healthy; the message has the end of the log.
    """
    home.mkdir(parents=True, exist_ok=True)
    log = home / "standalone.log"
    airflow = configure(home, emulator_url, port)
    airflow.environment["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "False"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["airflow", "standalone"],
            env=airflow.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _wait_until_healthy(airflow, process, log, tell)
            yield airflow
        finally:
            _stop(process)


def configure(home: Path, emulator_url: str, port: int) -> Airflow:
    """Configure an Airflow that listens on loopback only, with one user and a random password.

    :param home: ``AIRFLOW_HOME``; must exist.
    :param emulator_url: endpoint of its AWS connection.
    :param port: port of its API server.
    """
    url = f"http://127.0.0.1:{port}"
    password = secrets.token_urlsafe(12)
    passwords = home / "passwords.json"
    passwords.touch(mode=0o600)
    passwords.write_text(json.dumps({"admin": password}))
    environment = {
        **airflow_environment(home, emulator_url),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        # On a busy machine the API server may be slow; tasks must not fail because of that.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "180",
    }
    return Airflow(url, "admin", password, environment)


def _wait_until_healthy(
    airflow: Airflow, process: subprocess.Popen[bytes], log: Path, tell: Callable[[str], None]
) -> None:
    waiting_for: list[str] = []
    deadline = time.monotonic() + _HEALTHY_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        missing = unhealthy(airflow)
        if not missing:
            return
        if missing != waiting_for:
            waiting_for = missing
            tell(f"Waiting for {', '.join(missing)} ...")
        time.sleep(0.5)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise RuntimeError(f"Airflow did not become healthy; the end of its log ({log}):\n{tail}")


def unhealthy(airflow: Airflow) -> list[str]:
    """List the components that are not healthy."""
    try:
        health = airflow.request("GET", "/api/v2/monitor/health")
    except (OSError, urllib.error.URLError):
        return ["the API server"]
    return [part.replace("_", " ") for part in _COMPONENTS if (health.get(part) or {}).get("status") != "healthy"]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop Airflow as Ctrl-C does, and kill the processes that are left."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        # A second Ctrl-C skips the wait.
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(_STOPPED_WITHIN_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
