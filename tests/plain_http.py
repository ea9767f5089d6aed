"""Requests to what the emulator has beside AWS's services."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
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


def hold_jobs(url: str, **members: Any) -> None:
    """Let all jobs that are created from now on stay in progress for as long as any test takes.

    :param url: the emulator's.
    :param members: more members of their script.
    """
    stages = [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 3600}]
    script = {"Stages": stages, "Ending": {"AutoMLJobStatus": "Completed"}, **members}
    status, answer = send(f"{url}/automl-emulator/scripts/held?job-names=*", "PUT", script)
    assert status in (200, 201), answer
