"""The emulator that all processes of a test session share: the one that begins the session starts it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest

from demo.sandbox import emulator

_KEY = "emulator_url"
_MORE_JOBS_THAN_TESTS_START = 100_000


class SharedEmulator:
    """A plugin of the process that begins a session, and the way to its emulator from all of them.

    :param config: of this process.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._handed_on: str | None = getattr(config, "workerinput", {}).get(_KEY)
        self._running = ExitStack()

    @property
    def url(self) -> str:
        """Its URL; in a session without further processes it starts when it is first asked for."""
        if self._handed_on is None:
            self._handed_on = self._running.enter_context(emulator(concurrent_jobs=_MORE_JOBS_THAN_TESTS_START))
        return self._handed_on

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand the address to a further process before it starts."""
        node.workerinput[_KEY] = self.url

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """End it after the last test, before whoever measures coverage collects what its processes have written."""
        try:
            return (yield)
        finally:
            self._running.close()

    def pytest_unconfigure(self) -> None:
        """End it where no test was run."""
        self._running.close()
