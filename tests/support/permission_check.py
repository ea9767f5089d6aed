"""Holds every call to AWS that Airflow makes during a test session against the table of permissions.

All emulators of a session write down what they are asked, whoever starts them. At the end the process that began the
session fails it for a call that no permission allows, and, where the whole suite has run, for a permission that nobody
has used.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_sagemaker_automl.emulator.__main__ import RECORD_CALLS_VARIABLE
from airflow_sagemaker_automl.emulator.calls import Call
from airflow_sagemaker_automl.permissions.features import FEATURES

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from airflow_sagemaker_automl.permissions.terms import Feature

# Variables with which a session is told to keep its record: for whoever wants to read it.
KEEP_VARIABLE = "KEEP_RECORDED_CALLS"
# As pyproject.toml has it for the whole suite.
_MARKS_OF_ALL = "not aws and not matrix"


@dataclass(frozen=True)
class Judgement:
    """What is wrong with the table, as calls tell.

    :param not_allowed: calls that Airflow has made, and that no permission allows.
    :param never_made: actions that no call needs.
    """

    not_allowed: list[str] = field(default_factory=list)
    never_made: list[str] = field(default_factory=list)


def judged(calls: Iterable[Call], features: Mapping[str, Feature] = FEATURES) -> Judgement:
    """Hold calls against a table.

    A call of an operator or sensor that features name must be allowed by one of these features; of others it is
    enough that any feature allows it. Calls that do not come from Airflow say nothing.
    """
    made = {call for call in calls if call.airflow is not None}
    not_allowed = [
        f"{call.service}:{call.operation}, called by {call.airflow}"
        for call in sorted(made, key=str)
        if not any(
            (call.service, call.operation) in permission.calls
            for feature in _features_of(call.airflow, features)
            for permission in feature.permissions
        )
    ]
    operations = {(call.service, call.operation) for call in made}
    permissions = [permission for feature in features.values() for permission in feature.permissions]
    # One call is enough for an action, whatever else it allows: some are made in ``make matrix`` only.
    needed = {permission.action for permission in permissions if permission.calls & operations}
    never_made = {permission.action for permission in permissions if not permission.is_implied} - needed
    return Judgement(not_allowed, sorted(never_made))


def _features_of(caller: str | None, features: Mapping[str, Feature]) -> list[Feature]:
    named = [feature for feature in features.values() if caller in feature.used_by]
    return named or list(features.values())


def read_calls(folder: Path) -> set[Call]:
    """Read what all emulators of a session have written."""
    return {
        Call(**json.loads(line)) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()
    }


class PermissionCheck:
    """The plugin of the process that begins a session.

    :param config: the session's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._kept = os.environ.get(KEEP_VARIABLE)
        self._folder = Path(self._kept or tempfile.mkdtemp(prefix="automl-calls-"))
        # Before xdist starts processes, which have it from here.
        os.environ[RECORD_CALLS_VARIABLE] = str(self._folder)
        self._lines: list[str] = []
        self._skipped = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the tests that could not run, whose calls are missing."""
        self._skipped += report.skipped

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge, and fail the session where something is wrong."""
        calls = read_calls(self._folder)
        if not self._kept:
            shutil.rmtree(self._folder, ignore_errors=True)
        if not any(call.airflow for call in calls):
            return
        judgement, why_not = judged(calls), self._is_partial(exitstatus)
        self._lines += [f"No permission allows {call}" for call in judgement.not_allowed]
        if why_not is None:
            self._lines += [
                f"Nothing has called {action}, for which there is a permission" for action in judgement.never_made
            ]
        if self._lines:
            self._lines.append("The table is airflow_sagemaker_automl/permissions/features.py.")
            session.exitstatus = max(exitstatus, pytest.ExitCode.TESTS_FAILED)
        made = len({(call.service, call.operation) for call in calls if call.airflow})
        self._lines.append(f"Airflow has called {made} operations of AWS.")
        if why_not is not None:
            self._lines.append(f"Whether each permission is needed was not judged: {why_not}.")

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Say what was found."""
        if self._lines:
            terminalreporter.section("permissions")
            for line in self._lines:
                terminalreporter.line(line)

    def _is_partial(self, exitstatus: int) -> str | None:
        """Say why not all calls can have been made; None where the whole suite has run."""
        options = self._config.option
        chosen = options.keyword or options.markexpr != _MARKS_OF_ALL
        if chosen or self._config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
            return "not the whole suite was asked for"
        if self._skipped:
            return "tests were skipped"
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return "the session has not come to its end"
        return None
