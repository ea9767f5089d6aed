"""What is literal in a request, and cannot become right, is an import error of the DAG; what is not is left alone."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from hypothesis import assume, given, settings

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    CompletionCriteria,
    Deployment,
    InputChannel,
    InvalidJobRequest,
    NetworkSecurity,
    SageMakerAutoMLJobOperator,
    Tabular,
)
from airflow_sagemaker_automl.core.rules.request_check import require_literals
from airflow_sagemaker_automl.core.values.literals import is_resolved, literal
from airflow_sagemaker_automl.core.values.shapes import Shape, recorded_request
from airflow_sagemaker_automl.core.values.shapes.patterns import without_outer_group
from airflow_sagemaker_automl.hooks.service_model import checked_request, request_shape
from airflow_sagemaker_automl.tasks.request import RefusedAtParse
from tests.core.jobs.test_job_request import EVERY_TYPE, LARGEST
from tests.hooks.test_service_model import odd_requests
from tests.support.breaches import breaches
from tests.support.recorded_model import REQUEST, installed_shapes
from tests.support.requests import LARGEST_CONFIGS, ROLE, largest, smallest, spoiled, steps

KINDS = list(LARGEST_CONFIGS)
BREACHES = [breach for kind in KINDS for breach in breaches(kind, request_shape(), largest(kind))]
TABLE = "AutoMLProblemTypeConfig.TabularJobConfig"


def _parsed(request: Any, **arguments: Any) -> list[str]:
    """Build an operator as a DAG file does, and give what is said of its request."""
    try:
        SageMakerAutoMLJobOperator(task_id="train", request=request, **arguments)
    except RefusedAtParse as refused:
        return [str(violation) for violation in refused.violations]
    return []


@pytest.mark.parametrize("kind", KINDS)
def test_each_constraint_of_each_member_of_a_dictionary_is_judged_at_parse(kind: str) -> None:
    """Types, required and unknown members, sizes, patterns and words, all along the service model."""
    for breach in (breach for breach in BREACHES if breach.kind == kind):
        if breach.path == "AutoMLJobName" and breach.constraint == "required":
            continue  # The operator gives the name.
        said = _parsed(breach.spoil(largest(kind)))
        assert any(line.startswith(breach.path) for line in said), breach


@pytest.mark.parametrize("later", ["{{ params.x }}", "{% if a %}x{% endif %}", "xcom"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_later_is_left_alone_wherever_it_stands(kind: str, later: str) -> None:
    """A template or an XComArg in place of any member, of a leaf or of a part."""
    with DAG(dag_id="dag", schedule=None):
        before: Any = SageMakerAutoMLJobOperator(task_id="before", request=smallest())
        for number, breach in enumerate(breach for breach in BREACHES if breach.kind == kind):
            if breach.constraint == "type":
                value = before.output["x"] if later == "xcom" else later
                request = spoiled(largest(kind), steps(breach.path), value)
                SageMakerAutoMLJobOperator(task_id=f"train{number}", request=request)


_REQUESTS = [LARGEST, *(dataclasses.replace(LARGEST, problem_type=kind) for kind in EVERY_TYPE[1:])]
_COMPRESSED = dataclasses.replace(
    LARGEST, training_data=InputChannel(uri="s3://bucket/train/", content_type="text/csv;header=present")
)


def _arguments(value: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Walk the arguments of a typed request and of what it is made of."""
    for field in dataclasses.fields(value):
        yield (*way, field.name)
        inner = getattr(value, field.name)
        if dataclasses.is_dataclass(inner):
            yield from _arguments(inner, (*way, field.name))


def _replaced(value: Any, way: tuple[str, ...], by: Any) -> Any:
    first, *rest = way
    return dataclasses.replace(value, **{first: _replaced(getattr(value, first), tuple(rest), by) if rest else by})


_TYPED = [(request, way) for request in (*_REQUESTS, _COMPRESSED) for way in _arguments(request)]


@pytest.mark.parametrize("wrong", [date(2026, 1, 1), b"bytes", {1}, Path("s3:/x"), CompletionCriteria(), [[[]]]])
def test_no_argument_of_a_typed_request_takes_any_value(wrong: Any) -> None:
    """Each argument of the request, of its problem types and of its parts refuses at parse what it can never be."""
    for request, way in _TYPED:
        if way[-1] == "completion" and isinstance(wrong, CompletionCriteria):
            continue
        assert _parsed(_replaced(request, way, wrong)), way


def test_each_required_argument_of_a_typed_request_refuses_an_empty_text() -> None:
    """What may be left out is left out by an empty text, and what is required is missed."""
    for request, way in _TYPED:
        owner = request
        for step in way[:-1]:
            owner = getattr(owner, step)
        field = next(each for each in dataclasses.fields(owner) if each.name == way[-1])
        is_required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if is_required:
            assert _parsed(_replaced(request, way, "")), way


def typed(**arguments: Any) -> AutoMLJobRequest:
    """Write a small typed request."""
    given = {
        "problem_type": Tabular(target="y"),
        "training_data": "s3://bucket/train/",
        "output": "s3://bucket/out",
        "role_arn": ROLE,
    }
    return AutoMLJobRequest(**{**given, **arguments})


_URI = "AutoMLJobInputDataConfig[0].DataSource.S3DataSource.S3Uri"


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (typed(training_data=""), f"{_URI} is required"),
        (typed(training_data="houses/train"), f"{_URI} = 'houses/train' must be an S3 URI: s3://bucket/prefix"),
        (typed(training_data="s3://"), f"{_URI} = 's3://' must be an S3 URI: s3://bucket/prefix"),
        (
            typed(problem_type=Tabular(target="y", completion=CompletionCriteria(max_candidates="ten"))),
            f"{TABLE}.CompletionCriteria.MaxCandidates = 'ten' must be an integer, not a string",
        ),
        (
            typed(problem_type=Tabular(target="y", feature_specification="features.json")),
            f"{TABLE}.FeatureSpecificationS3Uri = 'features.json' must be an S3 URI: s3://bucket/prefix",
        ),
        (
            typed(security=NetworkSecurity(subnets="subnet-1", security_group_ids=["sg-1"])),
            "SecurityConfig.VpcConfig.Subnets = 'subnet-1' must be a list, not a string",
        ),
        (
            typed(deployment=Deployment(endpoint_name="my endpoint")),
            "ModelDeployConfig.EndpointName = 'my endpoint' must have 1 to 63 letters, digits and hyphens, with no "
            "hyphen at either end",
        ),
        (
            typed(problem_type="Tabular"),
            "problem_type = 'Tabular' must be one of Tabular(...), TimeSeriesForecasting(...), "
            "ImageClassification(...), TextClassification(...), TextGeneration(...)",
        ),
        (
            spoiled(smallest(), steps(f"{TABLE}.TargetAttribut"), "y"),
            f"{TABLE}.TargetAttribut = 'y' is not a member of TabularJobConfig; did you mean 'TargetAttributeName'?",
        ),
        (
            spoiled(smallest(), ("Colour",), "red"),
            "Colour = 'red' is not a member of CreateAutoMLJobV2Request; if your boto3 version knows it, put it in "
            "extra_request",
        ),
    ],
)
def test_a_wrong_literal_is_refused_at_parse_in_these_words(request_: Any, said: str) -> None:
    """Patterns are said in words."""
    assert _parsed(request_) == [said]


def test_the_name_beside_a_request_is_judged_at_parse() -> None:
    """A literal one as the one in the request; a template later."""
    (said,) = _parsed(smallest(), job_name="my_job")
    assert said.startswith("AutoMLJobName = 'my_job' must have 1 to 32 letters")
    assert _parsed(smallest(), job_name="{{ params.name }}") == []


def test_a_member_that_only_a_newer_boto3_knows_is_left_to_the_run() -> None:
    """``extra_request`` is for such members; what it has of known ones is judged at parse."""
    assert _parsed(smallest(), extra_request={"Colour": "red", "OutputDataConfig": {"Colour": 1}}) == []
    (said,) = _parsed(smallest(), extra_request={"Colour": "red", "OutputDataConfig": {"S3OutputPath": 1}})
    assert said == "OutputDataConfig.S3OutputPath = '1' must be an S3 URI: s3://bucket/prefix"


def test_to_judge_a_request_at_parse_loads_no_service_model() -> None:
    """A DAG file pays neither for botocore nor for its model, nor for YAML and the patterns of Unicode."""
    script = """
import sys
from airflow_sagemaker_automl.core.rules.request_check import require_literals
from tests.support.requests import LARGEST_CONFIGS, largest
for kind in LARGEST_CONFIGS:
    require_literals(largest(kind))
print({"airflow", "boto3", "botocore", "regex", "yaml"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "set()\n"


def _stricter(recorded: Shape, installed: Mapping[str, Any], name: str, path: str = "") -> Iterator[str]:
    """Find where the record refuses what the installed botocore takes."""
    raw = installed[name]
    limits = recorded.metadata
    if recorded.type_name != raw["type"] or not set(recorded.required_members) <= set(raw.get("required", ())):
        yield path
    if "enum" in limits and not set(raw.get("enum", ["anything"])) <= set(limits["enum"]):
        yield path
    if limits.get("max", raw.get("max")) != raw.get("max") and limits["max"] < raw.get("max", float("inf")):
        yield path
    theirs = without_outer_group(raw.get("pattern", ""))
    if limits.get("min", 0) > raw.get("min", 0) or without_outer_group(limits.get("pattern", theirs)) != theirs:
        yield path
    for member, other in raw.get("members", {}).items():
        if member not in recorded.members:
            yield f"{path}.{member}"
        else:
            yield from _stricter(recorded.members[member], installed, other["shape"], f"{path}.{member}")
    for part in ("member", "key", "value"):
        if part in raw:
            yield from _stricter(getattr(recorded, part), installed, raw[part]["shape"], f"{path}[{part}]")


def test_nothing_that_the_installed_botocore_takes_is_refused_at_parse() -> None:
    """The recorded model is held against botocore's; ``python -m tests.support.recorded_model`` records it anew."""
    assert list(_stricter(recorded_request(), installed_shapes(), REQUEST)) == []


@settings(max_examples=400)
@given(odd_requests())
def test_parse_and_run_judge_a_literal_request_alike(request: dict[str, Any]) -> None:
    """Where nothing is left to be rendered, nothing is left to be found wrong when the task runs."""

    def said(judge: Any) -> set[str]:
        try:
            judge(request)
        except InvalidJobRequest as refused:
            return {violation.path for violation in refused.violations}
        return set()

    assume(is_resolved(literal(request)))
    assert said(require_literals) == said(checked_request)
