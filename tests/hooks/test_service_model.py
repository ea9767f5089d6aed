"""Every rule and every constraint is judged before the call, all at once, in words that people can act upon."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.session import get_session
from botocore.validate import ParamValidator
from hypothesis import event, given, settings, strategies as st

from airflow_sagemaker_automl import InvalidJobRequest, InvalidModelPackage
from airflow_sagemaker_automl.core.gate.verdict import read_verdict
from airflow_sagemaker_automl.core.rules.quality_gate import GateReading
from airflow_sagemaker_automl.emulator.contract import check_request
from airflow_sagemaker_automl.hooks.service_model import (
    checked_model_package,
    checked_request,
    input_shape,
    request_shape,
)
from airflow_sagemaker_automl.tasks.registration_fields import extra_members, response_keys_of
from tests.support.breaches import breaches, members
from tests.support.examples import examples
from tests.support.requests import GONE, LARGEST_CONFIGS, largest, smallest, spoiled, steps

KINDS = list(LARGEST_CONFIGS)
BOTO3_SHAPE: Any = get_session().get_service_model("sagemaker").operation_model("CreateAutoMLJobV2").input_shape
TABLE = "AutoMLProblemTypeConfig.TabularJobConfig"


def violations(request: Any, **options: Any) -> list[str]:
    """Give what is reported of a request; nothing if it is accepted."""
    try:
        checked_request(request, **options)
    except InvalidJobRequest as refused:
        return [str(violation) for violation in refused.violations]
    return []


class _CorpusLoader(yaml.CSafeLoader):
    pass


_CorpusLoader.add_constructor("!gone", lambda loader, node: GONE)
_FILE = Path(__file__).parent.parent / "core" / "rules" / "wrong_requests.yaml"
CORPUS = yaml.load(_FILE.read_text("utf-8"), _CorpusLoader)  # noqa: S506


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["wrong"])
def test_a_wrong_request_is_refused_in_these_words(entry: dict[str, Any]) -> None:
    """The corpus: each rule, each kind of constraint, several at once."""
    request = smallest(entry.get("of", "TabularJobConfig"))
    assert violations(request) == []
    for path, value in entry["change"].items():
        request = spoiled(request, steps(path), value)
    before = copy.deepcopy(request)
    assert violations(request) == entry["says"]
    assert repr(request) == repr(before)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(b"y", "a bytes"), ({1}, "a set"), (object, "a type"), (("a",), "a list"), (1 + 2j, "a complex")],
)
def test_what_no_file_can_hold_is_refused_too(value: Any, kind: str) -> None:
    """Values of Python that the API has no word for."""
    (said,) = violations(spoiled(smallest(), steps(f"{TABLE}.TargetAttributeName"), value))
    assert said.endswith(f"must be a string, not {kind}")


def test_a_request_that_holds_itself_is_refused() -> None:
    """As YAML's anchors can make one; so is one that is nested without end."""
    request = smallest()
    request["OutputDataConfig"]["KmsKeyId"] = request
    (said,) = violations(request)
    assert said == "request must have at most 50 levels; does it contain itself?"


@pytest.mark.parametrize("figure", [10**400, 2**31, "9" * 15, 1e300])
def test_a_number_larger_than_the_service_has_is_refused(figure: Any) -> None:
    """However it is written, it is no crash."""
    path = f"{TABLE}.CompletionCriteria.MaxAutoMLJobRuntimeInSeconds"
    (said,) = violations(spoiled(smallest(), steps(path), figure))
    assert said.startswith(f"{path} = ")
    assert said.endswith("must be at most 2147483647")


def test_one_error_lists_everything() -> None:
    """Each violation has a line of its own; one alone stands in the sentence."""
    request = spoiled(spoiled(smallest(), ("RoleArn",), "me"), ("Colour",), "red")
    with pytest.raises(InvalidJobRequest, match=r"2 errors:\n  RoleArn = 'me' .*\n  Colour = 'red' "):
        checked_request(request)
    with pytest.raises(InvalidJobRequest, match=r"^The AutoML job request cannot be sent: Colour = 'red' is not a"):
        checked_request(spoiled(smallest(), ("Colour",), "red"))


@pytest.mark.parametrize("kind", KINDS)
def test_good_requests_are_sent_as_they_are(kind: str) -> None:
    """The smallest and the largest of each type; nothing is added, nothing is lost."""
    for request in (smallest(kind), largest(kind)):
        assert checked_request(request) == request
        check_request("CreateAutoMLJobV2", {"AutoMLJobName": "job", **request})


BREACHES = [breach for kind in KINDS for breach in breaches(kind, request_shape(), largest(kind))]


def test_the_generated_breaches_reach_every_member_of_the_service_model() -> None:
    """A member that a newer botocore has, and the largest requests have not, fails here with its name."""
    assert set(members(request_shape())) - {breach.path for breach in BREACHES} == set()
    assert {breach.constraint for breach in BREACHES} == {
        "type",
        "required",
        "unknown",
        "min",
        "max",
        "pattern",
        "enum",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_constraint_of_the_service_model_is_judged_at_its_path(kind: str) -> None:
    """For each constraint of each member a request that breaks it, refused with that path."""
    for breach in (breach for breach in BREACHES if breach.kind == kind):
        if breach.path == "AutoMLJobName" and breach.constraint == "required":
            continue  # The operator gives the name.
        with pytest.raises(InvalidJobRequest) as refused:
            checked_request(breach.spoil(largest(kind)))
        assert breach.path in {violation.path for violation in refused.value.violations}, breach


@pytest.mark.parametrize(
    ("path", "given", "sent"),
    [
        (f"{TABLE}.CompletionCriteria.MaxCandidates", "25", 25),
        (f"{TABLE}.CompletionCriteria.MaxCandidates", " 25.0 ", 25),
        (f"{TABLE}.CompletionCriteria.MaxCandidates", 25.0, 25),
        ("DataSplitConfig.ValidationFraction", "0.25", 0.25),
        ("DataSplitConfig.ValidationFraction", "1e-1", 0.1),
        (f"{TABLE}.GenerateCandidateDefinitionsOnly", "False", False),
        (f"{TABLE}.GenerateCandidateDefinitionsOnly", "true", True),
        ("SecurityConfig.EnableInterContainerTrafficEncryption", "TRUE", True),
        ("AutoMLJobInputDataConfig[0].CompressionType", "None", "None"),
        (f"{TABLE}.TargetAttributeName", 2024, "2024"),
        (f"{TABLE}.CandidateGenerationConfig", '{"AlgorithmsConfig": [{"AutoMLAlgorithms": ["xgboost"]}]}', ...),
        ("Tags", '[{"Key": "team", "Value": ""}]', [{"Key": "team", "Value": ""}]),
        ("Tags", ({"Key": "team", "Value": 1},), [{"Key": "team", "Value": "1"}]),
    ],
)
def test_values_become_what_the_service_model_wants(path: str, given: Any, sent: Any) -> None:
    """A rendered template is a text; wherever it stands in the tree, it arrives as the value that it means."""
    value: Any = checked_request(spoiled(smallest(), steps(path), given))
    for step in steps(path):
        value = value[step]
    wanted = {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["xgboost"]}]} if sent is ... else sent
    assert (value, type(value)) == (wanted, type(wanted))


@pytest.mark.parametrize("blank", ["", None])
@pytest.mark.parametrize(
    "path",
    [
        f"{TABLE}.Mode",
        f"{TABLE}.CompletionCriteria",
        f"{TABLE}.CompletionCriteria.MaxCandidates",
        f"{TABLE}.CandidateGenerationConfig",
        "AutoMLJobObjective.MetricName",
        "AutoMLJobInputDataConfig[0].CompressionType",
        "AutoMLComputeConfig.EmrServerlessComputeConfig.ExecutionRoleARN",
        "ModelDeployConfig",
        "Tags",
        "AutoMLJobName",
    ],
)
def test_an_empty_text_leaves_an_optional_member_out(path: str, blank: Any) -> None:
    """And with it whatever cannot be without it."""
    assert checked_request(spoiled(smallest(), steps(path), blank)) == smallest()


def test_lists_that_held_nothing_else_are_left_out() -> None:
    """A country, or algorithms, that a form leaves empty."""
    series = smallest("TimeSeriesForecastingJobConfig")
    path = steps("AutoMLProblemTypeConfig.TimeSeriesForecastingJobConfig")
    assert checked_request(spoiled(series, (*path, "HolidayConfig"), [{"CountryCode": ""}])) == series
    algorithms = {"AlgorithmsConfig": [{"AutoMLAlgorithms": ""}]}
    assert checked_request(spoiled(series, (*path, "CandidateGenerationConfig"), algorithms)) == series
    images = smallest("ImageClassificationJobConfig")
    criteria = ("AutoMLProblemTypeConfig", "ImageClassificationJobConfig", "CompletionCriteria")
    assert checked_request(spoiled(images, criteria, {"MaxCandidates": ""})) == images


def test_templates_are_left_alone_where_they_are_still_to_be_rendered() -> None:
    """A file is checked before it is rendered; what is literal in it is judged all the same."""
    request = largest()
    for breach in BREACHES:
        if breach.kind == "TabularJobConfig" and breach.constraint == "type":
            templated = spoiled(request, steps(breach.path), "{{ params.x }}")
            assert violations(templated, rendered=False) == [], breach.path
    mixed = spoiled(smallest(), ("RoleArn",), "{{ var.value.role }}")
    mixed = spoiled(mixed, steps(f"{TABLE}.Mode"), "ENSEMBLE")
    (said,) = violations(mixed, rendered=False)
    assert said.startswith(f"{TABLE}.Mode = 'ENSEMBLE' must be one of")
    assert len(violations(mixed)) == 2


BOMBS = {
    "deep list": "[" * 100_000,
    "deep mapping": '{"a":' * 100_000,
    "nested": f"{'[' * 60}{']' * 60}",
    "digits": f'{{"a": {"1" * 5000}}}',
    "large": f'{{"a": "{"x" * 2**20}"}}',
    "many": f"[{'1,' * 50_000}1]",
    "twice": '{"Key": "a", "Key": "b"}',
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_texts_of_json_in_any_place_are_read_within_limits(bomb: str) -> None:
    """A template may become any text, in any argument of any task: it is refused, or is a text, and nothing escapes."""
    for kind in KINDS:
        for path in {breach.path for breach in BREACHES if breach.kind == kind and breach.constraint == "type"}:
            violations(spoiled(largest(kind), steps(path), bomb))
    for update in (False, True):
        for member in input_shape("UpdateModelPackage" if update else "CreateModelPackage").members:
            with pytest.raises(InvalidModelPackage):
                checked_model_package({"ModelPackageGroupName": "group", member: bomb, "Colour": 1}, update=update)
    with pytest.raises(InvalidModelPackage):
        extra_members(bomb)
    with pytest.raises(InvalidModelPackage):
        response_keys_of(bomb if bomb.startswith("[") else "[")
    assert GateReading(bomb).violations
    assert read_verdict(bomb)[1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)
PLACES = sorted({(breach.kind, breach.path) for breach in BREACHES if breach.constraint != "required"})


@st.composite
def odd_requests(draw: st.DrawFn) -> dict[str, Any]:
    """Good requests with a few members that are anything at all."""
    kind = draw(st.sampled_from(KINDS))
    request: dict[str, Any] = draw(st.sampled_from([smallest, largest]))(kind)
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from([path for of, path in PLACES if of == kind]))
        value = draw(st.sampled_from(["", "1", 1, "true", True, "None", "s3://b/k", "arn:x", 0.5, [], {}]) | JSON)
        try:
            request = spoiled(request, steps(path), value)
        except (AttributeError, IndexError, KeyError, TypeError):  # An earlier change took away what this one is in.
            continue
    return request


@settings(max_examples=examples(400))
@given(odd_requests())
def test_what_is_accepted_here_is_accepted_by_boto3_and_by_the_emulator(request: dict[str, Any]) -> None:
    """Whatever stands in a request, it is refused as a whole or can be sent as it is."""
    if violations(request):
        event("refused")
        return
    event("accepted")
    ready = checked_request(request)
    named = {"AutoMLJobName": "job", **ready}
    assert not ParamValidator().validate(named, BOTO3_SHAPE).has_errors()
    check_request("CreateAutoMLJobV2", named)
    assert checked_request(ready) == ready


@given(st.dictionaries(st.text(max_size=10), JSON))
def test_no_tree_is_too_odd_to_be_refused(tree: dict[str, Any]) -> None:
    """Nothing but the one error comes out."""
    assert violations(tree)
