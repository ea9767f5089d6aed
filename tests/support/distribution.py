"""Which test runs in which process: files stay together, and tests that wait for an Airflow run beside the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest

# So many processes keep two cores busy; further ones are for tests that mostly wait.
_BUSY_PROCESSES = 2
_LIVE = "tests/live/"
# Take longest.
LONGEST = "tests/live/test_retraining.py"


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types.
    """Keeps each file's tests in one process, but for those in the live Airflow, which run at the same time.

    The first processes begin with what needs the processor, all others with what waits for an Airflow; a process that
    has done its part helps the others. xdist's own groups, read off markers, are lost on pytest 9.2, which sets an
    attribute that is no longer there.
    """

    _has_other_tests = True

    def schedule(self) -> None:
        """Distribute the tests; where there are none but live ones, all of these stay together.

        A process of xdist holds its last test back until it is given another one, so something has to be left for it.
        """
        collected: list[str] = next(iter(self.registered_collections.values()), [])
        self._has_other_tests = any(not nodeid.startswith(_LIVE) for nodeid in collected)
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(_LIVE) and not self._has_other_tests:
            return _LIVE
        return nodeid if nodeid.startswith(_LIVE) else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: Any) -> None:
        self.workqueue.move_to_end(self._choose(node), last=False)
        super()._assign_work_unit(node)

    def _choose(self, node: Any) -> str:
        """Choose what a process does next."""
        waiting = [scope for scope in self.workqueue if scope.startswith(_LIVE)]
        busy = [scope for scope in self.workqueue if not scope.startswith(_LIVE)]
        is_for_waiting = self.numnodes <= _BUSY_PROCESSES or _number(node) >= _BUSY_PROCESSES
        first = [*waiting, *busy] if is_for_waiting else [*busy, *waiting]
        chosen: str = first[0] if first else next(iter(self.workqueue))
        return chosen


def _number(node: Any) -> int:
    return int(node.gateway.id.removeprefix("gw"))


def scheduler(config: pytest.Config, log: Any) -> FilesTogether:
    """Distribute tests in the order of their collection."""
    config.option.loadscopereorder = False
    return FilesTogether(config, log)
