"""Shapes of a service model that is newer than this package: unknown parts are not checked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_sagemaker_automl.core.values.shapes import Shape
from airflow_sagemaker_automl.core.values.shapes.constraints import Constraints

SHAPES: dict[str, Any] = {
    "Request": {
        "type": "structure",
        "members": {
            "Name": {"shape": "Text"},
            "Since": {"shape": "Time"},
            "Content": {"shape": "Bytes"},
            "Filter": {"shape": "Filter"},
        },
    },
    "Filter": {
        "type": "structure",
        "members": {"Field": {"shape": "Text"}, "Nested": {"shape": "Filters"}},
    },
    "Filters": {"type": "list", "member": {"shape": "Filter"}},
    "Text": {"type": "string", "max": 3},
    "Time": {"type": "timestamp"},
    "Bytes": {"type": "blob"},
}
CONSTRAINTS = Constraints(Shape("Request", SHAPES))


@pytest.mark.parametrize(
    "request_",
    [
        {"Since": datetime(2026, 1, 1, tzinfo=UTC)},
        {"Since": "2026-01-01"},
        {"Content": b"bytes"},
        {"Filter": {"Nested": [{"Nested": [{"Field": "abc"}]}]}},
    ],
)
def test_types_that_are_not_known_are_not_judged(request_: Any) -> None:
    """Times, bytes and recursive structures are left to the service."""
    assert list(CONSTRAINTS.violations(request_)) == []


def test_what_is_beside_them_is_judged_all_the_same() -> None:
    """Also in a recursive structure, and the path of a misplaced member is reported."""
    wrong = {"Since": 1, "Filter": {"Nested": [{"Nested": [{"Field": "abcd"}]}]}, "Field": "a"}
    found = {str(violation.path): violation.rule for violation in CONSTRAINTS.violations(wrong)}
    assert set(found) == {"Filter.Nested[0].Nested[0].Field", "Field"}
    assert "it belongs in Filter" in found["Field"]
