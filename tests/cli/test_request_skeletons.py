"""The requests that a beginner starts from are complete, and valid however they are filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.model import ListShape, Shape, StructureShape
from botocore.session import get_session
from botocore.validate import ParamValidator

from airflow_sagemaker_automl.cli import SKELETONS
from airflow_sagemaker_automl.emulator.contract import check_request
from demo.sandbox import REPOSITORY

FOLDER = REPOSITORY / "airflow_sagemaker_automl" / "request_skeletons"
SHAPE = get_session().get_service_model("sagemaker").operation_model("CreateAutoMLJobV2").input_shape
CONFIGURATIONS = {
    "tabular": "TabularJobConfig",
    "time-series": "TimeSeriesForecastingJobConfig",
    "text-classification": "TextClassificationJobConfig",
    "image-classification": "ImageClassificationJobConfig",
    "text-generation": "TextGenerationJobConfig",
}
# What the API documents keep from a problem type.
NOT_FOR = {
    "time-series": {"DataSplitConfig"},
    "text-classification": {"AutoMLComputeConfig"},
    "image-classification": {"AutoMLComputeConfig"},
    "text-generation": {"AutoMLComputeConfig", "AutoMLJobObjective"},
}
_SWITCHED_OFF = re.compile(r"^( *)#(?=[^ \n])", re.MULTILINE)


def _text(kind: str) -> str:
    return (FOLDER / f"{kind}.yaml").read_text("ascii")


def _switched_on(text: str, *, alternatives: bool) -> str:
    """Delete the # of optional members; those of an alternative stand in a paragraph that says so."""
    return "\n\n".join(
        _SWITCHED_OFF.sub(r"\1", paragraph) if alternatives or "# Alternative to" not in paragraph else paragraph
        for paragraph in text.split("\n\n")
    )


def _refuse_invalid(text: str) -> None:
    request = {"AutoMLJobName": "my-job-1", **yaml.safe_load(text)}
    assert SHAPE is not None
    report = ParamValidator().validate(request, SHAPE)
    assert not report.has_errors(), report.generate_report()
    check_request("CreateAutoMLJobV2", request)


def _members(shape: Shape, path: str = "") -> Iterator[str]:
    if isinstance(shape, ListShape):
        yield from _members(shape.member, path)
    elif isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield f"{path}{name}"
            yield from _members(member, f"{path}{name}.")


def _written(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _written(item, path)
    elif isinstance(value, dict):
        for name, member in value.items():
            yield f"{path}{name}"
            yield from _written(member, f"{path}{name}.")


def _expected(kind: str) -> set[str]:
    assert SHAPE is not None
    others = {f"AutoMLProblemTypeConfig.{name}" for name in CONFIGURATIONS.values() if name != CONFIGURATIONS[kind]}
    return {
        member
        for member in _members(SHAPE)
        if not any(f"{member}.".startswith(f"{left_out}.") for left_out in others | NOT_FOR.get(kind, set()))
    }


def test_every_problem_type_has_one() -> None:
    """No file is left over, and none is missing."""
    assert {path.stem for path in FOLDER.iterdir()} == set(SKELETONS) == set(CONFIGURATIONS)
    assert SHAPE is not None
    assert set(CONFIGURATIONS.values()) == set(SHAPE.members["AutoMLProblemTypeConfig"].members)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", SKELETONS)
def test_it_is_valid_as_it_stands(kind: str) -> None:
    """Whoever changes only the values has a request."""
    _refuse_invalid(_text(kind))


@pytest.mark.parametrize("kind", SKELETONS)
def test_it_is_valid_with_every_optional_member(kind: str) -> None:
    """The commented lines are members too, at their right depth."""
    _refuse_invalid(_switched_on(_text(kind), alternatives=True))


@pytest.mark.parametrize("kind", SKELETONS)
def test_it_is_valid_with_the_optional_members_of_any_one_paragraph(kind: str) -> None:
    """A beginner takes one thing at a time."""
    paragraphs = _text(kind).split("\n\n")
    for index, paragraph in enumerate(paragraphs):
        changed = [*paragraphs]
        changed[index] = _SWITCHED_OFF.sub(r"\1", paragraph)
        _refuse_invalid("\n\n".join(changed))


@pytest.mark.parametrize("kind", SKELETONS)
def test_it_breaks_no_rule_with_every_member_that_can_be_together(kind: str) -> None:
    """The values go together, as the rules of the API documents have it."""
    from airflow_sagemaker_automl.hooks.service_model import checked_request

    checked_request(yaml.safe_load(_text(kind)))
    checked_request(yaml.safe_load(_switched_on(_text(kind), alternatives=False)))


@pytest.mark.parametrize("kind", SKELETONS)
def test_it_has_each_member_of_the_service_model(kind: str) -> None:
    """A member that a new botocore has is missed here by its name."""
    request = yaml.safe_load(_switched_on(_text(kind), alternatives=True))
    maps = ("Transformations.Filling.", "Transformations.Aggregation.", "TextGenerationHyperParameters.")
    written = {member for member in _written(request) if not any(name in member for name in maps)}
    assert _expected(kind) == written


@pytest.mark.parametrize("kind", SKELETONS)
def test_every_optional_member_is_explained(kind: str) -> None:
    """The first member of each paragraph that is switched off comes after words."""
    for paragraph in _text(kind).split("\n\n"):
        lines = [line.strip() for line in paragraph.split("\n")]
        off = [index for index, line in enumerate(lines) if re.match(r"#[^ ]", line)]
        if off and not lines[off[0]].startswith("#Transformations:"):
            assert any(line.startswith("# ") for line in lines[: off[0]]), lines[off[0]]
