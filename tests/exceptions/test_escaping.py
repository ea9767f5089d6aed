"""Texts of other users cannot forge a line, control a terminal, or display other words than they contain."""

from __future__ import annotations

import inspect
import unicodedata
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl import AutoMLError, InvalidJobRequest, InvalidRequest, Violation, exceptions
from airflow_sagemaker_automl.core.gate.verdict import Ruling
from airflow_sagemaker_automl.core.jobs.partial_failure import FailedPart, JobPart
from airflow_sagemaker_automl.core.registry.package_change import Change
from airflow_sagemaker_automl.core.values.comparison import differences
from airflow_sagemaker_automl.exceptions import escaped

# A line break, an escape code, a change of direction, a zero-width character, and one that only looks empty.
FORGED = "a\nb\r\x1b[31mred\u202etxt\u200b\ufe0f\u3164\x9b"
ESCAPED = r"a\nb\r\x1b[31mred\u202etxt\u200b\ufe0f\u3164\x9b"


def _is_harmless(text: str) -> bool:
    return all(unicodedata.category(character)[0] != "C" and character not in "\u2028\u2029" for character in text)


@given(st.text())
def test_what_is_escaped_is_seen(text: str) -> None:
    """No control, format or direction character is left, escaping twice changes nothing, and words are unchanged."""
    assert _is_harmless(escaped(text))
    assert escaped(escaped(text)) == escaped(text)
    if text.isascii() and text.isprintable():
        assert escaped(text) == text


def test_letters_of_all_scripts_stay_as_they_are() -> None:
    """Column names may be in any language."""
    for text in ("weiß", "作业", "مبيعات", "prix € – 10 %", "x\u0301"):
        assert escaped(text) == text
    assert escaped(FORGED) == ESCAPED


def test_a_violation_has_one_line_whatever_its_path_its_value_and_its_rule_hold() -> None:
    """Keys, values and column names in a violation come from the author."""
    shown = str(Violation(f"Tags.{FORGED}", {FORGED: [FORGED]}, f"must be another column than {FORGED}"))
    assert _is_harmless(shown)
    assert shown.startswith(f"Tags.{ESCAPED} = ")
    assert shown.endswith(f"must be another column than {ESCAPED}")
    together = str(InvalidJobRequest([Violation(FORGED, None, "is required")] * 3))
    assert together.count("\n") == 3
    assert _is_harmless(together.replace("\n", ""))


def test_an_error_shows_a_hundred_violations_and_counts_the_rest() -> None:
    """A file may have thousands of violations; the error object has them all."""
    error = InvalidJobRequest([Violation(f"member{number}", None, "is required") for number in range(150)])
    assert str(error).splitlines()[-1] == "  and 50 more"
    assert len(str(error).splitlines()) == 102
    assert len(error.violations) == 150


def _errors() -> Iterator[type[AutoMLError]]:
    for kind in vars(exceptions).values():
        if inspect.isclass(kind) and issubclass(kind, AutoMLError) and kind not in (AutoMLError, InvalidRequest):
            yield kind


def _evidence(annotation: str) -> Any:
    if annotation in ("DescribedJob", "DescribedTransformJob"):
        candidate = SimpleNamespace(name=FORGED)
        return SimpleNamespace(
            name=FORGED,
            status=SimpleNamespace(value=FORGED),
            secondary_status=FORGED,
            console_url=FORGED,
            failure_reason=FORGED,
            failed_parts=[FailedPart(JobPart.OTHER, FORGED)],
            best_candidate=candidate,
        )
    if "Violation" in annotation:
        return [Violation(FORGED, FORGED, FORGED)]
    if annotation.startswith("Sequence"):
        return [FORGED]
    return {"float": 1.0, "int | None": 1, "bool": True}.get(annotation, FORGED)


@pytest.mark.parametrize("kind", list(_errors()), ids=lambda kind: kind.__name__)
def test_each_error_of_the_package_escapes_what_it_tells(kind: type[AutoMLError]) -> None:
    """Names, reasons and service texts are escaped in every argument of every error class."""
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    arguments = {each.name: _evidence(str(each.annotation)) for each in parameters}
    # A verdict has one line per rule, which the rules escape.
    if "verdict" in arguments:
        arguments["verdict"] = escaped(FORGED)
    told = str(kind(**arguments))
    assert ESCAPED in told
    # Lines that the package writes: rules and differences are indented, and one names who registered a version.
    assert _is_harmless(told.replace("\n  ", "  ").replace("\nIt was registered", " It was registered"))


def test_what_logs_tell_of_members_is_escaped_too() -> None:
    """Differences of a job, changes of a version and rules of a gate are escaped in logs."""
    (difference,) = differences({FORGED: 1}, {FORGED: FORGED})
    rule = Ruling(name=FORGED, passed=True, value=None, limit=None, reason=FORGED)
    for line in (difference, str(Change(FORGED, FORGED, FORGED)), str(rule)):
        assert ESCAPED in line
        assert _is_harmless(line)
