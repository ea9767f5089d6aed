"""What the emulator has beside AWS's services: scripts, counts of requests, moto's reset."""

from __future__ import annotations

import json
import urllib.request
from typing import Any


def send(url: str, method: str, document: Any = None) -> Any:
    """Send a request without credentials.

    :param document: body, as JSON.
    :return: the answer's document, None where it has none.
    """
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, method=method)  # noqa: S310  # Always loopback.
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        content = answer.read()
    return json.loads(content) if content else None
