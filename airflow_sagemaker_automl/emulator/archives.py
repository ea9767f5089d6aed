"""The archives that this server's trainers have written.

An archive contains pickles, and loading a pickle runs code. Anyone who can write to the emulator's S3 can put one
there, so endpoints and transform jobs load only archives that are known here.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any


class TrainedArchives:
    """S3 locations and SHA-256 digests of archives, for all accounts and regions of the emulator."""

    def __init__(self) -> None:
        self._digests: dict[str, str] = {}
        self._lock = threading.Lock()

    def record(self, uri: str, digest: str) -> None:
        """Remember an archive that a trainer has written."""
        with self._lock:
            self._digests[uri] = digest

    def digest_of(self, container: Mapping[str, Any]) -> str | None:
        """Find the digest of a container's archive; None if no trainer has written one to that location."""
        with self._lock:
            return self._digests.get(container.get("ModelDataUrl", ""))

    def clear(self) -> None:
        with self._lock:
            self._digests.clear()
