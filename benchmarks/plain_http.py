"""Requests to the emulator's own endpoints: scripts, request counts, moto's reset."""

from __future__ import annotations

import json
import urllib.request
from typing import Any


def send(url: str, method: str, document: Any = None) -> Any:
    """Send a request without credentials.

    :param document: body, sent as JSON.
    :return: the parsed JSON response; None if it is empty.
    """
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, method=method)  # noqa: S310  # Always loopback.
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        content = answer.read()
    return json.loads(content) if content else None
