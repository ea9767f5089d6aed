"""Reads that lag behind writes, for the faults ``StaleDescriptions`` and ``StaleTags``."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any


class Lag:
    """The stale reads since the last write of each resource."""

    def __init__(self) -> None:
        self._before: dict[str, Mapping[str, Any]] = {}
        self._stale_reads: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def changed(self, arn: str, before: Mapping[str, Any]) -> None:
        """Note that a resource was changed.

        :param before: its description before the change.
        """
        with self._lock:
            self._before[arn] = before
            del self._stale_reads["description", arn]

    def described(self, arn: str, description: dict[str, Any], stale_reads: int) -> dict[str, Any]:
        """Choose the description to show: the current one, or the one before the last change.

        :param stale_reads: how many reads after a change show the former description.
        """
        with self._lock:
            before = self._before.get(arn)
            if before is None or self._stale_reads["description", arn] >= stale_reads:
                return description
            self._stale_reads["description", arn] += 1
            return dict(before)

    def are_tags_unseen(self, arn: str, stale_reads: int) -> bool:
        """Whether the tags of a resource are not visible yet.

        :param stale_reads: how many reads after the creation show no tags.
        """
        with self._lock:
            self._stale_reads["tags", arn] += 1
            return self._stale_reads["tags", arn] <= stale_reads
