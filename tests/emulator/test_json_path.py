"""The part of JSONPath that filters of transform jobs have: what it selects, and what is refused."""

from __future__ import annotations

import pytest

from airflow_sagemaker_automl.emulator.json_path import InvalidPath, JsonPath, OutOfRange

_ROW = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("$", "abcd"),
        ("$[0]", "a"),
        ("$[-1]", "d"),
        ("$[1:]", "bcd"),
        ("$[:2]", "ab"),
        ("$[1:3]", "bc"),
        ("$[-2:]", "cd"),
        ("$[0,2,-1]", "acd"),
        ("$[ 3 , 0 ]", "da"),
        ("$[0,2:]", "acd"),
        ("$[5:]", ""),
    ],
)
def test_positions_select_values_in_the_order_of_the_path(text: str, chosen: str) -> None:
    """The end of a range is excluded, and a range outside of the row is empty."""
    assert JsonPath.parse(text).of_row(_ROW) == list(chosen)


@pytest.mark.parametrize("text", ["$[4]", "$[-5]", "$[0,9]"])
def test_a_position_that_a_row_lacks_is_an_error(text: str) -> None:
    """As the service documents for indexes outside of the row."""
    with pytest.raises(OutOfRange, match="but there are 4 values"):
        JsonPath.parse(text).of_row(_ROW)


@pytest.mark.parametrize(
    ("text", "names"),
    [("$.id", ("id",)), ("$['a b']", ("a b",)), ("$['id','SageMakerOutput']", ("id", "SageMakerOutput"))],
)
def test_names_are_read(text: str, names: tuple[str, ...]) -> None:
    """Of attributes, of which rows of CSV have none."""
    assert JsonPath.parse(text).names == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[0]",
        "$$",
        "$.",
        "$..a",
        "$.a.b",
        "$.*",
        "$[*]",
        "$[]",
        "$[1",
        "$[a]",
        "$[1;2]",
        "$[-]",
        "$[-:1]",
        "$[0:4:2]",
        "$[1][2]",
        "$[?(@.a)]",
        "$['a'",
        "$['']",
        "$ [0]",
        "$[0]\n",
    ],
)
def test_any_other_path_is_refused(text: str) -> None:
    """Also those that AWS supports and the emulator does not."""
    with pytest.raises(InvalidPath):
        JsonPath.parse(text)
