"""Shapes of a service model that is newer than this package: what is not known is not judged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_sagemaker_automl.core.shapes import Shape
from airflow_sagemaker_automl.core.shapes.constraints import Constraints

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
    """Times, bytes, and structures that contain themselves are for the service to judge."""
    assert list(CONSTRAINTS.violations(request_)) == []


def test_what_is_beside_them_is_judged_all_the_same() -> None:
    """Also in a structure that contains itself, and a member that is misplaced is told its place."""
    wrong = {"Since": 1, "Filter": {"Nested": [{"Nested": [{"Field": "abcd"}]}]}, "Field": "a"}
    found = {str(violation.path): violation.rule for violation in CONSTRAINTS.violations(wrong)}
    assert set(found) == {"Filter.Nested[0].Nested[0].Field", "Field"}
    assert "it belongs in Filter" in found["Field"]
