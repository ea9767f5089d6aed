"""A worker that dies at one of its writes to AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient


class Crash(Exception):
    """The worker dies."""


# Reads change nothing: a crash at one is a crash after the write before it.
_WRITES = ("Put", "Create", "Delete", "Upload", "Complete")


class Crashing:
    """Counts the writes of this process to AWS, and crashes at one of them.

    :param at: number of the call, from 1.
    :param after: whether the service has done what it was asked for.
    """

    def __init__(self, at: int, *, after: bool) -> None:
        self._at, self._after = at, after
        self.calls: list[str] = []

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Count, and crash."""
        call = vars(BaseClient)["_make_api_call"]

        def counted(client: Any, operation: str, arguments: Any) -> Any:
            if not operation.startswith(_WRITES):
                return call(client, operation, arguments)
            self.calls.append(operation)
            is_it = len(self.calls) == self._at
            if is_it and not self._after:
                raise Crash(operation)
            answer = call(client, operation, arguments)
            if is_it:
                raise Crash(operation)
            return answer

        with patch.object(BaseClient, "_make_api_call", counted):
            yield

    @property
    def has_crashed(self) -> bool:
        """Whether there were as many writes."""
        return len(self.calls) >= self._at
