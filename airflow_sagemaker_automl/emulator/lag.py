"""Reads that lag behind writes, as often as faults say."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any


class Lag:
    """What reads have shown since the last write, resource by resource."""

    def __init__(self) -> None:
        self._before: dict[str, Mapping[str, Any]] = {}
        self._stale_reads: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def changed(self, arn: str, before: Mapping[str, Any]) -> None:
        """Note that a resource was changed.

        :param before: its description until then.
        """
        with self._lock:
            self._before[arn] = before
            del self._stale_reads["description", arn]

    def described(self, arn: str, description: dict[str, Any], stale_reads: int) -> dict[str, Any]:
        """Choose what a description shows: what is, or what was before the last change.

        :param stale_reads: how many descriptions after a change show what was.
        """
        with self._lock:
            before = self._before.get(arn)
            if before is None or self._stale_reads["description", arn] >= stale_reads:
                return description
            self._stale_reads["description", arn] += 1
            return dict(before)

    def are_tags_unseen(self, arn: str, stale_reads: int) -> bool:
        """Tell whether a list of tags is still empty.

        :param stale_reads: how many lists after the creation are.
        """
        with self._lock:
            self._stale_reads["tags", arn] += 1
            return self._stale_reads["tags", arn] <= stale_reads
