"""Requests to what the emulator has beside AWS's services."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from threading import Thread
from typing import Any


def send(url: str, method: str, document: Any = None) -> tuple[int, Any]:
    """Send a document, or bytes as they are.

    :return: status, and the answer's JSON.
    """
    body = document if isinstance(document, bytes) or document is None else json.dumps(document).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, method=method)) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def hold_jobs(url: str, pattern: str = "*", **members: Any) -> None:
    """Let jobs that are created from now on stay in progress for as long as any test takes.

    :param url: the emulator's.
    :param pattern: of their names; all jobs are those of an emulator that nobody else uses.
    :param members: more members of their script.
    """
    stages = [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 3600}]
    script = {"Stages": stages, "Ending": {"AutoMLJobStatus": "Completed"}, **members}
    name = pattern.strip("*") or "held"
    status, answer = send(f"{url}/automl-emulator/scripts/{name}?job-names={pattern}", "PUT", script)
    assert status in (200, 201), answer


def once_answered(url: str, operation: str, act: Callable[[], Any], times: int = 1) -> Thread:
    """Do something, in a thread of its own, as soon as an operation has been answered so often from now on.

    :param url: the emulator's, which nobody else asks meanwhile.
    """
    count = f"{url}/automl-emulator/requests"
    send(count, "DELETE")

    def watch() -> None:
        deadline = time.monotonic() + 300
        while send(count, "GET")[1]["Requests"].get(operation, 0) < times:
            assert time.monotonic() < deadline, f"nobody has called {operation} {times} times"
            time.sleep(0.05)
        act()

    thread = Thread(target=watch)
    thread.start()
    return thread
